"""Which entries there are, and who is in them: one rule an entry. ``docs/cache_organization.md`` describes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tickstock.sector_names import sector_keys

STOCKS, ETFS, THEMES, STATISTICS = "stock_universe", "etf_universe", "themes", "stock_stats"
TYPES = (STOCKS, ETFS, THEMES, STATISTICS)
SUMMARY = (STATISTICS, "universe", "summary")

# Market capitalisation in dollars, from (inclusive) and up to (exclusive).
BANDS = {
    "mega_cap": (200_000_000_000, None),
    "large_cap": (10_000_000_000, 200_000_000_000),
    "mid_cap": (2_000_000_000, 10_000_000_000),
    "small_cap": (300_000_000, 2_000_000_000),
    "micro_cap": (0, 300_000_000),
}
SECTOR_LEADERS = 10
MARKET_LEADERS = {"top_10_stocks": 10, "top_50": 50, "top_100": 100, "top_250": 250, "top_500": 500}
DETAILED_STOCKS, DETAILED_FUNDS = 1000, 100

# PostgreSQL patterns: what the name of an industry has, and what it must not have. The names are GICS industries
# ("Specialty Retail"), or the SIC's, as Massive has them ("STATE COMMERCIAL BANKS").
INDUSTRIES = {
    "banks": (r"\mbanks?\M|\msavings institution", r"\minvestment banks?"),
    "insurance": (r"\minsurance\M", ""),
    "software": (r"\msoftware\M", ""),
    "retail": (r"\mretail\M", r"\mreits?\M|\m(eating|drinking) places"),
}

# name and key of the entry -> the kind of fund in it (tickstock.historical.fund_kinds).
FUNDS = {
    ("Broad Market ETFs", "etf_broad_market"): "broad_market",
    ("Sector ETFs", "etf_sectors"): "sector",
    ("Growth ETFs", "etf_growth"): "growth",
    ("Value ETFs", "etf_value"): "value",
    ("Technology ETFs", "etf_technology"): "technology",
    ("Bond ETFs", "etf_bonds"): "bond",
    ("Commodity ETFs", "etf_commodities"): "commodity",
}

# Keys of themes whose groups have another name; two groups of one key share an entry.
_THEME_KEYS = {"artificial_intelligence": "ai", "electric_vehicles": "ev"}
# How people write a theme, or a word of it, that is not only capital and small letters.
_WORDS = {"ai": "AI", "ev": "EV", "3d": "3D", "5g": "5G", "iot": "IoT", "us": "US", "reits": "REITs", "esg": "ESG",
          "ar": "AR", "vr": "VR", "saas": "SaaS", "e_commerce": "E-Commerce"}  # fmt: skip


THEME_GROUPS = {key: group for group, key in _THEME_KEYS.items()}
"""The way back: the group of a theme's key, where that is not the key itself."""


class Rule(NamedTuple):
    """One rule of an entry. ``shape`` is how its value looks: ``stocks`` or ``etfs`` (an object with a count and the
    tickers under this name), ``tickers`` (an array), ``objects`` (an array of objects).

    ``by`` says what ``value`` and the numbers mean: ``market_cap`` (``at_least``, ``below``, in dollars),
    ``leaders`` (the ``first`` by capitalisation), ``sector`` (the ``first`` of the group ``value``), ``industry``
    (pattern ``value``, not ``without``), ``theme`` (the group ``value``), ``kind`` (of fund), ``complete`` (all, or the
    ``first``).
    """

    type: str
    name: str
    key: str
    shape: str
    by: str
    value: str | None = None
    without: str | None = None
    at_least: int | None = None
    below: int | None = None
    first: int | None = None


def rules(theme_groups: Iterable[str]) -> Iterator[Rule]:
    """The rules of all entries but the summary; ``theme_groups`` are the names of the groups of the type THEME."""
    for key, (at_least, below) in BANDS.items():
        yield Rule(STOCKS, "market_cap", key, "stocks", "market_cap", at_least=at_least, below=below)
    for group, name in sector_keys().items():
        yield Rule(STOCKS, "sector_leaders", f"top_10_{name}", "stocks", "sector", group, first=SECTOR_LEADERS)
    for key, first in MARKET_LEADERS.items():
        yield Rule(STOCKS, "market_leaders", key, "stocks", "leaders", first=first)
    for group in theme_groups:
        name, key = theme_names(group)
        yield Rule(THEMES, name, "list", "tickers", "theme", group)
        yield Rule(STOCKS, "themes", key, "tickers", "theme", group)
    for key, (pattern, without) in INDUSTRIES.items():
        yield Rule(STOCKS, "industry", key, "stocks", "industry", pattern, without or None)
    for (name, key), kind in FUNDS.items():
        yield Rule(ETFS, name, key, "etfs", "kind", kind)
    yield Rule(STOCKS, "complete", "top_1000", "objects", "complete", first=DETAILED_STOCKS)
    yield Rule(STOCKS, "complete", "all_stocks", "tickers", "complete")
    yield Rule(ETFS, "complete", "top_100", "objects", "complete", first=DETAILED_FUNDS)
    yield Rule(ETFS, "complete", "all_etfs", "tickers", "complete")


def theme_names(group: str) -> tuple[str, str]:
    """How entries call the theme of a group: the name for people, and the key.

    >>> theme_names("crypto_miners"), theme_names("artificial_intelligence")
    (('Crypto Miners', 'crypto_miners'), ('AI', 'ai'))
    """
    words = "_".join(group.lower().replace("_", " ").split())
    if not words:
        return group, group
    key = _THEME_KEYS.get(words, words)
    return _WORDS.get(key) or " ".join(_WORDS.get(word, word[:1].upper() + word[1:]) for word in key.split("_")), key

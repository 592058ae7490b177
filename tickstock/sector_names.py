"""The one spelling of a sector: issuers' and vendors' names to the names of the sector groups.

A name that stands in no table here is an error and never a new sector. Case, blanks, ``_``, ``-`` and the choice
between ``&`` and "and" do not matter.
"""

from __future__ import annotations

from functools import lru_cache

UNKNOWN = "unknown"

# The group's name; behind it what else means exactly this sector. Names that GICS divides among several sectors
# (Consumer Services, Capital Goods, Conglomerates, Transportation of the old lists) are left out on purpose.
_ALIASES = {
    "information_technology": (
        "Technology", "Info Technology", "Information Tech", "Info Tech", "Tech", "IT",
    ),
    "health_care": ("Health",),
    "financials": ("Financial", "Finance", "Financial Services"),
    "consumer_discretionary": ("Consumer Cyclical", "Consumer Cyclicals", "Cyclical Consumer Goods & Services"),
    "communication_services": (
        "Communication", "Communications", "Communications Services", "Communication Service",
        "Telecommunication", "Telecommunications", "Telecommunication Services", "Telecommunications Services",
        "Telecom", "Telecom Services",
    ),
    "industrials": ("Industrial", "Industrial Goods"),
    "consumer_staples": (
        "Consumer Staple", "Consumer Defensive", "Consumer Non-Cyclical", "Consumer Non-Cyclicals",
        "Non-Cyclical Consumer Goods & Services",
    ),
    "energy": ("Oil & Gas",),
    "utilities": ("Utility",),
    "real_estate": (),
    "materials": ("Material", "Basic Materials", "Basic Material", "Raw Materials"),
    UNKNOWN: ("Unclassified",),
}  # fmt: skip

# How the keys of cache entries call a sector (top_10_healthcare), where that is not the group's name.
_IN_KEYS = {"information_technology": "technology", "health_care": "healthcare", "financials": "financial_services"}

# What stands in a sector's cell where the line has none.
_NO_SECTOR = (
    "", "N/A", "#N/A", "NA", "NaN", "None", "Null", "Unknown", "Unclassified", "Unassigned", "Not Applicable",
    "Not Available", "Not Assigned", "Not Classified", "Other", "Others", "Miscellaneous", "S-T Securities",
    "Short-Term Securities", "Cash", "Cash and/or Derivatives", "Cash & Cash Equivalents", "Cash & Equivalents",
    "Cash & Other", "Cash Collateral and Margins", "Derivatives", "Futures", "Money Market",
)  # fmt: skip

_LONGEST = 100  # no name of a sector is near it


def canonical_sector(name: str) -> str:
    """The name of the sector group that a sector's name means; "unknown" only for Unknown and Unclassified.

    >>> canonical_sector("Consumer Cyclical")
    'consumer_discretionary'

    Raises ValueError, with a short reason and the nearest known names, for any other name.
    """
    sector = known_sector(name)
    if not sector:
        raise ValueError(f"no known sector; {nearest_sectors(name)}")
    return sector


def sector_keys() -> dict[str, str]:
    """The 11 sectors as the keys of cache entries call them: group -> name. :func:`canonical_sector` reads both.

    >>> sector_keys()["health_care"]
    'healthcare'
    """
    return {group: _IN_KEYS.get(group, group) for group in _ALIASES if group != UNKNOWN}


def is_no_sector(name: str) -> bool:
    """Whether a cell says that the line has no sector: empty, "-", "N/A", "Unclassified", "Cash", ..."""
    return len(name) <= _LONGEST and _key(name) in _NOTHING


def known_sector(name: str) -> str:
    """As :func:`canonical_sector`, but empty where that would raise."""
    return _SECTORS.get(_key(name), "") if len(name) <= _LONGEST else ""


def nearest_sectors(name: str) -> str:
    """The known names nearest to one that is not known, for a message: "nearest: energy, utilities"."""
    import difflib

    near = difflib.get_close_matches(_key(name[:_LONGEST]), _SECTORS, n=6, cutoff=0.5)
    groups = list(dict.fromkeys(_SECTORS[key] for key in near)) or list(_ALIASES)
    return f"{'nearest' if near else 'one of'}: {', '.join(groups[:3] if near else groups)}"


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    key = name.casefold().replace("&", "and").replace("_", "").replace("-", "")
    return "".join(key.split())


_SECTORS = {_key(alias): group for group, aliases in _ALIASES.items() for alias in (group, *aliases)}
_NOTHING = frozenset(map(_key, _NO_SECTOR))

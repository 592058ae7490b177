"""What kind of fund a fund is, and who issues it, told from its name: no source that we read says it.

The rules speak of US funds. A fund may be of several kinds: XLK is a sector fund and a technology fund.
"""

from __future__ import annotations

import re
from typing import NamedTuple

OTHER = "other"
_ENOUGH = 200  # characters of a name that are looked at


class Kind(NamedTuple):
    """One kind: what a name has, what it must not have, and tickers of well-known funds whose names do not tell it."""

    name: str
    has: str
    not_has: str = ""
    symbols: frozenset[str] = frozenset()


def _symbols(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMPANIES = r"\b(miners?|mining|producers?|explor\w+|compan\w+|equit(y|ies)|stocks?|services)\b"
_TECHNOLOGY = (
    r"\b(technology|technologies|tech|semiconductors?|software|internet|cyber ?security|cloud|fintech|robotics?|"
    r"artificial intelligence|ai|3d printing|quantum computing|blockchain|autonomous)\b|\btech-"
)
_SECTOR = (
    r"\b(sector|health ?care|biotech\w*|pharma\w*|medical|genomics?|financials?|bank(s|ing)?|insurance|"
    r"broker-?dealers?|energy|oil|gas|utilities|materials|metals|industrials?(?! average)|real estate|reits?|"
    r"communications?( services)?|telecom\w*|media|consumer|retail|home ?builders|home construction|transportation|"
    r"airlines?|jets|aerospace|defense|miners?|mining|clean power|solar|uranium|water resources)\b"
)
_BROAD = (
    r"\bs ?& ?p ?(500|100|400|600|900|1000|1500|total|mid-?cap|small-?cap)\b|"
    r"\brussell (1000|2000|2500|3000|mid-?cap)\b|"
    r"\bdow( jones industrial average| 30)\b|\bnasdaq([- ]100| composite| next gen)|"
    r"\b(total (u\.?s\.? )?(stock )?market|broad market|extended market)\b|\b(mega|large|mid|small)[- ]?cap\b"
)
# What looks for something else than the market that it is made of.
_SLANTED = (
    r"\b(growth|value|momentum|quality|dividends?|aristocrats|yield|volatility|min vol|beta|spin-?off|buyback|"
    r"cash cows|esg|hedged|international|emerging|global|world|ex-?u\.?s|foreign|eafe|europe|japan|china|developed)\b"
)
_BOND = (
    r"\b(bonds?|treasur(y|ies)|t-?bills?|tips|fixed income|municipals?|muni|floating rate|senior loans?|loans?|"
    r"mortgage-backed|mbs|clo|investment grade|debt|aggregate|ultra[- ]?short|short duration|high yield|"
    r"convertibles?)\b"
)
_COMMODITY = (
    r"\b(commodity|commodities|bullion|gold|silver|platinum|palladium|copper|precious metals|crude|brent|wti|"
    r"oil fund|natural gas fund|gasoline|wheat|corn|soybeans?|sugar|agriculture fund|"
    r"db (base metals|energy|oil|gold|silver|agriculture))\b"
)

# The kinds in their order: the first that a fund is of is its ``symbols.etf_type``.
KINDS = (
    Kind("bond", _BOND, r"\bdividends?\b", _symbols("AGG BND BNDX TLT IEF SHY LQD HYG JNK TIP MUB EMB BIL SGOV")),
    Kind("commodity", _COMMODITY, _COMPANIES, _symbols("GLD IAU SLV USO UNG DBA DBC PDBC CPER PPLT")),
    Kind("sector", f"{_SECTOR}|{_TECHNOLOGY}", "", _symbols("SMH SOXX XBI IBB KRE KBE")),
    Kind("broad_market", _BROAD, f"{_SLANTED}|{_SECTOR}", _symbols("SPY QQQ QQQM IWM DIA VTI ITOT SCHB")),
    Kind("growth", r"\bgrowth\b", r"\bdividends?\b", _symbols("QQQ QQQM ARKK")),
    Kind("value", r"\bvalue\b", r"\b(relative|fair) value\b"),
    Kind("technology", _TECHNOLOGY, "", _symbols("XLK VGT FTEC SMH SOXX")),
)
# A fund of bonds or of a commodity is of no other kind, whatever its name says besides.
_ALONE = ("bond", "commodity")
# Funds that multiply, invert or sell a market's moves are no way to own it: of no kind.
_DERIVED = re.compile(
    r"(?<![\w.])-?[1-4](\.\d+)?x\b|\b(bull|bear|inverse|leveraged|covered call|buy-?write|put-?write|buffer|"
    r"defined outcome|premium income|option income)\b|\bproshares (ultra|short)"
)
# "S&P 500 ex-Energy" is no fund of energy.
_WITHOUT = re.compile(r"\bex[- ]?(energy|financials?|technology|tech|health ?care|fossil fuels?|real estate)\b")
_RULES = [(kind, re.compile(kind.has), re.compile(kind.not_has or r"(?!)")) for kind in KINDS]

# Part of a fund's name -> the company that issues it; the first that is found counts.
_ISSUERS = tuple(
    (re.compile(rf"\b({pattern})\b", re.IGNORECASE), issuer)
    for pattern, issuer in (
        ("SPDR|State Street", "State Street"),
        ("iShares|BlackRock", "BlackRock"),
        ("Vanguard", "Vanguard"),
        ("Invesco|PowerShares", "Invesco"),
        ("ARK|3D Printing ETF", "ARK"),
        ("Schwab", "Charles Schwab"),
        ("First Trust", "First Trust"),
        ("Fidelity", "Fidelity"),
        ("VanEck|Market Vectors", "VanEck"),
        ("WisdomTree", "WisdomTree"),
        ("Global X", "Global X"),
        ("U\\.S\\. Global", "U.S. Global Investors"),
        ("ProShares", "ProShares"),
        ("Direxion", "Direxion"),
        ("JPMorgan|J\\.P\\. Morgan", "JPMorgan"),
        ("Goldman Sachs", "Goldman Sachs"),
        ("Pacer", "Pacer"),
        ("Amplify", "Amplify"),
        ("Alpha Architect", "Alpha Architect"),
        ("Dimensional", "Dimensional"),
        ("Avantis", "American Century"),
        ("PIMCO", "PIMCO"),
        ("Franklin", "Franklin Templeton"),
        ("Xtrackers", "DWS"),
        ("FlexShares", "Northern Trust"),
        ("United States (12 Month )?(Oil|Natural Gas|Gasoline|Brent Oil|Copper|Commodity)", "USCF"),
        ("Grayscale", "Grayscale"),
        ("abrdn|Aberdeen", "abrdn"),
        ("Teucrium", "Teucrium"),
        ("KraneShares", "KraneShares"),
        ("Nuveen", "Nuveen"),
    )
)


def fund_kinds(symbol: str, name: str | None) -> tuple[str, ...]:
    """The kinds of a fund, never empty, the leading one first: ``bond``, ``commodity``, ``sector``, ``broad_market``,
    ``growth``, ``value``, ``technology``, or ``other`` alone.

    ``symbol`` is in the project's spelling; without a name only well-known funds are of a kind.

    >>> fund_kinds("XLK", "Technology Select Sector SPDR Fund")
    ('sector', 'technology')
    """
    text = _WITHOUT.sub(" ", " ".join((name or "")[:_ENOUGH].lower().split()))
    if _DERIVED.search(text):
        return (OTHER,)
    found = [
        kind.name for kind, has, not_has in _RULES
        if symbol in kind.symbols or (has.search(text) and not not_has.search(text))
    ]  # fmt: skip
    if found and found[0] in _ALONE:
        return (found[0],)
    return tuple(found) or (OTHER,)


def fund_issuer(name: str | None) -> str | None:
    """The company that issues a fund, told from its name; None where no known company is named.

    >>> fund_issuer("iShares Core S&P 500 ETF")
    'BlackRock'
    """
    text = (name or "")[:_ENOUGH]
    return next((issuer for pattern, issuer in _ISSUERS if pattern.search(text)), None)

"""The one spelling of a symbol, and what in a holdings file is no US stock.

A symbol is upper case with its share class after a dot: ``BRK.B``. Issuers write the same stock as ``BRK/B``,
``BRK-B``, ``BRK B`` or ``BRKB``, and hold much beside stocks: cash, futures, rights, foreign shares.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

MAX_SYMBOL_LENGTH = 20
NO_TICKER = "no ticker"
_ENOUGH = 200  # characters of a name that are looked at

# Bloomberg's codes of US exchanges, and the composite of them all.
_US_EXCHANGES = frozenset({"US", "UN", "UW", "UQ", "UR", "UA", "UP", "UF", "UV"})

# What follows the root of something that is no common share, after a blank, dot, slash or hyphen.
_NO_STOCK_SUFFIXES = {
    "WI": "when issued",
    "WD": "when distributed",
    "RT": "right",
    "RTS": "right",
    "WS": "warrant",
    "WT": "warrant",
    "PR": "preferred share",
}

# Share classes that iShares and others write without a separator. None of these spellings is a US ticker of
# its own, so the table holds for every format. It is a table and no rule: CENTA, RUSHB, KELYA or NWSA end in
# A or B and are complete.
_GLUED = (
    "AGMA", "AKOA", "AKOB", "BFA", "BFB", "BHA", "BIOB", "BRKA", "BRKB", "BWLA", "CRDA",
    "CRDB", "CWENA", "FCEA", "FCEB", "GEFB", "GTNA", "HEIA", "HVTA", "JWA", "JWB", "LENB",
    "LGFA", "LGFB", "MKCV", "MOGA", "MOGB", "NYLDA", "STZB", "TAPA", "UHALB", "WSOB",
)
_GLUED_CLASSES = {glued: f"{glued[:-1]}.{glued[-1]}" for glued in _GLUED}

_TOO_LONG = f"longer than {MAX_SYMBOL_LENGTH} characters"
_NO_SHAPE = "not letters with at most one share class"
_COLUMN_NAMES = frozenset({"SYMBOL", "TICKER"})
_EMPTY = frozenset({"", "-", "--", "N/A"})

_LETTERS = re.compile(r"[A-Z]+")
_CLASS = re.compile(r"([A-Z]+)(?:[./-]| +)([A-Z])")
_SUFFIX = re.compile(r"([A-Z0-9./-]+(?: +[A-Z])?) +([A-Z]{2,3})")
_MARKED = re.compile(r"[A-Z]+[./-]([A-Z]{2})(?:[./-]?[A-Z])?")
_PREFERRED = re.compile(r"[A-Z]+(?:\^[A-Z]*|-P[A-Z])")
_PAIR = re.compile(r"[A-Z]{3}/[A-Z]{3}")
_CASH_TICKER = re.compile(r"[A-Z]+_[A-Z]{3}|CASH *[&_ -].*|[A-Z]{3} CASH")
_FUTURE = re.compile(r"[A-Z]{1,4}[FGHJKMNQUVXZ][0-9]{1,2}")
_CODE = re.compile(r"[A-Z0-9]*[0-9][A-Z0-9]*")

# Asset classes and names: the first pattern found gives the reason.
_ASSET_CLASSES = (
    (re.compile(r"collateral|margin"), "cash collateral"),
    (re.compile(r"cash|money market|currency|short.term"), "cash"),
    (re.compile(r"future"), "future"),
    (re.compile(r"forward|swap|option|derivative|\bfx\b"), "derivative"),
    (re.compile(r"bond|fixed income|treasur|\bbill"), "bond"),
    (re.compile(r"warrant"), "warrant"),
    (re.compile(r"\brights?\b"), "right"),
    (re.compile(r"preferred"), "preferred share"),
)
_NAMES = (
    (re.compile(r"\bcash collateral\b"), "cash collateral"),
    # CVR Energy and CVR Partners are stocks: the word counts only behind a name.
    (re.compile(r"(?<=[\s-])cvrs?\b|\bcontingent (?:value|payment)\b"), "CVR"),
    (re.compile(r"\bescrow\b"), "escrow"),
    (re.compile(r"\bcontra\b"), "contra"),
    (re.compile(r"(?<=\s)(?:warrants?|wts)\b"), "warrant"),
    (re.compile(r"(?<=\s)rights\b|(?<=\s)right$"), "right"),
    (re.compile(r"\be-?mini\b|(?<=\s)futures\b"), "future"),
    # Cash America, Dollar General and the ticker CASH are stocks: whole names only.
    (re.compile(r"^(?:u\.? ?s\.? dollars?|[a-z]{3} cash|cash(?: equivalents?)?)$"), "cash"),
    (re.compile(r"^cash ?(?:&|\+|and|offset)"), "cash"),
    (re.compile(r"\bmoney market\b|\bgovernment obligations\b|\binstitutional liq"), "cash"),
)


class Ticker(NamedTuple):
    """What one raw ticker turned out to be; exactly one of the three is not empty."""

    symbol: str = ""
    no_stock: str = ""
    error: str = ""


def canonical_symbol(raw: str) -> str:
    """The symbol in this project's spelling.

    >>> canonical_symbol(" brk/b ")
    'BRK.B'

    Raises ValueError, with a short reason, for anything that is no plausible symbol of a US stock.
    """
    ticker = read_ticker(raw)
    if not ticker.symbol:
        raise ValueError(ticker.no_stock or ticker.error)
    return ticker.symbol


def no_stock_reason(ticker: str, name: str = "", asset_class: str = "") -> str | None:
    """Why a line of a fund is no US stock ("cash", "future", "CVR", ...), or None where it may be one.

    The asset class decides first, then the name, the ticker last. A currency's code is no reason: EGP, CNH,
    IDR and INR are stocks, and USD is a listed fund unless the asset class or the name says cash.
    """
    return stated_reason(name, asset_class) or read_ticker(ticker).no_stock or None


def stated_reason(name: str, asset_class: str) -> str:
    """The part of :func:`no_stock_reason` that asset class and name decide; empty where they are silent."""
    kind = asset_class[:_ENOUGH].casefold()
    for pattern, reason in _ASSET_CLASSES:
        if pattern.search(kind):
            return reason
    words = " ".join(name[:_ENOUGH].casefold().split())
    for pattern, reason in _NAMES:
        if pattern.search(words):
            return reason
    return ""


@lru_cache(maxsize=65536)
def symbol_of(raw: str) -> str:
    """The symbol of a raw ticker; empty where :func:`read_ticker` has another answer."""
    return read_ticker(raw).symbol or ""


def read_ticker(raw: str) -> Ticker:
    """A raw ticker as a symbol, as a reason why it is no stock, or as an error. Never raises."""
    if len(raw) > 2 * MAX_SYMBOL_LENGTH:  # keep giants out of the cache
        raw = raw.strip()
        if len(raw) > MAX_SYMBOL_LENGTH:
            return Ticker(error=_TOO_LONG)
    return _read_ticker(raw)


@lru_cache(maxsize=65536)
def _read_ticker(raw: str) -> Ticker:
    text = raw.strip()
    if not text.isascii():
        return Ticker(error=_NO_SHAPE)
    # A trailing mark refers to a footnote: AAPL* is Apple.
    text = text.upper().rstrip("* ")
    if text in _EMPTY:
        return Ticker(no_stock=NO_TICKER)
    if len(text) > MAX_SYMBOL_LENGTH:
        return Ticker(error=_TOO_LONG)
    if text in _COLUMN_NAMES:
        return Ticker(error="the name of a column")
    if _LETTERS.fullmatch(text):
        return Ticker(_GLUED_CLASSES.get(text, text))
    if found := _CLASS.fullmatch(text):
        return Ticker(f"{found[1]}.{found[2]}")
    root, suffix = found.groups() if (found := _SUFFIX.fullmatch(text)) else ("", "")
    if suffix in _US_EXCHANGES:
        return _read_ticker(root)
    if reason := _NO_STOCK_SUFFIXES.get(suffix) or _marked_reason(text):
        return Ticker(no_stock=reason)
    if len(suffix) == 2:
        return Ticker(no_stock="foreign listing")
    return Ticker(error=_NO_SHAPE)


def _marked_reason(text: str) -> str:
    """Why the ticker's own shape says that it is no common stock; empty where it does not."""
    if (found := _MARKED.fullmatch(text)) and found[1] in _NO_STOCK_SUFFIXES:
        return _NO_STOCK_SUFFIXES[found[1]]
    if _PREFERRED.fullmatch(text):
        return "preferred share"
    if _PAIR.fullmatch(text) or _CASH_TICKER.fullmatch(text):
        return "cash"
    if _FUTURE.fullmatch(text):
        return "future"
    if text.endswith("+") and _LETTERS.fullmatch(text[:-1]):
        return "warrant"
    return "digits in the ticker" if _CODE.fullmatch(text) else ""


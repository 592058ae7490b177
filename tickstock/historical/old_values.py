"""The value of an old entry, read as a file of a group would be: into symbols, weights and what is odd about them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickstock.checksum import fingerprint
from tickstock.sources.reading import NOTHING, About, Reading
from tickstock.sources.records import shown

if TYPE_CHECKING:
    from tickstock.historical.old_entries import Target
    from tickstock.sources.records import Source

_LISTS = ("stocks", "symbols", "tickers", "holdings", "members", "etfs")
_TICKERS = ("symbol", "ticker")
_EXPECTED = f"expected a list of symbols, or an object with one under {', '.join(_LISTS)}"


def read_value(path: Path, target: Target, text: str) -> Source | str:
    """The members that a value (``text``, JSON) gives a group, or why it cannot be told which they are.

    A value with a single element that is not understood is not understood at all: a group without it would be
    another group. The checksum is that of what was understood, so two spellings of the same members are alike.
    """
    members = _members(text)
    if isinstance(members, str):
        return members
    reading = Reading(path, target.type, target.name)
    reading.format = "cache_entries"
    for number, element in enumerate(members, start=1):
        _add(reading, number, element)
    source = reading.source("")
    if source.problems:
        more = f" (and {source.rejected - 1} more like it)" if source.rejected > 1 else ""
        first = source.problems[0]
        return f"element {first.line}: found {first.found}, expected {first.expected}{more}"
    if not source.holdings:
        return f"no member in it{f': all {source.rows} are no stock' if source.rows else ''}"
    checksum = fingerprint((holding.symbol, holding.weight) for holding in source.holdings)
    return source._replace(checksum=checksum)


def _members(text: str, again: bool = True) -> list[Any] | str:
    try:
        value = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except RecursionError:
        return f"found a value that is nested too deeply, {_EXPECTED}"
    except ValueError:
        return f"found {shown(text)}, {_EXPECTED}"
    if isinstance(value, str) and again and value.lstrip()[:1] in ("[", "{"):
        return _members(value, again=False)  # JSON within JSON: an application encoded it twice
    if isinstance(value, dict):
        lists = [key for key in _LISTS if isinstance(value.get(key), list)]
        if len(lists) == 1:
            value = value[lists[0]]
        elif lists:
            return f"found lists under {' and '.join(lists)}, {_EXPECTED}"
    return value if isinstance(value, list) else f"found {_kind(value)}, {_EXPECTED}"


def _add(reading: Reading, number: int, element: object) -> None:
    ticker: object = element
    weight: object = None
    about = NOTHING
    if isinstance(element, dict):
        keys = [key for key in _TICKERS if key in element]
        tickers = [element[key] for key in keys if element[key] is not None]
        two = len(tickers) == 2 and not (isinstance(tickers[0], str) and tickers[0] == tickers[1])
        if not keys or two:
            found = f"an object with {' and '.join(keys) or 'neither symbol nor ticker'}"
            reading.reject(number, found, "one symbol", "")
            return
        ticker, weight = tickers[0] if tickers else None, element.get("weight")
        about = About(name=_text(element.get("name")), asset_class=_text(element.get("asset_class")))
    if ticker is not None and not isinstance(ticker, str):
        reading.reject(number, _kind(ticker), "a symbol", "")
    elif weight is not None and not isinstance(weight, str | Decimal):
        reading.reject(number, f"{_kind(weight)} as the weight of {shown(ticker or '')}", "a number in percent", "")
    else:
        reading.add(number, ticker or "", "" if weight is None else str(weight), about)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _kind(value: object) -> str:
    """What a value is, for a message."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        keys = ", ".join(shown(str(key)) for key in list(value)[:5])
        return f"an object with {keys}" if keys else "an empty object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"the text {shown(value)}"
    return str(value).lower() if isinstance(value, bool) else f"the number {str(value)[:40]}"

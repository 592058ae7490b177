"""Which format a table has: decided by its header and the lines above it, never by the file's name."""

from __future__ import annotations

from typing import NamedTuple

from tickstock.sources.records import UnusableError, shown
from tickstock.sources.table import Table, is_blank

_TICKER_COLUMNS = frozenset({"symbol", "ticker"})
_DEEPEST_HEADER = 40
_ISHARES_SIGN = "fund holdings as of"
_SSGA_SIGN = "ticker symbol:"

# Format, the columns that its header has, and what stands in the first cell of a line above the header.
_ISSUERS = (
    ("ishares", frozenset({"ticker", "name", "asset class", "weight (%)"}), _ISHARES_SIGN),
    ("ssga", frozenset({"name", "ticker", "weight"}), _SSGA_SIGN),
    ("invesco", frozenset({"fund ticker", "holding ticker", "weight"}), ""),
    ("ark", frozenset({"fund", "company", "ticker"}), ""),
)
_FUND_COLUMNS = {"invesco": "fund ticker", "ark": "fund"}


class Layout(NamedTuple):
    """A table's format, its header as an index into ``table.rows`` (-1: none), and the fund named inside."""

    format: str
    header: int
    fund: str = ""


def detect(table: Table, kind: str) -> Layout:
    """The table's layout. Raises UnusableError where no known header is found.

    Only a universe may go without a header: then its first line is a symbol already.
    """
    above: dict[str, str] = {}
    for index, (_, cells) in enumerate(table.rows[:_DEEPEST_HEADER]):
        names = [_name(cell) for cell in cells]
        for issuer, wanted, sign in _ISSUERS:
            if wanted.issubset(names) and (not sign or sign in above):
                return Layout(issuer, index, _fund(table, index, issuer, names, above))
        if not _TICKER_COLUMNS.isdisjoint(names):
            break  # a header, and no issuer's
        if names:
            above.setdefault(names[0], cells[1].strip() if len(cells) > 1 else "")
    for sign, issuer in ((_ISHARES_SIGN, "iShares"), (_SSGA_SIGN, "SSGA")):
        if sign in above:
            found = f"an {issuer} file without its header"
            raise UnusableError(found, "columns Ticker, Name and Weight", "download it again")
    return _own_layout(table, kind)


def _own_layout(table: Table, kind: str) -> Layout:
    """A plain table, which starts with its header, or a universe."""
    index, line, cells = _first(table)
    names = [_name(cell) for cell in cells]
    if kind == "UNIVERSE":
        if _TICKER_COLUMNS.isdisjoint(names):
            return Layout("universe", -1)
        if names[0] in _TICKER_COLUMNS:
            return Layout("universe", index)
        found = f"a header that starts with {shown(cells[0])}"
        raise UnusableError(found, "symbol or ticker as the first column", "move it to the front", line)
    if _TICKER_COLUMNS.isdisjoint(names):
        found = f"{shown(','.join(cells))} as the first line"
        raise UnusableError(found, "the header symbol,weight", "put it above the first holding", line)
    return Layout("plain", index)


def _first(table: Table) -> tuple[int, int, list[str]]:
    for index, (line, cells) in enumerate(table.rows):
        if not is_blank(cells):
            return index, line, cells
    raise UnusableError("an empty table", "the header symbol,weight", "download or export it again")


def _fund(table: Table, header: int, issuer: str, names: list[str], above: dict[str, str]) -> str:
    """The fund's ticker as the file itself gives it, in upper case; empty where it does not."""
    if issuer == "ssga":
        return above[_SSGA_SIGN].upper()
    if issuer not in _FUND_COLUMNS:
        return ""
    column = names.index(_FUND_COLUMNS[issuer])
    for _, cells in table.rows[header + 1 :]:
        if len(cells) == len(names) and cells[column].strip():
            return cells[column].strip().upper()
    return ""


def _name(cell: str) -> str:
    return " ".join(cell.casefold().split())

"""iShares' CSV: preamble, table, a line with nothing but a no-break space, and a legal notice."""

from __future__ import annotations

from tickstock.sources.dates import parse_date
from tickstock.sources.detect import Layout
from tickstock.sources.reading import About, Reading
from tickstock.sources.records import UnusableError, shown
from tickstock.sources.table import Table, body, clean, columns, is_legal_text
from tickstock.symbols import no_stock_reason

_USUAL_CURRENCIES = frozenset({"USD", "-", ""})


def read_ishares(table: Table, layout: Layout, reading: Reading) -> None:
    """Feed the holdings to ``reading``, with title and as-of date.

    Raises UnusableError where the as-of date is ``-``: that is how iShares answers for a day without data.
    """
    _read_preamble(table, layout, reading)
    line, names = table.rows[layout.header]
    at = columns(names, line)
    for line, cells in body(table, layout.header, reading, is_legal_text):
        ticker, name = cells[at["ticker"]], clean(cells[at["name"]])
        asset_class = clean(cells[at["asset class"]])
        if reason := no_stock_reason(ticker, name, asset_class) or _other_reason(cells, at, asset_class):
            reading.split(line, ticker, name, reason)
        else:
            sector = clean(cells[at["sector"]]) if "sector" in at else ""
            reading.add(line, ticker, cells[at["weight (%)"]], About(name, sector))


def _read_preamble(table: Table, layout: Layout, reading: Reading) -> None:
    for line, cells in table.rows[: layout.header]:
        if not cells or not cells[0].strip():
            continue
        if not reading.title and len(cells) == 1:
            reading.title = clean(cells[0])
        if cells[0].strip().casefold() == "fund holdings as of":
            value = cells[1] if len(cells) > 1 else ""
            try:
                reading.as_of = parse_date(value)
            except ValueError as error:
                expected = 'a date like "Nov 18, 2025"'
                hint = "the issuer has no holdings for that day: download another one"
                raise UnusableError(f"the as-of date {shown(value)}", expected, hint, line) from error


def _other_reason(cells: list[str], at: dict[str, int], asset_class: str) -> str:
    """What only this format tells: other asset classes, unlisted paper, and the currency of the listing.

    The column Location is the company's country and says nothing about where the stock is listed.
    """
    if asset_class.casefold() not in ("equity", ""):
        return f"asset class {asset_class[:40]}"
    if "exchange" in at and cells[at["exchange"]].strip().upper().startswith("NO MARKET"):
        return "unlisted"
    if "market currency" in at and cells[at["market currency"]].strip().upper() not in _USUAL_CURRENCIES:
        return "foreign listing"
    return ""

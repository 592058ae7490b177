"""State Street's (SSGA) Excel workbook: preamble, table, and legal notices in the column Name."""

from __future__ import annotations

from tickstock.sources.dates import parse_date
from tickstock.sources.detect import Layout
from tickstock.sources.reading import About, Reading
from tickstock.sources.records import UnusableError, shown
from tickstock.sources.table import Table, body, clean, columns, is_legal_text
from tickstock.symbols import no_stock_reason

_USUAL_CURRENCIES = frozenset({"USD", "-", ""})


def read_ssga(table: Table, layout: Layout, reading: Reading) -> None:
    """Feed the holdings to ``reading``, with title and as-of date. Raises UnusableError for a bad date."""
    _read_preamble(table, layout, reading)
    line, names = table.rows[layout.header]
    at = columns(names, line)
    for line, cells in body(table, layout.header, reading, is_legal_text):
        ticker, name = cells[at["ticker"]], clean(cells[at["name"]])
        currency = cells[at["local currency"]].strip().upper() if "local currency" in at else ""
        if currency not in _USUAL_CURRENCIES and not no_stock_reason(ticker, name):
            reading.split(line, ticker, name, "foreign listing")
        else:
            sector = clean(cells[at["sector"]]) if "sector" in at else ""
            reading.add(line, ticker, cells[at["weight"]], About(name, sector))


def _read_preamble(table: Table, layout: Layout, reading: Reading) -> None:
    for line, cells in table.rows[: layout.header]:
        label = cells[0].strip().casefold() if len(cells) > 1 else ""
        if label == "fund name:":
            reading.title = clean(cells[1])
        if label == "holdings:":
            try:
                reading.as_of = parse_date(cells[1].strip().removeprefix("As of "))
            except ValueError as error:
                found, expected = f"the as-of date {shown(cells[1])}", "one like 'As of 18-Nov-2025'"
                raise UnusableError(found, expected, "download it again", line) from error

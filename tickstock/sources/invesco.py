"""Invesco's CSV: the fund on every line, tickers padded with blanks, dates as month/day/year."""

from __future__ import annotations

from tickstock.sources.detect import Layout
from tickstock.sources.fund_rows import FundRow, read_fund_rows
from tickstock.sources.reading import Reading
from tickstock.sources.table import Table, body, columns, is_legal_text


def read_invesco(table: Table, layout: Layout, reading: Reading) -> None:
    """Feed the holdings of the newest date in the file to ``reading``."""
    line, names = table.rows[layout.header]
    at = columns(names, line)

    def cell(cells: list[str], name: str) -> str:
        return cells[at[name]] if name in at else ""

    rows = [
        FundRow(
            line,
            fund=cells[at["fund ticker"]],
            date=cell(cells, "date"),
            ticker=cells[at["holding ticker"]],
            weight=cells[at["weight"]],
            name=cell(cells, "name"),
            sector=cell(cells, "sector"),
            asset_class=cell(cells, "class of shares"),
        )
        for line, cells in body(table, layout.header, reading, is_legal_text)
    ]
    read_fund_rows(rows, layout.fund, reading)

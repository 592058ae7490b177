"""ARK's CSV: fund and date on every line, ``$`` and ``%`` in the numbers, a disclaimer at the end."""

from __future__ import annotations

from tickstock.sources.detect import Layout
from tickstock.sources.fund_rows import FundRow, read_fund_rows
from tickstock.sources.reading import Reading
from tickstock.sources.table import Table, body, columns, is_legal_text


def read_ark(table: Table, layout: Layout, reading: Reading) -> None:
    """Feed the holdings of the newest date in the file to ``reading``."""
    line, names = table.rows[layout.header]
    at = columns(names, line)
    weight_at = at.get("weight (%)", at.get("weight"))
    rows = [
        FundRow(
            line,
            fund=cells[at["fund"]],
            date=cells[at["date"]] if "date" in at else "",
            ticker=cells[at["ticker"]],
            weight="" if weight_at is None else cells[weight_at],
            name=cells[at["company"]],
        )
        for line, cells in body(table, layout.header, reading, is_legal_text)
    ]
    read_fund_rows(rows, layout.fund, reading)

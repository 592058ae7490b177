"""A list of symbols, one a line, with or without a header; further columns are nobody's business here."""

from __future__ import annotations

from tickstock.sources.detect import Layout
from tickstock.sources.reading import Reading
from tickstock.sources.records import UnusableError
from tickstock.sources.table import TORN, Table, columns, is_blank


def read_universe(table: Table, layout: Layout, reading: Reading) -> None:
    """Feed the first column to ``reading``.

    Raises UnusableError for symbols side by side on a single line: all but the first would be lost.
    """
    if layout.header >= 0:
        line, names = table.rows[layout.header]
        columns(names, line)
    rows = [row for row in table.rows[layout.header + 1 :] if not is_blank(row[1])]
    if layout.header < 0 and len(rows) == 1 and len(rows[0][1]) > 2:
        raise UnusableError("several symbols on one line", "one symbol a line", "break the line", rows[0][0])
    for line, cells in rows:
        if line in table.torn:
            reading.reject(line, *TORN)
        else:
            reading.add(line, cells[0])

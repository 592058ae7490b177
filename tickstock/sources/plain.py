"""The project's own format: a header ``symbol,weight`` and one line a holding."""

from __future__ import annotations

from tickstock.sources.detect import Layout
from tickstock.sources.reading import NOTHING, About, Reading
from tickstock.sources.records import shown
from tickstock.sources.table import Table, body, clean, columns

_SYMBOL = ("symbol", "ticker")
_WEIGHT = (
    "weight",
    "weight (%)",
    "weight(%)",
    "weight %",
    "weight%",
    "% of net assets",
    "percent of assets",
)
_READ_TOO = ("name", "sector", "asset class")


def read_plain(table: Table, layout: Layout, reading: Reading) -> None:
    """Feed the holdings to ``reading``. ``ticker`` is as good as ``symbol``, the weights may be missing.

    ``name``, ``sector`` and ``asset class`` are read where they are; other columns are named in a warning.
    """
    line, names = table.rows[layout.header]
    at = columns(names, line)
    symbol_at = next(at.pop(name) for name in _SYMBOL if name in at)
    weight_at = next((at.pop(name) for name in _WEIGHT if name in at), None)
    prose = [at.pop(name, None) for name in _READ_TOO]
    if at:
        reading.warnings.append(f"columns passed over: {', '.join(shown(name) for name in list(at)[:10])}")
    has_prose = any(position is not None for position in prose)
    rows = body(table, layout.header, reading)
    if weight_at is not None and not has_prose:
        reading.add_all(rows, symbol_at, weight_at)
        return
    for line, cells in rows:
        weight = "" if weight_at is None else cells[weight_at]
        about = About(*("" if position is None else clean(cells[position]) for position in prose))
        reading.add(line, cells[symbol_at], weight, about if has_prose else NOTHING)

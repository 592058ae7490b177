"""Tables as values, and the text of a cell, for every way of showing a report to people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from tickstock.terminal import printable

Cell = str | int | Decimal | date | None

NOTHING = "–"
_STARTS_A_FORMULA = tuple("=+-@＝＋－＠")


class Table(NamedTuple):
    """A table. Headings and text cells may hold anything that is stored; whoever shows them escapes them."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each column, whether it holds numbers and nothing else."""
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.headings)
        return tuple(_numbers(cells) for cells in columns)


class Section(NamedTuple):
    """A part of a report: tables under a heading. ``key`` names it in links."""

    key: str
    title: str
    tables: tuple[Table, ...]
    note: str = ""


def text(cell: Cell) -> str:
    """A cell as people read it, on one line: numbers with thousands separators and all their decimals, times in UTC."""
    if cell is None:
        return NOTHING
    if isinstance(cell, str):
        return defused(printable(cell))
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    return f"{cell:,f}" if isinstance(cell, Decimal) else f"{cell:,}"


def defused(stored: str) -> str:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it."""
    # What is copied from a page or a table loses the blanks before it.
    return f"'{stored}" if stored.lstrip().startswith(_STARTS_A_FORMULA) else stored


def _numbers(cells: Sequence[Cell]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return bool(known) and all(isinstance(cell, int | Decimal) for cell in known)

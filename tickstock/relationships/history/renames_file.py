"""A CSV of accepted renames: old,new,date and, where wanted, a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from tickstock.errors import BadInputError
from tickstock.relationships.history.renames import Rename
from tickstock.sources.dates import parse_date
from tickstock.sources.files import bytes_of
from tickstock.sources.records import Problem, UnusableError, shown
from tickstock.sources.table import clean, how_many, is_blank, open_table
from tickstock.symbols import canonical_symbol

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

_COLUMNS = ("old", "new", "date", "note")
_CELLS = (3, 4)
_EXPECTED = "old,new,date or old,new,date,note"


class _Line(NamedTuple):
    number: int
    rename: Rename


def read_renames_file(path: Path) -> list[Rename]:
    """The renames of a file, by date and old symbol. The header may be missing.

    Raises:
        BadInputError: it cannot be used; every problem is listed, with its line.
    """
    try:
        rows = [row for row in open_table(bytes_of(path)).rows if not is_blank(row[1])]
    except UnusableError as error:
        raise BadInputError(str(error.problem(path))) from error
    if rows and _is_header(rows[0][1]):
        del rows[0]
    if len(rows) > 1 and not any(len(cells) in _CELLS for _, cells in rows):
        found = f"no line with three or four cells (the first has {how_many(rows[0][1])})"
        raise BadInputError(str(Problem(path, None, found, _EXPECTED, "is it another file?")))
    problems: list[Problem] = []
    lines: list[_Line] = []
    for number, cells in rows:
        try:
            lines.append(_Line(number, _rename(cells)))
        except UnusableError as error:
            problems.append(Problem(path, number, error.found, error.expected, error.hint))
    problems += (
        Problem(path, number, found, expected, "take out, or correct, one of them")
        for number, found, expected in _contradictions(lines)
    )
    if problems:
        raise BadInputError("\n".join(map(str, sorted(problems, key=lambda problem: problem.line or 0))))
    return sorted((line.rename for line in lines), key=lambda each: (each.renamed_on, each.old_symbol))


def _is_header(cells: list[str]) -> bool:
    names = tuple(cell.strip().casefold() for cell in cells)
    return names in (_COLUMNS, _COLUMNS[:3])


def _rename(cells: list[str]) -> Rename:
    """Raises UnusableError for cells that are no rename."""
    if len(cells) not in _CELLS:
        raise UnusableError(how_many(cells), _EXPECTED, "mend the line")
    old, new = (_symbol(cell) for cell in cells[:2])
    if old == new:
        raise UnusableError(f"{old} twice", "two symbols", "correct the line")
    try:
        day = parse_date(cells[2])
    except ValueError as error:
        found = f"the date {shown(cells[2])}"
        raise UnusableError(found, "the first day of the new symbol, like 2022-06-09", "correct the line") from error
    return Rename(old, new, day, clean(cells[3]) or None if len(cells) == 4 else None)


def _symbol(cell: str) -> str:
    try:
        return canonical_symbol(cell)
    except ValueError as error:
        found = f"the ticker {shown(cell)} ({error})"
        raise UnusableError(found, "one like AAPL or BRK.B", "correct the line") from error


def _contradictions(lines: Iterable[_Line]) -> Iterator[tuple[int, str, str]]:
    """What no two lines can say together, as (line, found, expected)."""
    olds: dict[tuple[str, date], _Line] = {}
    news: dict[tuple[str, date], _Line] = {}
    for line in lines:
        old, new, day, _ = line.rename
        if first := olds.get((old, day)):
            yield line.number, f"{old} renamed on {day} again, as in line {first.number}", "one new symbol on a day"
        elif first := news.get((new, day)):
            yield line.number, f"{new} taken up on {day} again, as in line {first.number}", "one old symbol on a day"
        else:
            olds[old, day] = news[new, day] = line
            if circle := _circle(line.rename, olds):
                found = f"a cycle on {day}: {' -> '.join(circle)}"
                yield line.number, found, "symbols that are not renamed in a circle on one day"


def _circle(last: Rename, olds: dict[tuple[str, date], _Line]) -> list[str]:
    """The symbols of the circle that this rename closes with others of its day; empty where it closes none."""
    circle = [last.old_symbol, last.new_symbol]
    while following := olds.get((circle[-1], last.renamed_on)):
        circle.append(following.rename.new_symbol)
        if circle[-1] == last.new_symbol:
            return circle[:-1]
    return []

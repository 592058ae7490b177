"""When a stock was in which group: from what was told of it, one thing after the other, to unbroken times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.relationships.queries.identity import names_of, read_renames, row_limits

if TYPE_CHECKING:
    from decimal import Decimal

    from tickstock.db import Connection

_TYPES = ("SECTOR", "ETF", "UNIVERSE", "THEME")


class Told(NamedTuple):
    """A stock is a ``member`` of a group, or is none, from ``since`` to before ``until`` (None: still)."""

    type: str
    name: str
    symbol: str
    weight: Decimal | None
    member: bool
    since: date
    until: date | None

    @property
    def end(self) -> date:
        return self.until or date.max


class Spell(NamedTuple):
    """An unbroken time in a group, from ``since`` to before ``until`` (None: still); weights in percent."""

    type: str
    name: str
    symbol: str
    since: date
    until: date | None
    first_weight: Decimal | None
    last_weight: Decimal | None


class Bar(NamedTuple):
    """Where a spell lies on the line of time, in thousandths of it."""

    spell: Spell
    left: int
    width: int


def read_spells(connection: Connection, symbol: str, day: date = date.max) -> list[Spell]:
    """The memberships, under all of its symbols, of the stock that has this symbol on a day.

    By type (sectors first), name and time.
    """
    limits = row_limits(names_of(read_renames(connection), symbol, day), date.max)
    symbols, since, until = (list(column) for column in zip(*limits, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(statement("web/timeline"), {"symbols": symbols, "since": since, "until": until})
        return spells(Told._make(row) for row in cursor.fetchall())


def spells(told: Iterable[Told]) -> list[Spell]:
    """Unbroken times from what was told, the latest to be told last: it counts where it speaks of the same days."""
    lines: dict[tuple[str, str], list[Told]] = {}
    for each in told:
        line = lines.setdefault((each.type, each.name), [])
        if line and line[-1].end > each.since:
            line[:] = _with(line, each)
        else:
            line.append(each)
    order = sorted(lines, key=lambda group: (_TYPES.index(group[0]), group[1]))
    return [spell for group in order for spell in _joined(lines[group])]


def bars(found: list[Spell], today: date) -> list[Bar]:
    """The spells on a line from the first day of all to today."""
    first = min((spell.since for spell in found), default=today)
    days = max(1, (max([today, *(spell.since for spell in found)]) - first).days)

    def place(day: date) -> int:
        return round(1000 * min(days, (day - first).days) / days)

    return [
        Bar(spell, min(990, place(spell.since)), max(10, place(spell.until or date.max) - place(spell.since)))
        for spell in found
    ]


def _with(line: list[Told], new: Told) -> list[Told]:
    """The line, which has no day twice, with something that counts from now on."""
    parts = [new]
    for old in line:
        if old.since < new.since:
            parts.append(old if old.end <= new.since else old._replace(until=new.since))
        if new.until and old.end > new.until:
            parts.append(old._replace(since=max(old.since, new.until)))
    return sorted(parts, key=lambda each: each.since)


def _joined(line: list[Told]) -> list[Spell]:
    result: list[Spell] = []
    for each in line:
        if not each.member:
            continue
        if result and result[-1].until == each.since:
            result[-1] = result[-1]._replace(symbol=each.symbol, until=each.until, last_weight=each.weight)
        else:
            result.append(Spell(each.type, each.name, each.symbol, each.since, each.until, each.weight, each.weight))
    return result

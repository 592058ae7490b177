"""Groups by name on any day, also those that are gone, with the file that tells what was in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.errors import TickstockError
from tickstock.relationships.queries.names import SECTOR, Kind, not_found, typed
from tickstock.terminal import printable

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from tickstock.db import Connection


class Snapshot(NamedTuple):
    """A file that tells what was in a group on ``as_of``; not ``dated``: on the day of its load."""

    as_of: date
    dated: bool
    load_id: int
    path: str


class Held(NamedTuple):
    """A weight in percent (None: not known), and the day on which a file, or a hand, told of it under this symbol."""

    weight: Decimal | None
    told_on: date


class Side(NamedTuple):
    """A group on a day, by symbol. ``snapshot`` is the last file up to that day, None where no file tells of it."""

    day: date
    snapshot: Snapshot | None
    members: dict[str, Held]


class Known(NamedTuple):
    """A group was on record under this name from a day to before another (None: still)."""

    group_id: int
    name: str
    from_day: date
    to_day: date | None
    opened_by: int
    closed_by: int | None


class Found(NamedTuple):
    """What is on record of a name; a group that was removed and made again has several ids."""

    kind: Kind
    name: str
    known: list[Known]

    @property
    def ids(self) -> list[int]:
        return sorted({each.group_id for each in self.known})


def find_group(connection: Connection, kind: Kind, name: str) -> Found:
    """The groups of that name, whatever its case, blanks and signs, those that are gone too.

    Raises:
        TickstockError: there never was one; the message names the nearest.
    """
    known = _known(connection, kind, name)
    if not known and kind is SECTOR:
        from tickstock.sector_names import canonical_sector

        try:
            known = _known(connection, kind, canonical_sector(name))
        except ValueError:
            known = []
    if not known:
        raise not_found(connection, kind, name)
    first = known[0].name
    return Found(kind, first, [each for each in known if each.name == first])


def read_side(connection: Connection, found: Found, day: date) -> Side:
    """The group as it was on ``day``.

    Raises:
        TickstockError: it is not known what it was then, or there was none; the message says since, or until, when.
    """
    values = {"day": day, "groups": found.ids, "name": found.name}
    with connection.cursor() as cursor:
        cursor.execute(statement("history/side"), values)
        row = cursor.fetchone()
        if row is None:
            raise TickstockError(_absent(found, day))
        group_id, _, *snapshot = row
        file = Snapshot._make(snapshot) if snapshot[0] else None
        cursor.execute(
            "SELECT symbol, weight, GREATEST(valid_from, %s) FROM members_on(ARRAY[%s], %s)",
            (file and file.as_of, group_id, day),
        )
        return Side(day, file, {symbol: Held(weight, told_on) for symbol, weight, told_on in cursor.fetchall()})


def _known(connection: Connection, kind: Kind, name: str) -> list[Known]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_environment()")
        ((environment,),) = cursor.fetchall()
        values = {"type": kind.type, "environment": environment, "name": typed(name)}
        cursor.execute(statement("history/known_groups"), values)
        return [Known._make(row) for row in cursor.fetchall()]


def _absent(found: Found, day: date) -> str:
    name = f"{found.kind.noun} {printable(found.name)}"
    first = min(found.known, key=lambda each: each.from_day)
    if day < first.from_day:
        return (
            f"{name} is not known on {day}: the record begins on {first.from_day} (run {first.opened_by}); "
            "ask from that day on, or load an older file"
        )
    to_day, closed_by = max((each.to_day, each.closed_by) for each in found.known if each.to_day and each.to_day <= day)
    return f"there was no {name} on {day}: run {closed_by} removed it on {to_day}; ask for a day before that"

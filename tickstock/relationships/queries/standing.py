"""What an answer about the past stands on: files, and whether a group was known at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, datetime

    from tickstock.db import Connection
    from tickstock.relationships.queries.moment import Moment

KNOWN, REMOVED, NOT_KNOWN = "known", "removed", "not known"


class Snapshot(NamedTuple):
    """The file that a group stands on; without a ``path`` its newest change, where no single file brings it.

    ``as_of`` is the date that it tells of: the file's own if it is ``dated``, else that of its load. ``known_since``
    is when the load ``load_id`` brought it.
    """

    as_of: date
    dated: bool
    known_since: datetime
    load_id: int
    path: str | None = None


class First(NamedTuple):
    """From which day on something is known at all, since when, and by which load."""

    as_of: date
    load_id: int
    known_since: datetime


class Removal(NamedTuple):
    """The first day without a group, the load (or hand) that took it away, and when it did."""

    removed_on: date
    load_id: int
    known_since: datetime


class Run(NamedTuple):
    """Whose doing something was, as ``load_runs.kind`` says, and when."""

    kind: str
    committed_at: datetime


class GroupState(NamedTuple):
    """How a group stands on a day: ``known``, ``removed`` by then, or ``not known`` then. ``id`` is a known one's."""

    type: str
    name: str
    id: int | None
    status: str
    first: First
    removal: Removal | None


def read_states(connection: Connection, moment: Moment, type_: str | None = None) -> list[GroupState]:
    """All groups that the environment ever had, of one type or of all, by type and name."""
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/group_states"), moment.values(type=type_))
        return [
            GroupState(row[0], row[1], row[2], row[3], First(*row[4:7]), Removal(*row[7:]) if row[7] else None)
            for row in cursor.fetchall()
        ]


def read_snapshots(connection: Connection, moment: Moment, groups: Iterable[int]) -> dict[int, Snapshot]:
    """Group id -> the file it stands on, for the groups that any file tells of by then."""
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/snapshots_as_of"), moment.values(groups=list(groups)))
        return {group: Snapshot(*snapshot) for group, *snapshot in cursor.fetchall()}


def read_beginning(connection: Connection, moment: Moment, group: int) -> Snapshot:
    """What a group without members or files stands on: that it is there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.valid_from, r.committed_at, g.opened_by FROM groups_on(%(day)s, %(known)s) g"
            " JOIN load_runs r ON r.id = g.opened_by WHERE g.id = %(group)s",
            moment.values(group=group),
        )
        ((valid_from, committed_at, opened_by),) = cursor.fetchall()
    return Snapshot(valid_from, True, committed_at, opened_by)


def read_runs(connection: Connection, runs: Collection[int]) -> dict[int, Run]:
    """Run id -> the run, for those that are asked for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, kind, committed_at FROM load_runs WHERE id = ANY (%s)", (list(runs),))
        return {run: Run(kind, committed_at) for run, kind, committed_at in cursor.fetchall()}

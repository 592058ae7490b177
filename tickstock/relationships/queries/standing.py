"""What an answer about the past stands on: files, or the runs that changed something."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime

    from tickstock.db import Connection
    from tickstock.relationships.queries.moment import Moment


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


class File(NamedTuple):
    """A file that a group may stand on; ``as_of`` is its own date, None where it has none. ``id`` is its place."""

    group_id: int
    as_of: date | None
    id: int
    load_id: int
    path: str


class Run(NamedTuple):
    """Whose doing something was, as ``load_runs.kind`` says, when it was committed, and the day (UTC) it began."""

    kind: str
    committed_at: datetime
    started_on: date


def read_snapshots(connection: Connection, moment: Moment, groups: Iterable[int]) -> dict[int, Snapshot]:
    """Group id -> the file it stands on, for the groups that any file tells of by then."""
    files = read_files(connection, moment, groups)
    return snapshots_of(files, read_runs(connection, {file.load_id for file in files}))


def read_files(connection: Connection, moment: Moment, groups: Iterable[int]) -> list[File]:
    """Of each group up to two: the newest file with a date, and the newest without."""
    wanted = list(groups)
    undone = _undone_files(connection, moment, wanted) if moment.known is not None else []
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/snapshots_as_of"), moment.values(groups=wanted, undone=undone))
        return [File._make(row) for row in cursor.fetchall()]


def snapshots_of(files: Iterable[File], runs: Mapping[int, Run]) -> dict[int, Snapshot]:
    """Group id -> the newest of its files; of several for one date the one that was loaded last."""
    dated = sorted((file.as_of or runs[file.load_id].started_on, file.id, file) for file in files)
    return {
        file.group_id: Snapshot(as_of, file.as_of is not None, runs[file.load_id].committed_at, file.load_id, file.path)
        for as_of, _, file in dated
    }


def _undone_files(connection: Connection, moment: Moment, groups: list[int]) -> list[int]:
    """The ids of the files that were taken back as it was known then: their undo may have been undone, and so on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, undoes FROM load_runs WHERE undoes IS NOT NULL")
        undos = [(undo, run) for undo, run in cursor.fetchall() if moment.knows(undo)]
        if not undos:
            return []
        cursor.execute(
            "SELECT load_id, group_id, id FROM load_files WHERE group_id = ANY (%s) AND load_id = ANY (%s)",
            (groups, sorted({run for both in undos for run in both})),
        )
        files = {(run, group): id_ for run, group, id_ in cursor.fetchall()}
    undone: set[tuple[int, int]] = set()
    for undo, run in sorted(undos, reverse=True):  # so it is known by now whether the undo itself was taken back
        undone |= {(run, group) for group in groups if (undo, group) in files and (undo, group) not in undone}
    return [files[each] for each in undone if each in files]


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


def read_runs(connection: Connection, runs: Collection[int | None]) -> dict[int, Run]:
    """Run id -> the run, for those that are asked for."""
    if not runs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, committed_at, (started_at AT TIME ZONE 'UTC')::date FROM load_runs WHERE id = ANY (%s)",
            (list(runs),),
        )
        return {run: Run(*others) for run, *others in cursor.fetchall()}

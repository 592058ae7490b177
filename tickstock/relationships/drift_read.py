"""Reading the three accounts: what the last loads left and what is stored from the database, the rest from files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.checksum import fingerprint
from tickstock.db import statement, transaction
from tickstock.errors import TickstockError
from tickstock.relationships.drift import (
    BOTH,
    DATABASE,
    FILE,
    Accounts,
    Drift,
    DriftRow,
    Event,
    GroupDrift,
    Record,
    Rows,
    Scope,
    drifted,
)
from tickstock.relationships.drift_files import CHANGED, GONE, SAME, File, folder_files, problem_text, recorded_files
from tickstock.relationships.drift_stored import StoredRow, read_moved, read_records, read_rows
from tickstock.relationships.mends import read_origin
from tickstock.relationships.queries.names import ETF, require_group

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor
    from tickstock.sources.records import Source


class Changes(NamedTuple):
    """What drifted in one group: rows, and events beside them. ``file`` names the file, where it was read.

    ``force``: see :class:`tickstock.relationships.drift.GroupDrift`.
    """

    record: Record
    rows: list[DriftRow]
    events: list[Event]
    file: str
    force: bool


def read_drift(
    connection: Connection, scope: Scope, look: Callable[[Changes], None] = lambda changes: None
) -> Drift:
    """Compare the funds, universes and themes of an environment. Nothing is written; a read-only role will do.

    ``look`` is given the rows of each group that drifted, one group after the other, while the next are still to be
    read. The connection must be in autocommit mode, outside of a transaction.

    Raises:
        BadInputError: there is no such folder. A file with problems is an event, and stops nothing.
        TickstockError: there is no such fund, or it comes from no file.
    """
    groups: list[GroupDrift] = []
    with _reading(connection, scope) as cursor:
        records = read_records(cursor, scope.only)
        events = [*_group_events(cursor, scope), *_renamed(records)]
        if scope.folder:
            files, odd = folder_files(scope.folder, scope.only, records)
            events += odd
        else:
            files = recorded_files(records)
        for record, file in zip(records, files, strict=True):
            if file.state == GONE:
                events.append(Event("file_gone", record.type, record.name, _where_not(record, scope)))
        for changes in compare(cursor, records, files):
            events += changes.events
            if changes.rows:
                groups.append(_count(changes))
                look(changes)
        if scope.only and not (records or events):
            fund = require_group(connection, ETF, scope.only).name
            raise TickstockError(f"found no file on record for {fund}, expected one of a load; it was made otherwise")
        origin = read_origin(cursor, scope.environment)
    return Drift(scope, len(records), tuple(groups), tuple(dict.fromkeys(events)), origin)


def compare(
    cursor: Cursor, records: Sequence[Record], files: Sequence[File], every: bool = True
) -> Iterator[Changes]:
    """Yield what drifted, group by group. ``every`` False: only of the groups whose file changed.

    A file is read where it is not the one on record, or where that load did not leave just what it said: it kept a
    hand's rows, or such as were missing. One file at a time is in memory. Runs inside the caller's transaction.
    """
    moved = read_moved(cursor, records) if every else set()
    looked_at = [
        (record, file)
        for record, file in zip(records, files, strict=True)
        if file.state == CHANGED or record.group_id in moved or (every and record.kept_symbols)
    ]
    if not looked_at:
        return
    concerned = [record for record, _ in looked_at]
    if not every:
        moved = read_moved(cursor, concerned)
    for (record, file), rows in zip(looked_at, read_rows(cursor, concerned, moved), strict=True):
        yield _changes(record, file, rows, record.group_id in moved)


def _changes(record: Record, file: File, rows: list[StoredRow], moved: bool) -> Changes:
    """Set the three accounts of one group against each other."""
    base = stored = {row.symbol: row.weight for row in rows if row.is_stored}
    if moved and record.version is not None:
        base = {row.symbol: row.weight_then for row in rows if row.was}
    events = []
    if moved and fingerprint(base.items()) != record.stored_fingerprint:
        hidden = f"{record.name} is not as load {record.load_id} left it, and the history hides which rows"
        events.append(Event("rows_hidden", record.type_then, record.name_then, hidden, database=True))
    source = file.read() if file.state == CHANGED or (file.state == SAME and not record.as_file) else None
    unusable = _unusable(record, source) if file.state == CHANGED else None
    if unusable:
        events.append(unusable)
    usable = source and not source.problems and not unusable
    said = {each.symbol: each.weight for each in source.holdings} if source and usable else None
    changed = {SAME: False, CHANGED: True}.get(file.state) if not unusable else None
    if changed and said is not None and fingerprint(said.items()) == record.fingerprint:
        changed = False  # other bytes, the same rows
    accounts = Accounts(base, said, stored, frozenset(record.kept_symbols), changed, record.fingerprint)
    runs = {row.symbol: row.run for row in rows}
    found = [row if row.changed == FILE else row._replace(run=runs.get(row.symbol)) for row in drifted(accounts)]
    force = _weighted(stored) and not _weighted(base if said is None else said)
    return Changes(record, found, events, source.path.name if source else "", force)


def _weighted(rows: Rows) -> bool:
    return any(weight is not None for weight in rows.values())


def _unusable(record: Record, source: Source | None) -> Event | None:
    """Why a file that changed would bring nothing to its group."""
    if source is None:
        return Event("file_gone", record.type, record.name, "no line any more in its file")
    if source.problems:
        return Event("file_unreadable", record.type, source.group and record.name, problem_text(source.problems))
    if source.as_of and record.as_of and source.as_of < record.as_of:
        found = f"{source.path.name} is as of {source.as_of}, older than the {record.as_of} that was loaded"
        return Event("file_older", record.type, record.name, found)
    return None


def _count(changes: Changes) -> GroupDrift:
    ways = [row.changed for row in changes.rows]
    kept = sum(row.kept for row in changes.rows)
    return GroupDrift(changes.record, ways.count(FILE), ways.count(DATABASE), ways.count(BOTH), kept, changes.force)


@contextmanager
def _reading(connection: Connection, scope: Scope) -> Iterator[Cursor]:
    with transaction(connection) as cursor:
        # Files may be slow to read; and after a first load nobody has counted the tables yet, so that the planner
        # would walk through them once for every row.
        cursor.execute(
            "SET TRANSACTION READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0;"
            " SET LOCAL enable_nestloop = off"
        )
        cursor.execute("SELECT set_config('tickstock.environment', %s, true)", (scope.environment,))
        yield cursor


def _where_not(record: Record, scope: Scope) -> str:
    return f"no file in {scope.folder}" if scope.folder else f"no file any more in {Path(record.path).parent}"


def _renamed(records: Sequence[Record]) -> Iterator[Event]:
    for record in records:
        if record.renamed:
            found = f"load {record.load_id} read this {record.name} as the {record.type_then} {record.name_then}"
            yield Event("group_renamed", record.type, record.name, found, database=True)


def _group_events(cursor: Cursor, scope: Scope) -> Iterator[Event]:
    """The groups that a hand took away, or made, since the last load of their type."""
    cursor.execute(statement("drift/groups"), {"only": scope.only})
    for event, type_, name, members, run in cursor.fetchall():
        if event == "group_removed":
            found = f"the {type_} {name} is gone with its {members} members; run {run}, no load, took it away"
        else:
            who = f"run {run}, no load, made it" if run else "it is not on record who made it"
            found = f"the {type_} {name} with its {members} members has no file; {who}"
        yield Event(event, type_, name, found, database=True)

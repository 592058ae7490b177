"""Put a backup back: all of it or nothing, in one transaction that no reader notices before it commits."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import psycopg2
from psycopg2 import errors

from tickstock import __version__
from tickstock.backups.contents import TABLES
from tickstock.backups.dump import dump_checksum, reading_dump
from tickstock.backups.locks import alone
from tickstock.backups.lost import Lost, read_lost
from tickstock.backups.programs import find_pg_restore
from tickstock.backups.tables import put_back, raise_numbers, without_triggers
from tickstock.db import closing, transaction
from tickstock.errors import BadInputError, BusyError, RefusedError, TickstockError, UnavailableError
from tickstock.migrations import applied

if TYPE_CHECKING:
    from tickstock.backups.folder import Backup
    from tickstock.backups.programs import Program
    from tickstock.db import Connection, Cursor, Database


class Restored(NamedTuple):
    """What a restore did; where it only looked, ``load_id`` and ``data_version`` are None.

    ``lost`` is what it took back (None where that was no longer to be found out), ``load_id`` the run that it is
    recorded as.
    """

    backup: Backup
    lost: Lost | None
    load_id: int | None = None
    data_version: int | None = None
    warning: str = ""


def preview(database: Database, connection: Connection, backup: Backup) -> Restored:
    """Look whether a backup can be restored, all of it read, and what would be lost. Nothing is written.

    Raises:
        BadInputError: the backup is damaged.
        UnavailableError: the tables are of another version, or there is no pg_restore for it.
    """
    program = _suitable(database, connection, backup)
    with transaction(connection) as cursor:
        lost = read_lost(cursor, backup.manifest, lambda: _run_keys(program, backup))
    rows = {}
    with reading_dump(program, backup) as dump:
        for data in dump:
            while data.read():
                pass
            rows[data.table] = data.rows
    if rows != {table: content.rows for table, content in backup.manifest.tables.items()}:
        raise BadInputError(f"{backup.dump} is damaged: it has other rows than its manifest says")
    return Restored(backup, lost)


def restore(database: Database, connection: Connection, backup: Backup, force: bool = False) -> Restored:
    """Make the suite's tables what a backup holds, and put that on record as a run of its own.

    Readers see the state before it until it commits. No other table is touched. What is restored is compared with
    the fingerprints in the manifest before it commits.

    Raises:
        RefusedError: the database has changes that the backup does not have, and there is no ``force``.
        BusyError: loads or other writers are at work, or the connection was cut and nothing had been committed.
        BadInputError: the backup is damaged, or does not fit the tables.
        UnavailableError: as for :func:`preview`; or the role does not own the tables.
        KeyboardInterrupt, and the like: with a note, if the restore was committed before it could be stopped.
    """
    program = _suitable(database, connection, backup)
    _require_owner(connection)
    run_key = os.urandom(16).hex()
    lost: Lost | None = None
    try:
        with alone(connection) as cursor:
            lost = read_lost(cursor, backup.manifest, lambda: _run_keys(program, backup))
            if lost.refused and not force:
                raise RefusedError(_refusal(backup, lost))
            with without_triggers(cursor), reading_dump(program, backup) as dump:
                put_back(cursor, backup, dump)
            raise_numbers(cursor, backup)
            _record(cursor, backup, run_key)
        return _outcome(connection, backup, lost, run_key)
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        if connection.closed:
            return _outcome_of_cut(database, backup, lost, run_key, error)
        raise _explained(error) from error
    except psycopg2.Error as error:
        raise _explained(error) from error
    except BaseException as stopped:
        if not isinstance(stopped, Exception):
            _note_commit(database, run_key, stopped)
        raise


def _suitable(database: Database, connection: Connection, backup: Backup) -> Program:
    """See that the backup is whole and of tables like these; give the program that reads it."""
    manifest = backup.manifest
    if dump_checksum(backup.dump) != manifest.checksum:
        raise BadInputError(f"{backup.dump} is damaged: it has another checksum than when it was written")
    here, there = applied(connection), set(manifest.migrations)
    if here != there:
        differing = ", ".join(sorted(here ^ there))
        raise UnavailableError(
            f"the backup {backup.path.name} is of tables with other migrations ({differing}), made by version "
            f"{manifest.tool_version} of the suite; create an empty database, migrate it with that version, restore "
            "into it, then update the suite and run: make migrate"
        )
    return find_pg_restore(database, manifest.dump_version)


def _refusal(backup: Backup, lost: Lost) -> str:
    from tickstock.backups.text import lost_lines, objection

    advice = "refused, nothing was changed; --force goes on"
    return "\n".join([objection(backup, lost), *lost_lines(lost), advice])


def _require_owner(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text, relowner::regrole::text FROM pg_class WHERE oid = ANY (%s::regclass[])"
            " AND NOT pg_has_role(relowner, 'USAGE') LIMIT 1",
            (list(TABLES),),
        )
        if row := cursor.fetchone():
            raise UnavailableError(
                f"a restore is for the owner of the tables, {connection.info.user} does not own {row[0]}; "
                f"connect as {row[1]}, as for make migrate"
            )


def _run_keys(program: Program, backup: Backup) -> list[str]:
    """The keys of the runs that a backup holds."""
    keys: list[str] = []
    with reading_dump(program, backup, only="load_runs") as dump:
        for data in dump:
            try:
                at = data.columns.index("run_key")
                while piece := data.read():
                    keys += [line.split(b"\t")[at].decode("ascii") for line in piece.splitlines()]
            except (ValueError, IndexError) as error:
                raise BadInputError(f"{backup.dump} is damaged: its load_runs have no run_key") from error
    return keys


def _record(cursor: Cursor, backup: Backup, run_key: str) -> None:
    note = f"backup {backup.path.name}, made {backup.manifest.made_at}, data version {backup.manifest.data_version}"
    cursor.execute(
        "INSERT INTO load_runs (run_key, kind, tool_version, note) VALUES (%s, 'restore', %s, %s)",
        (run_key, __version__, note),
    )


def _outcome(connection: Connection, backup: Backup, lost: Lost | None, run_key: str, warning: str = "") -> Restored:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.id, d.version FROM load_runs r JOIN data_version d ON d.load_id = r.id WHERE r.run_key = %s",
            (run_key,),
        )
        load_id, version = cursor.fetchone()  # type: ignore[misc]
    return Restored(backup, lost, load_id, version, warning)


def _outcome_of_cut(
    database: Database, backup: Backup, lost: Lost | None, run_key: str, error: psycopg2.Error
) -> Restored:
    """After a lost connection: once its transaction has ended, look whether it had been committed."""
    from tickstock.relationships.change import find_run

    found = f"the connection to the database was cut ({' '.join(str(error).split())})"
    with closing(database.connect()) as connection:
        try:
            with transaction(connection) as cursor:
                cursor.execute("LOCK TABLE load_runs IN ROW SHARE MODE")  # waits for a restore, and for no load
                load_id = find_run(cursor, run_key)
        except errors.LockNotAvailable:
            raise BusyError(
                f"{found}; whether the restore was committed is not known yet, "
                f"look later for the run_key {run_key} in load_runs"
            ) from error
        if load_id is None:
            raise BusyError(f"{found}; nothing was changed, try again") from error
        warning = f"the connection was cut while the answer was on its way; restore {load_id} was committed"
        return _outcome(connection, backup, lost, run_key, warning)


def _note_commit(database: Database, run_key: str, interrupt: BaseException) -> None:
    """Tell, as a note on the interrupt, of a restore that was committed before it could be stopped."""
    from tickstock.relationships.change import find_run

    with suppress(psycopg2.Error, TickstockError), closing(database.connect()) as connection:
        with connection.cursor() as cursor:
            load_id = find_run(cursor, run_key)
        if load_id is not None:
            interrupt.add_note(f"restore {load_id}")


def _explained(error: psycopg2.Error) -> Exception:
    """What the database refused, in one line for people. Everything was rolled back."""
    found = " ".join(str(error).split())
    if isinstance(error, errors.LockNotAvailable):
        return BusyError(f"rows that must change are locked by another session ({found}); nothing was changed")
    if isinstance(error, errors.ForeignKeyViolation):
        return TickstockError(
            f"a table of another application refers to rows that the backup does not have ({found}); "
            "nothing was changed; remove what refers to them, and restore again"
        )
    if isinstance(error, psycopg2.DataError | psycopg2.IntegrityError | psycopg2.ProgrammingError):
        return BadInputError(f"the backup does not fit into the tables ({found}); nothing was changed")
    return error

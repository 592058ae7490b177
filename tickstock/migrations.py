"""The numbered files under ``sql/``: applied in order, each once, by yoyo-migrations, under a lock.

yoyo reads, orders and tracks them. Added here: an advisory lock of the database (yoyo's own lock is a row
that a killed process leaves behind), the mark of a migration in the migration's own transaction, and the
checksum that betrays an edited file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import errors

from tickstock import queue_schema
from tickstock.checksum import file_checksum
from tickstock.db import SQL, Connection, Database, closing
from tickstock.errors import BusyError, TickstockError, UnavailableError

_RECORD = "tickstock_migrations"
_WAIT = "60s"
_LOCK = "SELECT pg_advisory_lock(hashtextextended('tickstock migrations', 0))"


def available(folder: Path = SQL) -> dict[str, Path]:
    """The migrations of this version of the suite, id -> file, in order."""
    return {path.stem: path for path in sorted(folder.glob("[0-9]*.sql"))}


def applied(connection: Connection) -> set[str]:
    """The ids of the migrations that the database has; empty where it has never been migrated."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", (_RECORD,))
        if cursor.fetchone() == (None,):
            return set()
        try:
            cursor.execute(f"SELECT migration_id FROM {_RECORD}")  # noqa: S608 - a constant
        except errors.InsufficientPrivilege as error:
            raise UnavailableError(
                f"the role {connection.info.user} may not read the suite's tables; "
                f"as their owner run: GRANT app_readwrite TO {connection.info.user}"
            ) from error
        return {row[0] for row in cursor.fetchall()}


def missing(connection: Connection) -> list[str]:
    """The ids of the migrations that the database lacks, in order.

    Raises:
        UnavailableError: it has some that this version does not know.
    """
    have, want = applied(connection), available()
    if unknown := sorted(have - set(want)):
        raise UnavailableError(
            f"the database has migrations that this version does not know ({', '.join(unknown)}); "
            "update the suite (git pull) before you go on"
        )
    return [name for name in want if name not in have]


def require(connection: Connection) -> None:
    """Refuse a database whose tables are not those of this version.

    Raises:
        UnavailableError: migrations are missing, or the triggers that record changes are off.
    """
    if lacking := missing(connection):
        raise UnavailableError(
            f"the database lacks {len(lacking)} migration(s), from {lacking[0]} on; "
            "back it up and run: make migrate  (or: python scripts/maintenance/migrate.py)"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
            " WHERE tgrelid IN ('group_memberships'::regclass, 'definition_groups'::regclass, 'load_runs'::regclass)"
            " AND NOT tgisinternal AND tgenabled NOT IN ('O', 'A') ORDER BY 1"
        )
        if off := cursor.fetchall():
            name, table = off[0]
            raise UnavailableError(
                f"{len(off)} trigger(s) that record changes are switched off ({name} on {table}); "
                f"switch them on: ALTER TABLE {table} ENABLE TRIGGER USER"
            )


def connect(database: Database, writes: bool = False) -> Connection:
    """Open a connection to a database with the tables of this version. The embedded one is migrated where need be.

    Who ``writes`` is refused also where something is gone that the migrations made: an index, a trigger, a column.

    Raises:
        BusyError, UnavailableError: see :meth:`tickstock.db.Database.connect`, :func:`require` and
            :func:`tickstock.schema.require_whole`.
    """
    connection = database.connect()
    try:
        if database.binaries and missing(connection):
            migrate(database)
        require(connection)
        if writes:
            from tickstock.schema import require_whole

            require_whole(connection, available().values())
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(database: Database, folder: Path = SQL) -> list[str]:
    """Apply what is missing; give the ids that were applied, in order. Nothing to do is no error.

    Also re-grants the rights of the roles ``app_readwrite`` and ``app_readonly``
    (``sql/post-apply.sql``), in case they were created since, and sees to the tables of the queue.

    Raises:
        BusyError: somebody else migrates it, and takes long.
        UnavailableError: the role may not make tables.
        TickstockError: a migration fails (it is rolled back, those before it stay), or a file was edited
            after it had been applied.
    """
    with closing(database.connect()) as guard:
        with guard.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{_WAIT}'; SET idle_session_timeout = 0")
            try:
                cursor.execute(_LOCK)
            except errors.LockNotAvailable as error:
                raise BusyError(
                    f"the database is being migrated by somebody else, for longer than {_WAIT}; "
                    "nothing was done, try again when that is done"
                ) from error
        missing(guard)
        _refuse_edited(guard, folder)
        done = _apply(database.parameters, folder)
        _explained("granting the rights of the queue", queue_schema.install, guard)
        return done


def _refuse_edited(connection: Connection, folder: Path) -> None:
    with connection.cursor() as cursor:
        try:
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS migration_checksums (migration_id text PRIMARY KEY, checksum text NOT NULL)"
            )
        except errors.InsufficientPrivilege as error:
            raise UnavailableError(
                f"the role {connection.info.user} may not make tables in this database; migrate it as its owner"
            ) from error
        cursor.execute("SELECT migration_id, checksum FROM migration_checksums")
        recorded = dict(cursor.fetchall())
    for name, path in available(folder).items():
        if name in recorded and recorded[name] != file_checksum(path.read_bytes()):
            raise TickstockError(
                f"{path.name} was edited after the database had applied it; "
                "put the file back as it was and write the change as a new migration"
            )


def _apply(parameters: Mapping[str, Any], folder: Path) -> list[str]:
    from yoyo import read_migrations

    backend = _backend(parameters)
    with backend:
        backend.init_database()
        migrations = read_migrations(str(folder))
        todo = backend.to_apply(migrations)
        for migration in todo:
            _explained(f"migration {migration.id}", backend.apply_one, migration)
        _explained("granting the rights of the roles", backend.run_post_apply, migrations)
        return [migration.id for migration in todo]


def _explained(what: str, work: Callable[[Any], None], argument: Any) -> None:
    try:
        work(argument)
    except psycopg2.Error as error:
        raise TickstockError(f"{what} failed and was rolled back: {' '.join(str(error).split())}") from error


def _backend(parameters: Mapping[str, Any]) -> Any:
    from yoyo.backends.core.postgresql import PostgresqlBackend
    from yoyo.connections import DatabaseURI

    class Backend(PostgresqlBackend):  # type: ignore[misc]
        def connect(self, dburi: object) -> Connection:
            connection: Connection = psycopg2.connect(**parameters, application_name="tickstock migrate")
            connection.autocommit = True
            return connection

        def apply_one(self, migration: Any, force: bool = False, mark: bool = True) -> None:
            # yoyo marks in a second transaction; a kill between the two would apply the migration twice.
            with self.transaction():
                migration.process_steps(self, "apply", force=force)
                if not mark:
                    return
                self.mark_one(migration)
                checksum = file_checksum(Path(migration.path).read_bytes())
                self.execute(
                    "INSERT INTO migration_checksums VALUES (:id, :checksum)",
                    {"id": migration.id, "checksum": checksum},
                )

    uri = DatabaseURI("postgresql", None, None, None, None, parameters.get("dbname", ""), {})
    return Backend(uri, _RECORD)

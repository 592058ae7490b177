"""Make a backup: dump, counts, fingerprints and numbers, all of one moment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg2 import errors

from tickstock import __version__
from tickstock.backups import folder as folders
from tickstock.backups.contents import TABLES, read_columns, read_contents, read_highest_numbers, read_origin
from tickstock.backups.dump import dump_checksum, writing_dump
from tickstock.backups.folder import Backup
from tickstock.backups.manifest import Manifest, as_text
from tickstock.backups.programs import find_pg_dump
from tickstock.db import statement, transaction
from tickstock.errors import BusyError, UnavailableError
from tickstock.migrations import applied

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor, Database


def make_backup(database: Database, connection: Connection, folder: Path) -> Backup:
    """Write all that the suite's tables hold into a new folder inside ``folder``, named after the time in UTC.

    Readers and writers go on meanwhile; what is written is the state of one moment. The new folder is there
    whole or not at all, and only the own user may enter it.

    Raises:
        BusyError: a table is locked by another session.
        UnavailableError: the role may not read the tables, or there is no pg_dump for this server.
        TickstockError: pg_dump failed, or nothing can be written to ``folder``.
    """
    program = find_pg_dump(database, connection)
    with folders.fresh_folder(folder) as fresh:
        dump = fresh / folders.DUMP
        try:
            with transaction(connection) as cursor:
                # Nothing is said on this connection while pg_dump works.
                cursor.execute("SET TRANSACTION READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0")
                options = _dump_options(cursor)
                with writing_dump(program, _address(database, connection), options, dump):
                    state = _read_state(cursor)
                    migrations = tuple(sorted(applied(connection)))
        except errors.LockNotAvailable as error:
            raise BusyError(
                f"no backup was made, another session keeps a table locked ({' '.join(str(error).split())}); "
                "try again when it is done"
            ) from error
        except errors.InsufficientPrivilege as error:
            raise UnavailableError(
                f"the role {connection.info.user} may not read all of the suite's tables "
                f"({' '.join(str(error).split())}); as their owner run: GRANT app_readonly TO {connection.info.user}"
            ) from error
        manifest = Manifest(
            **state,
            migrations=migrations,
            tool_version=__version__,
            dump_version=program.version,
            bytes=dump.stat().st_size,
            checksum=dump_checksum(dump),
        )
        folders.write_private(fresh / folders.MANIFEST, as_text(manifest))
        return Backup(folders.publish(fresh, _name(manifest)), manifest)


def _address(database: Database, connection: Connection) -> dict[str, Any]:
    """Of several hosts, the one that we are connected to: the others do not know our snapshot."""
    address = dict(database.parameters)
    if "," in address.get("host", ""):
        address |= {"host": connection.info.host, "port": str(connection.info.port)}
    return address


def _dump_options(cursor: Cursor) -> list[str]:
    """What pg_dump has to know: the tables, and the snapshot of this transaction."""
    cursor.execute(statement("backups/dump_names"), {"tables": list(TABLES)})
    names = cursor.fetchall()
    cursor.execute("SELECT pg_export_snapshot()")
    (snapshot,) = cursor.fetchone()  # type: ignore[misc]
    return [
        "--format=custom", "--compress=1", "--data-only", "--encoding=UTF8", "--no-password", "--strict-names",
        "--lock-wait-timeout=5s", f"--snapshot={snapshot}",
        # What a sequence holds stands in the manifest: pg_dump would ask for rights that app_readwrite has not.
        *(f"--exclude-table-data={name}" if kind == "S" else f"--table={name}" for kind, name in names),
    ]  # fmt: skip


def _read_state(cursor: Cursor) -> dict[str, Any]:
    """All of the manifest that the database knows."""
    cursor.execute(
        "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
        " current_setting('server_version'), COALESCE(max(version), 0),"
        " to_char((array_agg(changed_at ORDER BY version DESC))[1] AT TIME ZONE 'UTC',"
        " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM data_version"
    )
    made_at, server_version, data_version, changed_at = cursor.fetchone()  # type: ignore[misc]
    return {
        "made_at": made_at,
        "server_version": server_version,
        "data_version": data_version,
        "changed_at": changed_at,
        "origin": read_origin(cursor),
        "highest_numbers": read_highest_numbers(cursor),
        "tables": read_contents(cursor, read_columns(cursor)),
    }


def _name(manifest: Manifest) -> str:
    """2026-11-21T161010Z: sorted by name is sorted by time, and every file system takes it."""
    return manifest.made_at[:19].replace(":", "") + "Z"

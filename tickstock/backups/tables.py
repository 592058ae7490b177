"""The rows of a backup into the tables, inside the transaction of a restore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg2.extensions import quote_ident

from tickstock.backups.contents import TABLES, quoted, read_contents
from tickstock.backups.dump import TableData
from tickstock.db import statement
from tickstock.errors import BadInputError

if TYPE_CHECKING:
    from tickstock.backups.folder import Backup
    from tickstock.db import Cursor

# What an application's own tables may refer to, with what makes a row unique beside its id; the name comes last.
MERGED = {"definition_groups": ("type", "environment", "name"), "group_memberships": ("group_id", "symbol")}


@contextmanager
def without_triggers(cursor: Cursor) -> Iterator[None]:
    """Switch off all triggers of the tables, also an application's own, and afterwards on again those that were on.

    A superuser may also switch off those that look for the row which a foreign key names. Each row for itself that
    takes as long as storing it, and rows with the fingerprint of the backup refer to each other as in the backup.
    """
    cursor.execute(statement("backups/triggers"), {"tables": list(TABLES)})
    triggers = cursor.fetchall()
    if triggers:
        cursor.execute("; ".join(f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name, _ in triggers))
    yield
    # A table is not altered while it has events that wait for the commit, of an application's foreign keys.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    if triggers:
        how = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}
        cursor.execute("; ".join(f"ALTER TABLE {table} {how[on]} TRIGGER {name}" for table, name, on in triggers))


def put_back(cursor: Cursor, backup: Backup, dump: Iterable[TableData]) -> None:
    """Make the tables hold what the dump holds.

    Raises:
        BadInputError: the dump lacks a table, or the tables do not hold afterwards what the manifest says.
    """
    # A table was empty, or has new rows: what the planner knows of its size would mislead it.
    cursor.execute("SET LOCAL enable_nestloop = off")
    replaced = [table for table in reversed(TABLES) if table not in MERGED]
    cursor.execute("; ".join(f"DELETE FROM {table}" for table in replaced))  # noqa: S608 - constants
    left = set(TABLES)
    for data in dump:  # in an order in which foreign keys find what they refer to
        if data.table in left:
            _put(cursor, data)
            left.remove(data.table)
    if left:
        lacking = ", ".join(sorted(left))
        raise BadInputError(f"{backup.dump} is damaged: it lacks the rows of {lacking}; nothing was changed")
    _check(cursor, backup)


def _put(cursor: Cursor, data: TableData) -> None:
    merged = data.table in MERGED and not _is_empty(cursor, data.table)
    target = f"restored_{data.table}" if merged else data.table
    if merged:
        cursor.execute(f"CREATE TEMPORARY TABLE {target} (LIKE {data.table}) ON COMMIT DROP")
    columns = quoted(data.columns, cursor)
    cursor.copy_expert(f"COPY {target} ({columns}) FROM STDIN WITH (ENCODING 'UTF8')", data)  # type: ignore[arg-type]
    if merged:
        _merge(cursor, data.table, data.columns)


def _is_empty(cursor: Cursor, table: str) -> bool:
    cursor.execute(f"SELECT NOT EXISTS (SELECT FROM {table})")  # noqa: S608 - a constant
    return cursor.fetchone() == (True,)


def _merge(cursor: Cursor, table: str, columns: tuple[str, ...]) -> None:
    key = MERGED[table]
    names = [quote_ident(name, cursor) for name in columns if name != "id"]

    def listed(alias: str, which: Iterable[str]) -> str:
        return ", ".join(f"{alias}.{name}" for name in which)

    cursor.execute(
        statement("backups/merge").format(
            table=table,
            name=key[-1],
            columns=", ".join(names),
            stored=listed("t", names),
            restored=listed("r", names),
            stored_key=listed("t", key),
            restored_key=listed("r", key),
        )
    )


def _check(cursor: Cursor, backup: Backup) -> None:
    expected = backup.manifest.tables
    for table, found in read_contents(cursor, {table: expected[table].columns for table in TABLES}).items():
        if found != expected[table]:
            raise BadInputError(
                f"the check after the restore failed for {table}: found {found.rows:,} rows (fingerprint "
                f"{found.fingerprint}), expected {expected[table].rows:,} (fingerprint {expected[table].fingerprint}). "
                "The backup is damaged, or a rule of your own on the table interfered; nothing was changed"
            )


def raise_numbers(cursor: Cursor, backup: Backup) -> None:
    """No number that was ever given is given again, neither before the backup nor after it."""
    highest = backup.manifest.highest_numbers
    columns = ["version" if table == "data_version" else "id" for table in highest]
    cursor.execute(
        "SELECT setval(sequence, highest) FROM (SELECT pg_get_serial_sequence(name, of_column)::regclass, highest"
        " FROM unnest(%s::text[], %s::text[], %s::bigint[]) n (name, of_column, highest)) s (sequence, highest)"
        " WHERE COALESCE(pg_sequence_last_value(sequence), 0) < highest AND highest > 0",
        (list(highest), columns, list(highest.values())),
    )

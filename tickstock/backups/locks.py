"""A transaction in which nobody else writes to the suite's tables. Readers go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg2 import errors

from tickstock.backups.contents import TABLES
from tickstock.db import transaction
from tickstock.errors import BusyError
from tickstock.relationships.locks import all_locks
from tickstock.relationships.plan import TYPES

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

PATIENCE = 10.0  # seconds in all; a single lock is waited for as long as lock_timeout says


class _TakenError(Exception):
    """Somebody has a lock on this table; ``waited``: and has had it for too long."""

    def __init__(self, table: str, waited: bool) -> None:
        super().__init__(table)
        self.table, self.waited = table, waited


@contextmanager
def alone(connection: Connection) -> Iterator[Cursor]:
    """Run a block in one REPEATABLE READ transaction that keeps all loads and all other writers out.

    Raises:
        BusyError: a load runs, or a table is written to, for too long; the message names who does it.
    """
    first, started = TABLES[0], time.monotonic()
    with all_locks(connection, _kinds(connection)):
        while True:
            try:
                with transaction(connection) as cursor:
                    _lock_tables(cursor, first)
                    yield cursor
                return
            except _TakenError as taken:
                if taken.waited or time.monotonic() - started > PATIENCE:
                    raise BusyError(_busy(connection, taken.table)) from None
                first = taken.table


def _lock_tables(cursor: Cursor, first: str) -> None:
    """Wait for one table only, while holding none: so nobody else gets into a deadlock with us."""
    for table in (first, *(table for table in TABLES if table != first)):
        try:
            cursor.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE{'' if table == first else ' NOWAIT'}")
        except errors.LockNotAvailable as error:
            raise _TakenError(table, waited=table == first) from error


def _kinds(connection: Connection) -> list[tuple[str, str]]:
    """Every (environment, type) that a load may be at work on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e, t FROM (SELECT 'DEFAULT' UNION SELECT environment FROM definition_groups) environments (e)"
            " CROSS JOIN (SELECT unnest(%s) UNION SELECT type FROM definition_groups) types (t)",
            (list(TYPES),),
        )
        return cursor.fetchall()


def _busy(connection: Connection, table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.pid, a.application_name, a.state, date_trunc('second', a.xact_start) FROM pg_locks l"
            " JOIN pg_stat_activity a USING (pid) WHERE l.relation = %s::regclass AND l.granted"
            " AND l.mode <> 'AccessShareLock' ORDER BY a.xact_start LIMIT 1",
            (table,),
        )
        row = cursor.fetchone()
    holder = f"{row[1] or 'a session without a name'} (pid {row[0]}, {row[2]}, since {row[3]})" if row else "others"
    return f"{table} is being written to by {holder}; nothing was changed, try again when it is done"

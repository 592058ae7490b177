"""One load at a time for each environment and type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import errors

from tickstock.db import transaction
from tickstock.errors import BusyError
from tickstock.relationships.plan import TYPES

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor
    from tickstock.relationships.plan import Options

_KEY = "hashtextextended('tickstock load ' || %(environment)s || ' ' || %(type)s, 0)"


class MovedError(Exception):
    """The stored state moved between the decision what to do and the lock: try again."""


def hold_lock(cursor: Cursor, options: Options) -> None:
    """Take the lock of (environment, type) until the end of the transaction."""
    cursor.execute(f"SELECT pg_advisory_xact_lock({_KEY})", {"environment": options.environment, "type": options.type})


@contextmanager
def locked_transaction(connection: Connection, options: Options) -> Iterator[Cursor]:
    """Run a block in one REPEATABLE READ transaction that holds the lock of (environment, type).

    Some changes hold several (``options.locked_types``). A dry run writes nothing that lasts and needs none.

    Raises:
        BusyError: a lock, or a row that must change, was not to be had within ``lock_timeout``; the
            message names who holds it.
    """
    kinds = [] if options.dry_run else [(options.environment, type_) for type_ in options.locked_types]
    try:
        # A transaction's snapshot is older than any lock it waits for. So wait before it begins; once inside,
        # the locks pass to the transaction and end with it, however that ends.
        with all_locks(connection, kinds) as held, transaction(connection) as cursor:
            for values in held:
                cursor.execute(f"SELECT pg_advisory_xact_lock({_KEY}), pg_advisory_unlock({_KEY})", values)
            held.clear()
            yield cursor
    except errors.LockNotAvailable as error:
        with connection.cursor() as cursor:
            raise BusyError(
                f"rows that this load must change are locked by another session ({_oldest(cursor)}); "
                "nothing was written, try again when it is done"
            ) from error


def _wait_for_lock(connection: Connection, values: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"SELECT pg_advisory_lock({_KEY})", values)
        except errors.LockNotAvailable as error:
            raise BusyError(
                f"another load of {values['type']} in {values['environment']} holds the lock: "
                f"{_holder(cursor, values)}; nothing was written, try again when it is done"
            ) from error


def _holder(cursor: Cursor, values: dict[str, str]) -> str:
    cursor.execute(
        "SELECT a.pid, a.application_name, date_trunc('second', a.backend_start) FROM pg_locks l"  # noqa: S608
        " JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        " AND (l.classid::bigint << 32) | l.objid::bigint = " + _KEY,
        values,
    )
    row = cursor.fetchone()
    return f"{row[1] or 'a session without a name'} (pid {row[0]}, since {row[2]})" if row else "it ended just now"


def _oldest(cursor: Cursor) -> str:
    cursor.execute(
        "SELECT pid, application_name, state FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1"
    )
    row = cursor.fetchone()
    return f"pid {row[0]}, {row[1] or 'without a name'}, {row[2]}" if row else "it ended just now"


@contextmanager
def all_locks(connection: Connection, kinds: Iterable[tuple[str, str]]) -> Iterator[list[dict[str, str]]]:
    """Hold the locks of all these (environment, type) while the block runs, whatever transactions it has.

    What the block takes out of the list that it is given is its own to let go.

    Raises:
        BusyError: one was not to be had within ``lock_timeout``; the message names who holds it.
    """
    held: list[dict[str, str]] = []
    try:
        for environment, type_ in sorted(kinds, key=lambda kind: (kind[0], TYPES.index(kind[1]))):
            values = {"environment": environment, "type": type_}
            _wait_for_lock(connection, values)
            held.append(values)
        yield held
    finally:
        # A connection that broke has let go of them by itself.
        with suppress(psycopg2.Error):
            for values in held:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT pg_advisory_unlock({_KEY})", values)

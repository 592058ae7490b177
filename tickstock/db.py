"""Connections, and what every transaction of the suite agrees on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

import psycopg2
from psycopg2 import errors, extensions

from tickstock.errors import BusyError, TickstockError, UnavailableError
from tickstock.settings import REPOSITORY, Settings

if TYPE_CHECKING:
    from pathlib import Path

Connection = extensions.connection
Cursor = extensions.cursor

SQL = REPOSITORY / "sql"

# A server that is not there (yet) may be there in a moment; one that says no will say it again.
_NOT_REACHABLE = (
    "connection refused",
    "starting up",
    "shutting down",
    "in recovery mode",
    "no such file or directory",
    "timeout expired",
    "too many clients",
    "could not translate host name",
    "server closed the connection",
    "network is unreachable",
    "no route to host",
)

_TRANSACTION_SETTINGS = (
    "SET lock_timeout = '5s';"
    "SET statement_timeout = '10min';"
    "SET idle_in_transaction_session_timeout = '60s';"
    "SET TIME ZONE 'UTC';"
    "SET jit = off;"  # compiling our few statements takes longer than running them
)


_open: WeakSet[Connection] = WeakSet()


class Database(NamedTuple):
    """A database that can be connected to, as often as needed.

    ``parameters`` are keyword arguments of ``psycopg2.connect``; ``binaries`` is the folder of the embedded
    server's client programs, None for any other server; ``note`` is what people should be told about it.
    """

    parameters: Mapping[str, Any]
    program: str
    note: str = ""
    binaries: Path | None = None

    @property
    def place(self) -> str:
        """Which database this is, in words."""
        if self.binaries:
            return "the embedded PostgreSQL"
        host, port = self.parameters.get("host", "localhost"), self.parameters.get("port", "5432")
        return f"{self.parameters.get('dbname', 'the default database')} at {host}:{port}"

    def __repr__(self) -> str:
        return f"Database({self.uri}, {self.program})"

    @property
    def uri(self) -> str:
        """The address, without its password."""
        from urllib.parse import quote, urlencode

        shown = ("user", "dbname", "host", "port", "sslmode")
        rest = {name: value for name, value in self.parameters.items() if name in shown}
        user, database = quote(rest.pop("user", "")), quote(rest.pop("dbname", ""))
        host = "" if rest.get("host", "").startswith("/") else rest.pop("host", "")
        port = f":{rest.pop('port')}" if host and "port" in rest else ""
        query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
        return f"postgresql://{user}{'@' if user else ''}{host}{port}/{database}{query}"

    def connect(self) -> Connection:
        """Open a connection in autocommit mode, with the suite's timeouts.

        Raises:
            BusyError: nothing answers at the address (yet).
            UnavailableError: the server refuses (password, role, database, rights).
        """
        try:
            connection: Connection = psycopg2.connect(
                **{"connect_timeout": "5", "client_encoding": "UTF8", **self.parameters},
                application_name=f"tickstock {self.program}".strip(),
            )
        except psycopg2.OperationalError as error:
            raise _connection_error(error, self.parameters) from None
        connection.autocommit = True
        _open.add(connection)
        with connection.cursor() as cursor:
            cursor.execute(_TRANSACTION_SETTINGS)
            # A server on Windows cannot look after a client that is gone, and refuses to try.
            with contextlib.suppress(errors.InvalidParameterValue):
                cursor.execute("SET client_connection_check_interval = '1s'")
        return connection


def cancel_running() -> None:
    """Cancel the statement that runs on each open connection of this process. Safe from another thread."""
    for connection in list(_open):
        with contextlib.suppress(psycopg2.Error):
            connection.cancel()


def was_cut(error: BaseException) -> bool:
    """Whether a statement failed because its connection is gone, and not for a reason of its own."""
    if isinstance(error, psycopg2.InterfaceError):
        return "closed" in str(error)
    return isinstance(error, psycopg2.OperationalError) and (error.pgcode or "57P")[:3] == "57P"


def _connection_error(error: psycopg2.OperationalError, parameters: Mapping[str, Any]) -> TickstockError:
    found = " ".join(str(error).split())
    place = parameters.get("host", "localhost") + ":" + parameters.get("port", "5432")
    if any(sign in found.lower() for sign in _NOT_REACHABLE):
        return BusyError(f"no database answers at {place} ({found}); start it, or correct DATABASE_URI, and try again")
    return UnavailableError(f"the database at {place} refuses the connection ({found}); check DATABASE_URI")


@contextmanager
def open_database(settings: Settings, program: str) -> Iterator[Database]:
    """Give the database of ``settings``; without one, the embedded server, running while the block runs.

    What is in it is not looked at: :func:`tickstock.migrations.connect` does.
    """
    if settings.database is not None:
        yield Database(settings.database, program)
        return

    from tickstock.embedded import default_folder, running_server

    folder = settings.data or default_folder(REPOSITORY)
    with running_server(folder) as server:
        note = f"using the embedded PostgreSQL in {folder} (set DATABASE_URI for your own)" if server.started else ""
        yield Database(server.parameters(), program, note, server.binaries)


@contextmanager
def closing(connection: Connection) -> Iterator[Connection]:
    """Close the connection at the end, whatever state it is in."""
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: Connection) -> Iterator[Cursor]:
    """Run a block in one REPEATABLE READ transaction: committed at its end, rolled back when it raises."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try:
            yield cursor
        except BaseException:
            if not connection.closed:
                with contextlib.suppress(psycopg2.Error), connection.cursor() as last:
                    last.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


def stream(cursor: Cursor, statement: str, values: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, fetched some thousand at a time. Within a transaction; one stream of it at a time."""
    cursor.execute(f"DECLARE streamed NO SCROLL CURSOR FOR {statement}", values)
    while True:
        cursor.execute("FETCH 5000 FROM streamed")
        rows = cursor.fetchall()
        if not rows:
            break
        yield from rows
    cursor.execute("CLOSE streamed")


def insert_values(cursor: Cursor, statement: str, rows: Sequence[tuple[Any, ...]], end: str = "") -> None:
    """Execute ``statement`` with the rows after it, as in ``INSERT INTO t VALUES``, and ``end`` after them.

    psycopg2's own ``execute_values`` does the same; its module costs more to import than this saves.
    """
    places = f"({', '.join(['%s'] * len(rows[0]))})"
    for start in range(0, len(rows), 1000):
        values = b",".join(cursor.mogrify(places, row) for row in rows[start : start + 1000])
        cursor.execute(statement.encode() + b" " + values + end.encode())


def statement(name: str) -> str:
    """The text of ``sql/NAME.sql``, for a statement long enough to have a file of its own."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")

"""Statements that do not wait for ever for an answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import extensions

if TYPE_CHECKING:
    from tickstock.db import Connection, Database

ANSWER = 30.0  # seconds that a statement may take
# A network that is gone is noticed by the system after some twenty seconds, not after two hours.
_TCP = {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "2", "tcp_user_timeout": "20000"}


class _BoundedCursor(extensions.cursor):
    def execute(self, query: Any, values: Any = None) -> None:
        with _bound(self.connection):
            super().execute(query, values)


def bounded(database: Database) -> Database:
    """The same database. A statement on its connections that has no answer after ``ANSWER`` seconds raises
    psycopg2.OperationalError, and its connection is gone; so also where a network swallows what is sent.
    """
    return database._replace(parameters={**_TCP, **database.parameters, "cursor_factory": _BoundedCursor})


@contextmanager
def _bound(connection: Connection) -> Iterator[None]:
    """Cut the connection if the block takes too long. No signal, no other thread, can wake who waits for it."""
    late = Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            own.shutdown(socket.SHUT_RDWR)

    # A descriptor of its own: that of the connection may be closed, and be another's, by then.
    with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as own:
        timer = Timer(ANSWER, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except psycopg2.Error:
            if late.is_set():
                raise psycopg2.OperationalError(f"the database gave no answer within {ANSWER:.0f} s") from None
            raise
        finally:
            timer.cancel()
            timer.join()

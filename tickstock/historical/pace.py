"""The pace of an API's calls over all processes that work on one database: slots are given out by a row of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg2

from tickstock.db import statement, was_cut

if TYPE_CHECKING:
    from tickstock.db import Connection, Database

MASSIVE = "massive REST"
# A second more than a minute: one call is longer on its way to the server than another.
MINUTE = 61.0
# How long, in seconds, a wait goes on before it asks again whether it is still wanted.
_NAP = 0.5


class SharedPace:
    """At most so many calls in any minute over all processes, in the order in which they asked.

    ``check`` is called before and at least each second while waiting; what it raises (the job was cancelled) ends the
    wait. Its slot stays taken. It has a connection of its own; threads of a process may share it.
    """

    def __init__(
        self,
        database: Database,
        calls_per_minute: int,
        check: Callable[[], None] = lambda: None,
        *,
        name: str = MASSIVE,
        period: float = MINUTE,
    ) -> None:
        self.calls_per_minute = calls_per_minute
        self._database, self._check, self._name, self._period = database, check, name, period
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def wait(self, seconds: float = 0.0) -> None:
        """Return when the next call may be made, after ``seconds`` at the earliest (so do all who ask later).

        Raises:
            BusyError, UnavailableError: the database cannot be connected to.
        """
        self._check()
        with self._lock:
            left = self._take(seconds)
            slot = time.monotonic() + left  # read after the answer came: rather late than early
        while (left := slot - time.monotonic()) > 0:
            time.sleep(min(left, _NAP))
            self._check()

    def close(self) -> None:
        """Close its connection; the next wait opens another."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _take(self, seconds: float) -> float:
        """Take a slot; give how many seconds from now it is."""
        try:
            return self._taken(seconds)
        except psycopg2.Error as error:
            if not was_cut(error):
                raise
        self._connection = None
        return self._taken(seconds)

    def _taken(self, seconds: float) -> float:
        if self._connection is None or self._connection.closed:
            self._connection = self._database.connect()
        values = {"name": self._name, "seconds": seconds, "period": self._period, "calls": self.calls_per_minute}
        with self._connection.cursor() as cursor:
            cursor.execute(statement("jobs/next_call"), values)
            ((left,),) = cursor.fetchall()
        return float(left)

"""A thread that hears what the server tells, such as that the data changed, and asks where it could not hear."""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import closing

if TYPE_CHECKING:
    from psycopg2.extensions import Notify

    from tickstock.db import Connection, Database

_CHANNEL = "tickstock_data_version"
_LONGEST_PAUSE = 5.0
_TRY_AGAIN = 1.0


class Listening(NamedTuple):
    """Channels of the server, and who gets what it tells on them (True: that is done, see :class:`Watcher`)."""

    channels: Sequence[str]
    heard: Callable[[list[Notify]], bool]


class Watcher:
    """Calls ``follow`` when the server tells of a change, every ``every`` seconds, and with each new connection; where
    that gives False, again a second later.

    ``lost`` gets the error of a connection that could not be made, or broke; another is tried until there is one.
    With ``listening``, what the server tells goes there instead.
    """

    def __init__(
        self,
        database: Database,
        every: float,
        follow: Callable[[], bool],
        lost: Callable[[Exception], None],
        listening: Listening | None = None,
    ) -> None:
        self._database = database
        self._every, self._follow, self._lost = every, follow, lost
        self._listening = listening or Listening((_CHANNEL,), lambda told: follow())
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._bell: socket.socket | None = None  # what is sent to it wakes the thread

    def start(self) -> None:
        """Start the thread, unless it is there. It keeps no process from ending."""
        if self._thread is None:
            pair = socket.socketpair()
            self._bell = pair[0]
            self._thread = threading.Thread(target=self._run, args=pair, name="tickstock watcher", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for it: at once, unless it is reading."""
        self._stopped.set()
        if self._bell:
            with suppress(OSError):  # it is closed: the thread has ended
                self._bell.send(b"!")
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join()

    def start_again(self) -> None:
        """In a forked process, which has none of the threads of its parent."""
        if self._thread:
            self._thread = None
            self.start()

    def _run(self, bell: socket.socket, ear: socket.socket) -> None:
        pause = 0.1
        with bell, ear:
            while not self._stopped.is_set():
                try:
                    with closing(self._database.connect()) as connection:
                        pause = 0.1
                        self._listen(connection, ear)
                # Whatever it is: without this thread the data would be called current for ever.
                except Exception as error:
                    self._lost(error)
                    self._stopped.wait(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
                    pause = min(2 * pause, _LONGEST_PAUSE)

    def _listen(self, connection: Connection, ear: socket.socket) -> None:
        # Unlike select(), it takes descriptors beyond 1024, which busy applications have.
        with selectors.DefaultSelector() as selector, connection.cursor() as cursor:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(ear, selectors.EVENT_READ)
            for channel in self._listening.channels:
                cursor.execute(f"LISTEN {channel}")
            due = self._next(self._follow())
            while not self._stopped.is_set():
                rest = due - time.monotonic()
                if rest <= 0:
                    cursor.execute("SELECT")  # raises where the connection is gone
                    due = self._next(self._follow())
                elif selector.select(rest):
                    connection.poll()
                    if told := list(connection.notifies):
                        connection.notifies.clear()
                        due = self._next(self._listening.heard(told))

    def _next(self, done: bool) -> float:
        """When to follow again if nothing is heard."""
        return time.monotonic() + (self._every if done else min(self._every, _TRY_AGAIN))

"""Open streams of events, and the one connection of the process that hears what they tell.

It listens while somebody watches: the first stream opens the connection, and the last one closes it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from tickstock.notify import ADMIN, CACHE, UNIVERSES
from tickstock.runtime_cache.watcher import Listening, Watcher

if TYPE_CHECKING:
    from psycopg2.extensions import Notify

    from tickstock.db import Database

JOBS = "load_jobs"
CHANNELS = (JOBS, CACHE, UNIVERSES, ADMIN)
MOST = 8  # open at once: each holds a thread of the server
OF_ONE = 4  # of a session: a browser opens six connections to a server, and needs some for its pages
_KEPT = 20  # events of a kind that wait for a stream
_EVERY = 60.0  # seconds: then whoever watches looks again, whatever was heard


class Events(NamedTuple):
    """What happened since the last look: to which jobs, and what was told on the other channels, in order.

    ``everything`` may have changed where nobody could listen, or too much was told.
    """

    everything: bool = False
    jobs: tuple[str, ...] = ()
    notices: tuple[tuple[str, str], ...] = ()


class Stream:
    """What one page has yet to hear. ``ended`` is for ever."""

    def __init__(self, session: str) -> None:
        self.session, self.ended = session, False
        self._changed = threading.Condition()
        self._waiting = Events()

    def tell(self, events: Events) -> None:
        """Add events to those that wait."""
        with self._changed:
            old = self._waiting
            jobs = tuple(dict.fromkeys(old.jobs + events.jobs))
            notices = old.notices + events.notices
            much = len(jobs) > _KEPT or len(notices) > _KEPT
            self._waiting = Events(old.everything or events.everything or much, jobs[:_KEPT], notices[-_KEPT:])
            self._changed.notify_all()

    def wait(self, longest: float) -> Events:
        """What waits, as soon as there is something; what is empty after so many seconds, or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended or self._waiting != Events(), longest)
            found, self._waiting = self._waiting, Events()
            return found

    def rest(self, seconds: float) -> None:
        """Let some time pass, unless it ends."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended, seconds)

    def end(self) -> None:
        with self._changed:
            self.ended = True
            self._changed.notify_all()


class Streams:
    """The open streams of an application, ``most`` at once and ``of_one`` of a session."""

    def __init__(self, database: Database, most: int = MOST, of_one: int = OF_ONE) -> None:
        self._database, self._most, self._of_one = database, most, of_one
        self._lock = threading.Lock()
        self._open: list[Stream] = []
        self._watcher: Watcher | None = None
        self._stopped = False

    def open(self, session: str) -> Stream | None:
        """A stream of a session, to be closed; None where there are enough of them."""
        with self._lock:
            own = sum(each.session == session for each in self._open)
            if self._stopped or own >= self._of_one or len(self._open) >= self._most:
                return None
            stream = Stream(session)
            self._open.append(stream)
            if self._watcher is None:
                listening = Listening(CHANNELS, self._heard)
                self._watcher = Watcher(self._database, _EVERY, self._look_again, _lost, listening)
                self._watcher.start()
            return stream

    def close(self, stream: Stream) -> None:
        """End a stream; nobody listens any more for the last one. Once more is no error."""
        stream.end()
        with self._lock:
            if stream in self._open:
                self._open.remove(stream)
            watcher = None
            if not self._open:
                watcher, self._watcher = self._watcher, None
        if watcher:
            watcher.stop()

    def stop(self) -> None:
        """End all streams, and open no more."""
        with self._lock:
            self._stopped = True
            streams = list(self._open)
        for stream in streams:
            stream.end()

    def __len__(self) -> int:
        with self._lock:
            return len(self._open)

    def _look_again(self) -> bool:
        self._tell(Events(everything=True))
        return True

    def _heard(self, told: Iterable[Notify]) -> bool:
        told = list(told)
        self._tell(
            Events(
                jobs=tuple(dict.fromkeys(each.payload for each in told if each.channel == JOBS)),
                notices=tuple((each.channel, each.payload) for each in told if each.channel != JOBS),
            )
        )
        return True

    def _tell(self, events: Events) -> None:
        with self._lock:
            streams = list(self._open)
        for stream in streams:
            stream.tell(events)


def _lost(error: Exception) -> None:
    logging.getLogger(__name__).warning("pages hear no events for now: %s", " ".join(str(error).split()))

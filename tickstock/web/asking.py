"""What every page asks with: one state of the data, the day that it is about, and what is costly kept for a while."""

from __future__ import annotations

import threading
import time
from argparse import ArgumentTypeError
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from flask import abort, request

from tickstock.option_values import day
from tickstock.relationships.history.ask import reading as one_state
from tickstock.runtime_cache.snapshot import read_key

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Connection
    from tickstock.web.reading import Reading

Asking = Callable[[], AbstractContextManager["Connection"]]
Found = TypeVar("Found")

_MOST = 64  # answers that are kept at once
_LONGEST = 60.0  # seconds: some depend on the day, or on files


def asking(reading: Reading, environment: str) -> Asking:
    """Connections of which each block sees one state of an environment, and may not write."""

    @contextmanager
    def ask() -> Iterator[Connection]:
        with reading() as connection, one_state(connection, environment):
            yield connection

    return ask


class Kept:
    """Answers that take long to find, kept while the data is of one state, and a minute at most."""

    def __init__(self, longest: float = _LONGEST, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest, self._clock = longest, clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[Any, tuple[float, Any]] = OrderedDict()

    def find(self, connection: Connection, about: str, find: Callable[[], Found]) -> Found:
        """The answer of this state of the data, found now where it is not there yet."""
        place = _place(connection, about)
        found: Found | None = self._known(place)
        if found is None:
            found = find()
            with self._lock:
                self._answers[place] = (self._clock(), found)
                while len(self._answers) > _MOST:
                    self._answers.popitem(last=False)
        return found

    def known(self, connection: Connection, about: str) -> Any:
        """The answer, if it is there; None otherwise."""
        return self._known(_place(connection, about))

    def _known(self, place: tuple[object, str]) -> Any:
        with self._lock:
            found_at, found = self._answers.get(place, (0.0, None))
            return found if self._clock() - found_at < self._longest else None


def _place(connection: Connection, about: str) -> tuple[object, str]:
    with connection.cursor() as cursor:
        return read_key(cursor), about


def cleaned(text: str) -> str:
    """A name out of an address, without blanks around it, and without what no text of the database has."""
    return text.replace("\0", "").strip()


def day_asked(name: str = "as_of") -> date | None:
    """The day that an address asks for; None where it asks for none. Ends the request with 400 for what is no day."""
    text = request.args.get(name, "").strip()
    try:
        return day(text) if text else None
    except ArgumentTypeError as error:
        abort(400, f"{name}: {error}")


def past_day(asked: date | None) -> date | None:
    """The day, where it is a past one: what holds today needs no look into history."""
    return asked if asked and asked < today() else None


def today() -> date:
    """The day that it is (UTC)."""
    return datetime.now(UTC).date()


def number_asked(name: str, default: int) -> int:
    """A number from 1 on in an address. Ends the request with 400 for anything else."""
    text = request.args.get(name, "") or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text) > 0):
        abort(400, f"{name}: found {text[:40]!r}, expected a number from 1 on")
    return int(text)

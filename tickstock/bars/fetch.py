"""Bring the archive to what the bucket has: which days to get, many at a time, and an outcome for each day."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from datetime import date
from typing import NamedTuple, TypeVar

from tickstock.bars.archive import Archive, Entry
from tickstock.bars.dataset import Dataset
from tickstock.bars.flat_file import FlatFileError, read_flat_file
from tickstock.bars.provider import THREADS, BadCredentials, Listed, NotEntitled, NotPublished, Provider
from tickstock.bars.sessions import months_of
from tickstock.errors import TickstockError

FETCHED, REPLACED, HELD = "fetched", "replaced", "held"
NOT_PUBLISHED, NOT_ENTITLED, SET_ASIDE, FAILED = "not_published", "not_entitled", "set_aside", "failed"
OUTCOMES = (FETCHED, REPLACED, HELD, NOT_PUBLISHED, NOT_ENTITLED, SET_ASIDE, FAILED)

Told = Callable[[str, int, int], None]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class DayOutcome(NamedTuple):
    """What became of a day. ``outcome`` is one of OUTCOMES; ``detail`` says why, where there is something to say."""

    day: date
    outcome: str
    detail: str = ""


class Fetched(NamedTuple):
    """An outcome for each day, in order of days, and remarks that a user should read."""

    outcomes: tuple[DayOutcome, ...]
    remarks: tuple[str, ...] = ()

    def days(self, *outcomes: str) -> list[date]:
        """The days that had one of these outcomes."""
        return [one.day for one in self.outcomes if one.outcome in outcomes]


def fetch(  # noqa: PLR0913 - the rest has defaults
    provider: Provider,
    archive: Archive,
    dataset: Dataset,
    days: Sequence[date],
    *,
    known: Mapping[date, str] | None = None,
    threads: int = THREADS,
    told: Told = lambda step, done, of: None,
) -> Fetched:
    """Get the days whose listed ETag is neither the archive's nor the one of ``known``, check them and keep them.

    A month is listed once, before any day is got. What happens to one day does not end the others. A faulty object is
    set aside and not got again until its ETag changes; a day of the archive that is no longer listed stays.

    Raises:
        BadCredentials: nothing can be had with these keys.
        TickstockError: the archive cannot be read.
    """
    archive.sweep()
    entries = archive.entries(dataset)
    listed, unlisted = _lists(provider, dataset, days, threads, told)
    outcomes: dict[date, DayOutcome] = {}
    to_get = []
    for day in sorted(set(days)):
        outcome = _without_get(day, listed.get(day), entries.get(day), (known or {}).get(day), unlisted)
        if outcome:
            outcomes[day] = outcome
        else:
            to_get.append(day)
    work = _Getting(provider, archive, dataset, entries, known or {})
    with closing(_at_once(work.outcome, to_get, threads)) as results:
        for done, outcome in enumerate(results, start=1):
            outcomes[outcome.day] = outcome
            told("files", done, len(to_get))
    reasons = dict.fromkeys(f"{year}-{month:02} cannot be listed: {why}" for (year, month), why in unlisted.items())
    return Fetched(tuple(outcomes[day] for day in sorted(outcomes)), (*reasons, *archive.remarks))


def _lists(
    provider: Provider, dataset: Dataset, days: Sequence[date], threads: int, told: Told
) -> tuple[dict[date, Listed], dict[tuple[int, int], str]]:
    """What is listed of all months, and the months that could not be listed, with the reason."""
    months = list(months_of(days))

    def one(month: tuple[int, int]) -> tuple[tuple[int, int], dict[date, Listed], str]:
        try:
            return month, provider.listing(dataset, *month), ""
        except BadCredentials:
            raise
        except TickstockError as error:
            return month, {}, str(error)

    listed: dict[date, Listed] = {}
    unlisted = {}
    with closing(_at_once(one, months, threads)) as results:
        for done, (month, found, fault) in enumerate(results, start=1):
            listed |= found
            if fault:
                unlisted[month] = fault
            told("months", done, len(months))
    return listed, dict(sorted(unlisted.items()))


def _without_get(
    day: date, listed: Listed | None, entry: Entry | None, known: str | None, unlisted: Mapping[tuple[int, int], str]
) -> DayOutcome | None:
    """The outcome of a day that needs no GET."""
    has = known is not None or (entry is not None and entry.kept)
    if reason := unlisted.get((day.year, day.month)):
        return DayOutcome(day, HELD if has else FAILED, reason)
    if listed is None:
        return DayOutcome(day, HELD, "it is no longer listed") if has else DayOutcome(day, NOT_PUBLISHED)
    if listed.etag == known or (entry and entry.kept and entry.etag == listed.etag):
        return DayOutcome(day, HELD)
    if entry and entry.fault and entry.seen == listed.etag:
        return DayOutcome(day, SET_ASIDE, _fault(entry.fault, entry))
    return None


class _Getting:
    """The work of the threads: a day got, checked, and kept."""

    def __init__(
        self, provider: Provider, archive: Archive, dataset: Dataset, entries: Mapping[date, Entry],
        known: Mapping[date, str],
    ) -> None:  # fmt: skip
        self._provider, self._archive, self._dataset = provider, archive, dataset
        self._entries, self._known = entries, known
        # A minute file grows twentyfold as it is checked: so many at a time as there are processors.
        self._checking = threading.BoundedSemaphore(os.cpu_count() or 1)

    def outcome(self, day: date) -> DayOutcome:
        entry = self._entries.get(day)
        try:
            content, etag = self._provider.get(self._dataset, day)
            try:
                with self._checking:
                    read_flat_file(content, self._dataset, day)
            except FlatFileError as error:
                self._archive.set_aside(self._dataset, day, content, etag, str(error))
                return DayOutcome(day, SET_ASIDE, _fault(str(error), entry))
            self._archive.keep(self._dataset, day, content, etag)
        except BadCredentials:
            raise
        except NotEntitled as error:
            return DayOutcome(day, NOT_ENTITLED, str(error))
        except NotPublished as error:
            return DayOutcome(day, NOT_PUBLISHED, str(error))
        except TickstockError as error:
            return DayOutcome(day, FAILED, str(error))
        return DayOutcome(day, REPLACED if day in self._known or (entry and entry.kept) else FETCHED)


def _fault(fault: str, entry: Entry | None) -> str:
    return f"{fault}; the file of before stays in use" if entry and entry.kept else fault


def _at_once(work: Callable[[_Item], _Result], items: Sequence[_Item], threads: int) -> Generator[_Result, None, None]:
    """The results as they come. What ``work`` raises, or what interrupts the caller, ends all of it soon.

    The threads are daemons: an interrupted process does not wait for a server that does not answer.
    """
    waiting: queue.SimpleQueue[_Item] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    results: queue.SimpleQueue[tuple[_Result | None, BaseException | None]] = queue.SimpleQueue()
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                results.put((work(item), None))
            except BaseException as error:
                results.put((None, error))

    running = [threading.Thread(target=run, daemon=True) for _ in range(min(threads, len(items)))]
    for thread in running:
        thread.start()
    try:
        for _ in items:
            result, error = _waited_for(results)
            if error is not None:
                raise error
            yield result  # type: ignore[misc]
    finally:
        ended.set()
        deadline = time.monotonic() + 2
        for thread in running:
            thread.join(max(0.0, deadline - time.monotonic()))


def _waited_for(results: queue.SimpleQueue[_Result]) -> _Result:
    """The next result. A signal that comes just before a wait is heard only after it, so no wait is long."""
    while True:
        with contextlib.suppress(queue.Empty):
            return results.get(timeout=0.2)

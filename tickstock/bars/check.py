"""What can be had from the bucket: is it listed, may it be read, from which day to which; and a month end to end."""

from __future__ import annotations

import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tickstock.bars.archive import Archive
from tickstock.bars.dataset import DATASETS, DAY, Dataset
from tickstock.bars.fetch import FETCHED, fetch
from tickstock.bars.flat_file import PRICES, read_flat_file
from tickstock.bars.provider import Listed, Provider
from tickstock.bars.sessions import FIRST_DAY, sessions
from tickstock.errors import BadInputError

Month = tuple[int, int]
SAMPLE_MONTH: Month = (2024, 3)


class Extent(NamedTuple):
    """A kind of files: the first and last day listed, how many the newest month lists, the first and last day that
    may be read. None where there is none.
    """

    dataset: str
    first_listed: date | None
    last_listed: date | None
    in_last_month: int
    first_entitled: date | None
    last_entitled: date | None


class Download(NamedTuple):
    """A day's object that was downloaded and read. ``size`` is in bytes."""

    day: date
    size: int
    rows: int
    seconds: float


class Check(NamedTuple):
    """An extent for each kind of files; ``download`` is None where no day file may be read."""

    extents: tuple[Extent, ...]
    download: Download | None


class HistoricalBar(NamedTuple):
    """Prices in dollars as they were traded, volume in shares."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: float


class Historical(NamedTuple):
    """The bars of a ticker; ``missing``: the sessions whose file was not had, and why; ``absent``: those without it."""

    ticker: str
    start: date
    end: date
    bars: tuple[HistoricalBar, ...]
    missing: tuple[tuple[date, str], ...]
    absent: tuple[date, ...]


def check(provider: Provider, today: date) -> Check:
    """Look at both kinds of files and download the newest day file that may be read, with few requests.

    Raises:
        BadCredentials, Unreachable, UnavailableError: nothing can be listed.
        FlatFileError: the downloaded day is no flat file.
    """
    extents = tuple(_Months(provider, dataset, today).extent() for dataset in DATASETS.values())
    last = extents[0].last_entitled
    return Check(extents, _download(provider, last) if last else None)


def historical(provider: Provider, ticker: str, start: date, end: date) -> Historical:
    """The daily bars of a ticker from ``start`` on and before ``end``, through everything that a fetch goes through.

    Raises:
        BadCredentials: nothing can be had.
        BadInputError: there is no session in that time.
    """
    days = sessions(start, end)
    if not days:
        raise BadInputError(f"the exchange has no session from {start} on and before {end}")
    with tempfile.TemporaryDirectory(prefix="tickstock-") as folder:
        archive = Archive(Path(folder))
        outcomes = fetch(provider, archive, DAY, days).outcomes
        got = [outcome.day for outcome in outcomes if outcome.outcome == FETCHED]
        found = {day: _bar(archive.read(DAY, day), ticker, day) for day in got}
    return Historical(
        ticker,
        start,
        end,
        tuple(bar for bar in found.values() if bar),
        tuple((one.day, one.detail or one.outcome) for one in outcomes if one.outcome != FETCHED),
        tuple(day for day, bar in found.items() if bar is None),
    )


def sample_month(provider: Provider, today: date) -> tuple[date, date]:
    """The month to show, as its first day and the day after its last: March 2024 if it may be read, else the newest
    whole month of which that is true.

    Raises:
        BadInputError: no month may be read.
    """
    months = _Months(provider, DAY, today)
    if months.whole(SAMPLE_MONTH):
        return _span(SAMPLE_MONTH)
    last = months.extent().last_entitled or date.min
    for back in range(3) if last > date.min else ():
        month = _before((last.year, last.month), back)
        if months.whole(month):
            return _span(month)
    raise BadInputError("no whole month of day files may be read with these keys; choose days: --start and --end")


class _Months:
    """The months of a kind of files up to today, each listed when it is first looked at."""

    def __init__(self, provider: Provider, dataset: Dataset, today: date) -> None:
        self._provider, self._dataset = provider, dataset
        first = FIRST_DAY.year * 12 + FIRST_DAY.month - 1
        self._all = [(n // 12, n % 12 + 1) for n in range(first, today.year * 12 + today.month)]
        self._listings: dict[Month, dict[date, Listed]] = {}
        self._entitled: dict[date, bool] = {}

    def extent(self) -> Extent:
        last = self._last_listed_month()
        if last < 0:
            return Extent(self._dataset.name, None, None, 0, None, None)
        # What is listed, and what may be read, is one stretch of time: so halving finds its ends.
        first = _first(range(last + 1), lambda n: bool(self._days(n)))
        entitled = self._entitled_month(first, last)
        return Extent(
            self._dataset.name,
            self._days(first)[0],
            self._days(last)[-1],
            len(self._days(last)),
            None if entitled is None else self._first_entitled(first, entitled),
            None if entitled is None else self._last_entitled(entitled, last),
        )

    def whole(self, month: Month) -> bool:
        """Whether all sessions of a month are listed, and its first and last may be read."""
        if month not in self._all:
            return False
        days = sessions(*_span(month))
        return set(days) <= set(self._list(month)) and self._may_read(days[0]) and self._may_read(days[-1])

    def _last_listed_month(self) -> int:
        for number in range(len(self._all) - 1, max(-1, len(self._all) - 25), -1):
            if self._days(number):
                return number
        return -1

    def _entitled_month(self, first: int, last: int) -> int | None:
        """A month with a day that may be read: the newest, else further and further back."""
        back = 0
        while last - back > first:
            if self._ends_entitled(last - back):
                return last - back
            back = back * 2 or 1
        return first if self._ends_entitled(first) else None

    def _first_entitled(self, first: int, entitled: int) -> date:
        month = _first(range(first, entitled + 1), lambda n: bool(self._days(n)) and self._ends_entitled(n))
        days = self._days(month)
        return days[_first(range(len(days)), lambda n: self._may_read(days[n]))]

    def _last_entitled(self, entitled: int, last: int) -> date:
        after = _first(range(entitled + 1, last + 1), lambda n: not self._begins_entitled(n))
        days = self._days(after - 1)
        # From a day on that may be read: in the month of the first such day, earlier ones may not.
        start = next(number for number, day in enumerate(days) if self._entitled.get(day))
        return days[_first(range(start, len(days)), lambda n: not self._may_read(days[n])) - 1]

    def _begins_entitled(self, number: int) -> bool:
        return bool(self._days(number)) and self._may_read(self._days(number)[0])

    def _ends_entitled(self, number: int) -> bool:
        return bool(self._days(number)) and self._may_read(self._days(number)[-1])

    def _may_read(self, day: date) -> bool:
        if day not in self._entitled:
            self._entitled[day] = self._provider.may_read(self._dataset, day)
        return self._entitled[day]

    def _days(self, number: int) -> list[date]:
        return list(self._list(self._all[number]))

    def _list(self, month: Month) -> dict[date, Listed]:
        if month not in self._listings:
            self._listings[month] = self._provider.listing(self._dataset, *month)
        return self._listings[month]


def _first(numbers: range, true: Callable[[int], bool]) -> int:
    """The first number from which on ``true`` holds, the one behind the last if it never does."""
    return numbers.start + bisect_left(numbers, True, key=true)


def _before(month: Month, back: int) -> Month:
    number = month[0] * 12 + month[1] - 1 - back
    return number // 12, number % 12 + 1


def _span(month: Month) -> tuple[date, date]:
    return date(*month, 1), date(*_before(month, -1), 1)


def _download(provider: Provider, day: date) -> Download:
    started = time.perf_counter()
    content, _ = provider.get(DAY, day)
    seconds = time.perf_counter() - started
    return Download(day, len(content), len(read_flat_file(content, DAY, day)), seconds)


def _bar(content: bytes, ticker: str, day: date) -> HistoricalBar | None:
    import polars as pl

    rows = read_flat_file(content, DAY, day).filter(pl.col("ticker") == ticker)
    return HistoricalBar(day, *rows.select(*PRICES, "volume").row(0)) if len(rows) else None

"""Fill the archive for some days, and derive from it what is read all day: what the populate scripts do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tickstock.bars.archive import Archive
from tickstock.bars.dataset import DAY, Dataset
from tickstock.bars.derive import Derived, Source, Target, Told, derive
from tickstock.bars.fetch import HELD, DayOutcome, Fetched, fetch
from tickstock.bars.mapping import Map
from tickstock.bars.provider import Provider
from tickstock.bars.sessions import FIRST_DAY, NEW_YORK, sessions
from tickstock.bars.store import Store
from tickstock.bars.tracked import MASSIVE, read_tracked
from tickstock.errors import BusyError, TickstockError
from tickstock.market_settings import Market
from tickstock.output import sweep

# Of a day that is not here, where there are no credentials to ask with.
NOT_ASKED = "not_asked"

# As long as another run may take to derive two years of days, on a slow disk.
_PATIENCE = 600
_LOCK = ".lock"
_SCRATCH = ".scratch"
# The folder of corporate actions among the derived files.
ACTIONS = "actions"


class Ask(NamedTuple):
    """The days from ``start`` on and before ``end``, and whose files are to be made.

    ``save_others``: the objects are kept, and so is everybody's bar; otherwise only the files of ``tickers`` are.
    """

    dataset: Dataset
    start: date
    end: date
    tickers: tuple[str, ...]
    save_others: bool = True


class Means(NamedTuple):
    """What it is done with. Without a ``provider`` nothing is fetched; a day after ``now`` is passed over."""

    market: Market
    provider: Provider | None
    now: datetime
    run: Map
    told: Told


class Populated(NamedTuple):
    """What came of each day (see :mod:`tickstock.bars.fetch`, and NOT_ASKED), what was derived, and what to know beside
    that. ``since`` is where derived files begin.
    """

    outcomes: tuple[DayOutcome, ...]
    derived: Derived
    since: date
    remarks: tuple[str, ...]


def populate(means: Means, ask: Ask) -> Populated:
    """Fetch what is not here, then derive. What was done before an error stays; the same call goes on from there.

    Raises:
        BadCredentials, TickstockError: see :func:`tickstock.bars.fetch.fetch` and
            :func:`tickstock.bars.derive.derive`.
        BusyError: another run derives, for ten minutes by now.
    """
    market, today = means.market, means.now.astimezone(NEW_YORK).date()
    days = sessions(ask.start, min(ask.end, today + timedelta(days=1)))
    since, archive = _since(market, today), Archive(market.archive)
    way = _everybody if ask.save_others else _only_tracked
    fetched, derived = way(means, ask, archive, days, since)
    remarks = (*fetched.remarks, *_remarks(market, ask, days, since))
    return Populated(fetched.outcomes, derived, since, remarks)


def sources(archive: Archive, dataset: Dataset, days: Sequence[date], since: date = FIRST_DAY) -> dict[date, Source]:
    """The flat files that are here, of these days from ``since`` on."""
    entries = archive.entries(dataset)
    return {
        day: Source(entries[day].etag, archive.path(dataset, day))
        for day in days
        if day >= since and day in entries and entries[day].kept
    }


def _everybody(
    means: Means, ask: Ask, archive: Archive, days: Sequence[date], since: date
) -> tuple[Fetched, Derived]:
    market = means.market
    fetched = _fetched(means, archive, ask.dataset, days, {})
    store = Store(market.store, market.store_options)
    target = Target(ask.dataset, store, market.derived, ask.tickers, since)
    with alone(market.derived):
        _sweep(market, store, ask.dataset)
        derived = derive(target, sources(archive, ask.dataset, days, since), means.run, means.told)
        if market.cleanup:
            _clean(store, ask.dataset, since)
    return fetched, derived


def _only_tracked(
    means: Means, ask: Ask, archive: Archive, days: Sequence[date], since: date
) -> tuple[Fetched, Derived]:
    """Objects pass through a folder, where at the end only those remain that are no flat files, so that they are known.

    What the archive has is kept up to date there: two versions of a day would contradict each other.
    """
    folder, dataset = means.market.derived, ask.dataset
    target = Target(dataset, None, folder, ask.tickers, since)
    with alone(folder):
        _sweep(means.market, None, dataset)
        scratch = Archive(folder / _SCRATCH)
        here = sources(archive, dataset, days)
        others = [day for day in days if day >= since and day not in here]
        try:
            kept = _fetched(means, archive, dataset, list(here), {})
            passed = _fetched(means, scratch, dataset, others, _tracked_objects(folder, ask.tickers))
            found = sources(archive, dataset, days, since) | sources(scratch, dataset, others, since)
            derived = derive(target, found, means.run, means.told)
        finally:
            for source in sources(scratch, dataset, others).values():
                source.path.unlink(missing_ok=True)
    remarks = tuple(dict.fromkeys((*kept.remarks, *passed.remarks)))
    return Fetched(tuple(sorted((*kept.outcomes, *passed.outcomes))), remarks), derived


def _sweep(market: Market, store: Store | None, dataset: Dataset) -> None:
    """Remove what killed runs left. (Whoever reads may be writing corporate actions.)"""
    sweep(market.derived)
    sweep(market.derived / ACTIONS, 3600)
    if store:
        store.sweep(dataset)


def _fetched(
    means: Means, archive: Archive, dataset: Dataset, days: Sequence[date], known: Mapping[date, str]
) -> Fetched:
    if means.provider:
        return fetch(means.provider, archive, dataset, days, known=known, told=means.told)
    here = {day for day, entry in archive.entries(dataset).items() if entry.kept} | set(known)
    outcomes = tuple(DayOutcome(day, HELD) if day in here else DayOutcome(day, NOT_ASKED) for day in days)
    return Fetched(outcomes, archive.remarks)


def _tracked_objects(folder: Path, tickers: Sequence[str]) -> dict[date, str]:
    """The objects that the files of all these tickers stand on."""
    objects: dict[date, str] | None = None
    for ticker in tickers:
        tracked = read_tracked(folder, ticker)
        mine = dict(tracked.objects) if tracked and tracked.source == MASSIVE else {}
        objects = mine if objects is None else dict(objects.items() & mine.items())
    return objects or {}


def _since(market: Market, today: date) -> date:
    if not market.cleanup:
        return FIRST_DAY
    return sessions(FIRST_DAY, today + timedelta(days=1))[-market.max_days :][0]


def _clean(store: Store, dataset: Dataset, since: date) -> None:
    """Take away the partitions that lie wholly before the first day of derived files."""
    for partition in store.partitions(dataset):
        if (partition.year, partition.month, partition.day) < (since.year, since.month, since.day * (dataset != DAY)):
            store.remove(partition)


def _remarks(market: Market, ask: Ask, days: Sequence[date], since: date) -> Iterator[str]:
    if days and days[0] < since:
        before = "are in the archive alone, where they are slower to read" if ask.save_others else "are not fetched"
        yield f"derived files begin on {since} (DATA_CACHE_MAX_DAYS={market.max_days}); the days before that {before}"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of those who write derived files into a folder.

    Raises:
        BusyError: another run holds it, for ten minutes by now.
        TickstockError: there can be no such folder.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK, timeout=_PATIENCE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"another run has been deriving into {folder} for {_PATIENCE // 60} minutes; try again"
        ) from error
    except OSError as error:
        raise TickstockError(
            f"cannot write to {folder}: {error.strerror or error}; expected a folder that you may write to, on a disk "
            "with room (DATA_CACHE_DIR)"
        ) from error
    try:
        yield
    finally:
        lock.release()

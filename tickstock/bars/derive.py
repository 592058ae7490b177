"""From flat files to what is read all day: partitions of the store, and the files of tracked tickers.

A file of the archive is read once for both. What stands on the same objects as before is not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.bars.dataset import DAY, Dataset
from tickstock.bars.flat_file import FlatFileError, read_flat_file
from tickstock.bars.mapping import Map
from tickstock.bars.store import BARS, Partition, Store, no_rows, partitions_of, time_column
from tickstock.bars.tracked import MASSIVE, PRICES, Tracked, read_tracked, write_tracked
from tickstock.errors import TickstockError

if TYPE_CHECKING:
    import polars as pl

Told = Callable[[str, int, int], None]


class Source(NamedTuple):
    """A flat file and the ETag of the object that it is."""

    etag: str
    path: Path


@dataclass(frozen=True)
class Task:
    """One partition: the flat files that it is to hold, and the tickers whose rows are asked for.

    ``store`` is None where nothing but these rows is wanted.
    """

    dataset: Dataset
    partition: Partition
    sources: Mapping[date, Source]
    tickers: tuple[str, ...]
    store: Store | None


class Made(NamedTuple):
    """What came of a task: the rows asked for, which days they are of, the files that are none, what was written."""

    partition: Partition
    rows: pl.DataFrame
    objects: Mapping[date, str]
    faults: Mapping[date, str]
    written: bool


class Derived(NamedTuple):
    """``partitions`` that were written, ``tickers`` whose file was, and why flat files could not be read, by day."""

    partitions: int
    tickers: tuple[str, ...]
    faults: Mapping[date, str]


class Target(NamedTuple):
    """Where derived files go: partitions to ``store`` (None: nowhere), the files of ``tickers`` to ``folder`` (daily
    bars only), where they hold nothing before ``since``.
    """

    dataset: Dataset
    store: Store | None
    folder: Path
    tickers: tuple[str, ...]
    since: date


def derive(target: Target, sources: Mapping[date, Source], run: Map, told: Told) -> Derived:
    """Make the partitions that these flat files belong to, and the files of the tickers.

    Days that are there already and are not among ``sources`` stay. Two at once in one place have to be kept apart by
    the caller.

    Raises:
        TickstockError: something cannot be written. What is done is whole; the same call goes on from there.
    """
    tickers = target.tickers if target.dataset == DAY else ()
    before = {ticker: read_tracked(target.folder, ticker) for ticker in tickers}
    lacking = {ticker: _lacking(tracked, sources) for ticker, tracked in before.items()}
    tasks = _tasks(target, sources, lacking)
    made = []
    for number, one in enumerate(run(make_partition, tasks), start=1):
        made.append(one)
        told("deriving", number, len(tasks))
    faults = {day: reason for one in made for day, reason in one.faults.items()}
    written = [ticker for ticker, tracked in before.items() if _renew(target, ticker, tracked, lacking[ticker], made)]
    return Derived(sum(one.written for one in made), tuple(written), faults)


def make_partition(task: Task) -> Made:
    """Make one partition, and give the rows of the task's tickers. Runs on any machine that sees the files."""
    import polars as pl

    held = task.store.objects(task.partition) if task.store else {}
    wanted = {day: source.etag for day, source in task.sources.items()}
    stale = [day for day, etag in wanted.items() if held.get(day) != etag]
    if task.store and not stale:
        rows = task.store.scan([task.partition], task.tickers)
        return Made(task.partition, rows, {day: held[day] for day in wanted}, {}, False)
    kept, held = _kept(task, held, stale)
    fresh, faults = _read(task, stale)
    objects = {**held, **{day: wanted[day] for day in fresh}}
    frame = pl.concat([*kept, *fresh.values()]) if kept or fresh else no_rows(task.dataset)
    if task.store and fresh:
        task.store.write(task.partition, frame, objects)
    rows = frame.filter(pl.col("ticker").is_in(task.tickers))
    return Made(task.partition, rows, objects, faults, bool(task.store and fresh))


def _tasks(target: Target, sources: Mapping[date, Source], lacking: Mapping[str, set[date]]) -> list[Task]:
    tasks = []
    for partition, days in partitions_of(target.dataset, list(sources)).items():
        asking = tuple(ticker for ticker, without in lacking.items() if not without.isdisjoint(days))
        held = target.store.objects(partition) if target.store else {}
        if asking or (target.store and any(held.get(day) != sources[day].etag for day in days)):
            here = {day: sources[day] for day in days}
            tasks.append(Task(target.dataset, partition, here, asking, target.store))
    return tasks


def _kept(task: Task, held: dict[date, str], stale: list[date]) -> tuple[list[pl.DataFrame], dict[date, str]]:
    """The rows of a partition that stay, and the days that they are of."""
    import polars as pl

    left = {day: etag for day, etag in held.items() if day not in stale}
    if not task.store or not left:
        return [], {}
    try:
        rows = task.store.read(task.partition)
    except TickstockError:
        # Damaged behind its footer: what the archive has is read again, all of it.
        stale[:] = sorted(task.sources)
        return [], {}
    # (A partition of minutes is of one day: it stays whole or goes whole.)
    return [rows.filter(pl.col("date").is_in(list(left)))], left


def _read(task: Task, days: Sequence[date]) -> tuple[dict[date, pl.DataFrame], dict[date, str]]:
    """The rows of flat files by day, in the store's columns, and the reasons of those that cannot be read."""
    import polars as pl

    fresh: dict[date, pl.DataFrame] = {}
    faults: dict[date, str] = {}
    for day in days:
        try:
            rows = read_flat_file(task.sources[day].path.read_bytes(), task.dataset, day)
        except FlatFileError as error:
            faults[day] = str(error)
        except OSError as error:
            faults[day] = f"it cannot be read: {error.strerror}"
        else:
            fresh[day] = rows.with_columns(pl.lit(day).alias("date")).select(
                "ticker", time_column(task.dataset), *BARS
            )
    return fresh, faults


def _lacking(tracked: Tracked | None, sources: Mapping[date, Source]) -> set[date]:
    if tracked is None or tracked.source != MASSIVE:
        return set(sources)
    return {day for day, source in sources.items() if tracked.objects.get(day) != source.etag}


def _renew(target: Target, ticker: str, before: Tracked | None, lacking: set[date], made: Sequence[Made]) -> bool:
    """Put what was made into the file of a ticker, and take out what is too old; False where neither is to be done."""
    import polars as pl

    found = [one for one in made if not lacking.isdisjoint(one.objects)]
    objects = {day: etag for one in found for day, etag in one.objects.items() if day in lacking}
    kept = before if before and before.source == MASSIVE else None
    if not objects and not (kept and any(day < target.since for day in kept.objects)):
        return False
    columns, new = ["date", *PRICES, "volume"], pl.col("date").is_in(list(objects))
    parts = [one.rows.filter(new & (pl.col("ticker") == ticker)).select(columns) for one in found]
    if kept:
        parts.append(kept.rows.filter(~new))
        objects = {**kept.objects, **objects}
    rows = pl.concat(parts).filter(pl.col("date") >= target.since).sort("date")
    objects = {day: etag for day, etag in objects.items() if day >= target.since}
    write_tracked(target.folder, Tracked(ticker, MASSIVE, rows, objects))
    return True

"""The bars of a job from the archive, whose missing days are fetched first: a month, or a day of minutes, at once.

What is stored of each portion and how far the job is are one commit, so that a killed worker's job goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from tickstock.bars.dataset import DAY
from tickstock.bars.gather import failed_days, fetch_missing
from tickstock.bars.local import read_all, read_held
from tickstock.bars.populate_text import ranges
from tickstock.bars.sessions import months_of
from tickstock.errors import BusyError
from tickstock.historical.bars_table import store_bars

if TYPE_CHECKING:
    import polars as pl

    from tickstock.historical.work import Work

STEP = "bars of the archive"
# So many attempts of a job wait for a bucket in trouble (for three minutes in all); then it goes on with what there is.
PATIENCE = 5


def load_from_archive(work: Work) -> list[date]:
    """Store what the archive has; give the sessions that it lacks and could not fetch, in order.

    Raises:
        BusyError: the bucket has trouble, and nobody else can be asked: worth a retry.
        TickstockError: the archive or the store cannot be read, or the table is none of ours.
        CancelledError, StoppedError: between two portions, or two files that are fetched.
    """
    job = work.job
    missing = set(job.missing_days)
    todo = [day for day in work.days if day in missing or job.done_through is None or day > job.done_through]
    done = 0
    for portion in _portions(work, todo):
        work.step(STEP, done, len(todo))
        rows, lacking = _read(work, portion)
        done += len(portion)
        missing = missing.difference(portion).union(lacking)
        with work.progress.connection as connection, connection.cursor() as cursor:
            stored = store_bars(cursor, work.place, rows)
            cursor.execute(
                "UPDATE load_jobs SET step = %s, steps_done = %s, steps = %s,"
                " done_through = GREATEST(done_through, %s), missing_days = %s WHERE id = %s",
                (STEP, done, len(todo), portion[-1], sorted(missing), job.id),
            )
        absent = f"; not in the archive: {len(lacking)} of {len(portion)} sessions" if lacking else ""
        work.progress.say(f"{_span(portion)}: {rows.height:,} bars, {stored:,} of them new{absent}")
        _wait_for_bucket(work, lacking)
    return sorted(missing)


def _portions(work: Work, days: Sequence[date]) -> Iterator[list[date]]:
    if work.place.dataset == DAY:
        yield from months_of(days).values()
    else:
        yield from ([day] for day in days)


def _read(work: Work, days: Sequence[date]) -> tuple[pl.DataFrame, list[date]]:
    """The bars of some days, and which of them are not known of every symbol."""
    import polars as pl

    market, dataset, symbols = work.means.market, work.place.dataset, work.job.symbols
    held = read_all(market, dataset, symbols, days)
    lacking = [day for day in days if day not in held.days]
    if lacking:
        for remark in fetch_missing(market, dataset, lacking, work.means.now(), lambda step, done, of: work.check()):
            work.remark(remark)
        held = read_all(market, dataset, symbols, days)
        lacking = [day for day in days if day not in held.days]
    if not lacking:
        return held.rows, []
    # Where the objects were not kept, the files of tracked tickers have their bars; and what Yahoo told.
    tracked = read_held(market, dataset, symbols, lacking)
    more = [one.rows.select(pl.lit(symbol).alias("ticker"), pl.all()) for symbol, one in tracked.items()]
    known = frozenset.intersection(*(one.days for one in tracked.values()))
    return pl.concat([held.rows, *more]), [day for day in lacking if day not in known]


def _wait_for_bucket(work: Work, lacking: Sequence[date]) -> None:
    market, job = work.means.market, work.job
    if market.massive.api_key or job.attempts > PATIENCE:
        return
    if failed := failed_days(market, work.place.dataset, lacking):
        raise BusyError(f"flat files of {ranges(failed)} could not be fetched: {'; '.join(work.remarks[-2:])}")


def _span(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"

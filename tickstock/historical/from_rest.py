"""The bars that the archive lacks, from Massive's REST API: with as few calls as can be.

A call tells all days of one symbol, or all symbols of one day: what there is less of is counted. Above a few hundred
symbols that are the days, also of a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tickstock.bars.dataset import DAY
from tickstock.bars.local import rows_of
from tickstock.bars.sessions import NEW_YORK
from tickstock.errors import BadInputError, UnavailableError
from tickstock.historical.bars_table import store_bars

if TYPE_CHECKING:
    import polars as pl

    from tickstock.bars.massive_rest import MassiveRest
    from tickstock.historical.work import Work

STEP = "bars from Massive's REST API"


def load_from_rest(work: Work, missing: Sequence[date], rest: MassiveRest) -> None:
    """Store the bars of these sessions. What was asked for is remembered, and not asked again by a job that goes on.

    Raises:
        BusyError: the API has trouble: worth a retry.
        TickstockError: its answer cannot be understood, or the table is none of ours.
        CancelledError, StoppedError: between two calls.
    """
    asked = _asked(work)
    symbols = [symbol for symbol in work.job.symbols if symbol not in asked]
    days = [day for day in missing if day not in work.job.asked_days]
    try:
        if work.place.dataset == DAY and len(days) < len(symbols):
            _whole_days(work, days, rest)
        else:
            _symbols(work, symbols, missing, rest)
    except UnavailableError as error:  # a key that is refused, or a plan without this: what there is stays
        work.remark(str(error))


def _whole_days(work: Work, days: Sequence[date], rest: MassiveRest) -> None:
    import polars as pl

    for done, day in enumerate(days):
        work.step(STEP, done, len(days))
        rows = rest.grouped(day).filter(pl.col("ticker").is_in(list(work.job.symbols)))
        if rows.is_empty():
            work.remark(f"Massive REST: no bar on {day}")
        _store(work, rows, "UPDATE load_jobs SET asked_days = asked_days || %s WHERE id = %s", (day, work.job.id))
    work.step(STEP, len(days), len(days))


def _symbols(work: Work, symbols: Sequence[str], missing: Sequence[date], rest: MassiveRest) -> None:
    first, end = missing[0], missing[-1] + timedelta(days=1)
    for done, symbol in enumerate(symbols):
        work.step(STEP, done, len(symbols))
        reason = None
        try:
            rows = _on(work, missing, _bars(work, symbol, first, end, rest))
        except BadInputError as error:
            rows, reason = None, str(error)
        if rows is not None and rows.is_empty():
            reason = f"neither the archive nor Massive's REST API has a bar from {first} to {missing[-1]}"
        _store(
            work, rows,
            "INSERT INTO load_job_symbols (job_id, symbol, asked, reason) VALUES (%s, %s, true, %s)"
            " ON CONFLICT (job_id, symbol) DO UPDATE SET asked = true, reason = EXCLUDED.reason",
            (work.job.id, symbol, reason),
        )  # fmt: skip
    work.step(STEP, len(symbols), len(symbols))


def _bars(work: Work, symbol: str, first: date, end: date, rest: MassiveRest) -> pl.DataFrame:
    import polars as pl

    if work.place.dataset != DAY:
        rows = rest.minute_bars(symbol, first, end).rename({"timestamp": "window_start"})
        rows = rows.with_columns(pl.col("window_start").dt.epoch("ns"))
        return rows.select(pl.lit(symbol).alias("ticker"), pl.all())
    rows = rows_of(rest.bars(symbol, first, end))
    return rows.select(pl.lit(symbol).alias("ticker"), pl.all())


def _on(work: Work, days: Sequence[date], rows: pl.DataFrame) -> pl.DataFrame:
    """What lies on these days: what the archive has stays as the archive has it."""
    import polars as pl

    if work.place.dataset == DAY:
        return rows.filter(pl.col("date").is_in(list(days)))
    moment = pl.from_epoch("window_start", time_unit="ns").dt.replace_time_zone("UTC")
    return rows.filter(moment.dt.convert_time_zone(NEW_YORK.key).dt.date().is_in(list(days)))


def _store(work: Work, rows: pl.DataFrame | None, note: str, values: tuple[object, ...]) -> None:
    """Bars and the note that they were asked for, in one commit."""
    with work.progress.connection as connection, connection.cursor() as cursor:
        if rows is not None:
            store_bars(cursor, work.place, rows)
        cursor.execute(note, values)


def _asked(work: Work) -> set[str]:
    with work.progress.connection.cursor() as cursor:
        cursor.execute("SELECT symbol FROM load_job_symbols WHERE job_id = %s AND asked", (work.job.id,))
        return {symbol for (symbol,) in cursor.fetchall()}

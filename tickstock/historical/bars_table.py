"""Bars into the tables ``ohlcv_daily`` and ``ohlcv_minute``: each bar once, whoever stores it how often."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from psycopg2 import DataError, IntegrityError, errors

from tickstock.bars.dataset import DAY, Dataset
from tickstock.bars.local import COLUMNS
from tickstock.bars.sessions import NEW_YORK
from tickstock.db import statement
from tickstock.errors import TickstockError

if TYPE_CHECKING:
    import polars as pl

    from tickstock.db import Cursor
    from tickstock.historical.jobs import Job

_NOTHING = "no bar on these days"


class BarsTable(NamedTuple):
    """Where the bars of a timeframe are stored, and the column that tells their time."""

    table: str
    time: str
    dataset: Dataset


def bars_table(dataset: Dataset) -> BarsTable:
    """The table of a kind of bars."""
    return BarsTable("ohlcv_daily", "date", dataset) if dataset == DAY else BarsTable(
        "ohlcv_minute", "timestamp", dataset
    )


def store_bars(cursor: Cursor, place: BarsTable, rows: pl.DataFrame) -> int:
    """Store bars (ticker, ``date`` or ``window_start``, COLUMNS) within the caller's transaction; give how many were
    new or other than before.

    Raises:
        TickstockError: the table is another application's, and has other columns.
    """
    if rows.is_empty():
        return 0
    found = _timed(rows, place)
    first, last = _days(found, place)
    with _our_table(place):
        cursor.execute("SELECT ensure_bar_partitions(%s, %s, %s)", (place.dataset.name, first, last))
        cursor.execute(statement("jobs/incoming_bars").format(table=place.table, time=place.time))
        text = io.BytesIO()
        found.write_csv(text, include_header=False)
        text.seek(0)
        cursor.copy_expert("COPY incoming_bars FROM STDIN (FORMAT csv)", text)
        cursor.execute(statement("jobs/store_bars").format(table=place.table, time=place.time))
        stored = int(cursor.rowcount)
        cursor.execute("DROP TABLE incoming_bars")
    return stored


def count_bars(cursor: Cursor, place: BarsTable, job: Job) -> dict[str, int]:
    """Write down what is stored of a job's symbols on its days, for each, and why where there is nothing; give the
    number of bars of each.

    Raises:
        TickstockError: as :func:`store_bars`.
    """
    first, end = span_of(place, job.first_day, job.last_day)
    values = {"job": job.id, "symbols": list(job.symbols), "first": first, "end": end, "reason": _NOTHING}
    with _our_table(place):
        cursor.execute(statement("jobs/results").format(table=place.table, time=place.time), values)
        return dict(cursor.fetchall())


def days_without(cursor: Cursor, place: BarsTable, symbols: Sequence[str], days: Sequence[date]) -> list[date]:
    """Those of the days on which none of the symbols has a bar."""
    spans = [span_of(place, day, day) for day in days]
    values = {
        "symbols": list(symbols), "days": list(days),
        "starts": [start for start, _ in spans], "ends": [end for _, end in spans],
    }  # fmt: skip
    type_ = "date" if place.dataset == DAY else "timestamptz"
    cursor.execute(statement("jobs/days_without").format(table=place.table, time=place.time, type=type_), values)
    return [day for (day,) in cursor.fetchall()]


def span_of(place: BarsTable, first: date, last: date) -> tuple[date, date]:
    """The times between which the bars of these days are: from the first on, and before the second. Days of minutes are
    New York's, whose evenings lie in the next day of UTC.
    """
    end = last + timedelta(days=1)
    if place.dataset == DAY:
        return first, end
    return datetime.combine(first, time(), NEW_YORK), datetime.combine(end, time(), NEW_YORK)


def _timed(rows: pl.DataFrame, place: BarsTable) -> pl.DataFrame:
    import polars as pl

    if place.dataset == DAY:
        return rows.select("ticker", "date", *COLUMNS)
    moment = pl.from_epoch("window_start", time_unit="ns").dt.replace_time_zone("UTC")
    return rows.select("ticker", moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("timestamp"), *COLUMNS)


def _days(rows: pl.DataFrame, place: BarsTable) -> tuple[str, str]:
    first, last = str(rows[place.time].min()), str(rows[place.time].max())
    return first[:10], last[:10]


@contextmanager
def _our_table(place: BarsTable) -> Iterator[None]:
    try:
        yield
    except (
        errors.UndefinedColumn, errors.InvalidColumnReference, errors.UndefinedTable, DataError, IntegrityError,
    ) as error:  # fmt: skip
        raise TickstockError(
            f"{place.table} is another application's ({str(error).splitlines()[0]}); expected the columns symbol, "
            f"{place.time}, open, high, low, close, volume (double precision or numeric), unique on the first two, and "
            "nothing else that is required: change the table, or rename it, run its CREATE TABLE of "
            "sql/0010_symbols_and_bars.sql, and then: make migrate"
        ) from error

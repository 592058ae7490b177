"""The flat files that the benchmarks read: made up, as large as real ones, and the same on every machine and run.

    python benchmarks/bars_inputs.py FOLDER SESSIONS TICKERS MINUTE_ROWS

A process of its own, so that the one that measures stays small.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import inputs
from tickstock.bars.dataset import DAY, MINUTE, file_name
from tickstock.bars.flat_file import COLUMNS, nanoseconds
from tickstock.bars.sessions import FIRST_DAY, NEW_YORK, sessions

if TYPE_CHECKING:
    import polars as pl

# 24 months before this moment there are 500 sessions, and the newest is the last of a month of 23: the day that costs
# most to append. That it is a trading day itself makes no difference: its file is not due yet.
NOW = datetime(2025, 11, 3, 12, tzinfo=NEW_YORK)
START, END = date(2023, 11, 3), NOW.date()
MINUTES = 390
LEVEL = 6


class Size(NamedTuple):
    """How much there is: daily files of the latest ``sessions``, and one file of minutes."""

    sessions: int = 500
    tickers: int = 11_500
    tracked: int = 53
    few: int = 5
    minute_rows: int = 2_000_000


def days(number: int) -> list[date]:
    """The latest sessions before NOW's day, in order."""
    return sessions(FIRST_DAY, END)[-number:]


def tracked(size: Size) -> tuple[str, ...]:
    """The tickers that have files of their own: from all of the alphabet."""
    names = inputs.symbols(size.tickers)
    return names[:: size.tickers // size.tracked][: size.tracked]


def others(size: Size, number: int) -> tuple[str, ...]:
    """Some that have none."""
    names, own = inputs.symbols(size.tickers), set(tracked(size))
    return tuple(name for name in names[size.tickers // (2 * number) :: size.tickers // number] if name not in own)


def day_frames(of: list[date], tickers: int) -> Iterator[pl.DataFrame]:
    """The rows of each day: prices that wander by some 2 % a day, volumes from a few shares to millions."""
    import numpy as np

    names, chance = inputs.symbols(tickers), np.random.default_rng(tickers)
    close = chance.uniform(3, 400, tickers)
    for day in of:
        opened = close * (1 + chance.normal(0, 0.005, tickers))
        close = np.maximum(close * (1 + chance.normal(0, 0.02, tickers)), 1)
        volume = np.floor(chance.lognormal(12, 2, tickers)).astype(np.int64)
        yield _frame(names, np.full(tickers, nanoseconds(day)), opened, close, volume)


def minute_rows(day: date, tickers: int, rows: int) -> pl.DataFrame:
    """The rows of a day's minutes: of each ticker as many, from the open on."""
    import numpy as np

    each = -(-rows // tickers)
    if each > MINUTES:
        raise ValueError(f"{tickers} tickers have {tickers * MINUTES} minutes a day, expected at least {rows}")
    chance = np.random.default_rng(rows)
    names = np.repeat(np.array(inputs.symbols(tickers), dtype=object), each)[:rows]
    minute = np.tile(np.arange(each) * (MINUTES // each), tickers)[:rows]
    stamps = nanoseconds(day) + (9 * 60 + 30 + minute) * 60 * 10**9
    opened = np.repeat(chance.uniform(3, 400, tickers), each)[:rows] * (1 + chance.normal(0, 0.002, rows))
    close = opened * (1 + chance.normal(0, 0.001, rows))
    return _frame(names.tolist(), stamps, opened, close, np.floor(chance.lognormal(6, 2, rows)).astype(np.int64))


def _frame(names: Sequence[str], stamps: object, opened: object, close: object, volume: object) -> pl.DataFrame:
    """In the columns of flat files, prices in cents."""
    import polars as pl

    rows = pl.DataFrame({"ticker": names, "volume": volume, "open": opened, "close": close, "window_start": stamps})
    highest, lowest = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    rows = rows.with_columns(
        pl.col("open", "close").round(2),
        (highest * 1.005).round(2).alias("high"),
        (lowest * 0.995).round(2).alias("low"),
        (pl.col("volume") // 100 + 1).alias("transactions"),
    )
    return rows.select(COLUMNS)


def write(folder: Path, size: Size) -> None:
    """Lay an archive into a folder: the daily files, and the minutes of the newest day."""
    (folder / MINUTE.folder).mkdir(parents=True)
    of = days(size.sessions)

    def put(path: Path, text: bytes) -> None:
        path.write_bytes(gzip.compress(text, LEVEL, mtime=0))

    with ThreadPoolExecutor() as pool:
        written = [
            pool.submit(put, folder / DAY.folder / file_name(day), frame.write_csv().encode())
            for day, frame in zip(of, day_frames(of, size.tickers), strict=True)
        ]
        minutes = minute_rows(of[-1], size.tickers, size.minute_rows).write_csv().encode()
        written.append(pool.submit(put, folder / MINUTE.folder / file_name(of[-1]), minutes))
        for one in written:
            one.result()


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    write(Path(where), Size(*map(int, numbers)))

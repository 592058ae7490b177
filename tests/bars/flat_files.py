"""Flat files with invented bars, as the bucket would have them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

HEADER = "ticker,volume,open,close,high,low,window_start,transactions"
# (volume, open, close, high, low)
Row = tuple[float, float, float, float, float]


def stamp(day: date, hour: int = 0, minute: int = 0) -> int:
    """Nanoseconds of Unix time of a time of day in New York."""
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo("America/New_York"))
    return int(moment.timestamp()) * 10**9


def day_file(day: date, rows: Mapping[str, Row], stamped: int | None = None) -> bytes:
    """The flat file of a day: a bar for each ticker. The same rows always give the same bytes."""
    at = stamp(day) if stamped is None else stamped
    return packed(f"{ticker},{_line(row)},{at},{index}" for index, (ticker, row) in enumerate(rows.items(), start=1))


def minute_file(day: date, rows: Iterable[tuple[str, int, int, Row]]) -> bytes:
    """The flat file of a day's minutes: (ticker, hour, minute, bar)."""
    return packed(f"{ticker},{_line(row)},{stamp(day, hour, minute)},1" for ticker, hour, minute, row in rows)


def packed(lines: Iterable[str], header: str = HEADER) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in (header, *lines)).encode(), mtime=0)


def put(folder: Path, day: date, content: bytes) -> None:
    """Lay a file into an archive's folder by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{day}.csv.gz").write_bytes(content)


def bars(day: date, base: float, *tickers: str) -> dict[str, Row]:
    """Some bar for each of these, each day and each ticker another."""
    def bar(number: int) -> Row:
        price = base + number
        return 1000.0 + 10 * number + day.toordinal() % 7, price, price + 1, price + 2, price - 1

    return {ticker: bar(number) for number, ticker in enumerate(tickers, start=1)}


def _line(row: Row) -> str:
    return ",".join(f"{value:g}" if value < 1e5 else repr(value) for value in row)

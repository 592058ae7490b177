"""The raw bars that are here: in the files of tracked tickers, in the store, and in flat files not derived yet.

What stands on another object than the archive has now is passed over for what is newer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.bars.archive import Archive, Entry
from tickstock.bars.dataset import DAY, Dataset
from tickstock.bars.flat_file import FlatFileError, read_flat_file
from tickstock.bars.store import Store, no_rows, partitions_of, time_column
from tickstock.bars.tracked import MASSIVE, PRICES, Tracked, read_tracked, tracked_path
from tickstock.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from tickstock.market_settings import Market

COLUMNS = (*PRICES, "volume")
# As coarse as the times of files are on some disks, in nanoseconds.
_TICK = 2_000_000_000
# How long a writer is waited for, in seconds: half a second in all.
_BETWEEN = (0.01, 0.04, 0.15, 0.3)
_entries: dict[tuple[Path, str], tuple[int, dict[date, Entry]]] = {}


class Held(NamedTuple):
    """A ticker's bars that are here. ``rows``: time column and COLUMNS, in order, as traded; ``days``: the days that
    are known, with or without a bar; ``from_yahoo``: those of them that Yahoo told.
    """

    rows: pl.DataFrame
    days: frozenset[date]
    from_yahoo: frozenset[date] = frozenset()


def read_held(market: Market, dataset: Dataset, tickers: Sequence[str], days: Sequence[date]) -> dict[str, Held]:
    """What is here of these tickers on these days (which are in order).

    Raises:
        TickstockError: the archive or the store cannot be read.
    """
    entries = archive_entries(market.archive, dataset)
    found = {ticker: _whole_pair(market.derived, ticker) for ticker in tickers if dataset == DAY}
    tracked = {ticker: _from_tracked(one, entries, days) for ticker, one in found.items() if one and _massive(one)}
    # Mostly there is nothing left to be looked for elsewhere; else it is looked for on all days that one of them lacks.
    lacking = {ticker: _left(tracked.get(ticker), entries, days) for ticker in tickers}
    asking = [ticker for ticker, left in lacking.items() if left]
    left = sorted({day for ticker in asking for day in lacking[ticker]})
    elsewhere = _from_all(market, dataset, asking, left, entries) if asking else {}
    result = {}
    for ticker in tickers:
        held = _joined(tracked.get(ticker), elsewhere.get(ticker), time_column(dataset))
        yahoo = found.get(ticker)
        result[ticker] = _completed(held, yahoo, days) if yahoo and not _massive(yahoo) else held
    return result


def read_all(market: Market, dataset: Dataset, tickers: Sequence[str], days: Sequence[date]) -> Held:
    """What the archive and the store have of all these tickers together; ``rows`` begin with ``ticker``, in no order.

    The files of tracked tickers are not looked into: they hold nothing else, unless the objects were not kept.

    Raises:
        TickstockError: the archive or the store cannot be read.
    """
    return _of_all(market, dataset, tickers, days, archive_entries(market.archive, dataset))


def archive_entries(folder: Path, dataset: Dataset) -> dict[date, Entry]:
    """What the archive knows, read again once its folder has changed. (A file that is written over in its place does
    not change its folder: this process goes on with what it has read of it.)
    """
    try:
        changed = (folder / dataset.folder).stat().st_mtime_ns
    except FileNotFoundError:
        changed = 0
    known = _entries.get((folder, dataset.name))
    if known and known[0] == changed:
        return known[1]
    # A change right after this one may leave the folder's time as it is.
    settled = changed < time.time_ns() - _TICK
    entries = Archive(folder).entries(dataset)
    if settled:
        _entries[folder, dataset.name] = changed, entries
    return entries


def read_day(market: Market, dataset: Dataset, day: date) -> pl.DataFrame | None:
    """The bars of all tickers on one day: ticker, time, COLUMNS, transactions; None where the day is not here.

    Raises:
        TickstockError: the store cannot be read.
        BadInputError: the file of the day is none.
    """
    import polars as pl

    entry = archive_entries(market.archive, dataset).get(day)
    store = Store(market.store, market.store_options)
    ((partition, _),) = partitions_of(dataset, [day]).items()
    etag = store.objects(partition).get(day)
    if etag is not None and _is_current(etag, entry):
        rows = store.scan([partition])
        return rows.filter(pl.col("date") == day) if dataset == DAY else rows
    if entry is None or not entry.kept:
        return None
    archive = Archive(market.archive)
    try:
        rows = read_flat_file(archive.read(dataset, day), dataset, day)
    except FlatFileError as error:
        raise BadInputError(f"{archive.path(dataset, day)}: {error}; delete it, and it can be fetched again") from error
    if dataset == DAY:
        rows = rows.with_columns(pl.lit(day).alias("date"))
    return rows.select("ticker", time_column(dataset), *COLUMNS, "transactions")


def _whole_pair(folder: Path, ticker: str) -> Tracked | None:
    """A tracked ticker's files. Where they do not fit together a writer is mostly just between the two."""
    for seconds in _BETWEEN:
        found = read_tracked(folder, ticker)
        if found or not tracked_path(folder, ticker).exists():
            return found
        time.sleep(seconds)
    return read_tracked(folder, ticker)


def _is_current(etag: str, entry: Entry | None) -> bool:
    return entry is None or not entry.kept or entry.etag == etag


def _massive(tracked: Tracked) -> bool:
    return tracked.source == MASSIVE


def _from_tracked(tracked: Tracked, entries: Mapping[date, Entry], days: Sequence[date]) -> Held:
    current = {day for day in days if day in tracked.objects and _is_current(tracked.objects[day], entries.get(day))}
    return Held(_on(tracked.rows, current, days), frozenset(current))


def _left(held: Held | None, entries: Mapping[date, Entry], days: Sequence[date]) -> list[date]:
    """The days that the tracked file does not tell and something else may: all days, where there is no such file."""
    if held is None:
        return list(days)
    return [day for day in days if day not in held.days and day in entries and entries[day].kept]


def _joined(one: Held | None, other: Held | None, time: str) -> Held:
    import polars as pl

    parts = [held for held in (one, other) if held is not None]
    if len(parts) == 1:
        return parts[0]
    (first, second) = parts
    new = second.rows.filter(~pl.col(time).is_in(list(first.days)))
    return Held(pl.concat([first.rows, new]).sort(time), first.days | second.days)


def _from_all(
    market: Market, dataset: Dataset, tickers: Sequence[str], days: Sequence[date], entries: Mapping[date, Entry]
) -> dict[str, Held]:
    import polars as pl

    held, time = _of_all(market, dataset, tickers, days, entries), time_column(dataset)
    return {
        ticker: Held(held.rows.filter(pl.col("ticker") == ticker).drop("ticker").sort(time), held.days)
        for ticker in tickers
    }


def _of_all(
    market: Market, dataset: Dataset, tickers: Sequence[str], days: Sequence[date], entries: Mapping[date, Entry]
) -> Held:
    import polars as pl

    store = Store(market.store, market.store_options)
    partitions, stored = [], set()
    for partition, here in partitions_of(dataset, days).items():
        objects = store.objects(partition)
        current = {day for day in here if day in objects and _is_current(objects[day], entries.get(day))}
        if current:
            partitions.append(partition)
            stored |= current
    left = [day for day in days if day not in stored and day in entries and entries[day].kept]
    parts = [_unstored(market, dataset, tickers, day) for day in left]
    read = {day for day, part in zip(left, parts, strict=True) if part is not None}
    if partitions:
        rows = store.scan(partitions, tickers, ("ticker", time_column(dataset), *COLUMNS))
        parts.append(_on(rows, stored, days) if dataset == DAY else rows)
    found = [part.select("ticker", time_column(dataset), *COLUMNS) for part in parts if part is not None]
    together = pl.concat(found) if found else no_rows(dataset).drop("transactions")
    return Held(together, frozenset(stored | read))


def _unstored(market: Market, dataset: Dataset, tickers: Sequence[str], day: date) -> pl.DataFrame | None:
    """Rows of a flat file that the store does not have; None where it is none (populating says so)."""
    import polars as pl

    try:
        rows = read_flat_file(Archive(market.archive).read(dataset, day), dataset, day)
    except FlatFileError:
        return None
    return rows.filter(pl.col("ticker").is_in(tickers)).with_columns(pl.lit(day).alias("date"))


def _completed(held: Held, tracked: Tracked, days: Sequence[date]) -> Held:
    """What is held, and on the days that are not, what Yahoo told when the ticker was populated."""
    import polars as pl

    more = frozenset(day for day in days if day in tracked.objects) - held.days
    rows = pl.concat([held.rows, _on(tracked.rows, more, days)]).sort("date")
    return Held(rows, held.days | more, more)


def _on(rows: pl.DataFrame, wanted: Iterable[date], days: Sequence[date]) -> pl.DataFrame:
    import polars as pl

    wanted = set(wanted)
    if wanted == set(days):
        return rows.filter(pl.col("date").is_between(days[0], days[-1]))
    return rows.filter(pl.col("date").is_in(list(wanted)))


def rows_of(raw: pd.DataFrame) -> pl.DataFrame:
    """A raw frame of daily bars (Open, High, Low, Close, Volume, by naive days) as rows: date and COLUMNS."""
    import polars as pl

    columns = {"date": [moment.date() for moment in raw.index]}
    columns |= {name: raw[name.title()].to_list() for name in COLUMNS}
    return pl.DataFrame(columns, schema={"date": pl.Date, **dict.fromkeys(COLUMNS, pl.Float64)})

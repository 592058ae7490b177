"""The columnar store: Parquet files sorted by ticker, a month of daily bars or a day of minute bars in each.

It is derived from the archive and can be built again from it. A file tells in its own footer which objects (day and
ETag) it stands on, so that what is stored and what is said of it are never apart. The store is a folder, or a prefix
in object storage (``s3://bucket/prefix``), where a file is replaced as a whole too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickstock.bars.dataset import DAY, MINUTE, Dataset
from tickstock.bars.flat_file import first_line
from tickstock.errors import TickstockError
from tickstock.output import replace_file, sweep

if TYPE_CHECKING:
    import polars as pl

# A reader of one ticker reads one group of rows in each file: the smaller, the faster; but each has its statistics.
ROW_GROUPS = {DAY: 4_096, MINUTE: 32_768}
BARS = ("open", "high", "low", "close", "volume", "transactions")
_OBJECTS = "tickstock.objects"
_FEW = 32  # tickers


@dataclass(frozen=True)
class Partition:
    """A file of the store: all that it may hold is of one month (daily bars) or of one day (minute bars)."""

    dataset: Dataset
    year: int
    month: int
    day: int = 0

    @property
    def name(self) -> str:
        """Its place in the store, in Hive's spelling, which DuckDB, Spark and polars take as columns."""
        last = "bars" if self.dataset == DAY else f"day={self.day}/bars"
        return f"{self.dataset.name}/year={self.year}/month={self.month}/{last}.parquet"


def partition_of(dataset: Dataset, day: date) -> Partition:
    """The file that holds a day."""
    return Partition(dataset, day.year, day.month, 0 if dataset == DAY else day.day)


def partitions_of(dataset: Dataset, days: Sequence[date]) -> dict[Partition, list[date]]:
    """The days by the files that hold them, in order."""
    result: dict[Partition, list[date]] = {}
    for day in sorted(days):
        result.setdefault(partition_of(dataset, day), []).append(day)
    return result


def time_column(dataset: Dataset) -> str:
    """The column that tells a row's time: ``date``, or ``window_start`` in nanoseconds of Unix time."""
    return "date" if dataset == DAY else "window_start"


@dataclass(frozen=True)
class Store:
    """A place for partitions. ``options`` are what polars' ``storage_options`` takes for object storage."""

    place: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder."""
        return "://" not in self.place

    def objects(self, partition: Partition) -> dict[date, str]:
        """Which days a partition holds, and the ETag of the object that each stands on; none where there is no such
        partition, or it is damaged.

        Raises:
            TickstockError: the store does not answer, or may not be read.
        """
        import polars as pl

        try:
            found = pl.read_parquet_metadata(self._address(partition), storage_options=self._cloud)
            days: dict[str, str] = json.loads(found[_OBJECTS])
        except (FileNotFoundError, KeyError, ValueError, pl.exceptions.PolarsError):
            return {}
        except OSError as error:
            # Not to be taken for a month without days: it would be written over.
            raise TickstockError(
                f"cannot read {self._address(partition)}: {first_line(error)}; expected a store that you may read "
                "(BARS_STORE)"
            ) from error
        return {date.fromisoformat(day): etag for day, etag in days.items()}

    def read(self, partition: Partition) -> pl.DataFrame:
        """All rows of a partition: ticker, time, BARS; sorted by ticker and time.

        Raises:
            TickstockError: it is not there or cannot be read.
        """
        return self.scan([partition])

    def scan(
        self,
        partitions: Sequence[Partition],
        tickers: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """The rows of these tickers (None: of all) in these partitions, which must be there; all columns, or these.

        Raises:
            TickstockError: one of them cannot be read.
        """
        import polars as pl

        files = [self._address(partition) for partition in partitions]
        rows = pl.scan_parquet(files, storage_options=self._cloud, hive_partitioning=False, glob=False, cache=False)
        if tickers is not None:
            # Comparisons let groups of rows be passed over by their statistics; is_in reads them all, and is the faster
            # where hardly one would be passed over.
            few = len(tickers) <= _FEW
            either = reduce(or_, (pl.col("ticker") == ticker for ticker in tickers), pl.lit(False)) if few else None
            rows = rows.filter(pl.col("ticker").is_in(list(tickers)) if either is None else either)
        try:
            return (rows.select(columns) if columns else rows).collect()
        except (OSError, pl.exceptions.PolarsError) as error:
            file = next(filter(self._is_unreadable, files), self.place)
            raise TickstockError(
                f"{file} cannot be read: {first_line(error)}; if it is damaged, delete it, and "
                "scripts/market_data/populate_cache_bulk.py makes it again from the archive"
            ) from error

    def write(self, partition: Partition, rows: pl.DataFrame, objects: Mapping[date, str]) -> None:
        """Put a partition in place, whole or not at all. The same rows and objects give the same bytes.

        Raises:
            TickstockError: it cannot be written. What was there before is as it was.
        """
        import polars as pl

        ordered = rows.select("ticker", time_column(partition.dataset), *BARS)
        ordered = ordered.sort("ticker", time_column(partition.dataset)).rechunk()
        about = {_OBJECTS: json.dumps({day.isoformat(): etag for day, etag in sorted(objects.items())})}
        size = ROW_GROUPS[partition.dataset]
        settings: dict[str, Any] = {"compression_level": 1, "row_group_size": size, "metadata": about}
        address = self._address(partition)
        try:
            if self.is_local:
                Path(address).parent.mkdir(parents=True, exist_ok=True)
                with replace_file(Path(address)) as file:
                    ordered.write_parquet(file, **settings)
            else:
                ordered.write_parquet(address, storage_options=self._cloud, **settings)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise TickstockError(
                f"cannot write {address}: {first_line(error)}; expected a place that exists, with room, that you may "
                "write to; what was there is as it was"
            ) from error

    def remove(self, partition: Partition) -> None:
        """Take a partition away, in a folder. In object storage the store leaves that to the bucket's own rules."""
        if self.is_local:
            Path(self._address(partition)).unlink(missing_ok=True)

    def sweep(self, dataset: Dataset) -> None:
        """Remove what killed writers left half written in a folder; nobody else may be writing."""
        if self.is_local:
            for folder, _, _ in os.walk(Path(self.place, dataset.name)):
                sweep(Path(folder))

    def partitions(self, dataset: Dataset) -> list[Partition]:
        """All partitions of a store in a folder, in order; in object storage none are listed."""
        if not self.is_local:
            return []
        return sorted(
            (found for path in Path(self.place, dataset.name).rglob("*.parquet") if (found := _named(dataset, path))),
            key=lambda partition: (partition.year, partition.month, partition.day),
        )

    def _is_unreadable(self, address: str) -> bool:
        import polars as pl

        try:
            pl.read_parquet(address, storage_options=self._cloud, hive_partitioning=False, glob=False)
        except (OSError, pl.exceptions.PolarsError):
            return True
        return False

    @property
    def _cloud(self) -> dict[str, str] | None:
        return None if self.is_local else {"aws_allow_http": "true", "aws_region": "us-east-1", **self.options}

    def _address(self, partition: Partition) -> str:
        return f"{self.place.rstrip('/')}/{partition.name}"


def _named(dataset: Dataset, path: Path) -> Partition | None:
    values = dict(part.split("=", 1) for part in path.parts if part.count("=") == 1)
    try:
        found = Partition(dataset, int(values["year"]), int(values["month"]), int(values.get("day", 0)))
    except (KeyError, ValueError):
        return None
    return found if path.as_posix().endswith(found.name) else None


def no_rows(dataset: Dataset) -> pl.DataFrame:
    """A partition without a row."""
    import polars as pl

    schema = {"ticker": pl.String, time_column(dataset): pl.Date if dataset == DAY else pl.Int64}
    return pl.DataFrame(schema={**schema, **dict.fromkeys(BARS, pl.Float64), "transactions": pl.Int64})

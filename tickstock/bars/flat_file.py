"""A flat file: gzip, CSV, the bars of all tickers of one trading day.

Columns and units are those of the files: ``ticker`` (case-sensitive), prices in dollars as they were traded that day,
``volume`` in shares (with fractions since February 2026), ``window_start`` in nanoseconds of Unix time (a day's bar
begins at midnight in New York), ``transactions``.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from tickstock.bars.dataset import MINUTE, Dataset
from tickstock.bars.sessions import NEW_YORK
from tickstock.errors import BadInputError

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("ticker", "volume", "open", "close", "high", "low", "window_start", "transactions")
PRICES = ("open", "high", "low", "close")


class FlatFileError(BadInputError):
    """What came is no flat file of that day. The message is a reason without a name: ``it is HTML``."""


def read_flat_file(content: bytes, dataset: Dataset, day: date) -> pl.DataFrame:
    """The rows of a file, as they stand: COLUMNS, text, float64 and int64.

    Raises:
        FlatFileError: it is not gzip, is cut off or damaged, has another header, a field that is no number, a price
            that cannot be, no row, the same bar twice, or rows of another day than ``day``, the day of its name.
    """
    import polars as pl

    text = inflate(content)
    header = text[:1000].partition(b"\n")[0]
    if tuple(header.decode("utf-8", "replace").strip().split(",")) != COLUMNS:
        raise FlatFileError(f"its header is {_shown(header)}, expected {','.join(COLUMNS)}")
    # Never a schema that is guessed: the first fraction of a share may stand in row 10,001.
    schema = dict.fromkeys(COLUMNS, pl.Float64) | {
        "ticker": pl.String, "window_start": pl.Int64, "transactions": pl.Int64,
    }  # fmt: skip
    try:
        rows = pl.read_csv(text, schema=schema)
    except pl.exceptions.PolarsError as error:
        raise FlatFileError(f"its rows cannot be read: {first_line(error)}") from error
    if rows.is_empty():
        raise FlatFileError("it has a header and no rows")
    _check_values(rows)
    _check_day(rows, dataset, day)
    _check_once(rows)
    return rows


def inflate(content: bytes) -> bytes:
    """What a gzip file holds, its checksum verified.

    Raises:
        FlatFileError: it is empty, no gzip, cut off, or damaged.
    """
    from isal import igzip, isal_zlib

    if not content:
        raise FlatFileError("it is empty")
    if not content.startswith(b"\x1f\x8b"):
        what = "HTML or XML" if content.lstrip()[:1] == b"<" else f"something that begins with {_shown(content)}"
        raise FlatFileError(f"it is no gzip but {what}")
    try:
        text: bytes = igzip.decompress(content)  # type: ignore[no-untyped-call]
    except EOFError as error:
        raise FlatFileError("it is cut off: its gzip stream has no end") from error
    except (OSError, isal_zlib.IsalError) as error:  # type: ignore[misc] # its stubs do not know that it is one
        raise FlatFileError(f"its gzip stream is damaged ({error})") from error
    return text


def _check_values(rows: pl.DataFrame) -> None:
    import polars as pl

    numbers = pl.col(*PRICES, "volume")
    # What is right is found out column by column, which costs a fifth of looking at each row.
    right = [
        pl.all().null_count() == 0,
        pl.col("ticker").str.len_bytes().min() > 0,
        numbers.is_finite().all(),
        pl.col(*PRICES).min() > 0,
        pl.col("volume").min() >= 0,
        (pl.col("high") >= pl.col("low")).all().alias("range"),
    ]
    if rows.select(pl.all_horizontal(pl.all_horizontal(one) for one in right)).item():
        return
    # Comparisons with null are null, which all() passes by: so nulls are asked for on their own.
    bad = rows.filter(
        pl.any_horizontal(pl.all().is_null())
        | (pl.col("ticker") == "")
        | pl.any_horizontal(~numbers.is_finite())
        | pl.any_horizontal(pl.col(*PRICES) <= 0)
        | (pl.col("volume") < 0)
        | (pl.col("high") < pl.col("low"))
    )
    first = ",".join("" if value is None else str(value) for value in bad.row(0))
    raise FlatFileError(
        f"{len(bad):,} of its {len(rows):,} rows have no ticker, no number, a price that is not above 0, a volume "
        f"below 0, or a high below the low; the first: {first}"
    )


def _check_day(rows: pl.DataFrame, dataset: Dataset, day: date) -> None:
    import polars as pl

    first = nanoseconds(day)
    last = nanoseconds(day + timedelta(days=1)) - 1 if dataset == MINUTE else first
    elsewhere = rows.filter(~pl.col("window_start").is_between(first, last))["window_start"]
    if len(elsewhere):
        stamp = elsewhere[0]
        raise FlatFileError(
            f"{len(elsewhere):,} of its {len(rows):,} rows are not stamped as bars of {day}; the first stamp is "
            f"{stamp}, {_moment(stamp)}"
        )


def _check_once(rows: pl.DataFrame) -> None:
    import polars as pl

    ticker, stamp = pl.col("ticker"), pl.col("window_start")
    before = ticker.shift()
    if rows.select(((ticker > before) | ((ticker == before) & (stamp > stamp.shift()))).all()).item():
        return  # it is in order, as the provider's files are
    twice = rows.filter(pl.struct("ticker", "window_start").is_duplicated())
    if len(twice):
        raise FlatFileError(f"it has {twice.row(0)[0]} twice at the same time")


def nanoseconds(day: date) -> int:
    """Midnight of a day in New York, in nanoseconds of Unix time: the stamp of its daily bars."""
    return int(datetime.combine(day, time(), NEW_YORK).timestamp()) * 1_000_000_000


def _moment(stamp: int) -> str:
    try:
        return f"{datetime.fromtimestamp(stamp / 1e9, NEW_YORK):%Y-%m-%d %H:%M} in New York"
    except (OverflowError, ValueError, OSError):
        return "no date"


def _shown(content: bytes) -> str:
    return repr(content[:40].decode("utf-8", "replace"))


def first_line(error: Exception) -> str:
    """The first line of what a library says of an error; the rest is advice on its own options."""
    return str(error).strip().partition("\n")[0][:200]

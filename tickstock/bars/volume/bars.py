"""A frame of daily bars, checked, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickstock.bars.volume.indicators import Array
from tickstock.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("Open", "High", "Low", "Close", "Volume")
# Yahoo's prices are rounded to single precision: a close may be this much (as a part of it) beyond its day's range.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Bars:
    """Daily bars in order, as arrays of equal length."""

    days: tuple[date, ...]
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array

    def __len__(self) -> int:
        return len(self.days)


def read_bars(frame: pd.DataFrame, unfinished: date | None = None) -> tuple[Bars, tuple[str, ...]]:
    """The usable bars of a frame, and what a reader should know of those that were left out.

    A day is left out where a price or the volume is missing or no number, a price is not above 0, the volume is below
    0, the high is below the low, or the close is beyond them; and ``unfinished``, the day whose session is not over.

    Raises:
        BadInputError: a column is missing, or the days are not in order, each once.
    """
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise BadInputError(f"the frame lacks {', '.join(missing)}; expected the columns {', '.join(COLUMNS)}")
    if not frame.index.is_unique or not frame.index.is_monotonic_increasing:
        raise BadInputError("the days of the frame are not in order, each once; sort them, drop those that are twice")
    table = frame[list(COLUMNS)].to_numpy(dtype=np.float64, na_value=np.nan)
    days = [moment.date() for moment in frame.index]
    good = _usable(table)
    remarks = [f"left out, no usable bar: {listed([day for day, use in zip(days, good, strict=True) if not use])}"]
    if good.all():
        remarks.clear()
    if unfinished in days:
        good[days.index(unfinished)] = False
        remarks.append(f"left out, its session is not over: {unfinished}")
    kept = tuple(day for day, use in zip(days, good, strict=True) if use)
    return Bars(kept, *(np.ascontiguousarray(column) for column in table[good].T)), tuple(remarks)


def listed(days: Sequence[date], most: int = 5) -> str:
    """Days for a sentence: the first ones, and how many more there are."""
    text = ", ".join(map(str, days[:most]))
    return text if len(days) <= most else f"{text} and {len(days) - most} more"


def _usable(table: Array) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        _, high, low, close, volume = table.T
        slack = _ROUNDING * close
        ordered = (high >= low) & (close <= high + slack) & (close >= low - slack)
        found: NDArray[np.bool_] = (
            np.isfinite(table).all(axis=1) & (table[:, :4] > 0).all(axis=1) & (volume >= 0) & ordered
        )
    return found

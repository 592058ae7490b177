"""Corporate actions against raw bars: splits that the prices contradict, and jumps that look like an unknown split."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tickstock.bars.actions import Action, Actions, merged
from tickstock.bars.adjust import NEAR, close_before, dividend_factor, first_from
from tickstock.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

# Between 4:5 and 5:4 a ratio is no larger than what a day may move by itself.
SMALLEST = math.log(1.25)
# How far the price may move by itself over the night of a split: to a half, or to twice.
LARGEST_MOVE = math.log(2)
MOST_SHARES = 1000
RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0)
REVERSE_RATIOS = tuple(1 / ratio for ratio in RATIOS[1:])
# A split changes hardly anything of how much money changes hands; the news that move a price so far multiply it.
MOST_TURNOVER = 4.0
_TOLERANCE, _LARGE_TOLERANCE = math.log(1.05), math.log(1.15)


class SuspectedSplit(NamedTuple):
    """A jump over the night before ``day`` that looks like a split of ``ratio`` new shares for one old."""

    day: date
    ratio: float
    close_before: float
    open_after: float

    def __str__(self) -> str:
        return (
            f"from {self.close_before:g} to {self.open_after:g} at the open of {self.day} looks like a split "
            f"{ratio_text(self.ratio)}"
        )


def ratio_text(split: float) -> str:
    """A ratio as new:old: ``2:1``, ``3:2``, ``1:50``, ``1.281:1``."""
    for old in (1, 2, 3, 4, 5):
        if split > 1 and math.isclose(split * old, round(split * old), rel_tol=1e-9):
            return f"{round(split * old)}:{old}"
    if split < 1 and math.isclose(1 / split, round(1 / split), rel_tol=1e-9):
        return f"1:{round(1 / split)}"
    return f"{split:g}:1"


def confirm(actions: Actions, raw: pd.DataFrame) -> tuple[Actions, tuple[str, ...]]:
    """The actions without those that the raw daily bars contradict, and a remark for each that was left out.

    A split is contradicted where the price over its night moved less than half of the way (as a logarithm) to where
    the ratio alone would have taken it, or is then more than a factor of two from there. So a 2:1 with a move of 10 %,
    a 1:50 with a fall of 40 %, and the odd ratio of a spin-off stay; a 2:1 that the bars already contain does not.
    Ratios between 4:5 and 5:4 stay. Without bars within a week on both sides, ratios from 1:1000 to 1000:1 stay.
    A dividend is left out where it is not below the price before it.
    """
    kept, remarks = [], []
    for action in actions.actions:
        fault = _split_fault(action, raw)
        if fault:
            split = ratio_text(action.split)
            remarks.append(
                f"{actions.ticker}: the split {split} on {action.day} ({actions.source}) is left out: {fault}"
            )
        kept.append(action._replace(split=1.0) if fault else action)
    known = actions._replace(actions=merged(kept))
    kept = []
    for action in known.actions:
        fault = _dividend_fault(action, known, raw)
        if fault:
            remarks.append(f"{fault}; it is left out")
        kept.append(action._replace(dividend=0.0, factor=None) if fault else action)
    return known._replace(actions=merged(kept)), tuple(remarks)


def _split_fault(action: Action, raw: pd.DataFrame) -> str | None:
    if action.split == 1:
        return None
    expected = math.log(action.split)
    around = _prices_around(raw, action.day)
    if around is None:
        if 1 / MOST_SHARES <= action.split <= MOST_SHARES:
            return None
        return "no such ratio is likely, and there are no bars to check it by"
    before, after = around
    moved = math.log(before / after)
    if abs(expected) <= SMALLEST or (abs(moved - expected) < abs(moved) and abs(moved - expected) <= LARGEST_MOVE):
        return None
    return f"the price went from {before:g} to {after:g} over that night"


def _prices_around(raw: pd.DataFrame, day: date) -> tuple[float, float] | None:
    """The close before a day and the open on it or after, each within a week and above 0."""
    place = first_from(raw, day)
    if place in (0, len(raw)):
        return None
    last, before = close_before(raw, day)
    after = float(raw["Open"].iloc[place])
    near = day - last <= NEAR and raw.index[place].date() - day <= NEAR
    return (before, after) if near and before > 0 and after > 0 else None


def _dividend_fault(action: Action, actions: Actions, raw: pd.DataFrame) -> str | None:
    if action.dividend and first_from(raw, action.day):
        try:
            dividend_factor(raw, actions, action)
        except BadInputError as error:
            return str(error)
    return None


def suspected_splits(raw: pd.DataFrame, actions: Actions) -> tuple[SuspectedSplit, ...]:
    """Nights of raw daily bars over which the price jumped as by a split, and no split is known within a week.

    The rule: close before / open after is within 5 % of 3:2, 2:1, 3:1, or 1:2, 1:3, or within 15 % of a larger one
    (4, 5, 8, 10 … 100 for one, or one for as many); the two sessions are at most a week apart; the day closes within
    20 % of its open; and the day's turnover in money is less than four times that of the day before.
    """
    if len(raw) < 2:
        return ()
    opens, closes = raw["Open"].to_numpy(), raw["Close"].to_numpy()
    money = closes * raw["Volume"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.log(closes[:-1] / opens[1:])
        quiet = ~(money[1:] >= MOST_TURNOVER * money[:-1]) | (money[:-1] == 0)
        stays = np.abs(np.log(closes[1:] / opens[1:])) < math.log(1.2)
    apart = np.diff(raw.index.to_numpy()) <= np.timedelta64(NEAR)
    found = np.flatnonzero((np.abs(moved) > math.log(1.5) - _TOLERANCE) & np.isfinite(moved) & quiet & stays & apart)
    known = [action.day for action in actions.actions if action.split != 1]
    result = []
    for place in map(int, found):
        day, ratio = raw.index[place + 1].date(), _near_ratio(moved[place])
        if ratio and not any(abs(day - split) <= NEAR for split in known):
            result.append(SuspectedSplit(day, ratio, float(closes[place]), float(opens[place + 1])))
    return tuple(result)


def _near_ratio(moved: float) -> float | None:
    nearest = min((*RATIOS, *REVERSE_RATIOS), key=lambda ratio: abs(moved - math.log(ratio)))
    tolerance = _LARGE_TOLERANCE if abs(math.log(nearest)) > math.log(3.5) else _TOLERANCE
    return nearest if abs(moved - math.log(nearest)) <= tolerance else None

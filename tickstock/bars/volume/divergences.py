"""Where price and volume disagree: regular divergences between confirmed pivots.

A pivot is only known once ``SIDE`` more bars are there. So a divergence has a day on which it was confirmed, and what
is said of a day never changes with later bars.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tickstock.bars.volume.bars import Bars
from tickstock.bars.volume.indicators import Array

SIDE = 5
FARTHEST = 60

BULLISH = "bullish"
BEARISH = "bearish"


class Pivot(NamedTuple):
    """A turning point: its day, the low (or high) of its bar, and the indicator on that day."""

    day: date
    price: float
    indicator: float


class Divergence(NamedTuple):
    """Price made a lower low and the indicator a higher one (bullish), or price a higher high and the indicator a
    lower one (bearish). ``confirmed`` is the first day on which it could be known.
    """

    kind: str
    indicator: str
    first: Pivot
    second: Pivot
    confirmed: date

    def sentence(self) -> str:
        """What was seen, for a person."""
        low, verb = ("low", "lower") if self.kind == BULLISH else ("high", "higher")
        other = "higher" if self.kind == BULLISH else "lower"
        return (
            f"{self.indicator}: price made a {verb} {low} ({self.first.price:,.2f} on {self.first.day}, "
            f"{self.second.price:,.2f} on {self.second.day}), {self.indicator} a {other} one; "
            f"confirmed {self.confirmed}"
        )


def divergences(bars: Bars, indicator: Array, name: str, side: int = SIDE) -> tuple[Divergence, ...]:
    """Divergences between price and an indicator, in the order in which they were confirmed.

    Only neighbouring pivots are compared, and only if at most ``FARTHEST`` sessions lie between them.
    """
    found: list[Divergence] = []
    # Bearish is bullish upside down.
    for kind, price, sign in ((BULLISH, bars.low, 1.0), (BEARISH, bars.high, -1.0)):
        turned, course = sign * price, sign * indicator
        for first, second in pairwise(pivot_lows(turned, side)):
            disagree = turned[second] < turned[first] and course[second] > course[first]
            if disagree and second - first <= FARTHEST:
                ends = [Pivot(bars.days[at], float(price[at]), float(indicator[at])) for at in (first, second)]
                found.append(Divergence(kind, name, ends[0], ends[1], bars.days[second + side]))
    return tuple(sorted(found, key=lambda each: (each.confirmed, each.kind)))


def pivot_lows(values: Array, side: int = SIDE) -> list[int]:
    """Places of values below the ``side`` values before them, and not above the ``side`` values after them."""
    if len(values) < 2 * side + 1:
        return []
    windows = sliding_window_view(values, 2 * side + 1)
    middle = windows[:, side]
    found = (middle < windows[:, :side].min(axis=1)) & (middle <= windows[:, side + 1 :].min(axis=1))
    return [int(place) + side for place in np.flatnonzero(found)]

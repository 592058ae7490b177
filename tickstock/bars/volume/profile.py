"""Volume profile: how much was traded at which price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickstock.bars.volume.indicators import Array

BINS = 40
VALUE_AREA = 0.7


@dataclass(frozen=True, eq=False)
class Profile:
    """Volume by price. ``edges`` has one price more than ``volume`` has bins.

    ``point_of_control`` is the middle of the bin with the most volume; the value area (``value_low`` to
    ``value_high``) are the bins around it that together hold at least 70 % of the volume. None where nothing was
    traded.
    """

    edges: Array
    volume: Array
    point_of_control: float | None
    value_low: float | None
    value_high: float | None


def volume_profile(high: Array, low: Array, volume: Array, bins: int = BINS) -> Profile:
    """Spread the volume of each bar evenly over its range, into bins of equal height from the lowest low to the
    highest high. A bar without a range falls into one bin. No volume is lost: the bins hold what the bars had.

    This is what daily bars can tell; where within a day the volume was, only its minutes know.
    """
    if not len(volume):
        return Profile(np.empty(0), np.empty(0), None, None, None)
    bottom, top = low.min(), high.max()
    if not top > bottom:
        edges, held = np.array([bottom, top]), np.array([volume.sum()])
    else:
        edges = np.linspace(bottom, top, bins + 1)
        held = _held(edges, high, low, volume)
    if not held.sum() > 0:
        return Profile(edges, held, None, None, None)
    first, last = value_area(held)
    peak = int(held.argmax())
    return Profile(edges, held, float(edges[peak : peak + 2].mean()), float(edges[first]), float(edges[last + 1]))


def _held(edges: Array, high: Array, low: Array, volume: Array) -> Array:
    spread = high - low
    ranged = spread > 0
    # The part of each bar's range that lies below each edge; the part in a bin is the difference of two.
    below = np.clip((edges - low[ranged, None]) / spread[ranged, None], 0.0, 1.0)
    below[:, 0], below[:, -1] = 0.0, 1.0
    held: Array = (np.diff(below, axis=1) * volume[ranged, None]).sum(axis=0)
    flat = np.clip(np.searchsorted(edges, low[~ranged], side="right") - 1, 0, len(held) - 1)
    np.add.at(held, flat, volume[~ranged])
    return held


def value_area(held: Array, share: float = VALUE_AREA) -> tuple[int, int]:
    """First and last bin of the value area: from the fullest bin, the fuller neighbour joins (the upper one of two
    equal ones) until the share is reached.
    """
    first = last = int(held.argmax())
    wanted, inside = share * held.sum(), held[first]
    while inside < wanted and (first > 0 or last < len(held) - 1):
        lower = held[first - 1] if first > 0 else -1.0
        upper = held[last + 1] if last < len(held) - 1 else -1.0
        if upper >= lower:
            last += 1
        else:
            first -= 1
        inside += max(lower, upper)
    return first, last

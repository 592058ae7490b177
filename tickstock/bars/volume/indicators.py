"""Volume indicators over completed daily bars, as arrays of float64 as long as the bars.

Bars are whole and in order: no NaN, high at least low, volume at least 0 (it may have fractions). A value is NaN where
it is not known: in the first sessions of a window, and where a window has no volume to speak of. Every value stands on
its own day and days before it. Prices and volumes must be on one basis: a split inside the window would be read as a
crash on thin volume.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]

WINDOW = 20
MFI_WINDOW = 14


def obv(close: Array, volume: Array) -> Array:
    """On-balance volume (Granville 1963): volume is added on a higher close and taken away on a lower one.

    It starts with the volume of the first bar, as TA-Lib's does; so its level means nothing, its course does.
    """
    if not len(close):
        return np.empty(0)
    return np.cumsum(np.concatenate((volume[:1], np.sign(np.diff(close)) * volume[1:])))


def accumulation_distribution(high: Array, low: Array, close: Array, volume: Array) -> Array:
    """Accumulation/distribution line (Chaikin): the sum of :func:`money_flow_volume` since the first bar."""
    return np.cumsum(money_flow_volume(high, low, close, volume))


def money_flow_volume(high: Array, low: Array, close: Array, volume: Array) -> Array:
    """((close - low) - (high - close)) / (high - low) * volume; 0 for a bar without a range, whatever its volume."""
    spread = high - low
    place = np.divide((close - low) - (high - close), spread, out=np.zeros(len(spread)), where=spread > 0)
    return place * volume


def chaikin_money_flow(high: Array, low: Array, close: Array, volume: Array, window: int = WINDOW) -> Array:
    """Chaikin money flow: money flow volume of the window over its volume, -1 to 1. NaN where nothing was traded."""
    flow = money_flow_volume(high, low, close, volume)
    return _ratio(rolling_sum(flow, window), rolling_sum(volume, window))


def money_flow_index(high: Array, low: Array, close: Array, volume: Array, window: int = MFI_WINDOW) -> Array:
    """Money flow index (Quong and Soudack 1989), 0 to 100: of the money (typical price * volume) that moved with a
    change of the typical price within the window, the part that moved with a rise. NaN where none moved.
    """
    typical = typical_price(high, low, close)
    change = np.diff(typical, prepend=typical[:1])
    money = typical * volume
    rising = rolling_sum(np.where(change > 0, money, 0.0), window)
    falling = rolling_sum(np.where(change < 0, money, 0.0), window)
    # The first bar has no change, so the first whole window ends one bar later.
    rising[: min(window, len(rising))] = np.nan
    return 100 * _ratio(rising, rising + falling)


def relative_volume(volume: Array, window: int = WINDOW) -> Array:
    """Volume over the mean volume of the ``window`` completed sessions before it. NaN where nothing was traded in them.

    A half day is compared with whole ones; whoever shows it says so.
    """
    result = np.full(len(volume), np.nan)
    mean = rolling_sum(volume, window) / window
    result[window:] = _ratio(volume[window:], mean[window - 1 : -1])
    return result


def rolling_vwap(high: Array, low: Array, close: Array, volume: Array, window: int = WINDOW) -> Array:
    """Volume-weighted average of the typical price over the latest ``window`` sessions.

    It is made of daily bars; the VWAP of one session needs its minutes.
    """
    return _ratio(rolling_sum(typical_price(high, low, close) * volume, window), rolling_sum(volume, window))


def anchored_vwap(high: Array, low: Array, close: Array, volume: Array, anchor: int) -> Array:
    """Volume-weighted average of the typical price since the bar at place ``anchor``; NaN before it."""
    result = np.full(len(volume), np.nan)
    money = typical_price(high, low, close) * volume
    result[anchor:] = _ratio(np.cumsum(money[anchor:]), np.cumsum(volume[anchor:]))
    return result


def volume_weighted_average(close: Array, volume: Array, window: int = WINDOW) -> Array:
    """Volume-weighted moving average of the close. NaN where nothing was traded in the window."""
    return _ratio(rolling_sum(close * volume, window), rolling_sum(volume, window))


def average(values: Array, window: int = WINDOW) -> Array:
    """Simple moving average, NaN until the window is full."""
    return rolling_sum(values, window) / window


def typical_price(high: Array, low: Array, close: Array) -> Array:
    """(high + low + close) / 3."""
    return (high + low + close) / 3


def rolling_sum(values: Array, window: int) -> Array:
    """The sum of each value and the ``window - 1`` before it; NaN until there are so many.

    Each window is summed on its own: a running sum would carry the rounding of old, large values along.
    """
    result = np.full(len(values), np.nan)
    if len(values) >= window:
        result[window - 1 :] = sliding_window_view(values, window).sum(axis=1)
    return result


def _ratio(part: Array, whole: Array) -> Array:
    result = np.full(len(part), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result

"""All the indicators of a study, day by day, and what the scores weigh of their last values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickstock.bars.volume import indicators
from tickstock.bars.volume.bars import Bars
from tickstock.bars.volume.divergences import BEARISH, BULLISH, SIDE, Divergence
from tickstock.bars.volume.indicators import WINDOW, Array
from tickstock.bars.volume.rules import Reading

SLOPE = 5
RECENT = 5


@dataclass(frozen=True, eq=False)
class Series:
    """Indicators as arrays as long as the bars; the names are those of the JSON document. NaN where not known."""

    obv: Array
    obv_average: Array
    ad: Array
    ad_average: Array
    cmf: Array
    mfi: Array
    relative_volume: Array
    average_volume: Array
    rolling_vwap: Array
    anchored_vwap: Array
    vwma: Array


def compute(bars: Bars, anchor: int) -> Series:
    """All indicators; ``anchor`` is the place of the bar at which the anchored VWAP begins."""
    ranges = bars.high, bars.low, bars.close, bars.volume
    obv = indicators.obv(bars.close, bars.volume)
    ad = indicators.accumulation_distribution(*ranges)
    return Series(
        obv=obv,
        obv_average=indicators.average(obv),
        ad=ad,
        ad_average=indicators.average(ad),
        cmf=indicators.chaikin_money_flow(*ranges),
        mfi=indicators.money_flow_index(*ranges),
        relative_volume=indicators.relative_volume(bars.volume),
        average_volume=indicators.average(bars.volume),
        rolling_vwap=indicators.rolling_vwap(*ranges),
        anchored_vwap=indicators.anchored_vwap(*ranges, anchor),
        vwma=indicators.volume_weighted_average(bars.close, bars.volume),
    )


def reading(bars: Bars, series: Series, found: Sequence[Divergence]) -> Reading:
    """The latest values, of at least one bar, as the scores weigh them."""
    change = np.diff(bars.close)
    spikes = series.relative_volume[1:][-RECENT:]
    recent = set(bars.days[-WINDOW:])
    told = {kind: len({each.indicator for each in found if each.kind == kind and each.confirmed in recent})
            for kind in (BULLISH, BEARISH)}  # fmt: skip
    known = len(bars) >= 2 * SIDE + 1
    return Reading(
        sessions=len(bars),
        obv_gap=float(series.obv[-1] - series.obv_average[-1]),
        obv_slope=_slope(series.obv_average),
        ad_gap=float(series.ad[-1] - series.ad_average[-1]),
        ad_slope=_slope(series.ad_average),
        cmf=float(series.cmf[-1]),
        mfi=float(series.mfi[-1]),
        vwap_gap=_percent(bars.close[-1], series.rolling_vwap[-1]),
        up_share=_up_share(change, bars.volume[1:]),
        up_spike=_spike(spikes, change[-RECENT:] > 0),
        down_spike=_spike(spikes, change[-RECENT:] < 0),
        price_change=_percent(bars.close[-1], bars.close[-WINDOW - 1]) if len(bars) > WINDOW else np.nan,
        support_gap=_percent(bars.close[-1], bars.low[-WINDOW - 1 : -1].min()) if len(bars) > WINDOW else np.nan,
        bullish=told[BULLISH] if known else np.nan,
        bearish=told[BEARISH] if known else np.nan,
    )


def _slope(values: Array) -> float:
    return float(values[-1] - values[-1 - SLOPE]) if len(values) > SLOPE else np.nan


def _percent(value: float, base: float) -> float:
    return float(100 * (value / base - 1))


def _up_share(change: Array, volume: Array) -> float:
    if len(change) < WINDOW:
        return np.nan
    change, volume = change[-WINDOW:], volume[-WINDOW:]
    rising, falling = volume[change > 0].sum(), volume[change < 0].sum()
    return float(rising / (rising + falling)) if rising + falling > 0 else np.nan


def _spike(relative: Array, days: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    if len(relative) < RECENT or np.isnan(relative).any():
        return np.nan
    return float(relative[days].max(initial=0.0))

"""The rules of the two scores: what is weighed, how much, and what is said of it. docs/volume.md explains them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple


class Reading(NamedTuple):
    """The latest values that the scores weigh. NaN is not known.

    ``sessions`` is how many bars there are. Gaps are the value less its 20-day average, slopes the change of that
    average over 5 sessions, both in shares. ``vwap_gap`` (close against the rolling VWAP), ``price_change`` (over 20
    sessions) and ``support_gap`` (close against the lowest low of the 20 sessions before) are in percent. ``up_share``
    is the part of the volume on up days in that of up and down days of 20 sessions, 0 to 1. Spikes are the highest
    relative volume of an up (down) day among the latest 5, 0 if there is none. ``bullish`` and ``bearish`` count the
    indicators (OBV, A/D) with a divergence confirmed in the latest 20 sessions.
    """

    sessions: int
    obv_gap: float
    obv_slope: float
    ad_gap: float
    ad_slope: float
    cmf: float
    mfi: float
    vwap_gap: float
    up_share: float
    up_spike: float
    down_spike: float
    price_change: float
    support_gap: float
    bullish: float
    bearish: float


class Rule(NamedTuple):
    """A part of a score: at most ``weight`` points, of which ``share`` (0 to 1, NaN: not known) are given; ``evidence``
    says why. It takes ``needed`` sessions to be known.
    """

    name: str
    weight: float
    needed: int
    share: Callable[[Reading], float]
    evidence: Callable[[Reading], str]


def _ramp(value: float, nothing: float, full: float) -> float:
    """0 up to ``nothing``, 1 from ``full`` on, a straight line between them; NaN stays NaN."""
    if math.isnan(value):
        return value
    return min(1.0, max(0.0, (value - nothing) / (full - nothing)))


def _trend(gap: float, slope: float) -> float:
    """Half for a value above its average, half for an average that rises."""
    return math.nan if math.isnan(gap + slope) else 0.5 * (gap > 0) + 0.5 * (slope > 0)


def _quiet(flow: float, change: float) -> float:
    """Money flows while price hardly moves: full from a flow of 0.10 on, if price changed by at most 3 %."""
    if math.isnan(flow + change):
        return math.nan
    return _ramp(flow, 0.0, 0.1) if abs(change) <= 3 else 0.0


def _reached(value: float, bound: float) -> float:
    return math.nan if math.isnan(value) else float(value >= bound)


def _rising_text(name: str, gap: float, slope: float) -> str:
    side, course = "above" if gap > 0 else "not above", "rose" if slope > 0 else "did not rise"
    return f"{name} is {side} its 20-day average, which {course} over 5 sessions"


def _falling_text(name: str, gap: float, slope: float) -> str:
    side, course = "below" if gap < 0 else "not below", "fell" if slope < 0 else "did not fall"
    return f"{name} is {side} its 20-day average, which {course} over 5 sessions"


def _quiet_text(reading: Reading) -> str:
    return f"CMF {reading.cmf:+.2f} while price changed by {reading.price_change:+.1f} % in 20 sessions"


def _spike_text(kind: str, spike: float) -> str:
    return f"highest volume of a day {kind} in the last 5: {spike:.1f} x average" if spike else f"no day {kind} in 5"


def _support_text(reading: Reading) -> str:
    side = "above" if reading.support_gap >= 0 else "below"
    return f"close is {abs(reading.support_gap):.1f} % {side} the lowest low of the 20 sessions before"


def _divergence_text(kind: str, number: float) -> str:
    return f"{number:.0f} of OBV and A/D with a {kind} divergence confirmed in the last 20 sessions"


# Needed sessions: an average of 20, and 5 more for its slope; 20 completed ones before the day that is compared.
ACCUMULATION = (
    Rule("OBV trend", 1.5, 25, lambda r: _trend(r.obv_gap, r.obv_slope),
          lambda r: _rising_text("OBV", r.obv_gap, r.obv_slope)),
    Rule("A/D trend", 1.5, 25, lambda r: _trend(r.ad_gap, r.ad_slope),
          lambda r: _rising_text("A/D", r.ad_gap, r.ad_slope)),
    Rule("Money flow (CMF)", 1.5, 20, lambda r: _ramp(r.cmf, 0.0, 0.2), lambda r: f"CMF(20) is {r.cmf:+.2f}"),
    Rule("Money flow index", 1.0, 15, lambda r: _ramp(r.mfi, 40, 60), lambda r: f"MFI(14) is {r.mfi:.0f}"),
    Rule("VWAP position", 1.0, 20, lambda r: _ramp(r.vwap_gap, -2, 2),
          lambda r: f"close is {r.vwap_gap:+.1f} % from the rolling 20-day VWAP"),
    Rule("Volume on up days", 1.0, 21, lambda r: _ramp(r.up_share, 0.4, 0.65),
          lambda r: f"{100 * r.up_share:.0f} % of the volume of 20 sessions was on days up"),
    Rule("Volume spike up", 1.0, 25, lambda r: _ramp(r.up_spike, 1.2, 2.5), lambda r: _spike_text("up", r.up_spike)),
    Rule("Stealth accumulation", 0.5, 21, lambda r: _quiet(r.cmf, r.price_change), _quiet_text),
    Rule("Bullish divergence", 0.5, 11, lambda r: r.bullish / 2, lambda r: _divergence_text("bullish", r.bullish)),
    Rule("Support holds", 0.5, 21, lambda r: _reached(r.support_gap, 0), _support_text),
)  # fmt: skip

DISTRIBUTION = (
    Rule("OBV trend", 1.5, 25, lambda r: _trend(-r.obv_gap, -r.obv_slope),
          lambda r: _falling_text("OBV", r.obv_gap, r.obv_slope)),
    Rule("A/D trend", 1.5, 25, lambda r: _trend(-r.ad_gap, -r.ad_slope),
          lambda r: _falling_text("A/D", r.ad_gap, r.ad_slope)),
    Rule("Money flow (CMF)", 1.5, 20, lambda r: _ramp(r.cmf, 0.0, -0.2), lambda r: f"CMF(20) is {r.cmf:+.2f}"),
    Rule("Money flow index", 0.5, 15, lambda r: _ramp(r.mfi, 60, 40), lambda r: f"MFI(14) is {r.mfi:.0f}"),
    Rule("VWAP position", 1.0, 20, lambda r: _ramp(r.vwap_gap, 2, -2),
          lambda r: f"close is {r.vwap_gap:+.1f} % from the rolling 20-day VWAP"),
    Rule("Volume on down days", 1.0, 21, lambda r: _ramp(r.up_share, 0.6, 0.35),
          lambda r: f"{100 - 100 * r.up_share:.0f} % of the volume of 20 sessions was on days down"),
    Rule("Volume spike down", 1.0, 25, lambda r: _ramp(r.down_spike, 1.2, 2.5),
          lambda r: _spike_text("down", r.down_spike)),
    Rule("Stealth distribution", 0.5, 21, lambda r: _quiet(-r.cmf, r.price_change), _quiet_text),
    Rule("Bearish divergence", 0.25, 11, lambda r: r.bearish / 2, lambda r: _divergence_text("bearish", r.bearish)),
    Rule("Support broken", 0.25, 21, lambda r: 1 - _reached(r.support_gap, 0), _support_text),
)  # fmt: skip

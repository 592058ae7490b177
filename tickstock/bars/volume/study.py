"""The volume study of one ticker: everything that is shown of it, as one value."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tickstock.bars.volume.bars import Bars, listed, read_bars
from tickstock.bars.volume.divergences import Divergence, divergences
from tickstock.bars.volume.indicators import WINDOW
from tickstock.bars.volume.profile import Profile, volume_profile
from tickstock.bars.volume.scores import Score, accumulation, distribution
from tickstock.bars.volume.series import Series, compute, reading
from tickstock.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

ADJUSTMENTS = {
    "all": "adjusted for splits and dividends",
    "splits": "adjusted for splits",
    "none": "raw prices, not adjusted",
}
NOT_SAID = "not said"


@dataclass(frozen=True)
class Basis:
    """What the figures stand on, as the frame tells of itself. ``counts`` is its coverage in figures."""

    source: str
    adjustment: str
    coverage: str
    counts: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Anchor:
    """Where the anchored VWAP begins, and why there."""

    day: date
    reason: str


@dataclass(frozen=True, eq=False)
class Study:
    """Bars and indicators day by day, the scores, divergences, profile, and what a reader has to know of them."""

    ticker: str
    bars: Bars
    series: Series
    accumulation: Score
    distribution: Score
    divergences: tuple[Divergence, ...]
    profile: Profile
    anchor: Anchor
    basis: Basis
    half_days: frozenset[date]
    remarks: tuple[str, ...]

    @property
    def vwap_kinds(self) -> tuple[str, str]:
        """The names of the two VWAPs, wherever one is shown."""
        return f"VWAP, rolling {WINDOW} sessions", f"VWAP, anchored {self.anchor.day} ({self.anchor.reason})"

    def latest(self) -> dict[str, float | None]:
        """The last values by name; None is not known."""
        bars, series, profile = self.bars, self.series, self.profile
        change = 100 * (bars.close[-1] / bars.close[-2] - 1) if len(bars) > 1 else math.nan
        values = {
            "close": bars.close[-1],
            "change_percent": change,
            "volume": bars.volume[-1],
            **{name: values[-1] for name, values in vars(series).items()},
            "point_of_control": profile.point_of_control,
            "value_area_low": profile.value_low,
            "value_area_high": profile.value_high,
        }
        return {name: None if value is None or math.isnan(value) else float(value) for name, value in values.items()}


def study(
    frame: pd.DataFrame,
    ticker: str,
    half_days: Collection[date] = (),
    anchor: date | None = None,
    unfinished: date | None = None,
) -> Study:
    """Study daily bars: columns Open, High, Low, Close, Volume, prices and volume on one basis; the index are the days.

    ``half_days`` are the days on which the exchange closed early; the anchored VWAP begins on the first bar from
    ``anchor`` on, else at the lowest low; ``unfinished`` is the day whose session is not over.
    ``frame.attrs`` may tell ``source``, ``adjustment``, ``coverage`` and ``remarks``.

    Raises:
        BadInputError: a column is missing, the days are not in order, no bar can be used, or there is none from
            ``anchor`` on.
    """
    bars, remarks = read_bars(frame, unfinished)
    if not len(bars):
        raise BadInputError(f"{ticker}: no daily bar that can be used among {len(frame)}; try a longer period")
    place, where = _anchor(bars, ticker, anchor)
    series = compute(bars, place)
    found = divergences(bars, series.obv, "OBV")
    found += divergences(bars, series.ad, "A/D")
    weighed = reading(bars, series, found)
    short = frozenset(half_days) & frozenset(bars.days)
    return Study(
        ticker=ticker,
        bars=bars,
        series=series,
        accumulation=accumulation(weighed),
        distribution=distribution(weighed),
        divergences=tuple(sorted(found, key=lambda each: each.confirmed)),
        profile=volume_profile(bars.high, bars.low, bars.volume),
        anchor=where,
        basis=_basis(frame.attrs),
        half_days=short,
        remarks=(*_of_frame(frame.attrs, ticker), *remarks, *_remarks(bars, short)),
    )


def _anchor(bars: Bars, ticker: str, day: date | None) -> tuple[int, Anchor]:
    if day is None:
        place = int(np.argmin(bars.low))
        return place, Anchor(bars.days[place], "lowest low")
    place = next((at for at, each in enumerate(bars.days) if each >= day), len(bars))
    if place == len(bars):
        raise BadInputError(f"{ticker}: no bar from {day} on to anchor the VWAP at; the last one is of {bars.days[-1]}")
    return place, Anchor(bars.days[place], "as asked")


def _basis(attrs: Mapping[Any, Any]) -> Basis:
    adjustment, told = str(attrs.get("adjustment", NOT_SAID)), attrs.get("coverage", NOT_SAID)
    counts = told if isinstance(told, Mapping) else None
    return Basis(
        str(attrs.get("source", NOT_SAID)),
        ADJUSTMENTS.get(adjustment, adjustment),
        str(told) if counts is None else _coverage(counts),
        counts,
    )


def _coverage(counts: Mapping[str, Any]) -> str:
    """A frame's coverage (:func:`tickstock.bars.daily.coverage`) as a phrase."""
    if not counts["sessions"]:
        return "no session is due yet"
    if counts["complete"]:
        return f"all {counts['sessions']:,} sessions"
    return f"{counts['known']:,} of {counts['sessions']:,} sessions, missing {counts['missing']}"


def _of_frame(attrs: Mapping[Any, Any], ticker: str) -> list[str]:
    """The frame's remarks, without the ticker at their beginning, and without what its coverage tells."""
    found = [str(remark).removeprefix(f"{ticker}: ") for remark in attrs.get("remarks", ())]
    coverage = attrs.get("coverage")
    missing = coverage["missing"] if isinstance(coverage, Mapping) else ""
    return [remark for remark in found if not (missing and remark.endswith(f"sessions missing: {missing}"))]


def _remarks(bars: Bars, half_days: frozenset[date]) -> list[str]:
    result = []
    if half_days:
        result.append(f"half days, their relative volume compares them with whole days: {listed(sorted(half_days))}")
    if empty := [day for day, volume in zip(bars.days, bars.volume, strict=True) if not volume]:
        result.append(f"days without volume: {listed(empty)}")
    if len(bars) <= WINDOW:
        result.append(f"only {len(bars)} sessions: windows of {WINDOW} sessions are not known")
    return result

"""No volume gets lost in a profile, and no divergence is seen before it could be."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from tests.bars.volume.frames import frame_of, frames, walk
from tickstock.bars.volume import indicators
from tickstock.bars.volume.bars import read_bars
from tickstock.bars.volume.divergences import Divergence, Pivot, divergences, pivot_lows
from tickstock.bars.volume.profile import value_area, volume_profile


@given(frames())
def test_a_profile_holds_all_volume(frame: pd.DataFrame) -> None:
    high, low, volume = (frame[name].to_numpy() for name in ("High", "Low", "Volume"))
    profile = volume_profile(high, low, volume)
    assert profile.volume.sum() == pytest.approx(volume.sum(), rel=1e-9)
    assert (profile.volume >= 0).all()
    if volume.sum() > 0:
        assert profile.point_of_control is not None
        assert profile.value_low is not None
        assert profile.value_high is not None
        assert low.min() <= profile.value_low <= profile.point_of_control <= profile.value_high <= high.max()
        inside = (profile.edges[:-1] >= profile.value_low) & (profile.edges[1:] <= profile.value_high)
        assert profile.volume[inside].sum() >= 0.7 * volume.sum() * (1 - 1e-9)


def test_a_profile_by_hand() -> None:
    # 100 shares over 0 to 4, and 60 at 3 exactly: bins of 1 hold 25, 25, 25, 25 + 60.
    profile = volume_profile(np.array([4.0, 3.0]), np.array([0.0, 3.0]), np.array([100.0, 60.0]), bins=4)
    np.testing.assert_allclose(profile.volume, [25, 25, 25, 85])
    assert (profile.point_of_control, profile.value_low, profile.value_high) == (3.5, 1.0, 4.0)


def test_the_value_area_grows_to_the_fuller_side() -> None:
    assert value_area(np.array([5.0, 20.0, 50.0, 10.0, 15.0])) == (1, 2)


def test_a_pivot_needs_bars_on_both_sides() -> None:
    assert pivot_lows(np.array([3.0, 2, 1, 2, 3]), side=2) == [2]
    assert pivot_lows(np.array([3.0, 2, 1, 2]), side=2) == []
    assert pivot_lows(np.array([3.0, 1, 1, 2, 3, 4]), side=1) == [1]


def test_a_bullish_divergence_by_hand() -> None:
    lows = [9.0, 8, 7, 8, 9, 8, 6, 8, 9]
    bars, _ = read_bars(frame_of([(low, low + 1, low, low + 0.5, 10) for low in lows]))
    rising = np.arange(9.0)
    assert divergences(bars, rising, "OBV", side=2) == (
        Divergence("bullish", "OBV", Pivot(date(2025, 1, 6), 7.0, 2.0), Pivot(date(2025, 1, 10), 6.0, 6.0),
                   date(2025, 1, 14)),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_later_bars_change_nothing_that_was_said(seed: int) -> None:
    whole, _ = read_bars(walk(200, seed))
    found = divergences(whole, indicators.obv(whole.close, whole.volume), "OBV")
    for end in range(1, 200, 7):
        part, _ = read_bars(walk(200, seed).iloc[:end])
        said = divergences(part, indicators.obv(part.close, part.volume), "OBV")
        assert said == tuple(each for each in found if each.confirmed <= part.days[-1])


def test_walks_have_divergences_of_both_kinds() -> None:
    kinds = set()
    for seed in range(12):
        bars, _ = read_bars(walk(200, seed))
        kinds |= {each.kind for each in divergences(bars, indicators.obv(bars.close, bars.volume), "OBV")}
    assert kinds == {"bullish", "bearish"}

"""Every formula gives what TA-Lib gives, wherever TA-Lib's value means something."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given

from tests.bars.volume.frames import frames
from tickstock.bars.volume import indicators
from tickstock.bars.volume.indicators import Array


def columns(frame: pd.DataFrame) -> tuple[Array, Array, Array, Array]:
    high, low, close, volume = (frame[name].to_numpy() for name in ("High", "Low", "Close", "Volume"))
    return high, low, close, volume


def traded(volume: Array, window: int) -> Array:
    return np.array([volume[max(0, end - window + 1) : end + 1].sum() > 0 for end in range(len(volume))])


@given(frames())
def test_obv_and_ad_are_those_of_talib(frame: pd.DataFrame) -> None:
    high, low, close, volume = columns(frame)
    np.testing.assert_allclose(indicators.obv(close, volume), talib.OBV(close, volume), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(
        indicators.accumulation_distribution(high, low, close, volume),
        talib.AD(high, low, close, volume),
        rtol=1e-9,
        atol=1e-6,
    )


@given(frames())
def test_cmf_is_that_of_talib_and_not_known_without_volume(frame: pd.DataFrame) -> None:
    bars = columns(frame)
    found, expected = indicators.chaikin_money_flow(*bars, window=5), talib.CMF(*bars, timeperiod=5)
    expected[np.logical_not(traded(bars[3], 5))] = np.nan
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@given(frames())
def test_mfi_is_that_of_talib_and_not_known_where_no_money_moved(frame: pd.DataFrame) -> None:
    bars = columns(frame)
    found, expected = indicators.money_flow_index(*bars, window=5), talib.MFI(*bars, timeperiod=5)
    known = ~np.isnan(found)
    assert not (known & np.isnan(expected)).any()
    # Below, TA-Lib takes a money flow for none.
    large = known & (indicators.rolling_sum(bars[3], 5) > 10)
    np.testing.assert_allclose(found[large], expected[large], rtol=1e-6, atol=1e-4)
    # Where we say nothing, TA-Lib has nothing, or a 0 that means nothing.
    assert np.nan_to_num(expected[~known]).sum() == pytest.approx(0, abs=1e-6)


@given(frames())
def test_relative_volume_is_that_of_talib(frame: pd.DataFrame) -> None:
    volume = columns(frame)[3]
    found = indicators.relative_volume(volume, window=5)
    expected = talib.RVOL(volume, timeperiod=5) if len(volume) > 1 else np.full(len(volume), np.nan)
    known = ~np.isnan(found)
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-6)
    before = np.concatenate(([False], traded(volume, 5)[:-1]))
    np.testing.assert_array_equal(known, before & (np.arange(len(volume)) >= 5))


@given(frames())
def test_vwap_anchored_at_the_first_bar_is_that_of_talib(frame: pd.DataFrame) -> None:
    bars = columns(frame)
    found, expected = indicators.anchored_vwap(*bars, anchor=0), talib.VWAP(*bars)
    known = np.cumsum(bars[3]) > 0
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-9)
    assert np.isnan(found[~known]).all()


@given(frames(least=5))
def test_rolling_vwap_is_the_vwap_of_its_window(frame: pd.DataFrame) -> None:
    bars = columns(frame)
    found = indicators.rolling_vwap(*bars, window=5)
    if bars[3][-5:].sum() > 0:
        window = [each[-5:] for each in bars]
        assert found[-1] == pytest.approx(talib.VWAP(*window)[-1], rel=1e-9)
    else:
        assert np.isnan(found[-1])
    assert np.isnan(found[:4]).all()


def test_averages_by_hand() -> None:
    close, volume = np.array([10.0, 20.0, 30.0]), np.array([1.0, 3.0, 0.0])
    np.testing.assert_allclose(indicators.volume_weighted_average(close, volume, 2), [np.nan, 17.5, 20.0])
    np.testing.assert_allclose(indicators.average(close, 2), [np.nan, 15.0, 25.0])


@pytest.mark.parametrize("sessions", [0, 1, 19])
def test_short_frames_have_no_windows(sessions: int) -> None:
    some = np.linspace(1, 2, sessions)
    for found in (indicators.rolling_vwap(some, some, some, some), indicators.relative_volume(some),
                  indicators.chaikin_money_flow(some, some, some, some), indicators.average(some)):  # fmt: skip
        assert len(found) == sessions
        assert np.isnan(found).all()
    assert len(indicators.obv(some, some)) == sessions

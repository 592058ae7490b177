"""Adjusted bars are what the shares of today would have traded at."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.bars.actions import Action, Actions, merged
from tickstock.bars.adjust import PRICES, adjust
from tickstock.bars.sessions import sessions
from tickstock.errors import BadInputError

DAYS = sessions(date(2025, 11, 3), date(2026, 1, 1))


def frame(close: list[float], volume: list[float] | None = None, days: list[date] = DAYS) -> pd.DataFrame:
    index = pd.DatetimeIndex(days[: len(close)], name="Date")
    values = np.array(close, dtype=float)
    data = {"Open": values * 0.99, "High": values * 1.02, "Low": values * 0.98, "Close": values,
            "Volume": np.array(volume or [1000.0] * len(close))}  # fmt: skip
    return pd.DataFrame(data, index=index)


def told(*actions: Action) -> Actions:
    return Actions("XLK", merged(actions), "test", date(2026, 1, 5))


def test_a_split_two_for_one() -> None:
    raw = frame([290.0, 292.0, 146.0, 147.0], [10, 20, 50, 60])
    adjusted = adjust(raw, told(Action(DAYS[2], split=2.0)))
    assert adjusted["Close"].tolist() == [145.0, 146.0, 146.0, 147.0]
    assert adjusted["Volume"].tolist() == [20, 40, 50, 60]


def test_a_reverse_split() -> None:
    adjusted = adjust(frame([0.5, 0.5, 25.0], [5000, 5000, 100]), told(Action(DAYS[2], split=0.02)))
    assert adjusted["Close"].tolist() == [25.0, 25.0, 25.0]
    assert adjusted["Volume"].tolist() == [100, 100, 100]


def test_a_dividend_is_measured_by_the_close_of_the_session_before() -> None:
    adjusted = adjust(frame([100.0, 80.0, 79.0], [10, 20, 30]), told(Action(DAYS[2], dividend=2.0)))
    assert adjusted["Close"].tolist() == [97.5, 78.0, 79.0]
    assert adjusted["Volume"].tolist() == [10, 20, 30]


def test_a_dividend_on_the_day_of_a_split_is_paid_on_the_new_shares() -> None:
    adjusted = adjust(frame([200.0, 100.0]), told(Action(DAYS[1], split=2.0, dividend=1.0)))
    assert adjusted["Close"].tolist() == [99.0, 100.0]


def test_a_dividend_before_a_split_is_measured_on_the_old_shares() -> None:
    adjusted = adjust(frame([200.0, 198.0, 99.0]), told(Action(DAYS[1], dividend=2.0), Action(DAYS[2], split=2.0)))
    assert adjusted["Close"].tolist() == [99.0, 99.0, 99.0]


def test_actions_after_the_frame_count() -> None:
    later = Action(date(2026, 3, 2), dividend=1.0, factor=0.9)
    adjusted = adjust(frame([200.0, 202.0]), told(Action(date(2026, 2, 2), split=2.0), later))
    assert adjusted["Close"].tolist() == [90.0, 90.9]


def test_a_later_dividend_of_unknown_factor_is_measured_by_the_last_close_on_its_own_basis() -> None:
    actions = told(Action(date(2026, 2, 2), split=2.0), Action(date(2026, 3, 2), dividend=1.0))
    assert adjust(frame([200.0, 200.0]), actions)["Close"].tolist() == [99.0, 99.0]


def test_the_known_factor_counts_where_bars_are_missing_before_the_ex_date() -> None:
    raw = frame([100.0, 50.0], days=[DAYS[0], DAYS[20]])
    known = told(Action(DAYS[20], dividend=1.0, factor=0.9))
    assert adjust(raw, known)["Close"].tolist() == [90.0, 50.0]


def test_actions_before_the_frame_do_nothing() -> None:
    raw = frame([100.0, 101.0])
    for day in (date(2025, 6, 2), DAYS[0]):
        pd.testing.assert_frame_equal(adjust(raw, told(Action(day, split=2.0, dividend=5.0))), raw, check_exact=True)


def test_minutes_are_split_at_midnight_of_new_york_and_measured_by_the_regular_close() -> None:
    times = ["2025-12-04 09:30", "2025-12-04 15:59", "2025-12-04 19:59", "2025-12-05 04:00"]
    raw = frame([100.0, 100.0, 250.0, 49.0])
    raw.index = pd.DatetimeIndex(times, tz="America/New_York", name="Datetime")
    actions = told(Action(date(2025, 12, 5), split=2.0, dividend=1.0))
    assert adjust(raw, actions)["Close"].tolist() == [49.0, 49.0, 122.5, 49.0]
    known = told(Action(date(2025, 12, 5), split=2.0, dividend=1.0, factor=0.5))
    assert adjust(raw, known)["Close"].tolist() == [25.0, 25.0, 62.5, 49.0]


def test_minutes_after_the_close_of_a_half_day_set_no_close() -> None:
    raw = frame([100.0, 180.0, 100.0])
    times = ["2025-11-28 12:59", "2025-11-28 13:00", "2025-12-01 09:30"]
    raw.index = pd.DatetimeIndex(times, tz="America/New_York", name="Datetime")
    adjusted = adjust(raw, told(Action(date(2025, 12, 1), dividend=1.0)))
    assert adjusted["Close"].tolist() == pytest.approx([99.0, 178.2, 100.0])


def test_a_dividend_above_the_price_is_an_error() -> None:
    with pytest.raises(BadInputError, match="XLK: a dividend of 150 on 2025-11-04 is not below the close before"):
        adjust(frame([100.0, 99.0]), told(Action(DAYS[1], dividend=150.0)))


def test_an_unknown_basis_is_an_error() -> None:
    with pytest.raises(BadInputError, match="expected one of all, splits, none"):
        adjust(frame([1.0]), told(), "raw")  # type: ignore[arg-type]


def test_an_empty_frame_stays_empty() -> None:
    assert adjust(frame([]), told(Action(DAYS[0], split=2.0))).empty


ACTION = st.builds(
    Action,
    st.sampled_from(DAYS) | st.dates(date(2025, 10, 1), date(2026, 3, 1)),
    st.sampled_from([1.0, 2.0, 3.0, 1.5, 0.1, 0.02]),
    st.sampled_from([0.0, 0.001, 0.002]),
    st.none() | st.floats(0.5, 0.999),
)
ACTIONS = st.lists(ACTION, max_size=4).map(lambda found: told(*found))
CLOSES = st.lists(st.floats(5, 2000), min_size=1, max_size=len(DAYS))


@given(CLOSES)
def test_no_actions_change_no_bit(close: list[float]) -> None:
    raw = frame(close)
    for basis in ("all", "splits", "none"):
        pd.testing.assert_frame_equal(adjust(raw, told(), basis), raw, check_exact=True)


@given(CLOSES, ACTIONS)
def test_the_raw_frame_stays_as_it_was(close: list[float], actions: Actions) -> None:
    raw = frame(close)
    adjusted = adjust(raw, actions)
    adjusted["Close"] = 0.0
    pd.testing.assert_frame_equal(raw, frame(close), check_exact=True)


@given(CLOSES, ACTIONS)
def test_a_series_that_was_never_split_comes_back(close: list[float], actions: Actions) -> None:
    unsplit, splits = frame(close), [Action(action.day, action.split) for action in actions.actions]
    raw = unsplit.copy()
    for split in splits:
        before = raw.index < pd.Timestamp(split.day)
        raw.loc[before, PRICES] *= split.split
        raw.loc[before, "Volume"] /= split.split
    pd.testing.assert_frame_equal(adjust(raw, told(*splits)), unsplit, rtol=1e-12)


@given(CLOSES, ACTIONS)
def test_dividends_change_prices_alone_and_only_before_them(close: list[float], actions: Actions) -> None:
    every, splits = adjust(frame(close), actions), adjust(frame(close), actions, "splits")
    paid = [pd.Timestamp(action.day) for action in actions.actions if action.dividend]
    before = np.array([any(day < ex for ex in paid) for day in every.index])
    assert (every["Volume"] == splits["Volume"]).all()
    assert (every["Close"][~before] == splits["Close"][~before]).all()
    assert (every["Close"][before] < splits["Close"][before]).all()


@given(CLOSES, ACTIONS)
def test_the_shape_of_a_bar_is_kept(close: list[float], actions: Actions) -> None:
    raw, adjusted = frame(close), adjust(frame(close), actions)
    for price in PRICES:
        np.testing.assert_allclose(adjusted[price] / adjusted["Close"], raw[price] / raw["Close"], rtol=1e-12)


@given(CLOSES, ACTIONS)
def test_the_signs_of_on_balance_volume_are_those_of_the_splits_basis(close: list[float], actions: Actions) -> None:
    adjusted = adjust(frame(close), actions, "splits")
    steps = np.sign(np.diff(adjusted["Close"]))
    assert (np.sign(steps * adjusted["Volume"].to_numpy()[1:]) == steps).all()
    # Turnover in dollars is the same on every basis of the shares.
    raw = frame(close)
    np.testing.assert_allclose(adjusted["Close"] * adjusted["Volume"], raw["Close"] * raw["Volume"], rtol=1e-12)


@given(CLOSES, ACTIONS, st.integers(1, len(DAYS)))
def test_a_part_of_the_frame_is_on_the_same_basis_as_the_whole(
    close: list[float], actions: Actions, start: int
) -> None:
    raw, whole = frame(close), adjust(frame(close), actions, "splits")
    first, last = adjust(raw[:start], actions, "splits"), adjust(raw[start:], actions, "splits")
    pd.testing.assert_frame_equal(pd.concat([first, last]), whole, check_exact=True)

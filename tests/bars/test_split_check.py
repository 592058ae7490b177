"""Splits that the prices contradict are left out, and those that nobody told of are noticed. Few false alarms."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.bars.actions import Action, Actions
from tickstock.bars.sessions import sessions
from tickstock.bars.split_check import RATIOS, confirm, ratio_text, suspected_splits

DAYS = sessions(date(2025, 12, 1), date(2025, 12, 20))
DAY = DAYS[2]


def bars(before: float, after: float, volume: float = 1000.0, days: list[date] = DAYS[:4]) -> pd.DataFrame:
    """Two bars at one price, two at another from the open of the third on."""
    prices, index = [before, before, after, after], pd.DatetimeIndex(days, name="Date")
    volumes = [1000.0, 1000.0, volume, volume]
    return pd.DataFrame(
        {"Open": prices, "High": prices, "Low": prices, "Close": prices, "Volume": volumes}, index=index
    )


def told(*actions: Action) -> Actions:
    return Actions("XLK", actions, "yfinance", date(2026, 1, 5))


@pytest.mark.parametrize(
    ("split", "before", "after"),
    [
        (2.0, 291.07, 146.21),
        (2.0, 100.0, 55.0),  # and a rise of 10 %
        (2.0, 100.0, 45.0),  # and a fall of 10 %
        (1.5, 90.0, 66.0),
        (0.02, 0.5, 14.0),  # one for fifty, and a fall by 44 %
        (2.39, 81.65, 33.69),  # a spin-off, as vendors tell it
        (1.05, 100.0, 101.0),  # a stock dividend is no larger than what a day may move
        (50.0, 6600.0, 131.0),
    ],
)
def test_what_the_prices_confirm_stays(split: float, before: float, after: float) -> None:
    actions = told(Action(DAY, split))
    assert confirm(actions, bars(before, after)) == (actions, ())


@pytest.mark.parametrize(
    ("split", "before", "after"),
    [
        (2_000_000.0, 100.0, 101.0),
        (2.0, 145.5, 146.2),  # the bars are adjusted already
        (2.0, 100.0, 80.0),  # a bad day
        (0.5, 100.0, 50.0),  # the other way round
        (50.0, 100.0, 50.0),
        (1.5, 100.0, 99.0),
        (0.1, 2.0, 2.1),
    ],
)
def test_what_the_prices_contradict_is_left_out_with_a_remark(split: float, before: float, after: float) -> None:
    dividend = Action(DAYS[1], dividend=0.5)
    found, remarks = confirm(told(dividend, Action(DAY, split, dividend=1.0)), bars(before, after))
    assert found == told(dividend, Action(DAY, dividend=1.0))
    ratio = ratio_text(split)
    text = f"the price went from {before:g} to {after:g} over that night"
    assert remarks == (f"XLK: the split {ratio} on 2025-12-03 (yfinance) is left out: {text}",)


@pytest.mark.parametrize("day", [date(2025, 1, 2), DAYS[0], date(2026, 2, 2)])
def test_without_bars_around_it_only_what_is_not_likely_is_left_out(day: date) -> None:
    raw = bars(100.0, 100.0)
    assert confirm(told(Action(day, 4.0)), raw) == (told(Action(day, 4.0)), ())
    assert confirm(told(Action(day, 0.001)), raw) == (told(Action(day, 0.001)), ())
    found, remarks = confirm(told(Action(day, 2_000_000.0)), raw)
    assert found == told()
    assert "no such ratio is likely" in remarks[0]


def test_a_halt_of_weeks_says_nothing_about_a_split() -> None:
    days = [*DAYS[:2], date(2026, 1, 20), date(2026, 1, 21)]
    actions = told(Action(date(2026, 1, 20), 2.0))
    assert confirm(actions, bars(100, 100, days=days)) == (actions, ())


def test_an_empty_frame_confirms_what_is_likely() -> None:
    assert confirm(told(Action(DAY, 2.0)), bars(1, 1)[:0]) == (told(Action(DAY, 2.0)), ())


def test_a_dividend_above_the_price_is_left_out() -> None:
    found, remarks = confirm(told(Action(DAY, dividend=100.0)), bars(99, 99))
    assert found == told()
    assert remarks[0].startswith("XLK: a dividend of 100 on 2025-12-03 is not below the close before it, 99")


def test_the_dividend_of_a_day_is_judged_without_the_split_that_was_left_out() -> None:
    found, _ = confirm(told(Action(DAY, 100.0, dividend=2.0)), bars(100, 99))
    assert found == told(Action(DAY, dividend=2.0))


@given(st.sampled_from(RATIOS), st.booleans(), st.floats(0.97, 1.03), st.floats(1, 500))
def test_an_unknown_split_is_noticed(ratio: float, reverse: bool, move: float, price: float) -> None:
    split = 1 / ratio if reverse and ratio > 1.5 else ratio
    raw = bars(price, price / split * move, 1000.0 * split)
    assert [(found.day, found.ratio) for found in suspected_splits(raw, told())] == [(DAY, split)]
    assert suspected_splits(raw, told(Action(DAYS[3], split))) == ()


def test_it_tells_what_it_saw() -> None:
    (found,) = suspected_splits(bars(908.4, 305.48, 2400.0), told())
    assert str(found) == "from 908.4 to 305.48 at the open of 2025-12-03 looks like a split 3:1"


@pytest.mark.parametrize(
    ("before", "after", "volume"),
    [
        (126.17, 71.36, 18_000.0),  # a forecast taken back: the price nearly halves, and everybody trades
        (100.0, 66.0, 9_000.0),
        (164.67, 226.4, 5_800.0),  # a large order
        (29.9, 54.1, 18_700.0),
        (81.65, 33.69, 5_000.0),  # a spin-off has no simple ratio
        (100.0, 80.0, 1000.0),
        (100.0, 101.0, 1000.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_news_are_no_splits(before: float, after: float, volume: float) -> None:
    assert suspected_splits(bars(before, after, volume), told()) == ()


@given(st.lists(st.floats(0.75, 1.3), min_size=3, max_size=3))
def test_no_alarm_for_what_shares_do(moves: list[float]) -> None:
    raw = bars(100.0, 100.0)
    for place, move in enumerate(moves, start=1):
        raw.iloc[place, :4] = raw.iloc[place - 1, :4] * move
    assert suspected_splits(raw, told()) == ()


def test_months_without_bars_hide_no_split() -> None:
    days = [*DAYS[:2], date(2026, 5, 20), date(2026, 5, 21)]
    assert suspected_splits(bars(100, 50, 2000.0, days), told()) == ()


@pytest.mark.parametrize(
    ("split", "text"), [(2.0, "2:1"), (1.5, "3:2"), (0.02, "1:50"), (1.281, "1.281:1"), (1.25, "5:4"), (1 / 3, "1:3")]
)
def test_a_ratio_as_people_write_it(split: float, text: str) -> None:
    assert ratio_text(split) == text

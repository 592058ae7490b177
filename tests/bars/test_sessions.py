"""Days are the exchange's and New York's, whatever the clock of this machine says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tickstock.bars.sessions import FIRST_DAY, first_not_expected, half_days, months_of, period_start, sessions
from tickstock.errors import BadInputError


def test_no_weekend_no_holiday_and_no_day_of_mourning() -> None:
    found = sessions(date(2025, 1, 1), date(2025, 1, 14))
    assert [day.day for day in found] == [2, 3, 6, 7, 8, 10, 13]  # the 9th was for President Carter


def test_the_end_is_excluded() -> None:
    assert sessions(date(2025, 12, 4), date(2025, 12, 5)) == [date(2025, 12, 4)]
    assert sessions(date(2025, 12, 5), date(2025, 12, 5)) == []


def test_the_calendar_reaches_back_to_the_first_file() -> None:
    assert sessions(date(1999, 1, 1), date(2003, 9, 12)) == [FIRST_DAY, date(2003, 9, 11)]


def test_beyond_the_calendar_is_told() -> None:
    with pytest.raises(BadInputError, match="beyond the exchange's calendar"):
        sessions(date(2025, 1, 1), date(2099, 1, 1))


def test_two_years_have_at_most_508_sessions_today_included() -> None:
    days = sessions(date(2020, 1, 1), date(2026, 1, 1))
    counts = {len(sessions(period_start("24mo", day), day + timedelta(days=1))) for day in days}
    assert (min(counts), max(counts)) == (500, 508)


def test_half_days() -> None:
    assert half_days(date(2025, 11, 1), date(2026, 1, 1)) == [date(2025, 11, 28), date(2025, 12, 24)]


@pytest.mark.parametrize(
    ("period", "start"),
    [("24mo", date(2023, 11, 29)), ("6mo", date(2025, 5, 29)), ("2y", date(2023, 11, 29)), ("1d", date(2025, 11, 28)),
     ("5d", date(2025, 11, 21)), ("1wk", date(2025, 11, 22)), ("ytd", date(2025, 1, 1)), ("max", FIRST_DAY),
     ("9999y", FIRST_DAY)],
)  # fmt: skip
def test_a_period_is_of_the_calendar(period: str, start: date) -> None:
    assert period_start(period, date(2025, 11, 29)) == start


def test_a_month_without_that_day_ends_earlier() -> None:
    assert period_start("1mo", date(2025, 3, 31)) == date(2025, 2, 28)
    assert period_start("1mo", date(2024, 3, 30)) == date(2024, 2, 29)


@pytest.mark.parametrize("period", ["18m", "2yr", "0mo", "", "24 mo", "-1d", "24MO"])
def test_an_unknown_period_is_an_error_and_no_empty_frame(period: str) -> None:
    with pytest.raises(BadInputError, match="expected such as"):
        period_start(period, date(2025, 11, 29))


def test_a_days_file_is_expected_from_eleven_of_the_next_day_in_new_york() -> None:
    # 15:59 and 16:00 UTC are 10:59 and 11:00 in New York's winter.
    assert first_not_expected(datetime(2025, 12, 5, 15, 59, tzinfo=UTC)) == date(2025, 12, 4)
    assert first_not_expected(datetime(2025, 12, 5, 16, 0, tzinfo=UTC)) == date(2025, 12, 5)
    # ... and 03:00 UTC is still the evening before, there.
    assert first_not_expected(datetime(2025, 12, 6, 3, 0, tzinfo=UTC)) == date(2025, 12, 5)


def test_days_by_month() -> None:
    assert months_of([date(2025, 12, 1), date(2025, 11, 28)]) == {
        (2025, 11): [date(2025, 11, 28)],
        (2025, 12): [date(2025, 12, 1)],
    }

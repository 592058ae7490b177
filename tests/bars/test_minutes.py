"""Minutes: of the regular session, on half days and through the change of the clock, and never half a frame."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest

from tests.bars.flat_files import Row, minute_file
from tests.bars.s3_server import PLAN
from tests.bars.scene import Scene
from tests.bars.yahoo_chart import Chart, chart, yahoo_chart
from tickstock.bars.data_manager import get_smart_data, load_bars, load_day_file, load_multiple_tickers
from tickstock.bars.dataset import MINUTE
from tickstock.bars.gather import NoBarsError, silent
from tickstock.bars.known_actions import unanswered
from tickstock.bars.sessions import NEW_YORK, sessions

BAR: Row = (100.4, 10.0, 11.0, 12.0, 9.0)
# Each is the last or first minute of something.
TIMES = [(4, 0), (9, 29), (9, 30), (12, 59), (13, 0), (15, 59), (16, 0), (19, 59)]
HALF_DAY = date(2025, 11, 28)
# The clock went forward on Sunday the 9th of March, and back on the 2nd of November.
FRIDAY, MONDAY = date(2025, 3, 7), date(2025, 3, 10)
AUTUMN = [date(2025, 10, 31), date(2025, 11, 3)]


@pytest.fixture(autouse=True)
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chart]:
    silent.clear()
    unanswered.clear()
    with yahoo_chart(monkeypatch) as yahoo:
        yield yahoo


def publish(scene: Scene, *days: date, tickers: tuple[str, ...] = ("XLK", "NA")) -> None:
    for day in days:
        rows = [(ticker, hour, minute, BAR) for ticker in tickers for hour, minute in TIMES]
        scene.bucket.put(day, minute_file(day, rows), MINUTE)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), NEW_YORK) + timedelta(days=1)


@pytest.mark.parametrize("populated", [True, False])
def test_minutes_of_the_regular_session(scene: Scene, populated: bool) -> None:
    publish(scene, FRIDAY, MONDAY)
    if populated:
        scene.populate(dataset=MINUTE, start=FRIDAY, end=MONDAY + timedelta(days=1), now=noon(MONDAY))
    frame = load_bars("XLK", FRIDAY, "2025-03-11", "minute", market=scene.market(), now=noon(MONDAY), adjust="none")
    assert [str(moment) for moment in frame.index] == [
        f"{day} {clock}:00{offset}"
        for day, offset in (("2025-03-07", "-05:00"), ("2025-03-10", "-04:00"))
        for clock in ("09:30", "12:59", "13:00", "15:59")
    ]
    assert (frame.index.name, str(frame.index.dtype)) == ("Datetime", "datetime64[us, America/New_York]")
    assert frame["Volume"].tolist() == [100] * 8
    assert list(frame.columns) == ["Open", "High", "Low", "Close", "Volume"]
    assert frame.attrs["source"] == "archive"


def test_before_and_after_the_session_where_asked_for(scene: Scene) -> None:
    publish(scene, *AUTUMN)
    market, now = scene.market(), noon(AUTUMN[1])
    frame = load_bars(
        "XLK", AUTUMN[0], "2025-11-04", "minute", market=market, now=now, adjust="none", prepost=True
    )
    assert len(frame) == 16
    assert [str(frame.index[place]) for place in (0, 7, 8, 15)] == [
        "2025-10-31 04:00:00-04:00", "2025-10-31 19:59:00-04:00",
        "2025-11-03 04:00:00-05:00", "2025-11-03 19:59:00-05:00",
    ]  # fmt: skip


def test_a_half_day_ends_at_one(scene: Scene) -> None:
    publish(scene, HALF_DAY)
    frame = load_bars("XLK", HALF_DAY, "2025-11-29", "minute", market=scene.market(), now=noon(HALF_DAY), adjust="none")
    assert [f"{moment:%H:%M}" for moment in frame.index] == ["09:30", "12:59"]


def test_a_day_that_is_missing_makes_it_nobodys(scene: Scene) -> None:
    publish(scene, FRIDAY)
    with pytest.raises(NoBarsError, match=r"no minutes of XLK: .*minutes missing: 2025-03-10"):
        load_bars("XLK", FRIDAY, "2025-03-11", "minute", market=scene.market(), now=noon(MONDAY))


def test_or_yahoos_whole(scene: Scene, yahoo: Chart) -> None:
    publish(scene, FRIDAY)
    yahoo.answers["XLK"] = chart("XLK", [FRIDAY] * 2, [5.0, 6.0], [], [1, 2], at=[time(9, 30), time(9, 31)])
    frame = load_bars("XLK", FRIDAY, "2025-03-11", "minute", market=scene.market(), now=noon(MONDAY))
    assert frame["Close"].tolist() == [5.0, 6.0]
    # Yahoo knows no dividends in bars of less than a day.
    assert (frame.attrs["source"], frame.attrs["adjustment"]) == ("yfinance", "splits")


def test_without_keys_each_ticker_is_told_so(scene: Scene) -> None:
    for ticker in ("XLK", "NA"):
        with pytest.raises(NoBarsError, match="flat files: no keys for the flat files of"):
            load_bars(ticker, FRIDAY, "2025-03-11", "minute", market=scene.with_keys(None).market(), now=noon(MONDAY))


def test_many_days_are_not_fetched_for_a_question(scene: Scene) -> None:
    days = sessions(date(2025, 12, 1), date(2025, 12, 20))
    publish(scene, *days)
    with scene.proxied() as (proxy, near):
        with pytest.raises(NoBarsError, match=r"15 days of minutes are not here.*--dataset minute"):
            load_bars("XLK", days[0], "2025-12-20", "minute", market=near.market(), now=noon(days[-1]))
        assert proxy.requests == []


def test_days_that_a_plan_does_not_have_are_asked_for_once(scene: Scene) -> None:
    publish(scene, HALF_DAY)
    with scene.with_keys(PLAN).proxied() as (proxy, near):
        for ticker in ("XLK", "NA"):
            with pytest.raises(NoBarsError, match="missing, not entitled: 2025-11-28"):
                load_bars(ticker, HALF_DAY, "2025-11-29", "minute", market=near.market(), now=noon(HALF_DAY))
        assert len(proxy.requests) == 2


def test_minutes_by_period_of_many_tickers_and_of_a_day(scene: Scene) -> None:
    publish(scene, MONDAY)
    market, now = scene.market(), noon(MONDAY)
    scene.populate(dataset=MINUTE, start=MONDAY, end=MONDAY + timedelta(days=1), now=now)
    frame = get_smart_data("XLK", "2d", "1m", adjust="none", market=market, now=now)
    assert len(frame) == 4
    found = load_multiple_tickers(
        ["XLK", "NA", "NOSUCH"], MONDAY, "2025-03-11", "minute", adjust="none", market=market, now=now
    )
    assert {name: len(frame) for name, frame in dict(found).items()} == {"XLK": 4, "NA": 4}
    day = load_day_file(MONDAY, "minute", market=market, now=now)
    assert (len(day), set(day["ticker"])) == (16, {"XLK", "NA"})


def test_a_ticker_without_a_minute_is_told(scene: Scene) -> None:
    publish(scene, MONDAY)
    with pytest.raises(NoBarsError, match="no minutes of AAPL: the days that are here have none"):
        load_bars("AAPL", MONDAY, "2025-03-11", "minute", market=scene.market(), now=noon(MONDAY))

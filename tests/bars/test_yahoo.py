"""yfinance's own code over invented answers of Yahoo: raw bars with their actions, or an error that has a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest

from tests.bars.yahoo_chart import Chart, chart, yahoo_chart
from tickstock.bars.actions import Action
from tickstock.bars.adjust import adjust
from tickstock.bars.yahoo import Yahoo
from tickstock.errors import BadInputError, BusyError

# Thursday to Wednesday; a split 2:1 on Friday, a dividend of 1 dollar on Tuesday, and one of 2 on Thursday's shares.
DAYS = [date(2025, 12, 4), date(2025, 12, 5), date(2025, 12, 8), date(2025, 12, 9), date(2025, 12, 10)]
TODAY = date(2026, 1, 5)
EVENTS = {
    "splits": {DAYS[2]: {"numerator": 2.0, "denominator": 1.0}},
    "dividends": {DAYS[1]: {"amount": 1.0}, DAYS[3]: {"amount": 1.0}},
}
# Yahoo's closes are of today's shares; the adjusted ones by 1 - 1/100 for each dividend.
CLOSE: list[float | None] = [100.0, 101.0, 100.0, 99.0, 102.0]
ADJUSTED: list[float | None] = [98.01, 99.99, 99.0, 99.0, 102.0]


@pytest.fixture(name="yahoo")
def _yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chart]:
    with yahoo_chart(monkeypatch) as yahoo:
        yield yahoo


def xlk(kind: str = "ETF") -> dict[str, object]:
    return chart("XLK", DAYS, CLOSE, ADJUSTED, [10, 20, 30, 40, 50], EVENTS, kind)


def test_raw_bars_and_what_the_company_did(yahoo: Chart, tmp_path: Path) -> None:
    yahoo.answers["XLK"] = xlk()
    raw, actions = Yahoo(tmp_path).bars("XLK", DAYS[0], DAYS[4], TODAY)
    assert [stamp.date() for stamp in raw.index] == DAYS[:4]
    assert raw.index.name == "Date"
    assert raw["Close"].tolist() == [200.0, 202.0, 100.0, 99.0]
    assert raw["Open"].tolist() == [198.0, 200.0, 99.0, 98.0]
    assert raw["Volume"].tolist() == [5.0, 10.0, 30.0, 40.0]
    assert actions.source == "yfinance"
    assert actions.known_until == TODAY
    assert [action[:3] for action in actions.actions] == [(DAYS[1], 1.0, 2.0), (DAYS[2], 2.0, 0.0), (DAYS[3], 1.0, 1.0)]
    factors = [action.factor for action in actions.actions if action.dividend]
    assert factors == [pytest.approx(0.99), pytest.approx(0.99)]
    # The question reaches to today, whatever the end is: later splits change all of Yahoo's prices.
    assert float(yahoo.asked[-1][1]["period2"]) > 1767589200


def test_our_adjusting_gives_what_yahoo_gives(yahoo: Chart, tmp_path: Path) -> None:
    yahoo.answers["XLK"] = xlk()
    raw, actions = Yahoo(tmp_path).bars("XLK", DAYS[0], TODAY, TODAY)
    whole = Yahoo(tmp_path).whole("XLK", DAYS[0], TODAY, "1d")
    for column in ("Open", "High", "Low", "Close", "Volume"):
        assert adjust(raw, actions)[column].tolist() == pytest.approx(whole[column].tolist(), rel=2e-6)
    splits = Yahoo(tmp_path).whole("XLK", DAYS[0], TODAY, "1d", adjusted=False)
    assert adjust(raw, actions, "splits")["Close"].tolist() == splits["Close"].tolist() == CLOSE


def test_capital_gains_of_a_fund_are_paid_like_dividends(yahoo: Chart, tmp_path: Path) -> None:
    events = {"capitalGains": {DAYS[1]: {"amount": 5.0}}}
    yahoo.answers["FUND"] = chart("FUND", DAYS[:2], [100.0, 95.0], [95.0, 95.0], [1, 1], events, "MUTUALFUND")
    _, actions = Yahoo(tmp_path).bars("FUND", DAYS[0], TODAY, TODAY)
    assert actions.actions == (Action(DAYS[1], dividend=5.0, factor=0.95),)


def test_rows_without_numbers_are_no_bars(yahoo: Chart, tmp_path: Path) -> None:
    yahoo.answers["XLK"] = chart("XLK", DAYS[:3], [100.0, None, 101.0], [100.0, None, 101.0], [1, None, 2])
    raw, actions = Yahoo(tmp_path).bars("XLK", DAYS[0], TODAY, TODAY)
    assert raw["Close"].tolist() == [100.0, 101.0]
    assert actions.actions == ()


def test_yahoos_spelling_is_asked_for(yahoo: Chart, tmp_path: Path) -> None:
    yahoo.answers["BRK-B"] = chart("BRK-B", DAYS[:1], [500.0], [500.0], [1])
    assert Yahoo(tmp_path).bars("BRK.B", DAYS[0], TODAY, TODAY)[1].ticker == "BRK.B"


def test_minutes(yahoo: Chart, tmp_path: Path) -> None:
    yahoo.answers["XLK"] = chart("XLK", [DAYS[0]] * 2, [100.0, 101.0], [], [1, 2], at=[time(9, 30), time(9, 31)])
    frame = Yahoo(tmp_path).whole("XLK", DAYS[0], DAYS[1], "1m")
    assert str(frame.index[0]) == "2025-12-04 09:30:00-05:00"
    assert frame.index.name == "Datetime"


def test_an_unknown_ticker_is_an_error_and_no_empty_frame(yahoo: Chart, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="Yahoo tells nothing of NOSUCH: "):
        Yahoo(tmp_path).bars("NOSUCH", DAYS[0], TODAY, TODAY)
    assert yahoo.asked


def test_days_without_bars_are_an_error_with_yahoos_reason(yahoo: Chart, tmp_path: Path) -> None:
    yahoo.answers["XLK"] = xlk()
    Yahoo(tmp_path).bars("XLK", DAYS[0], TODAY, TODAY)  # from here on yfinance knows its time zone
    del yahoo.answers["XLK"]
    with pytest.raises(BadInputError, match=r"symbol may be delisted \(XLK\)"):
        Yahoo(tmp_path).bars("XLK", date(2025, 1, 1), TODAY, TODAY)


def test_too_many_questions_are_worth_a_retry(yahoo: Chart, tmp_path: Path) -> None:
    yahoo.answers["XLK"], yahoo.status = xlk(), 429
    with pytest.raises(BusyError, match="try again later"):
        Yahoo(tmp_path).bars("XLK", DAYS[0], TODAY, TODAY)


def test_no_network_is_worth_a_retry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with yahoo_chart(monkeypatch):
        pass  # it has gone again
    with pytest.raises(BusyError, match="Yahoo Finance does not answer for XLK"):
        Yahoo(tmp_path).bars("XLK", DAYS[0], TODAY, TODAY)


def test_an_unknown_interval_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected one of 1m, 2m"):
        Yahoo(tmp_path).whole("XLK", DAYS[0], TODAY, "2h")


def test_nothing_is_written_outside_of_the_folder_given(
    yahoo: Chart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    # A process keeps the cache that it began with; this test begins with none.
    monkeypatch.setattr("yfinance.cache._TzCacheManager._tz_cache", None)
    yahoo.answers["XLK"] = xlk()
    Yahoo(tmp_path / "cache").bars("XLK", DAYS[0], TODAY, TODAY)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert list((tmp_path / "cache").iterdir())

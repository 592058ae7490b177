"""One import changes and nothing else: from flat files of the bars on record, the frames that yfinance made of them."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yfinance

from tests.bars.flat_files import Row, day_file, minute_file, put
from tests.bars.test_frames import recorded
from tests.bars.yahoo_chart import NEW_YORK, Chart, chart, yahoo_chart
from tests.bars.yfinance_shapes import CLOSE, DAYS, END, MINUTES, START, VOLUME, answers, described
from tickstock.bars import yf
from tickstock.bars.drop_in import days_asked
from tickstock.market_settings import Market, Massive

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
NOW = datetime(2025, 12, 8, 18, tzinfo=NEW_YORK)


def bar(close: float, volume: float, shares: float = 1.0) -> Row:
    """As yahoo_chart's, of shares that were so many times larger."""
    return volume / shares, (close - 1) * shares, close * shares, (close + 1) * shares, (close - 2) * shares


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chart]:
    with yahoo_chart(monkeypatch) as found:
        answers(found)
        yield found


@pytest.fixture
def market(tmp_path: Path) -> Market:
    """An archive with the bars on record, as they were traded: before the split at twice the price."""
    archive = tmp_path / "archive"
    for number, day in enumerate(DAYS):
        rows = {"XLK": bar(CLOSE[number] or 0, VOLUME[number] or 0, 2.0 if day < DAYS[2] else 1.0)}
        if number:
            rows["AAPL"] = bar(CLOSE[number] or 0, VOLUME[number] or 0)
        put(archive, day, day_file(day, rows))
    prices = zip(MINUTES, (100.0, 101.0, 102.0), (1, 2, 3), strict=True)
    rows_of_minutes = [("XLK", at.hour, at.minute, bar(close, volume)) for at, close, volume in prices]
    put(archive / "minute", DAYS[0], minute_file(DAYS[0], rows_of_minutes))
    massive = Massive(credentials_file=tmp_path / "none")
    return Market(archive, tmp_path / "derived", str(tmp_path / "store"), tmp_path / "tickers", massive=massive)


Ask = Callable[[Market], pd.DataFrame]


def _history(ticker: str = "XLK", **options: Any) -> Ask:
    return lambda market: yf.Ticker(ticker).history(start=START, end=END, market=market, now=NOW, **options)


def _download(tickers: Any, **options: Any) -> Ask:
    return lambda market: yf.download(
        tickers, start=str(START), end=str(END), progress=False, threads=False, market=market, now=NOW, **options
    )


SAME: dict[str, Ask] = {
    "history_fund": _history(),
    "history_stock": _history("AAPL"),
    "history_not_adjusted": _history(auto_adjust=False),
    "download_one": _download("XLK"),
    "download_flat": _download(["XLK"], multi_level_index=False),
    "download_flat_not_adjusted": _download(["xlk"], multi_level_index=False, auto_adjust=False),
    "download_ragged": _download("XLK, AAPL"),
    "download_by_ticker": _download(["XLK", "AAPL"], group_by="ticker"),
    "download_not_adjusted": _download(("XLK", "AAPL"), auto_adjust=False),
    "download_failed": _download("XLK NOSUCH"),
    "download_all_failed": _download("NOSUCH"),
}


def same(ours: pd.DataFrame, theirs: dict[str, Any]) -> None:
    about, expected = described(ours), dict(theirs)
    values, wanted = about.pop("values"), expected.pop("values")
    assert about == expected
    np.testing.assert_allclose(np.array(values, dtype=float), np.array(wanted, dtype=float), rtol=1e-12)


@pytest.mark.parametrize("name", SAME)
def test_the_frame_is_the_one_on_record(name: str, market: Market, yahoo: Chart) -> None:
    same(SAME[name](market), recorded(name))


@pytest.mark.parametrize("name", ["minutes_history", "minutes_download"])
def test_minutes_are_those_on_record(name: str, market: Market, yahoo: Chart) -> None:
    yahoo.answers = {"XLK": chart("XLK", [*DAYS], CLOSE, CLOSE, VOLUME)}
    options: dict[str, Any] = {"interval": "1m", "start": DAYS[0], "end": DAYS[1], "market": market, "now": NOW}
    found = yf.Ticker("XLK").history(**options) if "history" in name else yf.download(["XLK"], **options)
    same(found, recorded(name))
    assert all(question["interval"] == "1d" for _, question in yahoo.asked)


@pytest.mark.parametrize(
    ("tickers", "options"),
    [
        ("XLK", {"actions": True}),
        ("XLK AAPL", {"actions": True}),
        ("XLK AAPL NOSUCH", {"actions": True, "auto_adjust": False}),
        ("XLK AAPL", {"actions": True, "group_by": "ticker"}),
        ("XLK", {"actions": True, "group_by": "ticker", "multi_level_index": False}),
        ("XLK AAPL", {"ignore_tz": False}),
        ("XLK", {"rounding": True}),
    ],
)
def test_the_frame_is_what_yfinance_gives_now(
    tickers: str, options: dict[str, Any], market: Market, yahoo: Chart
) -> None:
    theirs = yfinance.download(tickers, start=START, end=END, progress=False, threads=False, **options)
    same(_download(tickers, **options)(market), described(theirs))


@pytest.mark.parametrize("options", [{"actions": False}, {"rounding": True}, {"auto_adjust": False, "actions": False}])
def test_the_history_is_what_yfinance_gives_now(options: dict[str, Any], market: Market, yahoo: Chart) -> None:
    same(_history(**options)(market), described(yfinance.Ticker("XLK").history(start=START, end=END, **options)))


def test_prices_come_from_the_archive(market: Market, yahoo: Chart) -> None:
    yahoo.answers["AAPL"] = chart("AAPL", DAYS[1:], [1.0] * 4, [1.0] * 4, [1] * 4)
    frame = _history("AAPL")(market)
    assert frame["Close"].tolist() == CLOSE[1:]
    assert frame.attrs["source"] == "archive"
    assert frame.attrs["coverage"]["complete"]


def test_sessions_that_the_archive_lacks_are_yahoos_on_the_same_basis(market: Market, yahoo: Chart) -> None:
    (market.archive / f"{DAYS[0]}.csv.gz").unlink()
    frame = _history()(market)
    assert frame.attrs["sources"] == {"archive": 4, "yfinance": 1}
    same(frame, recorded("history_fund"))


def test_a_ticker_of_yahoo_alone_stands_beside_those_of_the_archive(market: Market, yahoo: Chart) -> None:
    yahoo.answers["^GSPC"] = chart("^GSPC", DAYS[:3], [10.0, 11.0, 12.0], [10.0, 11.0, 12.0], [1, 2, 3])
    theirs = yfinance.download("^GSPC XLK", start=START, end=END, progress=False, threads=False)
    same(_download("^GSPC XLK")(market), described(theirs))


def test_failed_tickers_are_empty_and_logged(
    market: Market, yahoo: Chart, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert _history("NOSUCH")(market).empty
        assert _download("XLK NOSUCH")(market)["Close"]["NOSUCH"].isna().all()
    assert "NOSUCH" in caplog.text


@pytest.mark.parametrize(
    "options",
    [{"interval": "1wk"}, {"prepost": True}, {"keepna": True}, {"back_adjust": True, "auto_adjust": False},
     {"period": "max"}, {"period": "18m"}, {"start": "2003-09-09", "end": "2003-09-12"},
     {"start": "2025-12-02", "period": "5d"}, {"start": datetime(2025, 11, 28, 12)}, {"start": "2025-12-03",
     "end": "2025-12-01"}],
)  # fmt: skip
def test_what_the_archive_cannot_answer_is_asked_of_yfinance(
    options: dict[str, Any], market: Market, yahoo: Chart
) -> None:
    yf.Ticker("AAPL").history(**options, market=market, now=NOW)
    last = yahoo.asked[-1][1]
    assert last["interval"] == options.get("interval", "1d")
    assert last["includePrePost"] == str(options.get("prepost", False)).lower()
    assert not (market.derived / "actions").exists()


@pytest.mark.parametrize(
    ("period", "start", "end", "days"),
    [
        (None, None, None, ("2025-11-08", "2025-12-09")),
        ("6mo", None, None, ("2025-06-08", "2025-12-09")),
        ("6MO", "", None, ("2025-06-08", "2025-12-09")),
        ("5d", None, None, ("2025-12-02", "2025-12-09")),
        ("ytd", None, None, ("2025-01-01", "2025-12-09")),
        (None, "2025-12-01", None, ("2025-12-01", "2025-12-09")),
        (None, None, "2025-12-01", ("2025-11-01", "2025-12-01")),
        (None, date(2025, 1, 2), datetime(2025, 2, 1), ("2025-01-02", "2025-02-01")),
        (None, "2025-12-01", "2030-01-01", ("2025-12-01", "2025-12-09")),
        ("30y", None, None, None),
        (None, "12/01/2025", None, None),
        (None, "2025-12-09", None, None),
        (None, 1764547200, None, None),
    ],
)
def test_days_are_those_that_yfinance_means(
    period: str | None, start: Any, end: Any, days: tuple[str, str] | None
) -> None:
    found = days_asked(period, start, end, NOW)
    assert (found and tuple(map(str, found))) == days


@pytest.mark.parametrize("name", ["download", "Ticker.history"])
def test_parameters_and_defaults_are_yfinances(name: str) -> None:
    ours, theirs = (
        inspect.signature(place.download if name == "download" else module.history)
        for place, module in ((yf, yf.Ticker), (yfinance, yfinance.scrapers.history.PriceHistory))
    )
    expected = [(one.name, one.default) for one in theirs.parameters.values()]
    found = [(one.name, one.default) for one in ours.parameters.values() if one.kind != one.KEYWORD_ONLY]
    assert found == expected


def test_everything_else_is_yfinances() -> None:
    assert {name for name in yfinance.__all__ if getattr(yf, name) is not getattr(yfinance, name)} == {
        "download", "Ticker"
    }  # fmt: skip
    assert isinstance(yf.Ticker("XLK"), yfinance.Ticker)
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        yf.nothing_of_the_kind  # noqa: B018

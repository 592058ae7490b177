"""The official package against a server that answers as the API does: bars, splits and dividends, or a plain error."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.bars.massive_api import DIVIDENDS, GROUPED, KEY, SPLITS, TICKERS, MassiveApi, massive_api
from tickstock.bars import massive_rest
from tickstock.bars.actions import Action
from tickstock.bars.massive_calls import Pace
from tickstock.bars.massive_rest import Details, MassiveRest
from tickstock.errors import BadInputError, BusyError, TickstockError, UnavailableError
from tickstock.market_settings import Massive

TODAY = date(2026, 1, 5)
BARS = "/v2/aggs/ticker/XLK/range/1/day/2025-12-04/2025-12-05"


@pytest.fixture(name="api")
def _api() -> Iterator[MassiveApi]:
    with massive_api() as api:
        yield api


def client(api: MassiveApi, key: str = KEY, calls_per_minute: int = 1000) -> MassiveRest:
    return MassiveRest(Massive(api=api.address, api_key=key), Pace(calls_per_minute))


def split(day: str, new: float, old: float, ticker: str = "XLK") -> dict[str, Any]:
    return {"adjustment_type": "forward_split", "execution_date": day, "historical_adjustment_factor": old / new,
            "id": f"s{day}", "split_from": old, "split_to": new, "ticker": ticker}  # fmt: skip


def dividend(day: str, cash: float, factor: float | None, **more: str) -> dict[str, Any]:
    return {"cash_amount": cash, "currency": "USD", "ex_dividend_date": day, "historical_adjustment_factor": factor,
            "id": f"d{day}", "ticker": "XLK", **more}  # fmt: skip


def test_raw_bars_by_the_days_of_new_york(api: MassiveApi) -> None:
    # Midnight in New York, in milliseconds: 05:00 UTC in winter.
    api.results[BARS] = [
        {"o": 290.0, "h": 292.5, "l": 289, "c": 291.07, "v": 1200345.25, "vw": 291, "t": 1764824400000, "n": 10},
        {"o": 146.21, "h": 147.31, "l": 145.69, "c": 146.6, "v": 6628000, "vw": 146, "t": 1764910800000, "n": 9},
    ]
    frame = client(api).bars("XLK", date(2025, 12, 4), date(2025, 12, 6))
    assert frame.index.name == "Date"
    assert [str(day.date()) for day in frame.index] == ["2025-12-04", "2025-12-05"]
    assert list(frame.columns) == ["Open", "High", "Low", "Close", "Volume"]
    assert set(frame.dtypes.astype(str)) == {"float64"}
    assert frame.to_numpy().tolist()[0] == [290.0, 292.5, 289.0, 291.07, 1200345.25]
    assert api.asked == [(BARS, {"adjusted": "false", "sort": "asc", "limit": "50000"})]


def test_no_bars_are_an_empty_frame(api: MassiveApi) -> None:
    frame = client(api).bars("XLK", date(2025, 12, 4), date(2025, 12, 6))
    assert frame.empty
    assert list(frame.columns) == ["Open", "High", "Low", "Close", "Volume"]


def test_splits_and_dividends(api: MassiveApi) -> None:
    api.results[SPLITS] = [
        split("2025-12-05", 2, 1), split("2025-12-05", 2, 1), split("2020-03-02", 1, 50), split("2026-02-02", 3, 1),
        split("2024-01-02", 4, 1, ticker="XLU"),
    ]  # fmt: skip
    api.results[DIVIDENDS] = [
        dividend("2025-12-22", 0.25, 0.998),
        dividend("2025-09-22", 0.40, 0.998 * 0.997),
        dividend("2025-06-23", 0.30, None),
        dividend("2025-03-24", 0.20, 0.99),
    ]
    found = client(api).actions("XLK", TODAY)
    assert found.source == "Massive REST"
    assert found.known_until == TODAY
    assert [(action.day, action.split, action.dividend) for action in found.actions] == [
        (date(2020, 3, 2), 0.02, 0.0),
        (date(2025, 3, 24), 1.0, 0.2),
        (date(2025, 6, 23), 1.0, 0.3),
        (date(2025, 9, 22), 1.0, 0.4),
        (date(2025, 12, 5), 2.0, 0.0),
        (date(2025, 12, 22), 1.0, 0.25),
    ]
    factors = [action.factor for action in found.actions if action.dividend]
    assert factors == [None, None, pytest.approx(0.997), 0.998]


def test_two_dividends_of_a_day_are_one_with_one_factor(api: MassiveApi) -> None:
    api.results[DIVIDENDS] = [dividend("2025-12-22", 0.25, 0.9, id="a"), dividend("2025-12-22", 0.75, 0.9, id="b")]
    assert client(api).actions("XLK", TODAY).actions == (Action(date(2025, 12, 22), dividend=1.0, factor=0.9),)


def test_every_page_is_read_and_each_is_a_call(api: MassiveApi) -> None:
    api.page = 2
    api.results[SPLITS] = [split(f"20{year}-01-02", 2, 1) for year in range(10, 15)]
    assert len(client(api).actions("XLK", TODAY).actions) == 5
    assert [path for path, _ in api.asked] == [SPLITS, SPLITS, SPLITS, DIVIDENDS]


def failure(status: int, body: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.mark.parametrize(
    ("status", "body", "error", "told"),
    [
        (401, {"error": "Unknown API Key"}, UnavailableError, "401 (Unknown API Key); expected a key that is valid"),
        (403, {"message": "You are not entitled"}, UnavailableError, "403 (You are not entitled); expected a plan"),
        (404, b"<html>", BadInputError, "404 (no reason told); expected a ticker"),
        (400, {"error": f"bad {KEY}"}, BadInputError, "400 (bad …)"),
        (200, b"<html>", TickstockError, "status None, expected OK; is MASSIVE_API_URL right?"),
        (200, {"status": "ERROR"}, TickstockError, "status 'ERROR', expected OK"),
        (200, [], TickstockError, "status None, expected OK"),
    ],
)
def test_a_refusal_is_told_and_never_taken_for_nothing(
    api: MassiveApi, status: int, body: Any, error: type[TickstockError], told: str
) -> None:
    api.failures = [failure(status, body)]
    with pytest.raises(TickstockError) as caught:
        client(api).actions("XLK", TODAY)
    assert type(caught.value) is error
    assert told in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(api.asked) == 1


def test_a_wrong_key_is_not_told(api: MassiveApi) -> None:
    with pytest.raises(UnavailableError, match="401") as caught:
        client(api, key="a-wrong-key").bars("XLK", date(2025, 12, 4), date(2025, 12, 6))
    assert "a-wrong-key" not in repr(caught.value)


def test_trouble_of_a_moment_is_waited_for(api: MassiveApi) -> None:
    api.failures = [failure(503, b""), failure(500, b"")]
    api.results[SPLITS] = [split("2025-12-05", 2, 1)]
    assert client(api).actions("XLK", TODAY).actions == (Action(date(2025, 12, 5), 2.0),)


def test_too_many_questions_are_asked_again_when_the_server_says(api: MassiveApi) -> None:
    api.failures = [(429, {"Retry-After": "1"}, b"{}")]
    start = time.monotonic()
    assert client(api).actions("XLK", TODAY).actions == ()
    assert time.monotonic() - start >= 1


def test_too_many_questions_for_too_long_are_an_error_worth_a_retry(api: MassiveApi) -> None:
    api.failures = [(429, {"Retry-After": "0"}, b'{"error": "exceeded the maximum requests per minute"}')] * 4
    with pytest.raises(BusyError, match="expected fewer calls a minute"):
        client(api).actions("XLK", TODAY)
    assert len(api.asked) == 4


def test_nobody_there_is_worth_a_retry() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        rest = MassiveRest(Massive(api=f"http://127.0.0.1:{free.getsockname()[1]}", api_key=KEY), Pace(1000))
        with pytest.raises(BusyError, match="not reachable"):
            rest.actions("XLK", TODAY)


def test_no_key_is_told_before_anything_is_asked(api: MassiveApi) -> None:
    with pytest.raises(UnavailableError, match="MASSIVE_API_KEY is not set"):
        client(api, key="")
    assert api.asked == []


def test_a_row_without_a_number_is_no_bar_and_no_split(api: MassiveApi) -> None:
    api.results[BARS] = [{"o": 1.0, "h": 1, "l": 1, "c": None, "v": 1, "t": 1764824400000}]
    with pytest.raises(TickstockError, match="bars of XLK have a gap"):
        client(api).bars("XLK", date(2025, 12, 4), date(2025, 12, 6))
    api.results[SPLITS] = [split("2025-12-05", 2, 1) | {"split_from": 0}]
    with pytest.raises(TickstockError, match="cannot be understood"):
        client(api).actions("XLK", TODAY)


def test_the_pace_holds_for_all_who_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    pace = Pace(3)
    for _ in range(3):
        pace.wait()
    assert slept == []
    pace.wait()
    assert slept == [pytest.approx(60, abs=1)]


class Noted:
    """A pace that lets everybody through at once, and notes how long each was to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, seconds: float = 0.0) -> None:
        self.waits.append(seconds)


def test_every_attempt_is_a_call_of_the_pace(api: MassiveApi) -> None:
    pace = Noted()
    rest = MassiveRest(Massive(api=api.address, api_key=KEY), pace)
    api.failures = [failure(503, b""), failure(500, b"", **{"Retry-After": "7"}), failure(429, b"")]
    api.results[DIVIDENDS] = [dividend("2025-12-22", 0.25, 0.998)]
    assert len(rest.actions("XLK", TODAY).actions) == 1
    # Four attempts of the first question, each after its pause or what the server asks for; then the second.
    assert pace.waits == [0.0, 0.5, 7.0, 2.0, 0.0]
    assert len(api.asked) == 5


@pytest.mark.parametrize(("told", "waited"), [("3600", 60.0), ("soon", 0.5), ("-5", 0.5)])
def test_no_server_makes_us_wait_for_more_than_a_minute(api: MassiveApi, told: str, waited: float) -> None:
    pace = Noted()
    api.failures = [failure(429, b"{}", **{"Retry-After": told})]
    MassiveRest(Massive(api=api.address, api_key=KEY), pace).actions("XLK", TODAY)
    assert pace.waits == [0.0, waited, 0.0]


def test_a_server_that_hangs_is_worth_a_retry(api: MassiveApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(massive_rest, "READ_TIMEOUT", 0.2)
    api.hangs = 5
    rest = MassiveRest(Massive(api=api.address, api_key=KEY), Noted())
    with pytest.raises(BusyError, match=r"not reachable .*timed out"):
        rest.details("AAPL")
    assert len(api.asked) == 4
    api.details["AAPL"] = {"name": "Apple Inc."}
    assert rest.details("AAPL") == Details("AAPL", "Apple Inc.")


def test_the_market_of_a_day_in_one_call(api: MassiveApi) -> None:
    day = date(2025, 12, 5)
    api.results[f"{GROUPED}/2025-12-05"] = [
        {"T": "BRK.B", "o": 500, "h": 505.5, "l": 499, "c": 504, "v": 3_000_000, "vw": 502, "t": 1764968400000, "n": 9},
        {"T": "BCpC", "o": 17.5, "h": 17.5, "l": 17.5, "c": 17.5, "v": 100.25, "t": 1764968400000},
    ]
    frame = client(api).grouped(day)
    assert {name: str(kind) for name, kind in frame.schema.items()} == {
        "ticker": "String", "date": "Date", **dict.fromkeys(("open", "high", "low", "close", "volume"), "Float64"),
    }  # fmt: skip
    assert frame.rows() == [
        ("BRK.B", day, 500.0, 505.5, 499.0, 504.0, 3000000.0),
        ("BCpC", day, 17.5, 17.5, 17.5, 17.5, 100.25),
    ]
    ((path, asked),) = api.asked
    assert path == f"{GROUPED}/2025-12-05"
    assert asked["adjusted"] == asked["include_otc"] == "false"


def test_a_holiday_has_no_market(api: MassiveApi) -> None:
    frame = client(api).grouped(date(2025, 12, 25))
    assert frame.is_empty()
    assert frame.columns == ["ticker", "date", "open", "high", "low", "close", "volume"]


@pytest.mark.parametrize("results", [None, "text", [1, 2], {"a": 1}])
def test_results_that_are_no_objects_are_no_answer(api: MassiveApi, results: Any) -> None:
    body = json.dumps({"status": "OK", "results": results}).encode()
    asks = (
        lambda: client(api).bars("XLK", date(2025, 12, 4), date(2025, 12, 6)),
        lambda: client(api).grouped(date(2025, 12, 5)),
    )
    for ask in asks:
        api.failures = [(200, {}, body)]
        with pytest.raises(TickstockError, match="results that cannot be understood"):
            ask()


@pytest.mark.parametrize("fault", [{"o": float("nan")}, {"h": float("inf")}, {"t": 1e30}])
def test_a_bar_of_no_numbers_is_none(api: MassiveApi, fault: dict[str, Any]) -> None:
    row = {"T": "XLK", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1, "t": 1764968400000}
    api.results["/v2/aggs/ticker/XLK/range/1/day/2025-12-05/2025-12-05"] = [row | fault]
    with pytest.raises(TickstockError, match="bars of XLK have a gap"):
        client(api).bars("XLK", date(2025, 12, 5), date(2025, 12, 6))


@pytest.mark.parametrize("gap", [{"c": None}, {"T": None}, {"v": "many"}, {"o": float("nan")}, {"v": float("inf")}])
def test_a_market_with_a_gap_is_none(api: MassiveApi, gap: dict[str, Any]) -> None:
    row = {"T": "XLK", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1, "t": 1764968400000}
    api.results[f"{GROUPED}/2025-12-05"] = [row, row | gap]
    with pytest.raises(TickstockError, match="bars of 2025-12-05 have a gap"):
        client(api).grouped(date(2025, 12, 5))


def test_raw_minutes_of_all_pages(api: MassiveApi) -> None:
    path = "/v2/aggs/ticker/XLK/range/1/minute/2025-12-04/2025-12-05"
    # 09:30 in New York is 14:30 UTC in winter.
    api.results[path] = [
        {"o": 290 + i, "h": 292, "l": 289, "c": 291, "v": 10.5, "t": 1764858600000 + 60_000 * i} for i in range(5)
    ]
    api.page = 2
    frame = client(api).minute_bars("XLK", date(2025, 12, 4), date(2025, 12, 6))
    assert frame.columns == ["timestamp", "open", "high", "low", "close", "volume"]
    assert frame["timestamp"][0] == datetime(2025, 12, 4, 14, 30, tzinfo=UTC)
    assert frame["timestamp"][4] == datetime(2025, 12, 4, 14, 34, tzinfo=UTC)
    assert frame["open"].to_list() == [290.0, 291.0, 292.0, 293.0, 294.0]
    assert [path for path, _ in api.asked] == [path, path, path]
    assert api.asked[0][1] == {"adjusted": "false", "sort": "asc", "limit": "50000"}


def test_no_minutes_are_an_empty_frame(api: MassiveApi) -> None:
    frame = client(api).minute_bars("XLK", date(2025, 12, 4), date(2025, 12, 6))
    assert frame.is_empty()
    assert str(frame.schema["timestamp"]) == "Datetime(time_unit='us', time_zone='UTC')"


def test_the_details_of_a_stock_and_of_a_fund(api: MassiveApi) -> None:
    api.details["AAPL"] = {
        "name": "Apple Inc.", "market": "stocks", "type": "CS", "primary_exchange": "XNAS", "market_cap": 3.1e12,
        "sic_description": "ELECTRONIC COMPUTERS", "active": True, "list_date": "1980-12-12", "new_key": 1,
        "address": {"city": "CUPERTINO"}, "branding": {"icon_url": "https://api.massive.com/icon.png"},
    }  # fmt: skip
    api.details["BRK.B"] = {"name": " ", "type": "CS", "active": False, "market_cap": 0}
    rest = client(api)
    assert rest.details("AAPL") == Details("AAPL", "Apple Inc.", "CS", "XNAS", 3.1e12, "ELECTRONIC COMPUTERS", True)
    assert rest.details("BRK.B") == Details("BRK.B", type="CS", active=False)


def test_a_ticker_that_is_not_known_has_no_details(api: MassiveApi) -> None:
    assert client(api).details("APPL") is None


def test_a_404_of_another_server_says_nothing_of_tickers(api: MassiveApi) -> None:
    api.failures = [failure(404, b"<html>")]
    with pytest.raises(BadInputError, match="404"):
        client(api).details("AAPL")


def test_details_that_are_none_are_told(api: MassiveApi) -> None:
    api.details["AAPL"] = {"market_cap": "much"}
    with pytest.raises(TickstockError, match="details of AAPL cannot be understood"):
        client(api).details("AAPL")


def test_the_list_of_tickers_page_by_page(api: MassiveApi) -> None:
    api.page = 2
    api.results[TICKERS] = [
        {"ticker": "AAPL", "name": "Apple Inc.", "type": "CS", "primary_exchange": "XNAS", "active": True},
        {"ticker": "SPY", "name": "SPDR S&P 500 ETF Trust", "type": "ETF", "primary_exchange": "ARCX", "active": True},
        {"ticker": "ZVZZT"},
    ]
    assert list(client(api).tickers()) == [
        Details("AAPL", "Apple Inc.", "CS", "XNAS", active=True),
        Details("SPY", "SPDR S&P 500 ETF Trust", "ETF", "ARCX", active=True),
        Details("ZVZZT"),
    ]
    assert [path for path, _ in api.asked] == [TICKERS, TICKERS]
    assert api.asked[0][1] == {
        "market": "stocks", "active": "true", "limit": "1000", "sort": "ticker", "order": "asc",
    }  # fmt: skip

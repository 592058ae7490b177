"""The official package against a server that answers as the API does: bars, splits and dividends, or a plain error."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.bars.massive_api import DIVIDENDS, KEY, SPLITS, MassiveApi, massive_api
from tickstock.bars.actions import Action
from tickstock.bars.massive_calls import Pace
from tickstock.bars.massive_rest import MassiveRest
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

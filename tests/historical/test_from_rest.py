"""What the archive lacks comes from Massive's REST API, with as few calls as can be, and each is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any

import pytest

from tests.bars.massive_api import GROUPED, KEY, MassiveApi, massive_api
from tests.bars.scene import DAYS, Scene
from tests.historical.conftest import ASK
from tests.stored import query
from tickstock.bars.sessions import NEW_YORK
from tickstock.db import Connection
from tickstock.errors import BusyError
from tickstock.historical.job_orders import retry_job, start_job
from tickstock.historical.jobs import Job, read_job, read_results
from tickstock.historical.running import run_job
from tickstock.historical.work import Means, StoppedError

Run = Callable[..., Job]
LAST = DAYS[-2:]  # the days that the bucket does not have
AGGREGATES = "/v2/aggs/ticker/{}/range/1/day/2025-12-09/2025-12-10"
CALLS = 1000  # a minute: these tests do not wait


@pytest.fixture
def api(scene: Scene) -> Iterator[MassiveApi]:
    scene.publish(DAYS[:-2])
    with massive_api() as api:
        for number, ticker in enumerate(("AAPL", "MSFT", "XLK"), 1):
            rows = [bar(day, 100 * number + place) for place, day in enumerate(LAST)]
            api.results[AGGREGATES.format(ticker)] = rows
            for day, row in zip(LAST, rows, strict=True):
                api.results.setdefault(f"{GROUPED}/{day}", []).append({"T": ticker, **row})
        yield api


@pytest.fixture
def with_rest(means: Means, api: MassiveApi) -> Means:
    massive = means.market.massive._replace(api=api.address, api_key=KEY, calls_per_minute=CALLS)
    return means._replace(market=means.market._replace(massive=massive))


def bar(day: date, price: float) -> dict[str, Any]:
    stamp = int(datetime.combine(day, time(), NEW_YORK).timestamp()) * 1000
    return {"o": price, "h": price + 2, "l": price - 1, "c": price + 1, "v": 1234.5, "n": 7, "t": stamp}


def of_bars(api: MassiveApi) -> list[str]:
    return [path for path, _ in api.asked if path.startswith("/v2/aggs")]


def stored(witness: Connection, symbol: str) -> list[tuple[Any, ...]]:
    return query(
        witness,
        "SELECT date, open, high, low, close, volume FROM ohlcv_daily WHERE symbol = %s AND date >= %s ORDER BY 1",
        symbol,
        LAST[0],
    )


def test_two_symbols_and_two_days_are_asked_for_by_symbol(
    run: Run, with_rest: Means, api: MassiveApi, witness: Connection
) -> None:
    job = run(with_rest)
    assert (job.state, job.bars, job.reason) == ("done", 34, None)
    assert of_bars(api) == [AGGREGATES.format("AAPL"), AGGREGATES.format("XLK")]
    assert stored(witness, "XLK") == [
        (date(2025, 12, 9), 300, 302, 299, 301, 1234.5), (date(2025, 12, 10), 301, 303, 300, 302, 1234.5),
    ]  # fmt: skip


def test_a_bar_that_is_told_twice_is_stored_once(run: Run, with_rest: Means, api: MassiveApi) -> None:
    for told in (api.results[AGGREGATES.format("AAPL")], api.results[f"{GROUPED}/{LAST[0]}"]):
        told.append(told[0])
    assert run(with_rest).bars == 34
    assert run(with_rest, symbols=("AAPL", "MSFT", "XLK")).bars == 36


def test_more_symbols_than_days_are_asked_for_by_day(
    run: Run, with_rest: Means, api: MassiveApi, witness: Connection
) -> None:
    job = run(with_rest, symbols=("AAPL", "MSFT", "XLK"))
    assert of_bars(api) == [f"{GROUPED}/2025-12-09", f"{GROUPED}/2025-12-10"]
    assert [(one.symbol, one.bars) for one in read_results(witness, job.id)] == [
        ("AAPL", 17), ("MSFT", 2), ("XLK", 17),
    ]  # fmt: skip
    assert stored(witness, "MSFT")[0] == (date(2025, 12, 9), 200, 202, 199, 201, 1234.5)


def test_a_symbol_that_nobody_has_says_so(run: Run, with_rest: Means, witness: Connection) -> None:
    job = run(with_rest, symbols=("AAPL", "NOSUCH"))
    reasons = {one.symbol: one.reason for one in read_results(witness, job.id)}
    assert reasons == {
        "AAPL": None,
        "NOSUCH": "neither the archive nor Massive's REST API has a bar from 2025-12-09 to 2025-12-10",
    }


@pytest.mark.parametrize("symbols", [("AAPL", "XLK"), ("AAPL", "MSFT", "XLK")], ids=["by symbol", "by day"])
def test_a_job_that_goes_on_asks_nothing_twice(
    with_rest: Means, api: MassiveApi, connection: Connection, symbols: tuple[str, ...]
) -> None:
    job = start_job(connection, ASK._replace(symbols=symbols))
    with_first = with_rest._replace(stopped=lambda: len(of_bars(api)) == 1)
    with pytest.raises(StoppedError):
        run_job(with_first, job)
    run_job(with_rest, job)
    asked = of_bars(api)
    assert len(asked) == len(set(asked)) == 2
    assert read_job(connection, job).state == "done"


def test_an_api_in_trouble_gives_the_job_back_and_keeps_what_is_stored(
    with_rest: Means, api: MassiveApi, connection: Connection, witness: Connection
) -> None:
    job = start_job(connection, ASK)
    api.failures = [(500, {}, b"{}")] * 10
    with pytest.raises(BusyError, match="answers 500"):
        run_job(with_rest, job)
    found = read_job(witness, job)
    assert found.state == "waiting"
    assert found.reason is not None
    assert "answers 500" in found.reason
    assert query(witness, "SELECT count(*) FROM ohlcv_daily") == [(30,)]
    api.failures = []
    run_job(with_rest, job)
    assert read_job(witness, job).bars == 34


def test_a_refused_key_leaves_what_the_archive_has(run: Run, with_rest: Means) -> None:
    massive = with_rest.market.massive._replace(api_key="another")
    job = run(with_rest._replace(market=with_rest.market._replace(massive=massive)))
    assert (job.state, job.bars) == ("done", 30)
    assert job.reason is not None
    assert "MASSIVE_API_KEY" in job.reason


def test_days_that_come_later_are_loaded_by_trying_again(
    run: Run, scene: Scene, means: Means, api: MassiveApi, connection: Connection
) -> None:
    job = run()
    assert job.bars == 30
    scene.publish()
    retry_job(connection, job.id)
    _forget_pauses()
    run_job(means, job.id)
    found = read_job(connection, job.id)
    assert (found.bars, found.reason) == (34, None)


def test_what_massive_tells_of_a_symbol_is_kept(
    run: Run, with_rest: Means, api: MassiveApi, witness: Connection
) -> None:
    api.details["AAPL"] = {
        "name": "Apple Inc.", "type": "CS", "primary_exchange": "XNAS", "market_cap": 3.1e12, "active": True,
    }  # fmt: skip
    api.details["XLK"] = {
        "name": "State Street Technology Select Sector SPDR ETF", "type": "ETF", "primary_exchange": "ARCX",
    }  # fmt: skip
    run(with_rest)
    assert query(
        witness, "SELECT symbol, type, name, exchange, market_cap, etf_type, issuer IS NULL FROM symbols ORDER BY 1"
    ) == [
        ("AAPL", "CS", "Apple Inc.", "XNAS", 3_100_000_000_000, None, True),
        ("XLK", "ETF", "State Street Technology Select Sector SPDR ETF", "ARCX", None, "sector", False),
    ]


def _forget_pauses() -> None:
    """As a minute later: days that could not be had are left alone for so long."""
    from tickstock.bars.gather import refused, silent

    refused.clear()
    silent.clear()

"""The whole way of the historical data in Chromium: choose, start, watch, organise, verify.

The worker is real, and so are the S3 server, the database and the application; the REST API is a stand-in that counts
the calls of a minute, fails each seventh time and once sends everybody away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.bars.massive_api import GROUPED, KEY, MassiveApi, massive_api
from tests.bars.s3_server import FlatFiles
from tests.bars.scene import Scene
from tests.conftest import load_script, uri_with_password
from tests.historical.workers import working
from tests.put import put_group, put_sector
from tests.stored import query
from tests.web import historical_page as steps
from tests.web.conftest import MakeApp, served
from tests.web.test_browser import PASSWORD, browser, page
from tests.web.test_browser_historical import log_in
from tickstock.bars.sessions import FIRST_DAY, NEW_YORK, first_not_expected, new_york_now, period_start, sessions
from tickstock.db import Connection, Database
from tickstock.historical.cache_control import CacheControl
from tickstock.web.secrets_file import set_password

__all__ = ["browser", "page"]

SECTORS = (
    "communication_services", "consumer_discretionary", "consumer_staples", "energy", "financials", "health_care",
    "industrials", "information_technology", "materials", "real_estate", "utilities",
)  # fmt: skip
# Two stocks a sector, the first of each worth 1,000 billion dollars less a bit, the other 5 billion and a bit.
STOCKS = {f"{letter}{end}": sector for letter, sector in zip("ABCDEFGHIJK", SECTORS, strict=True) for end in "XY"}
CAPS = {
    symbol: (1e12 - 1e9 * place if symbol.endswith("X") else 5e9 + 1e8 * place) for place, symbol in enumerate(STOCKS)
}
FUNDS = {"SPY": "SPDR S&P 500 ETF Trust", "XLK": "The Technology Select Sector SPDR Fund"}
CALLS = 200

# The seed's three questions, as printed there.
COUNTS = "SELECT type, name, COUNT(*) as count FROM cache_entries GROUP BY type, name ORDER BY type, name;"
BANDS = (
    "SELECT key, jsonb_extract_path_text(value::jsonb, 'count') as stock_count FROM cache_entries"
    " WHERE type = 'stock_universe' AND name = 'market_cap';"
)
THEMES = "SELECT name, jsonb_array_length(value::jsonb) as ticker_count FROM cache_entries WHERE type = 'themes';"


@pytest.fixture
def days() -> list[date]:
    """The sessions of the month that the page asks for: back from the last one whose data is due."""
    end = first_not_expected(new_york_now())
    return sessions(period_start("1mo", sessions(FIRST_DAY, end)[-1]), end)


@pytest.fixture
def scene(tmp_path: Path, bucket: FlatFiles, days: list[date]) -> Scene:
    """A bucket without the last two of these days."""
    scene = Scene(tmp_path / "market", bucket)
    scene.publish(days[:-2], [*STOCKS, *FUNDS])
    return scene


@pytest.fixture
def api(days: list[date]) -> Iterator[MassiveApi]:
    with massive_api() as api:
        for symbol, cap in CAPS.items():
            api.details[symbol] = {"name": f"{symbol} Inc.", "type": "CS", "market_cap": cap}
        for symbol, name in FUNDS.items():
            api.details[symbol] = {"name": name, "type": "ETF"}
        for day in days[-2:]:
            api.results[f"{GROUPED}/{day}"] = [bar(symbol, day) for symbol in STOCKS]
        # Of two symbols and two days the symbols are asked for.
        for symbol in FUNDS:
            path = f"/v2/aggs/ticker/{symbol}/range/1/day/{days[-2]}/{days[-1]}"
            api.results[path] = [bar(symbol, day) for day in days[-2:]]
        api.limit, api.fails_each = CALLS, 7
        api.failures = [(429, {"Retry-After": "1"}, b'{"error": "exceeded the maximum requests per minute"}')]
        yield api


def bar(symbol: str, day: date) -> dict[str, Any]:
    stamp = int(datetime.combine(day, time(), NEW_YORK).timestamp()) * 1000
    return {"T": symbol, "o": 10, "h": 12, "l": 9, "c": 11, "v": 1000.25, "t": stamp}


@pytest.fixture
def groups(stored: Connection) -> Connection:
    """What the application's tests have (SPY and some stocks among it), and the universe of the stocks above."""
    witness = stored
    for symbol, sector in STOCKS.items():
        put_sector(witness, symbol, sector, industry="Regional Banks" if sector == "financials" else "Machinery")
    put_group(witness, "UNIVERSE", "leaders", list(STOCKS))
    put_group(witness, "THEME", "ai", ["HX", "HY"])
    put_group(witness, "ETF", "XLK", {"HX": 60, "HY": 40}, FUNDS["XLK"])
    query(witness, "INSERT INTO cache_entries (type, name, key, value) VALUES ('app_settings', 'ui', 'dark', 'true')")
    return witness


@pytest.fixture
def address(make_app: MakeApp, secrets_path: Path, groups: Connection) -> Iterator[str]:
    set_password(secrets_path, PASSWORD)
    with served(make_app()) as found:
        yield found


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_choose_start_watch_organise_verify(
    page: Page, scene: Scene, api: MassiveApi, database: Database, groups: Connection, days: list[date],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    rest = {"MASSIVE_API_URL": api.address, "MASSIVE_API_KEY": KEY, "MASSIVE_CALLS_PER_MINUTE": str(CALLS)}
    with working(scene, database, "today", **rest):
        log_in(page)
        steps.choose_universe(page, "UNIVERSE leaders", years="1mo", priority="high")
        stocks = steps.start(page)
        steps.wait_for_state(page, stocks, "done", 60)
        steps.type_symbols(page, "SPY, xlk", years="1mo")
        funds = steps.start(page)
        steps.wait_for_state(page, funds, "done", 60)
    assert query(groups, "SELECT state, bars, reason FROM load_jobs ORDER BY id") == [
        ("done", 22 * len(days), None), ("done", 2 * len(days), None),
    ]  # fmt: skip
    assert query(groups, "SELECT count(*), count(DISTINCT (symbol, date)) FROM ohlcv_daily") == [(24 * len(days),) * 2]
    assert query(groups, "SELECT DISTINCT volume FROM ohlcv_daily WHERE date = %s", days[-1]) == [(1000.25,)]
    assert api.refused == 0

    steps.organise(page)
    expect(page.locator("main")).to_contain_text("in replace mode")
    verify(database, groups, monkeypatch, capsys)


def verify(
    database: Database, groups: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The seed's checklist: its script, its questions, and an application that starts."""
    monkeypatch.setenv("DATABASE_URI", uri_with_password(database))
    assert load_script("maint_read_stock_cache_entries").main(["--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {check["status"] for check in told["checks"]} <= {"pass", "warn"}
    assert ("stock_universe", "market_leaders", 5) in query(groups, COUNTS)
    assert dict(query(groups, BANDS)) == {
        "mega_cap": "11", "large_cap": "0", "mid_cap": "11", "small_cap": "0", "micro_cap": "0",
    }  # fmt: skip
    assert sorted(query(groups, THEMES)) == [("AI", 2), ("Chips", 1)]
    assert query(groups, "SELECT symbol, etf_type, issuer IS NOT NULL FROM symbols WHERE type = 'ETF' ORDER BY 1") == [
        ("SPY", "broad_market", True), ("XLK", "sector", True),
    ]  # fmt: skip
    loaded = CacheControl(database).load()
    assert loaded.get("app_settings", "ui", "dark") is True
    leaders = loaded.get("stock_universe", "market_leaders", "top_10_stocks")["stocks"]
    assert leaders == tuple(symbol for symbol in STOCKS if symbol.endswith("X"))[:10]

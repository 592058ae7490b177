"""Rows of symbols: who tells what, and that nothing that is known is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.bars.massive_api import KEY, TICKERS, MassiveApi, massive_api
from tests.put import put_group, put_sector
from tests.stored import query
from tickstock.bars.massive_rest import MassiveRest
from tickstock.db import Connection, Database
from tickstock.errors import TickstockError
from tickstock.historical import reference
from tickstock.historical.reference import NO_TICKER, NOT_TRADED, ensure_symbol_exists, ensure_symbols_exist
from tickstock.market_settings import Massive
from tickstock.relationships.queries.names import use_environment

APPLE = {"name": "Apple Inc.", "type": "CS", "primary_exchange": "XNAS", "market_cap": 3100000000000.5, "active": True,
         "sic_description": "ELECTRONIC COMPUTERS"}  # fmt: skip

WORKER = """
import json, sys
from tickstock.bars.massive_rest import MassiveRest
from tickstock.db import Database
from tickstock.historical.pace import SharedPace
from tickstock.historical.reference import ensure_symbols_exist
from tickstock.market_settings import Massive
database = Database(json.loads(sys.argv[1]), "worker")
rest = MassiveRest(Massive(api=sys.argv[2], api_key=sys.argv[3]), SharedPace(database, 2))
ensure_symbols_exist(database.connect(), ["AAPL", "MSFT", "NVDA"], rest)
"""


class Open:
    """A pace that lets everybody through, until ``left`` calls are made; then it raises ``error``."""

    def __init__(self, left: int = 1_000_000, error: Exception | None = None) -> None:
        self.left, self.error = left, error

    def wait(self, seconds: float = 0.0) -> None:
        if self.left == 0 and self.error:
            raise self.error
        self.left -= 1


@pytest.fixture(name="api")
def _api() -> Iterator[MassiveApi]:
    with massive_api() as api:
        yield api


@pytest.fixture(name="rest")
def _rest(api: MassiveApi) -> MassiveRest:
    return rest_of(api, Open())


def rest_of(api: MassiveApi, pace: Open) -> MassiveRest:
    return MassiveRest(Massive(api=api.address, api_key=KEY), pace)


@pytest.fixture(name="groups")
def _groups(connection: Connection) -> Connection:
    """AAPL and MSFT in a sector, NVDA in none, XLK a fund that SPY holds too."""
    put_group(connection, "ETF", "XLK", {"AAPL": "20", "MSFT": "15"}, "Technology Select Sector SPDR Fund")
    put_group(connection, "ETF", "SPY", {"AAPL": "6", "MSFT": "7", "NVDA": "8", "XLK": None})
    put_sector(connection, "AAPL", "information_technology", name="Apple", industry="Technology Hardware")
    put_sector(connection, "MSFT", "information_technology", name="Microsoft", industry="Systems Software")
    put_sector(connection, "NVDA", "unknown", name="NVIDIA", industry="Unknown")
    return connection


def row(connection: Connection, symbol: str, *columns: str) -> tuple[Any, ...]:
    ((*found,),) = query(connection, f"SELECT {', '.join(columns)} FROM symbols WHERE symbol = %s", symbol)
    return tuple(found)


def asked(api: MassiveApi) -> list[str]:
    return [path.removeprefix(f"{TICKERS}/") for path, _ in api.asked]


def test_groups_alone_make_rows(groups: Connection, witness: Connection) -> None:
    done = ensure_symbols_exist(groups, ["AAPL", "NVDA", "XLK", "SPY", "APPL"])
    assert done == (("AAPL", "NVDA", "XLK", "SPY"), ("APPL",), {})
    columns = "symbol, type, name, sector, industry, etf_type, issuer, exchange, market_cap, aum, source"
    assert query(witness, f"SELECT {columns} FROM symbols ORDER BY symbol") == [
        ("AAPL", None, "Apple", "information_technology", "Technology Hardware", *[None] * 5, "groups"),
        ("NVDA", None, "NVIDIA", *[None] * 7, "groups"),
        # Its group has no name; SPY is known.
        ("SPY", "ETF", None, None, None, "broad_market", *[None] * 4, "groups"),
        ("XLK", "ETF", "Technology Select Sector SPDR Fund", None, None, "sector", "State Street",
         None, None, None, "groups"),
    ]  # fmt: skip


def test_a_second_time_writes_nothing(groups: Connection, witness: Connection) -> None:
    symbols = ["AAPL", "NVDA", "XLK", "SPY"]
    ensure_symbols_exist(groups, symbols)
    before = query(witness, "SELECT xmin::text, ctid::text FROM symbols ORDER BY symbol")
    assert ensure_symbols_exist(groups, symbols).created == ()
    assert query(witness, "SELECT xmin::text, ctid::text FROM symbols ORDER BY symbol") == before


def test_only_groups_of_the_environment_count(groups: Connection) -> None:
    put_group(groups, "THEME", "space", ["RKLB"], environment="TEST")
    assert ensure_symbols_exist(groups, ["RKLB"]).unknown == ("RKLB",)
    use_environment(groups, "TEST")
    assert ensure_symbols_exist(groups, ["RKLB"]).created == ("RKLB",)


@pytest.mark.parametrize(("table", "time"), [("ohlcv_daily", "2025-12-05"), ("ohlcv_minute", "2025-12-05 14:30Z")])
def test_what_nobody_knows_has_a_row_once_it_has_a_bar(
    connection: Connection, witness: Connection, table: str, time: str
) -> None:
    assert not ensure_symbol_exists(connection, "ZZZZ")
    for timeframe in ("day", "minute"):
        query(connection, "SELECT ensure_bar_partitions(%s, '2025-12-01', '2025-12-31')", timeframe)
    query(connection, f"INSERT INTO {table} VALUES ('ZZZZ', %s, 1, 1, 1, 1, 1)", time)
    assert ensure_symbol_exists(connection, "ZZZZ")
    assert row(witness, "ZZZZ", "name", "type", "source") == (None, None, "bars")
    put_sector(connection, "ZZZZ", "energy", name="Zed")
    ensure_symbol_exists(connection, "ZZZZ")
    assert row(witness, "ZZZZ", "name", "sector", "source") == ("Zed", "energy", "groups")


def test_massive_completes_what_groups_know(
    groups: Connection, witness: Connection, api: MassiveApi, rest: MassiveRest
) -> None:
    api.details = {
        "AAPL": APPLE,
        "SNOW": {"name": "Snowflake Inc.", "type": "CS", "sic_description": "SERVICES-PREPACKAGED SOFTWARE"},
        "XLK": {"name": "State Street Technology Select Sector SPDR ETF", "type": "ETF", "primary_exchange": "ARCX"},
        "GLD": {"name": "SPDR Gold Shares", "type": "ETV"},
    }  # fmt: skip
    done = ensure_symbols_exist(groups, ["AAPL", "SNOW", "XLK", "GLD", "APPL", "MSFT"], rest)
    assert done == (
        ("AAPL", "SNOW", "XLK", "GLD", "MSFT"), ("APPL",), {"APPL": NO_TICKER, "MSFT": NO_TICKER},
    )  # fmt: skip
    columns = ("type", "name", "exchange", "market_cap", "sector", "industry", "etf_type", "issuer", "active", "source")
    assert row(witness, "AAPL", *columns) == (
        "CS", "Apple Inc.", "XNAS", Decimal("3100000000000.5"), "information_technology", "Technology Hardware",
        None, None, True, "massive",
    )  # fmt: skip
    assert row(witness, "SNOW", "type", "sector", "industry") == ("CS", None, "SERVICES-PREPACKAGED SOFTWARE")
    assert row(witness, "XLK", "type", "name", "etf_type", "issuer") == (
        "ETF", "State Street Technology Select Sector SPDR ETF", "sector", "State Street",
    )  # fmt: skip
    assert row(witness, "GLD", "type", "etf_type", "source") == ("ETF", "commodity", "massive")
    assert row(witness, "MSFT", "type", "source") == (None, "groups")


@pytest.mark.parametrize("code", ["ETF", "ETN", "ETV", "ETS", "FUND"])
def test_every_code_of_a_fund_is_a_fund(
    connection: Connection, api: MassiveApi, rest: MassiveRest, code: str
) -> None:
    api.details = {"ABCD": {"type": code}}
    assert ensure_symbol_exists(connection, "ABCD", rest)
    assert row(connection, "ABCD", "type", "etf_type", "issuer") == ("ETF", "other", None)


def test_a_fund_by_its_group_and_by_its_name(groups: Connection, api: MassiveApi, rest: MassiveRest) -> None:
    api.details = {
        "SPY": {"type": "CS"}, "IWM": {"name": "iShares Russell 2000 ETF"},
        "WT": {"name": "WisdomTree, Inc."}, "ARM": {"type": "ADRC", "name": "Spdr-like Holdings"},
    }  # fmt: skip
    ensure_symbols_exist(groups, ["SPY", "IWM", "WT", "ARM"], rest)
    assert query(groups, "SELECT symbol, type, etf_type FROM symbols ORDER BY 1") == [
        ("ARM", "ADRC", None), ("IWM", "ETF", "broad_market"), ("SPY", "ETF", "broad_market"), ("WT", None, None),
    ]  # fmt: skip


def test_nothing_known_gives_way_to_nothing(
    groups: Connection, witness: Connection, api: MassiveApi, rest: MassiveRest
) -> None:
    columns = "symbol, type, name, exchange, market_cap, sector, industry, etf_type, issuer, aum, expense_ratio, active"
    known = [
        ("AAPL", "CS", "A", "XNAS", 3, "energy", "B", None, None, None, None, True),
        ("VNQ", "ETF", None, "ARCX", 5, "real_estate", "C", "sector", "D", 7, Decimal("0.2"), False),
    ]
    for one in known:
        query(groups, f"INSERT INTO symbols ({columns}, source) VALUES ({'%s, ' * 12} NULL)", *one)
    put_group(groups, "ETF", "VNQ", ["AAPL"])
    query(groups, "UPDATE group_memberships SET metadata = '{}' WHERE metadata ? 'name'")
    query(groups, "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id AND type = 'SECTOR'")
    api.details = {"AAPL": {}, "VNQ": {}}
    for source, told in ((None, "groups"), (rest, "massive")):
        ensure_symbols_exist(groups, ["AAPL", "VNQ"], source)
        assert query(witness, f"SELECT {columns} FROM symbols ORDER BY 1") == known
        assert query(witness, "SELECT DISTINCT source FROM symbols") == [(told,)]


def test_massives_name_stays_and_a_sector_follows_its_group(
    groups: Connection, api: MassiveApi, rest: MassiveRest
) -> None:
    api.details = {"AAPL": APPLE}
    ensure_symbol_exists(groups, "AAPL", rest)
    ensure_symbol_exists(groups, "MSFT")
    query(groups, "UPDATE group_memberships SET group_id = (SELECT id FROM definition_groups WHERE name = 'energy'),"
                  " metadata = metadata || '{\"name\": \"New\"}' WHERE metadata ? 'name'")  # fmt: skip
    ensure_symbols_exist(groups, ["AAPL", "MSFT"])
    assert row(groups, "AAPL", "name", "sector") == ("Apple Inc.", "energy")
    assert row(groups, "MSFT", "name", "sector") == ("New", "energy")


def test_massive_is_asked_once_a_week(groups: Connection, api: MassiveApi, rest: MassiveRest) -> None:
    api.details = {"AAPL": APPLE}
    for _ in range(2):
        ensure_symbols_exist(groups, ["AAPL", "MSFT", "APPL"], rest)
    # MSFT has a row, which says that it was asked for; APPL has none.
    assert asked(api) == ["AAPL", "MSFT", "APPL", "APPL"]
    api.asked.clear()
    query(groups, "UPDATE symbols SET asked_at = now() - interval '8 days' WHERE symbol = 'AAPL'")
    api.details["AAPL"] = APPLE | {"market_cap": 4e12}
    ensure_symbols_exist(groups, ["AAPL", "MSFT"], rest)
    assert asked(api) == ["AAPL"]
    assert row(groups, "AAPL", "market_cap") == (Decimal(4_000_000_000_000),)


def test_who_weighs_most_is_asked_for_first_and_progress_is_told(
    groups: Connection, api: MassiveApi, rest: MassiveRest
) -> None:
    told: list[tuple[int, int]] = []
    ensure_symbols_exist(groups, ["ZZZZ", "NVDA", "MSFT", "AAPL"], rest, lambda done, of: told.append((done, of)))
    assert asked(api) == ["AAPL", "MSFT", "NVDA", "ZZZZ"]
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_no_more_are_asked_about_than_may_be_in_one_go(
    groups: Connection, api: MassiveApi, rest: MassiveRest
) -> None:
    api.details = {"AAPL": APPLE, "MSFT": APPLE, "NVDA": APPLE}
    told: list[tuple[int, int]] = []
    symbols = ["NVDA", "MSFT", "AAPL"]
    done = ensure_symbols_exist(groups, symbols, rest, lambda done, of: told.append((done, of)), most=2)
    assert done.created == tuple(symbols)
    assert done.reasons == {"NVDA": "Massive is asked about no more than 2 symbols in one go"}
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert ensure_symbols_exist(groups, symbols, rest, most=2).reasons == {}
    assert asked(api) == ["AAPL", "MSFT", "NVDA"]


def test_what_was_told_is_committed_when_the_work_ends_in_the_middle(
    groups: Connection, witness: Connection, api: MassiveApi
) -> None:
    class CancelledError(TickstockError):
        pass

    api.details = {"AAPL": APPLE, "MSFT": APPLE, "NVDA": APPLE}
    with pytest.raises(CancelledError):
        ensure_symbols_exist(groups, ["AAPL", "MSFT", "NVDA"], rest_of(api, Open(2, CancelledError())))
    assert query(witness, "SELECT symbol, source FROM symbols ORDER BY 1") == [
        ("AAPL", "massive"), ("MSFT", "massive"), ("NVDA", "groups"),
    ]  # fmt: skip
    api.asked.clear()
    assert ensure_symbols_exist(groups, ["AAPL", "MSFT", "NVDA"], rest_of(api, Open())).reasons == {}
    assert asked(api) == ["NVDA"]


def test_a_process_that_is_killed_while_it_waits_loses_nothing(
    groups: Connection, database: Database, witness: Connection, api: MassiveApi, rest: MassiveRest
) -> None:
    api.details = {"AAPL": APPLE, "MSFT": APPLE, "NVDA": APPLE}
    # Two calls a minute: the third waits.
    arguments = [json.dumps(dict(database.parameters)), api.address, KEY]
    process = subprocess.Popen([sys.executable, "-c", WORKER, *arguments])
    deadline = time.monotonic() + 60
    try:
        while query(witness, "SELECT count(*) FROM symbols WHERE source = 'massive'") != [(2,)]:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    assert query(witness, "SELECT symbol, source, name FROM symbols ORDER BY 1") == [
        ("AAPL", "massive", "Apple Inc."), ("MSFT", "massive", "Apple Inc."), ("NVDA", "groups", "NVIDIA"),
    ]  # fmt: skip
    ensure_symbols_exist(groups, ["AAPL", "MSFT", "NVDA"], rest)
    assert asked(api) == ["AAPL", "MSFT", "NVDA"]


def test_an_answer_that_is_none_is_a_reason_and_the_others_go_on(
    groups: Connection, api: MassiveApi, rest: MassiveRest
) -> None:
    api.details = {"AAPL": {"market_cap": "much"}, "MSFT": {"ticker": "MSFTX"}, "NVDA": APPLE}
    done = ensure_symbols_exist(groups, ["AAPL", "MSFT", "NVDA"], rest)
    assert done.created == ("AAPL", "MSFT", "NVDA")
    assert set(done.reasons) == {"AAPL", "MSFT"}
    assert "details of AAPL cannot be understood" in done.reasons["AAPL"]
    assert done.reasons["MSFT"] == "Massive answers with MSFTX instead"
    assert query(groups, "SELECT symbol, source, asked_at IS NULL FROM symbols ORDER BY 1") == [
        ("AAPL", "groups", True), ("MSFT", "groups", False), ("NVDA", "massive", False),
    ]  # fmt: skip


def test_a_key_that_is_refused_is_asked_with_once(groups: Connection, api: MassiveApi, rest: MassiveRest) -> None:
    api.failures = [(401, {}, b'{"error": "Unknown API Key"}')]
    done = ensure_symbols_exist(groups, ["AAPL", "MSFT", "NVDA"], rest)
    assert done.created == ("AAPL", "MSFT", "NVDA")
    assert "401" in done.reasons["AAPL"]
    assert done.reasons["NVDA"].startswith("Massive was not asked: ")
    assert len(api.asked) == 1


def test_an_api_in_trouble_is_left_alone_after_three_calls(
    groups: Connection, api: MassiveApi, rest: MassiveRest
) -> None:
    symbols = ["AAPL", "MSFT", "NVDA", "XLK"]
    api.failures = [(500, {}, b"{}")] * 100
    done = ensure_symbols_exist(groups, symbols, rest)
    assert done.created == tuple(symbols)
    assert [done.reasons[symbol].startswith("Massive was not asked") for symbol in symbols] == [False] * 3 + [True]
    assert len(api.asked) == 3 * 4


def test_many_are_looked_up_in_the_list_and_only_stocks_asked_for(
    groups: Connection, api: MassiveApi, rest: MassiveRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "LIST_FROM", 4)
    api.page = 2
    api.results[TICKERS] = [
        {"ticker": "AAPL", "name": "Apple Inc.", "type": "CS", "primary_exchange": "XNAS", "active": True},
        {"ticker": "AAPX", "name": "Another", "type": "ETF", "active": True},
        {"ticker": "XLK", "name": "Technology Select Sector SPDR Fund", "type": "ETF", "primary_exchange": "ARCX"},
    ]
    api.details = {"AAPL": APPLE}
    told: list[tuple[int, int]] = []
    done = ensure_symbols_exist(
        groups, ["AAPL", "XLK", "MSFT", "ZZZZ"], rest, lambda done, of: told.append((done, of))
    )
    assert done == (("AAPL", "XLK", "MSFT"), ("ZZZZ",), {"MSFT": NOT_TRADED, "ZZZZ": NOT_TRADED})
    assert asked(api) == [TICKERS, TICKERS, "AAPL"]
    assert told == [(0, 4), (3, 4), (4, 4)]
    assert query(groups, "SELECT symbol, type, exchange, source, asked_at IS NOT NULL FROM symbols ORDER BY 1") == [
        ("AAPL", "CS", "XNAS", "massive", True), ("MSFT", None, None, "groups", True),
        ("XLK", "ETF", "ARCX", "massive", True),
    ]  # fmt: skip


def test_a_list_that_breaks_off_says_nothing_of_who_was_not_in_it(
    groups: Connection, api: MassiveApi, rest: MassiveRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "LIST_FROM", 2)
    monkeypatch.setattr(reference, "_PAGE", 1)
    api.page = 1
    api.results[TICKERS] = [{"ticker": "XLK", "type": "ETF"}, {"ticker": 7}]
    api.details = {"AAPL": APPLE}
    done = ensure_symbols_exist(groups, ["AAPL", "XLK"], rest)
    assert done.reasons == {}
    assert asked(api) == [TICKERS, TICKERS, "AAPL"]


def test_a_list_is_not_asked_for_twice(
    groups: Connection, api: MassiveApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CancelledError(Exception):
        pass

    monkeypatch.setattr(reference, "LIST_FROM", 2)
    api.results[TICKERS] = [{"ticker": "AAPL", "type": "CS"}, {"ticker": "MSFT", "type": "CS"}]
    api.details = {"AAPL": APPLE, "MSFT": APPLE}
    with pytest.raises(CancelledError):
        ensure_symbols_exist(groups, ["AAPL", "MSFT"], rest_of(api, Open(1, CancelledError())))
    assert ensure_symbols_exist(groups, ["AAPL", "MSFT"], rest_of(api, Open())).reasons == {}
    assert asked(api) == [TICKERS, "AAPL", "MSFT"]

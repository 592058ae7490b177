"""run_cache_synchronization.py: its modes, its words, its statuses, and who is told."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.historical.entries import entries, put_entry, put_stock, rows
from tests.put import put_group
from tests.stored import query
from tickstock.db import Connection

Script = Callable[..., int]
Capture = pytest.CaptureFixture[str]
NAME = "run_cache_synchronization"


@pytest.fixture(autouse=True)
def filled(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("REDIS_URL", "none")
    put_stock(connection, "AAPL", 3_000_000_000_000)
    put_group(connection, "THEME", "ai", ["AAPL", "NVDA"])
    return connection


def test_it_says_what_it_did(script: Script, capsys: Capture, witness: Connection) -> None:
    assert script(NAME) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "DEFAULT, replace: 2 stocks, 0 ETFs"
    assert "  stock_universe | market_cap: 5 added" in out
    assert out[-2] == "39 entries: 39 added, 0 changed, 0 removed, 0 unchanged, 0 kept"
    assert out[-1].startswith("Committed to ")
    assert entries(witness)["themes", "AI", "list"] == ["AAPL", "NVDA"]


def test_verbose_lists_every_entry(script: Script, capsys: Capture, connection: Connection) -> None:
    put_entry(connection, "themes", "AI", "list", ["OLD"])
    put_entry(connection, "stock_universe", "custom", "mine", {"count": 7})
    assert script(NAME, "--verbose") == 0
    out = capsys.readouterr().out.splitlines()
    assert "  changed    themes | AI | list  2 symbols (was 1)" in out
    assert "  removed    stock_universe | custom | mine (was 7)" in out
    assert "  added      stock_universe | market_cap | mega_cap  1 symbol" in out


def test_no_delete_appends(script: Script, capsys: Capture, connection: Connection) -> None:
    put_entry(connection, "themes", "AI", "list", ["OLD"])
    before = rows(connection)
    assert script(NAME, "--no-delete") == 0
    assert rows(connection)[:1] == before
    said = capsys.readouterr()
    assert "DEFAULT, append:" in said.out
    assert said.err == (
        "warning: kept with another value than symbols and groups give: 1 entry; replaced without --no-delete\n"
    )


def test_a_dry_run_writes_nothing(script: Script, capsys: Capture, witness: Connection) -> None:
    assert script(NAME, "--dry-run") == 0
    out = capsys.readouterr().out.splitlines()
    assert all(line.startswith("[DRY RUN] ") for line in out)
    assert out[-1] == "[DRY RUN] No changes written to database"
    assert entries(witness) == {}


def test_json_is_the_plan(script: Script, capsys: Capture) -> None:
    assert script(NAME, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["totals"] == {"added": 39, "changed": 0, "removed": 0, "unchanged": 0, "kept": 0}
    assert (found["stocks"], found["stocks_with_market_cap"], found["warnings"]) == (2, 1, [])
    mega = {"type": "stock_universe", "name": "market_cap", "key": "mega_cap", "action": "added", "before": None}
    assert {**mega, "count": 1} in found["entries"]
    assert script(NAME, "--json") == 0
    assert json.loads(capsys.readouterr().out)["totals"]["unchanged"] == 39


def test_without_any_capitalisation_it_warns(script: Script, capsys: Capture, connection: Connection) -> None:
    query(connection, "UPDATE symbols SET market_cap = NULL")
    assert script(NAME, "--quiet") == 0
    assert capsys.readouterr().err == ""
    assert script(NAME) == 0
    assert "none of the 2 stocks has a known market capitalisation" in capsys.readouterr().err


def test_an_empty_environment_is_an_error(script: Script, capsys: Capture, connection: Connection) -> None:
    query(connection, "DELETE FROM symbols")
    assert script(NAME, "--environment", "TEST") == 1
    assert capsys.readouterr().err.startswith("error: found no symbols, and no groups with members in TEST")


def test_a_second_one_at_the_same_time_is_busy(
    script: Script, capsys: Capture, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickstock.db._TRANSACTION_SETTINGS", "SET lock_timeout = '100ms'")
    query(connection, "SELECT pg_advisory_lock(hashtextextended('tickstock organize', 0))")
    assert script(NAME) == 4
    assert "the cache is being organised by another session" in capsys.readouterr().err


def test_a_redis_that_is_dead_costs_a_warning(
    script: Script, capsys: Capture, witness: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert script(NAME) == 0
    assert capsys.readouterr().err.count("was not told of it") == 1
    assert len(entries(witness)) == 39
    assert script(NAME) == 0  # nothing changed, nothing to tell
    assert capsys.readouterr().err == ""

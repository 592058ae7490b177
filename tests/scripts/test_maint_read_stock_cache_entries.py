"""maint_read_stock_cache_entries.py: what it shows, and its status."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.historical.entries import put_entry, put_stock
from tests.stored import query
from tickstock.db import Connection

Script = Callable[..., int]
Capture = pytest.CaptureFixture[str]
NAME = "maint_read_stock_cache_entries"
KEEP = "scripts/maintenance/run_cache_synchronization.py"


@pytest.fixture
def filled(connection: Connection, script: Script, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A stock in each sector, organised."""
    monkeypatch.setenv("REDIS_URL", "none")
    sectors = query(connection, "SELECT name FROM gics_sectors() WHERE name <> 'unknown'")
    for number, (sector,) in enumerate(sectors):
        put_stock(connection, f"S{number:02}", 10**9, sector=sector)
    assert script("run_cache_synchronization", "--quiet") == 0
    return connection


def test_all_is_well(script: Script, capsys: Capture, filled: Connection) -> None:
    put_entry(filled, "app_settings", "a", "b", 1)
    assert script(NAME) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Cache entries of DEFAULT"
    assert [line for line in out if line.startswith("  stock_universe | market_cap: 5 entries, 11 symbols, 20")]
    assert "  app_settings: 1 entry of others" in out
    assert "Checking sector leaders...     ✓ PASS (11 entries)" in out
    assert "Recommendations:" not in out
    assert out[-1] == "Overall Status:     ✓ PASS (10/10 passed)"


def test_a_failed_check_is_status_1(script: Script, capsys: Capture, filled: Connection) -> None:
    query(filled, "DELETE FROM cache_entries WHERE key = 'top_10_energy'")
    assert script(NAME) == 1
    out = capsys.readouterr().out
    assert "    fail: stock_universe | sector_leaders | top_10_energy: the entry is missing" in out
    assert f"Recommendations:\n  - python {KEEP}\n" in out
    assert "Overall Status:     ✗ FAIL (9/10 passed)" in out
    assert script(NAME, "--quiet") == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("sectors")) == ("", 1)


def test_verbose_lists_every_entry(script: Script, capsys: Capture, filled: Connection) -> None:
    assert script(NAME, "--verbose") == 0
    out = capsys.readouterr().out
    assert "    small_cap: 11 symbols, " in out
    assert "    top_1000: 11 symbols, " in out


def test_json(script: Script, capsys: Capture, filled: Connection) -> None:
    assert script(NAME, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["environment"], found["recommendations"]) == ("pass", "DEFAULT", [])
    assert found["symbols"] == {
        "stocks": 11, "loaded_stocks": 11, "stocks_with_market_cap": 11, "etfs": 0, "loaded_etfs": 0,
    }  # fmt: skip
    assert {(entry["key"], entry["count"]) for entry in found["entries"]} >= {("small_cap", 11), ("top_10_energy", 1)}
    assert [check["status"] for check in found["checks"]] == ["pass"] * 10
    assert found["organized_at"]


def test_nothing_organised_yet(script: Script, capsys: Capture) -> None:
    assert script(NAME) == 1
    out = capsys.readouterr().out
    assert "  no organised entries" in out
    assert "fail: the entries were never organised" in out

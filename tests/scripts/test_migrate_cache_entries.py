"""migrate_cache_entries.py on an old database: what it prints and does, and what later loads make of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_fund, write_universe
from tests.stored import everything, members, query
from tickstock.db import Connection

OLD = """
    INSERT INTO cache_entries (type, name, key, value) VALUES
    ('app_settings', 'ui', 'theme', '{"dark": true}'),
    ('themes', 'AI', 'list', '["NVDA", "MSFT", "brk/b"]'),
    ('stock_universe', 'themes', 'ai', '{"stocks": ["MSFT", "NVDA", "BRK.B"], "count": 3}'),
    ('themes', 'Solar', 'list', '["FSLR", {"oops": 1}]'),
    ('stock_universe', 'index', 'sp500', '[{"ticker": "AAPL", "name": "Apple Inc."}, {"ticker": "MSFT"}]'),
    ('stock_universe', 'market_cap', 'mega_cap', '{"count": 1, "stocks": ["AAPL"]}'),
    ('stock_universe', 'sector_leaders', 'top_10_technology', '["AAPL"]'),
    ('etf_universe', 'Income ETFs', 'etf_income', '["SPY"]'),
    ('etf_holdings', 'SPY', 'list', '[{"symbol": "AAPL", "weight": 0.5}, {"symbol": "MSFT", "weight": 0.3},
                                      {"symbol": "NVDA", "weight": 0.2}]'),
    ('stock_stats', 'universe', 'summary', '{"total": 4}')"""

ENTRIES = "SELECT xmin::text, t::text FROM cache_entries t ORDER BY id"

Script = Callable[..., int]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def old(script: Script, witness: Connection) -> Script:
    """The script, on a database with old entries."""
    query(witness, OLD)
    return script


def groups(witness: Connection) -> dict[tuple[str, str], list[str]]:
    return {
        (type_, name): symbols
        for type_, name, symbols in query(
            witness,
            "SELECT type, name, array_agg(symbol::text ORDER BY symbol)"
            " FROM definition_groups g JOIN group_memberships m ON m.group_id = g.id GROUP BY 1, 2 ORDER BY 1, 2",
        )
    }


def last_load(witness: Connection) -> str:
    ((number,),) = query(witness, "SELECT max(id) FROM load_runs")
    return str(number)


def test_the_preview_is_the_plan_and_nothing_is_written(old: Script, witness: Connection, capsys: Captured) -> None:
    before, entries = everything(witness), query(witness, ENTRIES)
    assert old("migrate_cache_entries", "--dry-run") == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert [line for line in lines if line.startswith("[DRY RUN] Would load")] == [
        "[DRY RUN] Would load ETF: SPY (3 holdings)",
        "[DRY RUN] Would load UNIVERSE: etf_income (1 members)",
        "[DRY RUN] Would load UNIVERSE: sp500 (2 members)",
        "[DRY RUN] Would load THEME: artificial_intelligence (3 members)",
    ]
    assert "[DRY RUN] No changes written to database" in lines
    assert [line for line in lines if "sector unknown" in line] == [
        "3 new stock(s) would enter the sector unknown; enrich_sectors.py classifies them",
        "1 new stock(s) would enter the sector unknown; enrich_sectors.py classifies them",
    ]
    assert lines[-6:] == [
        "10 old entries",
        "  5 make 4 groups",
        "  3 computed from the groups and not migrated",
        "  1 an application's own and not looked at",
        "  1 not understood and not migrated",
        "    themes | Solar | list: element 2: found an object with neither symbol nor ticker, expected one symbol",
    ]
    assert printed.err == "warning: SPY: weights sum to 1.0000: read as fractions, multiplied by 100\n"
    assert everything(witness) == before
    assert query(witness, ENTRIES) == entries


def test_the_groups_are_there_afterwards_and_the_entries_as_they_were(
    old: Script, witness: Connection, capsys: Captured
) -> None:
    entries = query(witness, ENTRIES)
    assert old("migrate_cache_entries") == 0
    assert groups(witness) == {
        ("ETF", "SPY"): ["AAPL", "MSFT", "NVDA"],
        ("SECTOR", "unknown"): ["AAPL", "BRK.B", "MSFT", "NVDA"],
        ("THEME", "artificial_intelligence"): ["BRK.B", "MSFT", "NVDA"],
        ("UNIVERSE", "etf_income"): ["SPY"],
        ("UNIVERSE", "sp500"): ["AAPL", "MSFT"],
    }
    assert members(witness, "SPY") == {"AAPL": "50.000000", "MSFT": "30.000000", "NVDA": "20.000000"}
    described = "SELECT description FROM definition_groups WHERE name = 'etf_income'"
    assert query(witness, described) == [("Income ETFs",)]
    assert query(witness, ENTRIES) == entries
    assert query(witness, "SELECT DISTINCT format FROM load_files") == [("cache_entries",)]
    paths = query(witness, "SELECT path FROM load_files ORDER BY id")
    assert [Path(path).parts for (path,) in paths] == [
        ("cache_entries", "etf_holdings | SPY | list"),
        ("cache_entries", "etf_universe | Income ETFs | etf_income"),
        ("cache_entries", "stock_universe | index | sp500"),
        ("cache_entries", "stock_universe | themes | ai"),
    ]
    capsys.readouterr()
    before = everything(witness)
    assert old("migrate_cache_entries") == 0
    assert everything(witness) == before
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "10 old entries",
        "  0 make 0 groups",
        "  5 are of 4 groups that have members already and stay as they are",
        "    ETF SPY: etf_holdings | SPY | list",
    ]
    assert lines[-1].startswith("nothing to do in ")


def test_the_json_says_what_became_of_each_entry(old: Script, capsys: Captured) -> None:
    assert old("migrate_cache_entries", "--json", "--verbose") == 0
    document = json.loads(capsys.readouterr().out)
    assert [(load["type"], load["mode"], load["totals"]["added"], len(load["rows"])) for load in document["loads"]] == [
        ("ETF", "entries", 3, 3), ("UNIVERSE", "entries", 3, 3), ("THEME", "entries", 3, 3),
    ]  # fmt: skip
    assert document["groups"][1] == {
        "type": "THEME", "name": "artificial_intelligence", "members": 3, "kept": False,
        "entries": [["stock_universe", "themes", "ai"], ["themes", "AI", "list"]],
    }  # fmt: skip
    assert [(left["entry"][0], left["kind"]) for left in document["left"]] == [
        ("app_settings", "foreign"), ("stock_stats", "computed"), ("stock_universe", "computed"),
        ("stock_universe", "computed"), ("themes", "unclear"),
    ]  # fmt: skip


def test_each_load_can_be_undone(old: Script, witness: Connection) -> None:
    assert old("migrate_cache_entries") == 0
    runs = query(witness, "SELECT id FROM load_runs WHERE mode = 'entries' ORDER BY id DESC")
    assert len(runs) == 3
    for (run,) in runs:
        assert old("undo_load", str(run)) == 0
    assert groups(witness) == {}
    assert old("migrate_cache_entries") == 0
    assert members(witness, "artificial_intelligence", "THEME") == {"BRK.B": None, "MSFT": None, "NVDA": None}


def test_a_fund_with_odd_weights_is_refused_by_name(old: Script, witness: Connection, capsys: Captured) -> None:
    query(witness, "UPDATE cache_entries SET value = '[{\"symbol\": \"AAPL\", \"weight\": 7}]' WHERE name = 'SPY'")
    for options in ([], ["--dry-run"], ["--force", "QQQ"]):
        assert old("migrate_cache_entries", *options) == 3
    assert "warning: --force names no group of the old entries: QQQ" in capsys.readouterr().err
    assert groups(witness) == {}
    assert old("migrate_cache_entries", "--force", "spy", "--quiet") == 0
    assert members(witness, "SPY") == {"AAPL": "7.000000"}
    assert capsys.readouterr().out == ""


def test_a_database_without_old_entries_is_nothing_to_do(script: Script, capsys: Captured) -> None:
    assert script("migrate_cache_entries") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["0 old entries", "  0 make 0 groups"]
    assert lines[2].startswith("nothing to do in ")


def test_another_environment_gets_the_same_groups(old: Script, witness: Connection) -> None:
    assert old("migrate_cache_entries", "--environment", "TEST") == 0
    assert query(witness, "SELECT DISTINCT environment FROM definition_groups g"
                          " JOIN group_memberships m ON m.group_id = g.id") == [("TEST",)]  # fmt: skip


def test_once_the_entries_are_organised_there_is_nothing_left_to_migrate(
    old: Script, witness: Connection, capsys: Captured
) -> None:
    assert old("migrate_cache_entries") == 0
    assert old("run_cache_synchronization") == 0
    ((organized,),) = query(witness, "SELECT value FROM cache_entries WHERE type = 'themes' AND name = 'AI'")
    assert sorted(organized) == ["BRK.B", "MSFT", "NVDA"]
    before = groups(witness)
    capsys.readouterr()
    assert old("migrate_cache_entries") == 0
    assert "  0 make 0 groups" in capsys.readouterr().out.splitlines()
    assert groups(witness) == before


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_a_file_takes_its_group_over_and_the_others_stay(
    old: Script, witness: Connection, tmp_path: Path, capsys: Captured, mode: str
) -> None:
    assert old("migrate_cache_entries") == 0
    write_universe(tmp_path, "sp500", ["AAPL", "GOOG"])
    capsys.readouterr()
    assert old("load_universes", "--holdings-dir", tmp_path, "--mode", mode) == 0
    assert list(members(witness, "sp500", "UNIVERSE")) == ["AAPL", "GOOG"]
    assert list(members(witness, "etf_income", "UNIVERSE")) == ["SPY"]
    errors = capsys.readouterr().err
    assert "warning: 1 stored group(s) without a file stay as they are: etf_income\n" in errors
    assert f"warning: 1 group(s) came from cache_entries the last time, now from {tmp_path}: sp500\n" in errors


def test_a_group_that_a_file_took_over_goes_with_its_file(old: Script, witness: Connection, tmp_path: Path) -> None:
    assert old("migrate_cache_entries") == 0
    write_universe(tmp_path, "sp500", ["AAPL"])
    write_universe(tmp_path, "dow30", ["AAPL"])
    assert old("load_universes", "--holdings-dir", tmp_path) == 0
    (tmp_path / "sp500.csv").unlink()
    assert old("load_universes", "--holdings-dir", tmp_path, "--force") == 0
    assert sorted(name for type_, name in groups(witness) if type_ == "UNIVERSE") == ["dow30", "etf_income"]


def test_a_file_of_before_the_migration_is_newer_all_the_same(old: Script, witness: Connection, tmp_path: Path) -> None:
    assert old("migrate_cache_entries") == 0
    write_fund(tmp_path, "SPY", {"AAPL": 55, "TSLA": 45})
    assert old("load_etf_holdings", "--holdings-dir", tmp_path, "--as-of", "2024-06-28") == 0
    assert members(witness, "SPY") == {"AAPL": "55.000000", "TSLA": "45.000000"}
    told = (
        "SELECT m.symbol, m.weight::text FROM definition_groups"
        " CROSS JOIN members_on(ARRAY[id], '2024-07-01') m WHERE name = 'SPY' ORDER BY 1"
    )
    assert query(witness, told) == [("AAPL", "55.000000"), ("TSLA", "45.000000")]
    assert old("undo_load", last_load(witness)) == 0
    assert members(witness, "SPY") == {"AAPL": "50.000000", "MSFT": "30.000000", "NVDA": "20.000000"}


def test_the_checks_pass_afterwards(old: Script, witness: Connection, capsys: Captured) -> None:
    assert old("migrate_cache_entries") == 0
    capsys.readouterr()
    assert old("validate_relationships", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert {check["status"] for check in document["checks"]} == {"pass"}
    assert "4 files, 0 rows changed" in [check["summary"] for check in document["checks"]]
    assert old("drift") == 0
    assert capsys.readouterr().out == "no drift: 4 groups are what the last loads left\n"
    query(witness, "DELETE FROM group_memberships m USING definition_groups g"
                   " WHERE g.id = m.group_id AND g.name = 'artificial_intelligence' AND symbol = 'NVDA'")  # fmt: skip
    assert old("drift") == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].split()[:4] == ["artificial_intelligence", "THEME", "0", "1"]
    assert "--holdings-dir" not in printed

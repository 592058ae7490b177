"""Drift of groups as a whole: themes of one file, groups that a hand renames, deletes, makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import write_fund, write_universe
from tests.put import put_group
from tests.relationships.conftest import Load
from tests.relationships.drift.made import FILE, Look, by_hand, events
from tests.stored import query
from tickstock.db import Connection, Database, closing
from tickstock.relationships.drift_text import commands
from tickstock.relationships.inputs import theme_inputs, universe_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options


@pytest.fixture
def lists(database: Database, folder: Path) -> Path:
    """Two themes and a universe, loaded from the folder."""
    (folder / "themes.csv").write_text("theme,symbol\none,AAPL\none,MSFT\ntwo,NVDA\n")
    write_universe(folder, "dow30", ["AAPL", "MSFT"])
    for type_, inputs in (("THEME", theme_inputs(folder)), ("UNIVERSE", universe_inputs(folder))):
        with closing(database.connect()) as connection:
            load(database, connection, inputs, Options(type_))
    return folder


@pytest.mark.parametrize("named", [False, True])
def test_themes_share_a_file_and_each_has_its_own_rows(
    lists: Path, witness: Connection, drift: Look, named: bool
) -> None:
    folder = lists if named else None
    (lists / "themes.csv").write_text("theme,symbol\none,AAPL\none,GOOG\ntwo,NVDA\n")
    write_universe(lists, "dow30", ["AAPL", "MSFT", "BA"])
    by_hand(witness, "dow30", AAPL=None)
    found, rows = drift(folder=folder)
    assert rows == {
        "one": ["GOOG file: - none -", "MSFT file: none - none"],
        "dow30": ["AAPL database: none none -", "BA file: - none -"],
    }
    (lists / "themes.csv").write_text("theme,symbol\none,AAPL\none,MSFT\n")
    found, rows = drift(folder=folder)
    assert [event for event in events(found) if event[1]] == [("file_gone", "two")]
    assert rows.keys() == {"dow30"}
    (lists / "themes.csv").write_text("theme,symbol\none,AAPL\nBad Name,MSFT\ntwo,NVDA\n")
    found, rows = drift(folder=folder)
    assert events(found)[:1] == [("file_unreadable", "")]
    assert len([event for event in found.events if event.type == "THEME"]) == 1
    assert rows.keys() == {"dow30"}


def test_a_group_that_a_hand_renames_is_no_longer_its_file_s(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    query(witness, "UPDATE definition_groups SET name = 'MINE' WHERE name = 'SPY'")
    write_fund(folder, "SPY", {**FILE, "AAPL": 41})
    found, rows = drift()
    load_id = query(witness, "SELECT load_id FROM load_files")[0][0]
    assert [(event.event, event.found) for event in found.events] == [
        ("group_renamed", f"load {load_id} read this MINE as the ETF SPY")
    ]
    assert (rows, found.database_changed, commands(found)) == ({}, True, ([], []))
    assert [event for event in events(drift(folder=folder)[0]) if event[1] in ("SPY", "MINE")] == [
        ("group_renamed", "MINE"), ("file_new", "SPY"),
    ]  # fmt: skip
    assert events(drift("SPY")[0]) == events(drift("MINE")[0]) == [("group_renamed", "MINE")]


def test_a_group_that_a_hand_deletes_is_told_until_the_next_load(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    write_fund(folder, "QQQ", FILE)
    load_etfs()
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    run = query(witness, "SELECT max(id) FROM load_runs")[0][0]
    found, _ = drift()
    assert [event.found for event in found.events] == [
        f"the ETF SPY is gone with its 5 members; run {run}, no load, took it away"
    ]
    assert found.database_changed
    assert events(drift("QQQ")[0]) == []
    (folder / "spy_holdings.csv").unlink()
    write_fund(folder, "QQQ", {**FILE, "AAPL": 41})
    load_etfs(mode="incremental")
    assert drift()[0].events == ()


def test_a_group_that_a_full_load_removed_is_no_drift(load_etfs: Load, folder: Path, drift: Look) -> None:
    write_fund(folder, "SPY", FILE)
    path = write_fund(folder, "QQQ", FILE)
    load_etfs()
    path.unlink()
    load_etfs(force=True)
    assert (drift()[0].events, drift()[0].compared) == ((), 1)


def test_a_group_that_a_hand_made_is_told_until_the_next_load(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    put_group(witness, "ETF", "MINE", ["AAPL", "MSFT"])
    put_group(witness, "SECTOR", "mine", ["AAPL"])  # no file has sectors
    put_group(witness, "ETF", "OTHERS", ["AAPL"], environment="TEST")
    run = query(witness, "SELECT id FROM load_runs WHERE kind = 'manual' ORDER BY id LIMIT 1")[0][0]
    found, _ = drift()
    assert [event.found for event in found.events] == [
        f"the ETF MINE with its 2 members has no file; run {run}, no load, made it"
    ]
    assert found.database_changed
    write_fund(folder, "SPY", {**FILE, "AAPL": 41})
    load_etfs(mode="incremental")
    assert drift()[0].events == ()


def test_rows_changed_together_with_their_history_are_told_by_the_fingerprint(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    load_id = query(witness, "SELECT load_id FROM load_files")[0][0]
    query(witness, "ALTER TABLE group_memberships DISABLE TRIGGER USER;"
                   "UPDATE group_memberships SET weight = 41 WHERE symbol = 'AAPL';"
                   "UPDATE membership_versions SET weight = 41 WHERE symbol = 'AAPL' AND weight = 40")  # fmt: skip
    found, rows = drift()
    hidden = f"SPY is not as load {load_id} left it, and the history hides which rows"
    assert [(event.event, event.found) for event in found.events] == [("rows_hidden", hidden)]
    assert (rows, found.database_changed) == ({}, True)
    query(witness, "DELETE FROM data_version")
    assert [event.event for event in drift()[0].events] == ["rows_hidden"]

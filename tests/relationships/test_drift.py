"""Drift: of each row it is told what the last load left, what the file says now, what is stored, and what changed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files import write_fund, write_universe
from tests.put import put_group
from tests.relationships.conftest import Load
from tests.stored import everything, query
from tickstock.checksum import fingerprint
from tickstock.db import Connection, Database, closing
from tickstock.relationships.drift import ABSENT, UNKNOWN, Accounts, Drift, DriftRow, Scope, State, drifted
from tickstock.relationships.drift_read import read_drift
from tickstock.relationships.drift_text import commands
from tickstock.relationships.inputs import etf_inputs, theme_inputs, universe_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options

FILE = {"AAPL": "40", "AMD": "5", "GOOG": "10", "MSFT": "25", "NVDA": "20"}
Look = Callable[..., tuple[Drift, dict[str, list[str]]]]


@pytest.fixture
def drift(connection: Connection) -> Look:
    """Read the drift: all of it, and the rows of each group as lines."""

    def run(only: str | None = None, folder: Path | None = None) -> tuple[Drift, dict[str, list[str]]]:
        rows: dict[str, list[str]] = {}
        found = read_drift(
            connection,
            Scope("DEFAULT", only, folder),
            lambda changes: rows.update({changes.record.name: [line(row) for row in changes.rows]}),
        )
        return found, rows

    return run


def line(row: DriftRow) -> str:
    """A row as: symbol changed: base file stored."""
    states = " ".join(text(state) for state in (row.base, row.file, row.stored))
    remarks = f"{' kept' if row.kept else ''}{' same' if row.same else ''}"
    return f"{row.symbol} {row.changed}: {states}{remarks}"


def text(state: State) -> str:
    if state.member is None:
        return "?"
    return ("none" if state.weight is None else f"{float(state.weight):g}") if state.member else "-"


def events(found: Drift) -> list[tuple[str, str]]:
    return [(event.event, event.name) for event in found.events]


def by_hand(witness: Connection, group: str, **weights: object) -> None:
    """What a person does in psql: None deletes a row, a weight edits it or makes it."""
    for symbol, weight in weights.items():
        if weight is None:
            query(witness, "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id"
                           " AND g.name = %s AND symbol = %s", group, symbol)  # fmt: skip
        else:
            query(witness, "INSERT INTO group_memberships (group_id, symbol, weight) SELECT id, %s, %s"
                           " FROM definition_groups WHERE name = %s"
                           " ON CONFLICT (group_id, symbol) DO UPDATE SET weight = EXCLUDED.weight",
                  symbol, weight, group)  # fmt: skip


# The rows.


def test_what_the_loads_left_is_no_drift(load_etfs: Load, folder: Path, drift: Look) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    found, rows = drift()
    assert (found.compared, found.groups, found.events, rows) == (1, (), (), {})
    assert not found.database_changed
    assert not found.files_wait


def test_each_row_tells_what_changed(load_etfs: Load, folder: Path, witness: Connection, drift: Look) -> None:
    start = ["DELB", "DELF", "DELH", "DFEH", "EDB", "EDF", "EDH", "EDS", "EFDH", "SAME"]
    write_fund(folder, "SPY", dict.fromkeys(start, 7))
    load_etfs(force=True)
    write_fund(
        folder, "SPY",
        {"ADDF": 1, "ADDB": 1, "ADDS": 1, "EDF": 8, "EDH": 7, "EDB": 8, "EDS": 8, "DELH": 7, "EFDH": 8, "SAME": 7},
    )  # fmt: skip
    by_hand(witness, "SPY", ADDH=2, ADDB=2, ADDS=1, EDH=9, EDB=9, EDS=8, DELH=None, DELB=None, DFEH=9, EFDH=None)
    found, rows = drift()
    assert rows["SPY"] == [
        "ADDB both: - 1 2",
        "ADDF file: - 1 -",
        "ADDH database: - - 2",
        "ADDS both: - 1 1 same",
        "DELB both: 7 - - same",
        "DELF file: 7 - 7",
        "DELH database: 7 7 -",
        "DFEH both: 7 - 9",
        "EDB both: 7 8 9",
        "EDF file: 7 8 7",
        "EDH database: 7 7 9",
        "EDS both: 7 8 8 same",
        "EFDH both: 7 8 -",
    ]
    assert [group[1:] for group in found.groups] == [(3, 3, 7, 0, False)]
    assert found.database_changed
    assert found.files_wait


def test_a_weight_that_comes_or_goes_is_a_change(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", {**FILE, "AMD": None, "GOOG": None})
    load_etfs()
    write_fund(folder, "SPY", {**FILE, "AMD": 5, "GOOG": None, "MSFT": None})
    query(witness, "UPDATE group_memberships SET weight = 0 WHERE symbol = 'GOOG'")
    assert drift()[1]["SPY"] == ["AMD file: none 5 none", "GOOG database: none none 0", "MSFT file: 25 none 25"]


def test_a_file_with_other_bytes_and_the_same_rows_has_not_changed(
    load_etfs: Load, folder: Path, drift: Look
) -> None:
    path = write_fund(folder, "SPY", FILE)
    load_etfs()
    path.write_text("ticker,weight (%)\n" + "".join(f"{symbol},{FILE[symbol]}.0\n" for symbol in reversed(FILE)))
    assert drift()[1] == {}


def test_the_run_that_changed_the_database_is_named(
    load_etfs: Load, folder: Path, witness: Connection, connection: Connection
) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    by_hand(witness, "SPY", AAPL=41, AMD=None, TSLA=1)
    last = query(witness, "SELECT max(id) FROM load_runs")[0][0]
    query(witness, "ALTER TABLE group_memberships DISABLE TRIGGER USER;"
                   "UPDATE group_memberships SET weight = 26 WHERE symbol = 'MSFT';"
                   "ALTER TABLE group_memberships ENABLE TRIGGER USER")  # fmt: skip
    runs: dict[str, int | None] = {}
    read_drift(
        connection, Scope("DEFAULT"), lambda changes: runs.update({row.symbol: row.run for row in changes.rows})
    )
    assert runs == {"AAPL": last - 2, "AMD": last - 1, "TSLA": last, "MSFT": None}  # nobody saw the last


def test_all_funds_are_told_in_their_order(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    for etf in ("QQQ", "SPY", "DIA", "IVV"):
        write_fund(folder, etf, FILE)
    load_etfs()
    write_fund(folder, "SPY", {**FILE, "AAPL": 41})
    by_hand(witness, "IVV", AAPL=42)
    query(witness, "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id AND name = 'DIA'")
    found, rows = drift()
    assert [(group.record.name, *group[1:4]) for group in found.groups] == [
        ("DIA", 0, 5, 0), ("IVV", 0, 1, 0), ("SPY", 1, 0, 0),
    ]  # fmt: skip
    assert found.compared == 4
    assert drift("SPY")[1] == {"SPY": rows["SPY"]} == {"SPY": ["AAPL file: 40 41 40"]}
    assert drift("QQQ")[0].compared == 1


# Rows that a load left to a hand.


@pytest.fixture
def kept(load_etfs: Load, folder: Path, witness: Connection) -> Connection:
    """A fund of which a load has kept an edit of AAPL, a deletion of AMD, and TSLA."""
    write_fund(folder, "SPY", FILE)
    load_etfs()
    by_hand(witness, "SPY", AAPL=33, AMD=None, TSLA=1)
    load_etfs(mode="incremental")
    return witness


def test_kept_rows_are_the_database_s_and_on_record(kept: Connection, drift: Look) -> None:
    found, rows = drift()
    assert rows["SPY"] == [
        "AAPL database: 33 40 33 kept", "AMD database: - 5 - kept", "TSLA database: 1 - 1 kept",
    ]  # fmt: skip
    assert [group[1:] for group in found.groups] == [(0, 3, 0, 3, False)]
    assert not found.database_changed, "it is what the last load left"


def test_a_kept_row_that_a_hand_changes_again_is_a_change_of_the_database(kept: Connection, drift: Look) -> None:
    by_hand(kept, "SPY", AAPL=34)
    found, rows = drift()
    assert rows["SPY"][0] == "AAPL database: 33 40 34"
    assert found.database_changed


def test_a_file_that_moves_on_elsewhere_leaves_kept_rows_as_they_were(
    kept: Connection, folder: Path, drift: Look
) -> None:
    write_fund(folder, "SPY", {**FILE, "MSFT": 26})
    assert drift()[1]["SPY"] == [
        "AAPL database: 33 40 33 kept",
        "AMD database: - 5 - kept",
        "MSFT file: 25 26 25",
        "TSLA database: 1 - 1 kept",
    ]


def test_where_the_file_changed_a_kept_row_both_did(kept: Connection, folder: Path, drift: Look) -> None:
    """What the file said of kept rows is not on record, only the fingerprint: one that moves stands for all."""
    write_fund(folder, "SPY", {**FILE, "AAPL": 33})
    found, rows = drift()
    assert rows["SPY"] == ["AAPL both: 33 33 33 kept same", "AMD both: - 5 - kept", "TSLA both: 1 - 1 kept"]
    assert found.files_wait
    assert not found.database_changed


def test_kept_rows_of_a_file_that_is_gone_have_no_account_of_it(
    kept: Connection, folder: Path, drift: Look
) -> None:
    (folder / "spy_holdings.csv").unlink()
    by_hand(kept, "SPY", MSFT=26)
    found, rows = drift()
    assert rows["SPY"] == [
        "AAPL database: 33 ? 33 kept",
        "AMD database: - ? - kept",
        "MSFT database: 25 ? 26",
        "TSLA database: 1 ? 1 kept",
    ]
    assert events(found) == [("file_gone", "SPY")]


def test_rows_that_were_missing_and_stayed_are_no_change_of_the_file(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", {**FILE, "TSLA": 1, "ZM": 1})
    load_etfs()
    write_fund(folder, "SPY", FILE)
    load_etfs(mode="incremental", keep_missing=True)
    assert drift()[1] == {}
    by_hand(witness, "SPY", TSLA=2)
    assert drift()[1]["SPY"] == ["TSLA database: 1 - 2"], "the file does not have it"
    write_fund(folder, "SPY", {**FILE, "TSLA": 1})
    assert drift()[1]["SPY"] == ["TSLA database: 1 1 2", "ZM file: 1 - 1"]


# Files and groups as a whole.


def test_a_file_that_is_gone_is_told_and_no_drift(load_etfs: Load, folder: Path, drift: Look) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    folder.rename(folder.parent / "elsewhere")
    found, rows = drift()
    assert ([event.found for event in found.events], rows) == ([f"no file any more in {folder}"], {})
    assert not found.database_changed


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "spy_holdings.csv: found an empty file"),
        ("symbol,weight\nAAPL,x\nMSFT,y\n", "spy_holdings.csv:2: found weight 'x'"),
        (None, "spy_holdings.csv: found a pipe, device or folder"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_and_does_not_stop_the_rest(
    load_etfs: Load, folder: Path, drift: Look, content: str | None, found: str
) -> None:
    path = write_fund(folder, "SPY", FILE)
    write_fund(folder, "QQQ", FILE)
    load_etfs()
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    write_fund(folder, "QQQ", {**FILE, "AAPL": 41})
    told, rows = drift()
    assert rows == {"QQQ": ["AAPL file: 40 41 40"]}
    assert events(told) == [("file_unreadable", "SPY")]
    assert told.events[0].found.startswith(found)
    assert told.events[0].found.endswith("(and 1 more problems)") == (content is not None and "MSFT" in content)


def test_what_the_file_of_another_fund_holds_is_not_compared(load_etfs: Load, folder: Path, drift: Look) -> None:
    (folder / "funds.csv").write_text("etf,name\nSPY,Big Fund\nQQQ,Other Fund\n")
    ishares = "{}\nFund Holdings as of,\"Nov 18, 2025\"\n\nTicker,Name,Asset Class,Weight (%)\nAAPL,Apple,Equity,100\n"
    path = folder / "spy_holdings.csv"
    path.write_text(ishares.format("Big Fund"))
    load_etfs()
    path.write_text(ishares.format("Other Fund").replace("AAPL", "MSFT"))
    found, rows = drift()
    assert (events(found), rows) == ([("file_unreadable", "SPY")], {})
    assert "Other Fund (QQQ) inside" in found.events[0].found


def test_an_older_file_waits_for_nobody(load_etfs: Load, folder: Path, drift: Look) -> None:
    ssga = "Fund Name:,Big Fund\nTicker Symbol:,SPY\nHoldings:,As of {}\n\nName,Ticker,Weight\nApple,{},100\n"
    path = folder / "spy_holdings.csv"
    path.write_text(ssga.format("18-Nov-2025", "AAPL"))
    load_etfs()
    path.write_text(ssga.format("17-Nov-2025", "MSFT"))
    found, rows = drift()
    assert (rows, found.files_wait) == ({}, False)
    assert [(event.event, event.found) for event in found.events] == [
        ("file_older", "spy_holdings.csv is as of 2025-11-17, older than the 2025-11-18 that was loaded")
    ]
    path.write_text(ssga.format("19-Nov-2025", "MSFT"))
    assert drift()[1] == {"SPY": ["AAPL file: 100 - 100", "MSFT file: - 100 -"]}


def test_a_folder_is_read_as_the_loaders_read_it(
    load_etfs: Load, folder: Path, tmp_path: Path, witness: Connection, drift: Look
) -> None:
    for etf in ("DIA", "QQQ", "SPY", "XLK"):
        write_fund(folder, etf, FILE)
    load_etfs()
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    write_fund(downloads, "DIA", FILE)
    write_fund(downloads, "SPY", {**FILE, "AAPL": 41})
    write_fund(downloads, "IVV", FILE)
    (downloads / "xlk_holdings.csv").write_text("<html>")
    by_hand(witness, "XLK", AAPL=42)
    found, rows = drift(folder=downloads)
    assert rows == {"SPY": ["AAPL file: 40 41 40"], "XLK": ["AAPL database: 40 ? 42"]}
    assert [(event.event, event.name) for event in found.events if event.type == "ETF"] == [
        ("file_new", "IVV"), ("file_gone", "QQQ"), ("file_unreadable", "XLK"),
    ]  # fmt: skip
    assert found.files_wait


def test_a_folder_without_a_fund_says_so_once(load_etfs: Load, folder: Path, tmp_path: Path, drift: Look) -> None:
    write_fund(folder, "SPY", FILE)
    write_fund(folder, "QQQ", FILE)
    load_etfs()
    (tmp_path / "empty").mkdir()
    found, rows = drift(folder=tmp_path / "empty")
    assert [event.found for event in found.events if event.type == "ETF"] == [
        f"{tmp_path / 'empty'}: found no file for any fund, expected {{etf}}_holdings.csv"
    ]
    assert rows == {}


def test_two_files_for_a_fund_are_a_problem_of_that_fund_alone(
    load_etfs: Load, folder: Path, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    write_fund(folder, "QQQ", FILE)
    load_etfs()
    (folder / "SPY_holdings_2025-11-18.csv").write_text("symbol,weight\nAAPL,100\n")
    write_fund(folder, "QQQ", {**FILE, "AAPL": 41})
    found, rows = drift(folder=folder)
    assert rows == {"QQQ": ["AAPL file: 40 41 40"]}
    assert [event for event in events(found) if event[1] in ("SPY", "QQQ")] == [("file_unreadable", "SPY")]


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


# Loads that were undone, and files of the past.


def undo(witness: Connection, *changes: str) -> None:
    """The last load of a fund, undone: its record, and what puts the rows back."""
    query(
        witness,
        "BEGIN;"
        "INSERT INTO load_runs (kind, type, environment, undoes)"
        " SELECT 'undo', 'ETF', 'DEFAULT', max(load_id) FROM load_files;"
        "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
        " stored_fingerprint, rows, members, scope)"
        " SELECT (this_run()).id, group_id, group_name, '', 'undo', '', '', '', 0, 0, 'undo' FROM load_files"
        "  WHERE load_id = (SELECT max(load_id) FROM load_files);"
        "UPDATE load_files SET undone_by = (this_run()).id"
        " WHERE load_id = (SELECT undoes FROM load_runs WHERE id = (this_run()).id);"
        + "".join(f"{change};" for change in changes)
        + "COMMIT",
    )


def test_after_an_undo_the_load_before_it_is_the_base(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    path = write_fund(folder, "SPY", FILE)
    load_etfs()
    first = path.read_text()
    by_hand(witness, "SPY", GOOG=11)
    other = folder.parent / "monday"
    other.mkdir()
    path.rename(other / path.name)
    write_fund(folder, "SPY", {**FILE, "AAPL": 41})
    load_etfs()
    assert drift()[1] == {}
    undo(witness, "UPDATE group_memberships SET weight = 40 WHERE symbol = 'AAPL' AND weight IS NOT NULL",
         "UPDATE group_memberships SET weight = 11 WHERE symbol = 'GOOG' AND weight IS NOT NULL")  # fmt: skip
    assert drift()[1] == {"SPY": ["AAPL file: 40 41 40", "GOOG database: 10 10 11"]}, "as before that load"
    path.write_text(first)
    assert drift()[1] == {"SPY": ["GOOG database: 10 10 11"]}
    load_etfs()
    assert drift()[1] == {}


def test_a_file_of_the_past_is_not_the_one_that_the_present_comes_from(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    query(
        witness,
        "BEGIN;"
        "INSERT INTO load_runs (kind, type, environment, mode) VALUES ('load', 'ETF', 'DEFAULT', 'incremental');"
        "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
        " stored_fingerprint, as_of, rows, members, scope)"
        " SELECT (this_run()).id, group_id, group_name, '/nowhere/old.csv', format, 'x', 'x', 'x', '2020-01-02', 1, 1,"
        " 'past' FROM load_files;"
        "SELECT record_past(group_id, '2020-01-02', '{AAPL,ZM}', '{1,2}', '{\"{}\",\"{}\"}',"
        " '{2020-02-02,2020-02-02}') FROM last_files;"
        "COMMIT",
    )
    assert drift()[1] == {}
    by_hand(witness, "SPY", AAPL=33)
    assert drift()[1] == {"SPY": ["AAPL database: 40 40 33"]}, "what was in 2020 is no account of today"


# What holds for every row.

MEMBERS = st.dictionaries(
    st.sampled_from(["AAPL", "BRK.B", "GOOG", "MSFT", "NA", "TSLA"]),
    st.one_of(st.none(), st.integers(0, 3).map(lambda n: Decimal(n) / 4)),
)


def model(base: dict[str, Any], file: dict[str, Any], stored: dict[str, Any]) -> dict[str, str]:
    """What changed, in plain dictionaries."""
    every = sorted({*base, *file, *stored})
    of_file = {s for s in every if file.get(s, "-") != base.get(s, "-")}
    of_database = {s for s in every if stored.get(s, "-") != base.get(s, "-")}
    words = {s: "both" if s in of_file & of_database else "file" if s in of_file else "database" for s in every}
    return {s: words[s] for s in every if s in of_file | of_database}


@given(base=MEMBERS, file=MEMBERS, stored=MEMBERS)
def test_every_row_is_told_as_a_model_of_five_lines_tells_it(
    base: dict[str, Any], file: dict[str, Any], stored: dict[str, Any]
) -> None:
    rows = list(drifted(Accounts(base, file, stored, changed=True, fingerprint=fingerprint(base.items()))))
    assert {row.symbol: row.changed for row in rows} == model(base, file, stored)
    for row in rows:
        accounts = ((base, row.base), (file, row.file), (stored, row.stored))
        assert all(state == (State(True, a[row.symbol]) if row.symbol in a else ABSENT) for a, state in accounts)
        assert row.same == (row.changed == "both" and row.file == row.stored)
    as_loaded = list(drifted(Accounts(base, None, stored)))
    assert [row.symbol for row in as_loaded] == [s for s, way in model(base, base, stored).items() if way]
    assert all(row.file == row.base for row in as_loaded)
    unknown = list(drifted(Accounts(base, None, stored, changed=None)))
    assert [row._replace(file=row.base) for row in unknown] == as_loaded
    assert {row.file for row in unknown} <= {UNKNOWN}


_FUNDS = (f"T{number}" for number in count(1))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(base=MEMBERS, file=MEMBERS, stored=MEMBERS)
def test_the_database_and_the_files_are_read_so_and_a_full_load_ends_it(
    database: Database, connection: Connection, witness: Connection, folder: Path,
    base: dict[str, Any], file: dict[str, Any], stored: dict[str, Any],
) -> None:  # fmt: skip
    fund = next(_FUNDS)
    rows: dict[str, str] = {}

    def full() -> None:
        with closing(database.connect()) as loader:
            load(database, loader, etf_inputs(folder, fund), Options("ETF", only=fund, force=True))

    def now() -> Drift:
        rows.clear()
        return read_drift(
            connection, Scope("DEFAULT", fund), lambda c: rows.update({row.symbol: row.changed for row in c.rows})
        )

    write_fund(folder, fund, quarters(base))
    full()
    by_hand(witness, fund, **dict.fromkeys(base.keys() - stored.keys()))
    query(witness, "INSERT INTO group_memberships (group_id, symbol, weight) SELECT id, symbol, weight FROM"
                   " definition_groups, unnest(%s::text[], %s::numeric[]) AS r (symbol, weight) WHERE name = %s"
                   " ON CONFLICT (group_id, symbol) DO UPDATE SET weight = EXCLUDED.weight",
          list(stored), list(quarters(stored).values()), fund)  # fmt: skip
    write_fund(folder, fund, quarters(file))
    found = now()
    assert rows == model(quarters(base), quarters(file), quarters(stored))
    assert found.database_changed == (base != stored)
    full()
    assert (now().groups, found.origin.paths["ETF"].parent) == ((), folder)


def quarters(members: dict[str, Any]) -> dict[str, Any]:
    """Weights that sum to more than 1.2 are no fractions: 25 and more for each quarter."""
    return {symbol: weight if weight is None else weight * 100 for symbol, weight in members.items()}


def test_nothing_is_written_and_a_read_only_role_is_enough(
    load_etfs: Load, folder: Path, witness: Connection, connection: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    by_hand(witness, "SPY", AAPL=33, ZM=1)
    load_etfs(mode="incremental")
    write_fund(folder, "SPY", {**FILE, "MSFT": 26})
    before = everything(witness)
    query(connection, "SET ROLE app_readonly; SET default_transaction_read_only = on")
    _, rows = drift()
    assert rows["SPY"] == ["AAPL database: 33 40 33 kept", "MSFT file: 25 26 25", "ZM database: 1 - 1 kept"]
    assert drift(folder=folder)[1] == rows
    assert everything(witness) == before


def test_the_connection_is_left_as_it_was(load_etfs: Load, folder: Path, connection: Connection, drift: Look) -> None:
    query(connection, "SET tickstock.environment = 'MINE'; SET idle_in_transaction_session_timeout = '7s'")
    drift()
    names = ("tickstock.environment", "enable_nestloop", "idle_in_transaction_session_timeout")
    assert [query(connection, f"SHOW {name}")[0][0] for name in names] == ["MINE", "on", "7s"]

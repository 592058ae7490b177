"""Drift: of each row it is told what the last load left, what the file says now, what is stored, and what changed."""

from __future__ import annotations

from pathlib import Path

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.relationships.drift.made import FILE, Look, by_hand
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.drift import Scope
from tickstock.relationships.drift_read import read_drift


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

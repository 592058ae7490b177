"""Drift after loads that were undone, and after files of the past."""

from __future__ import annotations

from pathlib import Path

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.relationships.drift.made import FILE, Look, by_hand
from tests.stored import query
from tickstock.db import Connection


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

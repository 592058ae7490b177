"""What a load left: when a later one was undone or told of the past, and what it kept for a hand."""

from __future__ import annotations

from pathlib import Path

from tests.files import write_fund
from tests.relationships.checks.made import (
    Script,
    edow,
    faulty,
    findings,
    load,
    mend_all,
    next_week,
    weights,
)
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.checks import run_checks


def undo(witness: Connection, etf: str, *changes: str) -> None:
    """Undo the last load of a fund: its record, and what puts the rows back."""
    query(
        witness,
        "BEGIN; INSERT INTO load_runs (kind, type, environment, undoes) SELECT 'undo', 'ETF', 'DEFAULT', max(load_id)"
        f" FROM load_files WHERE group_name = '{etf}';"
        "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
        " stored_fingerprint, rows, members, scope)"
        " SELECT (this_run()).id, group_id, group_name, '', 'undo', '', '', '', 0, 0, 'undo' FROM last_files"
        f"  WHERE group_name = '{etf}';"
        "UPDATE load_files SET undone_by = (this_run()).id"
        " WHERE load_id = (SELECT undoes FROM load_runs WHERE id = (this_run()).id) AND scope = 'present';"
        + "".join(f"{change};" for change in changes) + "COMMIT",
    )  # fmt: skip


def test_an_undone_load_is_no_longer_the_last(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    ((first,),) = query(witness, "SELECT max(load_id) FROM load_files WHERE group_name = 'EDOW'")
    set_to = "UPDATE group_memberships m SET weight = {} FROM definition_groups g WHERE g.id = group_id" \
             " AND name = 'EDOW' AND symbol = '{}'"  # fmt: skip
    query(witness, set_to.format(3.1, "AMGN"))
    edow(folder, AAPL="3.5")
    load(script, folder, "EDOW", "--force")
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE - 50 WHERE group_name = 'EDOW' AND load_id <> %s", first)
    assert faulty(run_checks(connection, "DEFAULT")) == {"freshness": "warn"}
    undo(witness, "EDOW", set_to.format(3.333333, "AAPL"), set_to.format(3.1, "AMGN"))
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"integrity": "fail"}
    assert [finding.found for finding in findings(validation, "integrity")] == [
        f"database changed: AMGN in EDOW has 3.100000, load {first} left 3.333333"
    ]
    mend_all(validation, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_group_that_an_undone_load_made_and_a_hand_keeps_is_no_fault_of_the_ledger(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    write_fund(folder, "AAAA", {"AAPL": "60", "MSFT": "40"})
    load(script, folder, "AAAA")
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'AMGN' FROM definition_groups"
                   " WHERE name = 'AAAA'")  # fmt: skip
    undo(witness, "AAAA", "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id"
                          " AND name = 'AAAA' AND symbol <> 'AMGN'")  # fmt: skip
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_file_of_the_past_changes_no_finding(connection: Connection, witness: Connection) -> None:
    query(
        witness,
        "BEGIN; INSERT INTO load_runs (kind, type, environment, mode) VALUES ('load', 'ETF', 'DEFAULT', 'full');"
        "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
        " stored_fingerprint, as_of, rows, members, scope) SELECT (this_run()).id, group_id, group_name, '/nowhere/x',"
        " format, 'x', 'x', 'x', '2020-01-02', 1, 1, 'past' FROM load_files WHERE group_name = 'RSP';"
        "SELECT record_past(group_id, '2020-01-02', '{AAPL,ZM}', '{1,NULL}', '{\"{}\",NULL}',"
        " '{2020-02-02,2020-02-02}') FROM last_files WHERE group_name = 'RSP'; COMMIT",
    )
    assert faulty(run_checks(connection, "DEFAULT")) == {}
    query(witness, "UPDATE group_memberships m SET weight = 1 FROM definition_groups g"
                   " WHERE g.id = group_id AND name = 'RSP' AND symbol = 'AAPL'")  # fmt: skip
    ((load_id,),) = query(witness, "SELECT load_id FROM last_files WHERE group_name = 'RSP'")
    assert [finding.found for finding in findings(run_checks(connection, "DEFAULT"), "integrity")] == [
        f"database changed: AAPL in RSP has 1.000000, load {load_id} left 0.200000"
    ]


def test_what_a_load_kept_for_a_hand_is_a_warning(
    connection: Connection, witness: Connection, script: Script
) -> None:
    query(witness, "UPDATE group_memberships m SET weight = 0.3 FROM definition_groups g"
                   " WHERE g.id = group_id AND name = 'RSP' AND symbol = 'MSFT'")
    query(witness, "DELETE FROM group_memberships m USING definition_groups g"
                   " WHERE g.id = group_id AND name = 'RSP' AND symbol = 'AAPL'")
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'AAP' FROM definition_groups"
                   " WHERE name = 'RSP'")  # fmt: skip
    before = run_checks(connection, "DEFAULT")
    assert faulty(before) == {"integrity": "fail"}
    assert [(f.severity, f.symbol) for f in findings(before, "integrity")] == [
        ("fail", "AAPL"), ("fail", "MSFT"), ("warn", "AAP"),
    ]  # fmt: skip
    assert script("load_etf_holdings", "--mode", "incremental", "--quiet") == 0
    kept = run_checks(connection, "DEFAULT")
    assert faulty(kept) == {"integrity": "warn"}
    assert [finding.found.split(";")[0] for finding in findings(kept, "integrity")] == [
        "database changed: AAP in RSP is as a hand left it (no weight)",
        "database changed: AAPL is not in RSP because a hand deleted it",
        "database changed: MSFT in RSP is as a hand left it (0.300000)",
    ]
    assert kept.integrity == (7505, 3)
    mend_all(kept, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_what_a_person_took_out_of_the_folder_is_no_finding_after_the_next_load(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    query(witness, "DELETE FROM definition_groups WHERE name = 'EDOW'")
    (folder / "edow_holdings.csv").unlink()
    assert faulty(run_checks(connection, "DEFAULT")) == {"integrity": "fail"}
    next_week(folder, "RSP")
    assert script("load_etf_holdings", "--holdings-dir", folder, "--mode", "incremental", "--quiet") == 0
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_what_a_full_load_removed_is_no_finding(connection: Connection, script: Script, folder: Path) -> None:
    (folder / "edow_holdings.csv").unlink()
    assert script("load_etf_holdings", "--holdings-dir", folder, "--quiet") == 0
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_rows_that_keep_missing_left_are_no_finding(connection: Connection, script: Script, folder: Path) -> None:
    members = list(weights(folder, "SPY"))
    write_fund(folder, "SPY", dict.fromkeys(members[1:]))
    load(script, folder, "SPY", "--mode", "incremental", "--keep-missing")
    assert faulty(run_checks(connection, "DEFAULT")) == {}

"""undo_load.py as a person uses it: what it prints, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.put import put_group
from tests.stored import members, query
from tickstock.db import Connection

Script = Callable[..., int]


@pytest.fixture
def bad_load(script: Script, tmp_path: Path, witness: Connection, capsys: pytest.CaptureFixture[str]) -> int:
    """The number of a load that has put two funds wrong."""
    write_fund(tmp_path, "SPY", {"AA": 60, "BB": 40})
    write_fund(tmp_path, "QQQ", {"AA": 100})
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    write_fund(tmp_path, "SPY", {"AA": 50, "CC": 50})
    write_fund(tmp_path, "QQQ", {"DD": 100})
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    capsys.readouterr()
    ((number,),) = query(witness, "SELECT max(id) FROM load_runs")
    return int(number)


def test_the_preview_is_printed_and_nothing_written(
    script: Script, bad_load: int, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("undo_load", str(bad_load), "--dry-run", "--verbose") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"[DRY RUN] Would undo load {bad_load} (full load of ETF, 20")
    assert lines[1:9] == [
        "[DRY RUN] Would create 2 new relationships",
        "[DRY RUN] Would update 1 existing relationships",
        "[DRY RUN] Would remove 4 relationships",
        "[DRY RUN] No changes written to database",
        "group       added   changed   removed unchanged      kept",
        "QQQ             1         0         1         0         0",
        "SPY             1         1         1         0         0",
        "unknown         0         0         2         2         0",
    ]
    assert "  SPY AA       changed  50.000000 -> 60.000000" in lines
    assert members(witness, "SPY") == {"AA": "50.000000", "CC": "50.000000"}


def test_the_load_is_taken_back_and_both_numbers_are_said(
    script: Script, bad_load: int, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("undo_load", str(bad_load)) == 0
    assert f"load {bad_load} undone: load {bad_load + 1} committed to " in capsys.readouterr().out
    assert members(witness, "SPY") == {"AA": "60.000000", "BB": "40.000000"}
    assert members(witness, "QQQ") == {"AA": "100.000000"}
    assert script("undo_load", str(bad_load)) == 0
    assert f"nothing of load {bad_load} to take back in " in capsys.readouterr().out


def test_one_fund_alone(script: Script, bad_load: int, witness: Connection) -> None:
    assert script("undo_load", str(bad_load), "--etf", "spy") == 0
    assert members(witness, "SPY") == {"AA": "60.000000", "BB": "40.000000"}
    assert members(witness, "QQQ") == {"DD": "100.000000"}


def test_what_was_changed_since_is_listed_and_left_unless_forced(
    script: Script, bad_load: int, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    query(witness, "UPDATE group_memberships SET weight = 55 WHERE symbol = 'AA' AND weight = 50")
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'CC' AND weight = 50")
    assert script("undo_load", str(bad_load), "--dry-run", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["undoes"], document["dry_run"], document["totals"]["kept"]) == (bad_load, True, 1)
    assert script("undo_load", str(bad_load)) == 0
    printed = capsys.readouterr().out
    assert "changed since, left as they are: 1 (--force puts back what was before)" in printed
    assert "  SPY AA       kept     55.000000 (before the load: 60.000000)" in printed
    assert members(witness, "SPY") == {"AA": "55.000000", "BB": "40.000000"}
    assert script("undo_load", str(bad_load), "--force") == 0
    assert members(witness, "SPY") == {"AA": "60.000000", "BB": "40.000000"}


def test_a_load_under_a_later_one_is_refused(
    script: Script, tmp_path: Path, bad_load: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fund(tmp_path, "SPY", {"AA": 51, "CC": 49})
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    capsys.readouterr()
    force = "--force puts back what was before this run, whatever came after it"
    for options, advice in (
        ([], f"refused, nothing was written; --dry-run shows the plan, {force}"),
        (["--dry-run"], f"this would be refused; {force}"),
    ):
        assert script("undo_load", str(bad_load), *options) == 3
        error = capsys.readouterr().err
        assert f"error: load {bad_load + 1} has read QQQ, SPY since; undo it first\nerror: {advice}\n" in error


def test_what_an_undo_does_to_the_past_is_said_before_and_after(
    script: Script, tmp_path: Path, bad_load: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fund(tmp_path, "SPY", {"EE": 100})
    assert script("load_etf_holdings", "--holdings-dir", tmp_path, "--etf", "SPY", "--as-of", "2025-06-30") == 0
    line = f"SPY as of 2025-06-30: the past is told again as before run {bad_load + 1}"
    capsys.readouterr()
    assert script("undo_load", str(bad_load + 1), "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["past_again"] == [{"name": "SPY", "as_of": "2025-06-30"}]
    for options in (["--dry-run"], []):
        assert script("undo_load", str(bad_load + 1), *options) == 0
        assert line in capsys.readouterr().out.splitlines()
    assert script("undo_load", str(bad_load + 1)) == 0
    assert line not in capsys.readouterr().out.splitlines()


def test_an_unknown_number_is_an_error(script: Script, bad_load: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("undo_load", "12345") == 1
    assert f"error: found no load 12345, the last one is {bad_load}" in capsys.readouterr().err
    for number in ("twelve", "0", "-1", "99999999999"):
        assert script("undo_load", number) == 2
        assert f"argument LOAD: found '{number}', expected a number from 1 on" in capsys.readouterr().err


def test_names_from_the_database_cannot_steer_the_terminal(
    script: Script, bad_load: int, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    put_group(witness, "ETF", "\x1b[2JX", {"\x1b[2J": 1})
    ((run,),) = query(witness, "SELECT max(id) FROM load_runs")
    query(witness, "UPDATE group_memberships SET weight = 2 WHERE weight = 1")
    assert script("undo_load", str(run)) == 0
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "  \ufffd[2JX \ufffd[2J     kept     2.000000 (before the load: not there)" in captured.out

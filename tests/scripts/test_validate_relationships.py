"""validate_relationships.py as the person at the terminal meets it: its lines, its JSON, its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.clean import LOADERS
from tests.conftest import load_script, uri_with_password
from tests.stored import query
from tickstock.db import Connection, Database

Script = Callable[..., int]


@pytest.fixture
def database(new_database: Callable[..., Database], clean: str) -> Database:
    return new_database(clean)


def delete(witness: Connection, group: str, *symbols: str) -> None:
    query(
        witness,
        "DELETE FROM group_memberships m USING definition_groups g"
        " WHERE g.id = group_id AND name = %s AND symbol = ANY (%s)",
        group,
        list(symbols),
    )


def last_load(witness: Connection, group: str) -> int:
    return int(query(witness, "SELECT max(load_id) FROM load_files WHERE group_name = %s", group)[0][0])


CLEAN = """\
[1/5] Validating ETF holdings...       ✓ PASS (24 ETFs, 0 empty)
[2/5] Validating stock-to-sector...    ✓ PASS (1,245 stocks, 0 orphans)
[3/5] Validating bidirectional...      ✓ PASS (100% integrity)
[4/5] Validating sector mappings...    ✓ PASS (11/11 sectors, and unknown)
[5/5] Validating theme definitions...  ✓ PASS (20 themes, 0 empty)
      Validating universes...          ✓ PASS (4 universes, 0 empty)
      Validating one sector each...    ✓ PASS (1,245 stocks, 0 in several)
      Validating sector evidence...    ✓ PASS (1,245 rows, 0 in doubt)
      Validating weights...            ✓ PASS (3 of 24 ETFs have weights)
      Validating spellings...          ✓ PASS (7,505 rows, 0 misspelt)
      Validating duplicates...         ✓ PASS (0 twice)
      Validating subsets...            ✓ PASS (0 with stragglers)
      Validating freshness...          ✓ PASS (48 files, 48 without a date)
      Validating ledger...             ✓ PASS (48 files on record)
      Validating files...              ✓ PASS (48 files, 0 rows changed)

Overall Status:     ✓ PASS (15/15 passed)
"""


@pytest.mark.parametrize("options", [[], ["--verbose"]])
def test_the_clean_state_passes(script: Script, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    assert script("validate_relationships", *options) == 0
    assert capsys.readouterr().out == CLEAN


def test_the_numbers_are_those_of_plain_sql(witness: Connection) -> None:
    """The figures above, counted another way."""
    assert query(
        witness,
        """WITH m AS (SELECT g.type, g.name, m.symbol, m.weight FROM group_memberships m
                      JOIN definition_groups g ON g.id = m.group_id),
                funds AS (SELECT name FROM definition_groups WHERE type = 'ETF')
           SELECT (SELECT count(*) FROM funds),
                  (SELECT count(DISTINCT symbol) FROM m WHERE symbol NOT IN (SELECT name FROM funds)),
                  (SELECT count(DISTINCT name) FROM m WHERE type = 'THEME'),
                  (SELECT count(DISTINCT name) FROM m WHERE type = 'UNIVERSE'),
                  (SELECT count(*) FROM m WHERE type = 'SECTOR'),
                  (SELECT count(DISTINCT name) FROM m WHERE weight > 0),
                  (SELECT count(*) FROM m),
                  (SELECT count(*) FROM load_files WHERE format <> 'evidence')""",
    ) == [(24, 1245, 20, 4, 1245, 3, 7505, 48)]


def test_findings_stand_under_their_check_with_the_command_that_mends_them(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    delete(witness, "RSP", "AAPL", "MSFT")
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE - 50 WHERE group_name = 'QQQ'")
    assert script("validate_relationships") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:6] == [
        "[3/5] Validating bidirectional...      ✗ FAIL (99.97% integrity)",
        f"        fail: database changed: AAPL is gone from RSP since load {last_load(witness, 'RSP')}",
        f"        fail: database changed: MSFT is gone from RSP since load {last_load(witness, 'RSP')}",
        "          mend: python scripts/cache_maintenance/load_etf_holdings.py --etf RSP --mode full",
    ]
    (at,) = (number for number, line in enumerate(lines) if "Validating freshness" in line)
    assert "⚠ WARN (48 files, 47 without a date, the oldest as of 20" in lines[at]
    assert lines[at + 2] == "          mend: python scripts/cache_maintenance/load_etf_holdings.py --etf QQQ"
    assert lines[-1] == "Overall Status:     ✗ FAIL (13/15 passed, 1 warning, 1 failed)"


def test_warnings_do_not_fail(script: Script, capsys: pytest.CaptureFixture[str], witness: Connection) -> None:
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE - 50 WHERE group_name = 'QQQ'")
    assert script("validate_relationships") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Overall Status:     ✓ PASS (14/15 passed, 1 warning)"


def test_ten_findings_are_listed_and_verbose_lists_all(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    delete(witness, "SPY", "AAPL", "AMGN", "AMZN", "AXP", "BA", "CAT", "CRM", "CSCO", "CVX", "DIS", "GS", "HD")
    script("validate_relationships")
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("        fail: ")]) == 10
    assert "        … and 2 more (--verbose lists them)" in lines
    script("validate_relationships", "--verbose")
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("        fail: ")]) == 12
    assert not [line for line in lines if "more (" in line]


def test_beyond_a_thousand_findings_psql_lists_them(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    query(witness, "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id AND type = 'ETF'")
    gone = query(witness, "SELECT sum(members) FROM load_files JOIN load_runs r ON r.id = load_id"
                          " WHERE r.type = 'ETF'")[0][0]  # fmt: skip
    assert script("validate_relationships", "--verbose") == 1
    text = f"        … and {gone - 1000:,} more (psql -f sql/checks/integrity.sql lists them)"
    assert text in capsys.readouterr().out.splitlines()


def test_json_is_one_document_on_stdout(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    delete(witness, "RSP", "AAPL")
    assert script("validate_relationships", "--json") == 1
    result = json.loads(capsys.readouterr().out)
    checks = result.pop("checks")
    assert result == {
        "environment": "DEFAULT", "status": "fail", "passed": 14, "warnings": 0, "failed": 1,
        "integrity": {"rows": 7504, "wrong": 1, "percent": 99.98},
    }  # fmt: skip
    assert [check["name"] for check in checks] == [
        "etf_holdings", "stock_sectors", "integrity", "sector_mappings", "themes", "universes", "one_sector",
        "sector_evidence", "weights", "spellings", "duplicates", "subsets", "freshness", "ledger", "files",
    ]  # fmt: skip
    assert checks[0] == {
        "name": "etf_holdings", "status": "pass", "summary": "24 ETFs, 0 empty", "count": 0, "findings": [],
    }  # fmt: skip
    assert checks[2] == {
        "name": "integrity",
        "status": "fail",
        "summary": "99.98% integrity",
        "count": 1,
        "findings": [
            {
                "severity": "fail",
                "type": "ETF",
                "group": "RSP",
                "symbol": "AAPL",
                "found": f"database changed: AAPL is gone from RSP since load {last_load(witness, 'RSP')}",
                "mend": "python scripts/cache_maintenance/load_etf_holdings.py --etf RSP --mode full",
            }
        ],
    }


def test_quiet_is_silent_unless_a_check_fails(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    assert script("validate_relationships", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    delete(witness, "information_technology", "AAPL")
    assert script("validate_relationships", "--quiet") == 1
    assert capsys.readouterr() == (
        "", "error: found what cannot be right (stock_sectors); run it without --quiet\n",
    )  # fmt: skip


def test_a_database_with_nothing_in_it_fails_and_says_what_to_load(
    new_database: Callable[..., Database], template: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("DATABASE_URI", uri_with_password(new_database(template)))
    assert load_script("validate_relationships").main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "[1/5] Validating ETF holdings...       ✗ FAIL (0 ETFs, 0 empty)",
        "        fail: no fund is stored",
        "          mend: python scripts/cache_maintenance/load_etf_holdings.py --mode full",
    ]
    assert lines[-1] == "Overall Status:     ✗ FAIL (13/15 passed, 1 warning, 1 failed)"


def test_another_environment_has_its_own_findings_and_commands(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    assert [script(loader, "--environment", "TEST", "--quiet") for loader in LOADERS] == [0] * len(LOADERS)
    query(witness, "SET tickstock.environment = 'TEST'")
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'AAPL' AND group_id ="
                   " (SELECT id FROM environment_groups WHERE name = 'RSP')")  # fmt: skip
    assert script("validate_relationships") == 0
    assert capsys.readouterr().out == CLEAN
    assert script("validate_relationships", "--environment", "TEST") == 1
    mend = "mend: python scripts/cache_maintenance/load_etf_holdings.py --etf RSP --mode full --environment TEST\n"
    assert mend in capsys.readouterr().out


def test_names_from_the_database_cannot_steer_the_terminal(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    query(witness, "INSERT INTO definition_groups (name, type) VALUES (E'\\x1b[2J\\nnice', 'ETF')")
    assert script("validate_relationships") == 1
    assert "        fail: �[2J nice has no members, and no load has read a file for it" in capsys.readouterr().out

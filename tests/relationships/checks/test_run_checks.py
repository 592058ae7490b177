"""The checks as a whole: who may run them, on what, what they leave, and the integrity in percent."""

from __future__ import annotations

import re

import pytest

from tests.clean import LOADERS
from tests.relationships.checks.made import (
    Script,
    faulty,
    findings,
)
from tests.stored import query
from tickstock.db import SQL, Connection
from tickstock.relationships.checks import CHECKS, Integrity, read_integrity, run_checks
from tickstock.settings import REPOSITORY


def test_each_file_can_be_run_alone_and_says_what_it_is_for(witness: Connection) -> None:
    for check in (check for check in CHECKS if check.find is None):
        sql = (SQL / "checks" / f"{check.name}.sql").read_text(encoding="utf-8")
        assert sql.startswith("-- ")
        with witness.cursor() as cursor:
            cursor.execute(sql)
            assert cursor.description is not None
            columns = [column.name for column in cursor.description]
            assert columns == ["severity", "group_type", "group_name", "symbol", "found", "mend"]
            assert cursor.fetchall() == []


def test_each_check_is_described() -> None:
    text = (REPOSITORY / "docs" / "checks.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [check.name for check in CHECKS]


def test_a_role_that_may_only_read_is_enough(connection: Connection) -> None:
    query(connection, "SET ROLE app_readonly")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_environments_do_not_mix(connection: Connection, witness: Connection, script: Script) -> None:
    assert faulty(run_checks(connection, "TEST")) == {
        "etf_holdings": "fail", "sector_mappings": "fail", "themes": "warn",
    }  # fmt: skip
    assert [script(loader, "--environment", "TEST", "--quiet") for loader in LOADERS] == [0] * len(LOADERS)
    query(witness, "SET tickstock.environment = 'TEST'")
    assert faulty(run_checks(connection, "TEST")) == {}
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'AAPL' AND group_id IN"
                   " (SELECT id FROM environment_groups WHERE name IN ('RSP', 'information_technology'))")
    query(witness, "UPDATE load_files SET members = 7, as_of = '2020-01-02' WHERE group_id IN"
                   " (SELECT id FROM environment_groups WHERE name = 'EQWL')")  # fmt: skip
    query(witness, "INSERT INTO definition_groups (name, type, environment) VALUES ('spy', 'ETF', 'TEST')")
    validation = run_checks(connection, "TEST")
    assert faulty(validation).keys() == {
        "stock_sectors", "integrity", "ledger", "freshness", "duplicates", "etf_holdings",
    }  # fmt: skip
    assert findings(validation, "integrity")[0].mend.endswith("--etf RSP --mode full --environment TEST")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_the_connection_is_left_as_it_was(connection: Connection) -> None:
    query(connection, "SET tickstock.environment = 'MINE'")
    run_checks(connection, "DEFAULT")
    assert query(connection, "SELECT current_environment()") == [("MINE",)]


def test_only_the_first_1000_findings_are_kept_and_all_are_counted(
    connection: Connection, witness: Connection
) -> None:
    query(witness, "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id AND type = 'ETF'")
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'ZZZZ' FROM definition_groups"
                   " WHERE type = 'ETF'")  # fmt: skip
    (check,) = (check for check in run_checks(connection, "DEFAULT").checks if check.name == "integrity")
    lost = query(witness, "SELECT sum(members) FROM load_files f JOIN definition_groups g ON g.id = group_id"
                          " WHERE type = 'ETF'")[0][0]  # fmt: skip
    assert (check.status, check.count, len(check.findings)) == ("fail", lost + 24, 1000)
    assert {finding.severity for finding in check.findings} == {"fail"}  # those first


def test_a_state_that_is_all_wrong_is_told_as_well(connection: Connection, witness: Connection) -> None:
    query(witness, "UPDATE group_memberships SET symbol = lower(symbol)")
    assert faulty(run_checks(connection, "DEFAULT")) == {"spellings": "fail"}
    query(witness, "TRUNCATE definition_groups CASCADE")
    assert faulty(run_checks(connection, "DEFAULT")) == {
        "etf_holdings": "fail", "integrity": "fail", "sector_mappings": "fail", "themes": "warn",
    }  # fmt: skip


def test_the_integrity_is_the_same_alone(connection: Connection, witness: Connection) -> None:
    assert read_integrity(connection) == (7505, 0)
    query(witness, "UPDATE group_memberships SET weight = 0.3 WHERE weight = 0.2")
    changed = query(witness, "SELECT count(*) FROM group_memberships WHERE weight = 0.3")[0][0]
    assert read_integrity(connection) == run_checks(connection, "DEFAULT").integrity == (7505, changed)


@pytest.mark.parametrize(
    ("rows", "wrong", "percent"),
    [(7505, 0, 100), (7505, 1, 99.98), (10**7, 1, 99.99), (10**4, 1, 99.99), (3, 1, 66.66), (3, 3, 0), (0, 5, 0),
     (0, 0, 100)],
)  # fmt: skip
def test_the_percentage_is_never_rounded_up(rows: int, wrong: int, percent: float) -> None:
    assert Integrity(rows, wrong).percent == percent

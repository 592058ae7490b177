"""Age: dates that are old or lie ahead, sources that stood still while others moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.checks.made import (
    Script,
    faulty,
    findings,
    load,
    next_week,
    weights,
)
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.checks import run_checks


@pytest.mark.parametrize("days", [-46, 2])
def test_a_date_that_is_old_or_lies_in_the_future(
    days: int, connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE + %s WHERE group_name = 'RSP'", days)
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"freshness": "warn"}
    assert [finding.group_name for finding in findings(validation, "freshness")] == ["RSP"]
    next_week(folder, "RSP")
    load(script, folder, "RSP", "--force")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_dates_of_the_last_weeks_are_fine(connection: Connection, witness: Connection) -> None:
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE - 45 WHERE group_name = 'RSP'")
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE WHERE group_name = 'EQWL'")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def _age(witness: Connection, days: int) -> None:
    query(witness, "UPDATE load_runs SET started_at = started_at - %s * INTERVAL '1 day'", days)


def test_a_source_that_did_not_change_while_its_peers_did(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    """EDOW, EQWL and RSP are the funds with weights. Lists without weights may stay the same for years."""
    _age(witness, 22)
    next_week(folder, "EQWL", "RSP")
    load(script, folder, "EQWL")
    assert faulty(run_checks(connection, "DEFAULT")) == {"freshness": "warn"}  # one of two peers is half of them
    load(script, folder, "RSP")
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"freshness": "warn"}
    (finding,) = findings(validation, "freshness")
    assert finding.group_name == "EDOW"
    assert "those of 2 of 2 other funds did" in finding.found
    assert finding.mend == f"python scripts/cache_maintenance/load_etf_holdings.py --etf EDOW --holdings-dir {folder}"
    next_week(folder, "EDOW")
    load(script, folder, "EDOW")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_change_three_weeks_later_or_sooner_is_a_matter_of_course(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    _age(witness, 20)
    next_week(folder, "EQWL", "RSP")
    load(script, folder, "EQWL")
    load(script, folder, "RSP")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_first_load_is_no_change(connection: Connection, witness: Connection, script: Script, folder: Path) -> None:
    _age(witness, 60)
    for etf in ("AAAA", "BBBB", "CCCC", "DDDD", "EEEE"):
        write_fund(folder, etf, {"AAPL": "60", "MSFT": "40"})
        load(script, folder, etf)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_source_that_went_back_to_an_old_file_has_changed(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    original = weights(folder, "EDOW")
    _age(witness, 30)
    next_week(folder, "EDOW")
    load(script, folder, "EDOW")
    _age(witness, 30)
    next_week(folder, "EQWL", "RSP")
    write_fund(folder, "EDOW", original)
    for etf in ("EDOW", "EQWL", "RSP"):
        load(script, folder, etf)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_theme_that_is_no_longer_in_the_file(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    _age(witness, 30)
    file = folder / "themes.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("crypto_miners,")), encoding="utf-8")
    assert script("organize_universe", "--holdings-dir", folder, "--mode", "incremental", "--quiet") == 0
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"freshness": "warn"}
    assert [finding.group_name for finding in findings(validation, "freshness")] == ["crypto_miners"]

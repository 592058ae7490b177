"""A saved plan is applied exactly as it was looked at, or refused with the groups that have moved in between."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_fund, write_universe
from tests.relationships.states import dump, write_dated
from tests.stored import everything, members, query
from tickstock.db import Connection

Script = Callable[..., int]
FIRST = {"AA": 50, "BB": 30, "CC": 20}
SECOND = {"AA": 60, "BB": 30, "DD": 10}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


@pytest.fixture
def loaded(script: Script, folder: Path) -> None:
    write_dated(folder, "SPY", FIRST, "Jan 03, 2025")
    write_fund(folder, "QQQ", {"AA": 100})
    assert script("load_etf_holdings", "--holdings-dir", folder) == 0


@pytest.fixture
def saved(loaded: None, script: Script, folder: Path, plan: Path) -> None:
    """A plan that changes SPY, removes QQQ and adds DIA."""
    write_dated(folder, "SPY", SECOND, "Jan 10, 2025")
    (folder / "qqq_holdings.csv").unlink()
    write_fund(folder, "DIA", {"EE": 100})
    assert script("load_etf_holdings", "--holdings-dir", folder, "--force", "--dry-run", "--plan", plan) == 0


@pytest.mark.usefixtures("saved")
def test_a_plan_is_applied_without_its_files_and_leaves_what_the_load_would_have_left(
    script: Script, folder: Path, plan: Path, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in folder.iterdir():
        path.unlink()
    assert script("apply_plan", plan, "--json") == 0
    applied = json.loads(capsys.readouterr().out)
    assert applied["totals"] == {"added": 2, "changed": 1, "removed": 2, "unchanged": 1, "kept": 0}
    assert members(witness, "SPY") == {"AA": "60.000000", "BB": "30.000000", "DD": "10.000000"}
    assert members(witness, "DIA") == {"EE": "100.000000"}
    assert members(witness, "QQQ") == {}
    assert set(members(witness, "unknown", "SECTOR")) == {"AA", "BB", "CC", "DD", "EE"}
    ((path, as_of),) = query(witness, "SELECT path, as_of::text FROM last_files WHERE group_name = 'SPY'")
    assert (Path(path).name, as_of) == ("spy_holdings.csv", "2025-01-10")


@pytest.mark.usefixtures("saved")
def test_saving_writes_nothing_and_applying_twice_is_refused(
    script: Script, plan: Path, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("apply_plan", plan) == 0
    after = everything(witness)
    assert script("apply_plan", plan) == 3
    assert "has moved since the plan was made" in (error := capsys.readouterr().err)
    assert ": DIA, QQQ, SPY; nothing was written" in error
    assert everything(witness) == after


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE group_memberships SET weight = weight + 1 WHERE group_id = %s AND symbol = 'AA'",
        "UPDATE group_memberships SET metadata = '{\"note\": 1}' WHERE group_id = %s AND symbol = 'BB'",
        "DELETE FROM group_memberships WHERE group_id = %s AND symbol = 'BB'",
        "UPDATE definition_groups SET description = 'mine' WHERE id = %s",
    ],
)
def test_a_group_that_moved_in_between_is_named_and_nothing_is_written(
    script: Script, plan: Path, witness: Connection, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ((spy,),) = query(witness, "SELECT id FROM definition_groups WHERE name = 'SPY'")
    query(witness, change, spy)
    before = everything(witness)
    assert script("apply_plan", plan) == 3
    assert "moved since the plan was made" in (error := capsys.readouterr().err)
    assert ": SPY; nothing was written, make a new plan" in error
    assert everything(witness) == before


@pytest.mark.usefixtures("saved")
def test_what_other_types_did_in_between_does_not_matter(
    script: Script, folder: Path, plan: Path, witness: Connection
) -> None:
    write_universe(folder, "dow30", ["AA", "BB"])
    assert script("load_universes", "--holdings-dir", folder) == 0
    assert script("apply_plan", plan) == 0


@pytest.mark.usefixtures("saved")
def test_a_new_stock_that_somebody_else_brought_is_told(
    script: Script, folder: Path, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_universe(folder, "dow30", ["DD"])
    assert script("load_universes", "--holdings-dir", folder) == 0
    assert script("apply_plan", plan) == 3
    assert "unknown (other stocks would enter it)" in capsys.readouterr().err


@pytest.mark.usefixtures("loaded")
def test_a_plan_that_a_guard_refuses_is_not_saved(script: Script, folder: Path, plan: Path) -> None:
    write_fund(folder, "QQQ", {"AA": 10})
    assert script("load_etf_holdings", "--holdings-dir", folder, "--dry-run", "--plan", plan) == 3
    assert not plan.exists()


@pytest.mark.usefixtures("loaded")
def test_a_plan_of_the_past_changes_the_past_alone(
    script: Script, folder: Path, plan: Path, witness: Connection
) -> None:
    write_dated(folder, "SPY", {"AA": 100}, "Dec 27, 2024")
    assert script("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY", "--dry-run", "--plan", plan) == 0
    before = dump(witness)
    assert script("apply_plan", plan) == 0
    assert dump(witness) == before
    sql = "SELECT symbol FROM members_on(ARRAY(SELECT id FROM definition_groups WHERE name = 'SPY'), '2024-12-28')"
    assert query(witness, sql) == [("AA",)]


@pytest.mark.usefixtures("loaded")
def test_a_plan_of_the_past_is_refused_once_another_file_told_of_it(
    script: Script, folder: Path, plan: Path, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its rows hold up to the next day of which a file tells: there is another one now."""
    arguments = ("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY")
    write_dated(folder, "SPY", {"AA": 100}, "Dec 20, 2024")
    assert script(*arguments, "--dry-run", "--plan", plan) == 0
    write_dated(folder, "SPY", {"BB": 100}, "Dec 27, 2024")
    assert script(*arguments) == 0
    assert script("apply_plan", plan) == 3
    assert ": SPY; nothing was written" in capsys.readouterr().err
    sql = "SELECT symbol FROM members_on(ARRAY(SELECT id FROM definition_groups WHERE name = 'SPY'), '2024-12-28')"
    assert query(witness, sql) == [("BB",)]


def test_a_plan_is_for_its_environment_and_the_command_says_so(
    script: Script, folder: Path, tmp_path: Path, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "a $(plan).json"
    write_fund(folder, "SPY", {"AA": 100})
    options = ("--environment", "TEST", "--dry-run", "--plan", plan)
    assert script("load_etf_holdings", "--holdings-dir", folder, *options) == 0
    (said,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("plan saved: "))
    assert script("apply_plan", plan) == 2
    assert f"the plan {plan} is of the environment TEST: --environment TEST" in capsys.readouterr().err
    python, path, *arguments = shlex.split(said.removeprefix("plan saved: "))
    assert (python, path) == ("python", "scripts/cache_maintenance/apply_plan.py")
    assert script("apply_plan", *arguments) == 0
    assert query(witness, "SELECT environment FROM definition_groups WHERE name = 'SPY'") == [("TEST",)]


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda text: text.replace('"EE"', '"FF"'), "somebody has edited it"),
        (lambda text: text.replace("tickstock plan 1", "tickstock plan 0"), "found the format 'tickstock plan 0'"),
        (lambda text: text[:1000], "it is cut off"),
        (lambda text: "[]", "found another file"),
    ],
)
def test_a_plan_that_was_edited_is_not_applied(
    script: Script, plan: Path, damage: Callable[[str], str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan.write_text(damage(plan.read_text()))
    assert script("apply_plan", plan) == 1
    assert found in capsys.readouterr().err


def test_a_plan_needs_a_dry_run(script: Script, folder: Path, plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_fund(folder, "QQQ", {"AA": 100})
    assert script("load_etf_holdings", "--holdings-dir", folder, "--plan", plan) == 2
    assert "add --dry-run" in capsys.readouterr().err


@pytest.mark.parametrize("loader", ["load_universes", "organize_universe", "organize_sectors_industries",
                                    "build_stock_metadata", "enrich_sectors"])  # fmt: skip
def test_every_loader_saves_plans(script: Script, plan: Path, witness: Connection, loader: str) -> None:
    query(witness, "DELETE FROM definition_groups WHERE type = 'SECTOR'")
    query(witness, "INSERT INTO definition_groups (name, type) VALUES ('SPY', 'ETF')")
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'AAPL' FROM definition_groups")
    if loader in ("build_stock_metadata", "enrich_sectors"):
        query(witness, "SELECT create_sector_groups('DEFAULT')")
    assert script(loader, "--dry-run", "--plan", plan) == 0
    assert script("apply_plan", plan) == 0
    assert script(loader, "--dry-run", "--json") == 0
    sql = "SELECT groups_added + added + changed FROM load_runs WHERE program = 'tickstock apply_plan'"
    ((changed,),) = query(witness, sql)
    assert changed > 0

"""A stock that enters by a load is in the sector unknown from the same commit on, once, whoever else loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.stored import members, query
from tickstock.db import Connection, Database, closing
from tickstock.relationships import store
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options

SECTORS_OF = "SELECT sector, symbol FROM stock_sectors ORDER BY 2, 1"


def test_new_stocks_enter_unknown_and_a_dry_run_says_so(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    assert load_etfs(dry_run=True).entered == 2
    assert query(witness, SECTORS_OF) == []
    assert load_etfs().entered == 2
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL"), ("unknown", "MSFT")]
    assert query(witness, "SELECT DISTINCT opened_by FROM membership_versions v JOIN load_runs r ON r.id = v.opened_by"
                          " WHERE symbol IS NOT NULL") == [(2,)]  # fmt: skip


def test_a_stock_that_has_a_sector_keeps_it(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    load_etfs()
    query(witness, "UPDATE group_memberships SET group_id = (SELECT id FROM definition_groups WHERE name = 'energy')"
                   " WHERE symbol = 'AAPL' AND weight IS NULL")  # fmt: skip
    write_fund(folder, "VOO", {"AAPL": "60", "NVDA": "40"})
    assert load_etfs().entered == 1
    assert query(witness, SECTORS_OF) == [("energy", "AAPL"), ("unknown", "MSFT"), ("unknown", "NVDA")]


def test_a_fund_that_a_fund_holds_is_no_stock(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "VOO": "40"})
    write_fund(folder, "VOO", {"AAPL": "100"})
    assert load_etfs(dry_run=True).entered == 1
    assert load_etfs().entered == 1
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL")]


def test_a_dry_run_knows_that_a_fund_that_goes_is_a_stock_where_it_comes(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AAPL": "100"})
    write_fund(folder, "VOO", {"AAPL": "100"})
    load_etfs()
    (folder / "voo_holdings.csv").unlink()
    write_fund(folder, "SPY", {"AAPL": "60", "VOO": "40"})
    assert load_etfs(force=True, dry_run=True).entered == 1
    assert load_etfs(force=True).entered == 1
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL"), ("unknown", "VOO")]


def test_another_environment_gets_its_own(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    load_etfs(environment="TEST")
    assert query(witness, SECTORS_OF) == []
    query(witness, "SET tickstock.environment = 'TEST'")
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL"), ("unknown", "MSFT")]


def test_a_sector_group_that_was_deleted_by_hand_is_there_again(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    query(witness, "DELETE FROM definition_groups WHERE name = 'unknown'")
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    load_etfs()
    assert list(members(witness, "unknown", "SECTOR")) == ["AAPL", "MSFT"]


def commit_meanwhile(witness: Connection, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """Between the snapshot of the next load and its end, let another commit something."""
    applied = store.apply_plan
    statements = iter([statement])

    def apply_while_another_commits(*values: object) -> int:
        for each in statements:
            query(witness, each)
        return applied(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "apply_plan", apply_while_another_commits)


def test_a_stock_that_was_classified_since_the_snapshot_does_not_enter_again(
    database: Database, folder: Path, witness: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    commit_meanwhile(
        witness,
        monkeypatch,
        "INSERT INTO group_memberships (group_id, symbol, metadata) SELECT id, 'AAPL', '{\"source\": \"override\"}'"
        " FROM definition_groups WHERE name = 'energy'",
    )
    with closing(database.connect()) as connection:
        outcome = load(database, connection, etf_inputs(folder), Options("ETF"))
    assert outcome.entered == 1
    assert query(witness, SECTORS_OF) == [("energy", "AAPL"), ("unknown", "MSFT")]


def test_a_stock_that_left_its_sector_since_the_snapshot_enters_again(
    database: Database, load_etfs: Load, folder: Path, witness: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No fund holds NVDA any more; while one gets it back, a load of sectors takes it out of its sector."""
    write_fund(folder, "SPY", {"AAPL": "60", "NVDA": "40"})
    load_etfs()
    write_fund(folder, "SPY", {"AAPL": "100"})
    load_etfs()
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL"), ("unknown", "NVDA")]
    write_fund(folder, "SPY", {"AAPL": "60", "NVDA": "40"})
    commit_meanwhile(witness, monkeypatch, "DELETE FROM group_memberships WHERE symbol = 'NVDA'")
    with closing(database.connect()) as connection:
        outcome = load(database, connection, etf_inputs(folder), Options("ETF"))
    assert outcome.entered == 1
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL"), ("unknown", "NVDA")]

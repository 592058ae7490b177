"""Whatever is undone, and whoever does something beside it: a stock is in one sector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from tests.files import write_fund, write_universe
from tests.relationships.conftest import Load, UndoRun
from tests.stored import WAITING, query
from tickstock.db import Connection, Cursor, Database, closing
from tickstock.relationships.change import carry_out
from tickstock.relationships.inputs import universe_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options, Plan
from tickstock.relationships.undo import Undo, read_run

SECTORS = "SELECT symbol, sector FROM stock_sectors ORDER BY 1, 2"


def _move(witness: Connection, symbol: str, sector: str) -> None:
    query(witness, "UPDATE group_memberships SET group_id = (SELECT id FROM definition_groups WHERE name = %s)"
                   " WHERE symbol = %s AND group_id IN (SELECT id FROM definition_groups WHERE type = 'SECTOR')",
          sector, symbol)  # fmt: skip


def test_a_hand_that_moved_a_stock_to_another_sector_beside_other_changes_is_undone_whole(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    load_etfs()
    before = query(witness, SECTORS)
    query(witness, "BEGIN")
    query(witness, "UPDATE group_memberships SET weight = 61 WHERE weight = 60")
    _move(witness, "AA", "energy")
    query(witness, "COMMIT")
    ((run,),) = query(witness, "SELECT max(id) FROM load_runs")
    undo(run)
    assert query(witness, SECTORS) == before == [("AA", "unknown"), ("BB", "unknown")]


@pytest.mark.parametrize("force", [False, True])
def test_a_stock_that_was_moved_on_since_is_in_one_sector_all_the_same(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection, force: bool
) -> None:
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    load_etfs()
    _move(witness, "AA", "materials")
    ((run,),) = query(witness, "SELECT max(id) FROM load_runs")
    _move(witness, "AA", "energy")
    outcome = undo(run, force=force)
    sector = "unknown" if force else "energy"
    assert query(witness, SECTORS) == [("AA", sector), ("BB", "unknown")]
    assert (outcome.load_id is None, outcome.plan.total("kept")) == ((False, 0) if force else (True, 1))


def test_stocks_of_a_sector_that_comes_back_stay_where_they_are_by_now(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    load_etfs()
    _move(witness, "AA", "energy")
    query(witness, "DELETE FROM definition_groups WHERE name = 'energy'")
    ((run,),) = query(witness, "SELECT max(id) FROM load_runs")
    query(witness, "INSERT INTO group_memberships (group_id, symbol)"
                   " SELECT id, 'AA' FROM definition_groups WHERE name = 'unknown'")  # fmt: skip
    outcome = undo(run)
    assert (outcome.plan.groups_with("added"), outcome.plan.total("kept")) == (1, 1)
    assert query(witness, SECTORS) == [("AA", "unknown"), ("BB", "unknown")]


def test_a_stock_that_lost_its_sector_since_is_told(
    script: Callable[..., int], folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    load_etfs()
    write_fund(folder, "SPY", {"AA": 100})
    loaded = load_etfs(force=True).load_id
    assert undo(loaded, dry_run=True).plan.warnings == ()
    assert script("enrich_sectors", "--holdings-dir", folder) == 0
    (warning,) = undo(loaded).plan.warnings
    assert warning.startswith("come back without a sector, which a later load took from them: 1 (BB); afterwards run")
    assert script("build_stock_metadata", "--holdings-dir", folder, "--mode", "incremental") == 0
    assert query(witness, SECTORS) == [("AA", "unknown"), ("BB", "unknown")]


def test_a_stock_that_another_load_brings_meanwhile_stays_in_its_sector(
    database: Database, folder: Path, load_etfs: Load, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    first = load_etfs().load_id
    assert first
    write_universe(folder, "dow30", ["AA"])

    def load_universe() -> None:
        with closing(database.connect()) as connection:
            load(database, connection, universe_inputs(folder), Options("UNIVERSE"))

    other = Thread(target=load_universe)

    class Slow(Undo):
        def plan(self, cursor: Cursor) -> Plan:
            plan = super().plan(cursor)
            other.start()
            while other.is_alive() and query(witness, WAITING) == [(0,)]:
                other.join(0.01)
            return plan

    with closing(database.connect()) as connection:
        run = read_run(connection, first, "DEFAULT")
        carry_out(database, connection, Slow(run, Options(run.type, mode="undo")))
    other.join()
    assert query(witness, SECTORS) == [("AA", "unknown")]
    assert query(witness, "SELECT symbol FROM environment_stocks") == [("AA",)]


def test_a_stock_that_would_be_in_nothing_else_does_not_come_back_into_its_sector(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    undone = undo(load_etfs().load_id).load_id
    write_fund(folder, "SPY", {"AA": 100})
    load_etfs()
    assert undo(undone).load_id is None, "the fund's name is taken"
    assert query(witness, SECTORS) == [("AA", "unknown")]


def test_what_entered_unknown_meanwhile_is_in_nobodys_way(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AA": 100})
    first = load_etfs().load_id
    write_fund(folder, "QQQ", {"AA": 60, "BB": 40})
    undone = undo(load_etfs(only="QQQ").load_id).load_id
    undo(first)
    (warning,) = undo(undone).plan.warnings
    assert query(witness, "SELECT name FROM definition_groups WHERE type = 'ETF'") == [("QQQ",)]
    assert query(witness, SECTORS) == [("BB", "unknown")]
    assert warning.startswith("come back without a sector, which a later load took from them: 1 (AA)")

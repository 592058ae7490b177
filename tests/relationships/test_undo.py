"""An undo gives back what was before one load, byte for byte, and the past with it; what came later is left alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.put import put_group
from tests.relationships.conftest import Load, UndoRun
from tests.relationships.states import differences, dump, state, write_dated
from tests.stored import everything, members, query
from tickstock.db import Connection, Database, closing
from tickstock.errors import RefusedError, TickstockError, UsageError
from tickstock.relationships.change import carry_out
from tickstock.relationships.checks import run_checks
from tickstock.relationships.plan import Options, RowChange, row_changes
from tickstock.relationships.undo import Undo, read_run


@pytest.fixture
def plan_undo(database: Database) -> Callable[[int], list[RowChange]]:
    def run(number: int) -> list[RowChange]:
        with closing(database.connect()) as connection:
            run = read_run(connection, number, "DEFAULT")
            carry_out(database, connection, Undo(run, Options(run.type, mode="undo", dry_run=True)))
            return list(row_changes(connection))

    return run


LETTERS = list(product("ABCDEFGHIJ", repeat=3))
FIRST = {"AA": 50, "BB": 30, "CC": 20}
SECOND = {"AA": 60, "BB": 30, "DD": 10}


@pytest.fixture
def two_loads(folder: Path, load_etfs: Load) -> tuple[int, int]:
    """Two loads of SPY; the second changes AA, adds DD and drops CC."""
    write_dated(folder, "SPY", FIRST, "Jan 03, 2025")
    first = load_etfs(force=True).load_id
    write_dated(folder, "SPY", SECOND, "Jan 10, 2025")
    second = load_etfs(force=True).load_id
    assert first
    assert second
    return first, second


def test_a_load_undone_leaves_the_tables_as_they_were_and_the_past_too(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_dated(folder, "SPY", FIRST, "Jan 03, 2025")
    write_fund(folder, "QQQ", {"AA": 100})
    load_etfs(force=True)
    before = state(witness)
    write_dated(folder, "SPY", SECOND, "Jan 10, 2025")
    (folder / "qqq_holdings.csv").unlink()
    write_fund(folder, "DIA", {"EE": 100})
    loaded = load_etfs(force=True)
    outcome = undo(loaded.load_id)
    assert differences(before, state(witness)) == []
    assert {group.name: (group.added, group.changed, group.removed) for group in outcome.plan.groups} == {
        "DIA": (0, 0, 1),
        "QQQ": (1, 0, 0),
        "SPY": (1, 1, 1),
        "unknown": (0, 0, 2),
    }


def test_an_undo_is_a_load_and_can_be_undone(
    two_loads: tuple[int, int], undo: UndoRun, witness: Connection
) -> None:
    after = state(witness)
    undone = undo(two_loads[1])
    assert members(witness, "SPY") == {"AA": "50.000000", "BB": "30.000000", "CC": "20.000000"}
    again = undo(undone.load_id)
    assert differences(after, state(witness)) == []
    assert query(witness, "SELECT id, kind, undoes FROM load_runs WHERE undoes IS NOT NULL ORDER BY id") == [
        (undone.load_id, "undo", two_loads[1]),
        (again.load_id, "undo", undone.load_id),
    ]
    assert query(witness, "SELECT DISTINCT load_id, undone_by FROM load_files WHERE undone_by IS NOT NULL") == [
        (undone.load_id, again.load_id)
    ]


def test_undos_of_undos_put_on_record_what_holds_in_turn(
    two_loads: tuple[int, int], undo: UndoRun, connection: Connection, witness: Connection
) -> None:
    first, second = two_loads
    runs = [second]
    for number in range(1, 6):
        runs.append(undo(runs[-1]).load_id or 0)
        ((load,),) = query(witness, "SELECT load_id FROM last_files WHERE group_name = 'SPY'")
        assert load == (first if number % 2 else second)
        undone = {run: by for run, by in pairwise(runs) if (runs.index(run) - number) % 2}
        assert dict(query(witness, "SELECT DISTINCT load_id, undone_by FROM load_files"
                                   " WHERE undone_by IS NOT NULL")) == undone  # fmt: skip
        found = [check for check in run_checks(connection, "DEFAULT").checks if check.name in ("integrity", "ledger")]
        assert [(check.name, check.findings) for check in found] == [("integrity", ()), ("ledger", ())]


def test_an_undo_in_a_database_that_was_just_filled_costs_a_few_times_its_load(
    folder: Path, load_etfs: Load, undo: UndoRun
) -> None:
    """Nobody has counted its tables yet; a plan made for small ones grows with their square."""
    for number in range(8):
        write_fund(folder, f"F{'ABCDEFGH'[number]}", {f"S{''.join(letters)}": None for letters in LETTERS})
    started = time.monotonic()
    run = load_etfs().load_id
    limit = 10 * (time.monotonic() - started)
    for _ in range(2):
        started = time.monotonic()
        run = undo(run).load_id
        assert time.monotonic() - started < limit


def test_a_load_over_edits_by_hand_is_undone_to_these_edits(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_dated(folder, "SPY", FIRST, "Jan 03, 2025")
    load_etfs(force=True)
    query(witness, "UPDATE group_memberships SET weight = 51, metadata = metadata || '{\"note\": 1}'"
                   " WHERE symbol = 'AA'")  # fmt: skip
    query(witness, "DELETE FROM group_memberships m USING definition_groups g"
                   " WHERE m.symbol = 'BB' AND g.id = m.group_id AND g.name = 'SPY'")  # fmt: skip
    query(witness, "INSERT INTO group_memberships (group_id, symbol, weight)"
                   " SELECT id, 'HAND', 1 FROM definition_groups WHERE name = 'SPY'")  # fmt: skip
    query(witness, "UPDATE definition_groups SET description = 'mine' WHERE name = 'SPY'")
    before = state(witness)
    write_dated(folder, "SPY", SECOND, "Jan 10, 2025")
    loaded = load_etfs(force=True)
    assert differences(before, state(witness))
    undo(loaded.load_id)
    assert differences(before, state(witness)) == []
    # The hand's rows are a hand's still.
    kept = load_etfs(mode="incremental", force=True).plan.total("kept")
    assert kept == 3


def test_the_file_of_the_undone_load_is_loaded_again_and_the_one_before_is_not(
    two_loads: tuple[int, int], undo: UndoRun, folder: Path, load_etfs: Load
) -> None:
    undo(two_loads[1])
    assert load_etfs(mode="incremental", dry_run=True).plan.total("changed") == 1
    write_dated(folder, "SPY", FIRST, "Jan 03, 2025")
    outcome = load_etfs(mode="incremental")
    assert (outcome.load_id, [group.read for group in outcome.plan.groups]) == (None, [False])


def test_a_row_that_a_hand_changed_since_is_kept_and_the_rest_is_undone(
    two_loads: tuple[int, int], undo: UndoRun, plan_undo: Callable[[int], list[RowChange]], witness: Connection
) -> None:
    query(witness, "UPDATE group_memberships SET weight = 61 WHERE symbol = 'AA'")
    query(witness, "UPDATE group_memberships SET weight = 31 WHERE symbol = 'BB'")  # the load did not touch it
    first = plan_undo(two_loads[1])[0]
    spy = next(group for group in undo(two_loads[1], dry_run=True).plan.groups if group.name == "SPY")
    # Three are stored: AA is kept, BB unchanged, DD removed.
    assert (spy.added, spy.changed, spy.removed, spy.unchanged, spy.kept) == (1, 0, 1, 1, 1)
    assert (first.symbol, first.action, first.old_weight, first.new_weight) == ("AA", "kept", Decimal(61), Decimal(50))
    undo(two_loads[1])
    assert members(witness, "SPY") == {"AA": "61.000000", "BB": "31.000000", "CC": "20.000000"}


def test_a_row_that_the_load_took_out_and_a_hand_put_back_since_is_in_the_past_again(
    two_loads: tuple[int, int], undo: UndoRun, witness: Connection
) -> None:
    query(witness, "INSERT INTO group_memberships (group_id, symbol, weight)"
                   " SELECT id, 'CC', 5 FROM definition_groups WHERE name = 'SPY'")  # fmt: skip
    undo(two_loads[1])
    assert members(witness, "SPY")["CC"] == "5.000000"
    assert [spy_on(witness, days_ago).get("CC") for days_ago in (1, 0)] == [20, 5]
    assert spy_on(witness, 1) == FIRST


def spy_on(connection: Connection, days_ago: int) -> dict[str, int]:
    """The members of SPY so many days ago, as it is known now."""
    sql = """
        SELECT m.symbol, m.weight::integer
          FROM groups_on(CURRENT_DATE - %s) g CROSS JOIN LATERAL members_on(ARRAY[g.id], CURRENT_DATE - %s) m
         WHERE g.name = 'SPY'"""
    return dict(query(connection, sql, days_ago, days_ago))


def test_of_a_group_that_a_hand_has_deleted_since_the_past_is_told_as_before(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_dated(folder, "SPY", FIRST, "Jan 03, 2025")
    write_fund(folder, "QQQ", {"AA": 100})
    load_etfs(force=True)
    write_dated(folder, "SPY", SECOND, "Jan 10, 2025")
    write_fund(folder, "QQQ", {"AA": 99})
    run = load_etfs(force=True).load_id
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    undo(run)
    assert members(witness, "QQQ") == {"AA": "100.000000"}
    assert [spy_on(witness, 1), spy_on(witness, 0)] == [FIRST, {}]


def test_force_overwrites_what_a_hand_changed_since(
    two_loads: tuple[int, int], undo: UndoRun, witness: Connection
) -> None:
    query(witness, "UPDATE group_memberships SET weight = 61 WHERE symbol = 'AA'")
    undo(two_loads[1], force=True)
    assert members(witness, "SPY") == {"AA": "50.000000", "BB": "30.000000", "CC": "20.000000"}


def test_a_change_that_the_hand_took_back_itself_is_no_conflict(
    two_loads: tuple[int, int], undo: UndoRun, witness: Connection
) -> None:
    query(witness, "UPDATE group_memberships SET weight = 61 WHERE symbol = 'AA'")
    query(witness, "UPDATE group_memberships SET weight = 60 WHERE symbol = 'AA'")
    assert undo(two_loads[1]).plan.total("kept") == 0
    assert members(witness, "SPY")["AA"] == "50.000000"


def test_a_load_under_a_later_one_of_the_same_fund_is_refused_and_names_it(
    two_loads: tuple[int, int], undo: UndoRun, folder: Path, load_etfs: Load, witness: Connection
) -> None:
    before = dump(witness)
    with pytest.raises(RefusedError, match=rf"load {two_loads[1]} has read SPY since; undo it first"):
        undo(two_loads[0])
    assert dump(witness) == before
    undo(two_loads[1])
    undo(two_loads[0])
    assert query(witness, "SELECT count(*) FROM group_memberships") == [(0,)]


def test_loads_undone_newest_first_leave_no_trace_in_the_past(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    states, loads = [], []
    for day, rows in enumerate(({"AA": 100}, FIRST, {"AA": 55, "BB": 45}, SECOND, {"CC": 100}), start=1):
        states.append(state(witness))
        write_dated(folder, "SPY", rows, f"Jan 0{day}, 2025")
        loads.append(load_etfs(force=True).load_id)
    for load in reversed(loads):
        undo(load)
        assert differences(states.pop(), state(witness)) == []


def test_one_fund_alone_is_undone(folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection) -> None:
    write_fund(folder, "SPY", FIRST)
    write_fund(folder, "QQQ", {"AA": 100})
    load_etfs()
    write_fund(folder, "SPY", SECOND)
    write_fund(folder, "QQQ", {"DD": 50, "EE": 50})
    loaded = load_etfs(force=True).load_id
    undo(loaded, only="SPY")
    assert members(witness, "SPY") == {"AA": "50.000000", "BB": "30.000000", "CC": "20.000000"}
    assert members(witness, "QQQ") == {"DD": "50.000000", "EE": "50.000000"}
    # DD is a member of QQQ still; both stay in a sector
    assert set(members(witness, "unknown", "SECTOR")) == {"AA", "BB", "CC", "DD", "EE"}
    undo(loaded)
    assert members(witness, "QQQ") == {"AA": "100.000000"}
    assert set(members(witness, "unknown", "SECTOR")) == {"AA", "BB", "CC"}


def test_a_fund_that_the_run_did_not_touch_is_an_error(two_loads: tuple[int, int], undo: UndoRun) -> None:
    run = two_loads[1]
    message = rf"run {run} did not touch the fund QQQ, or is taken back there already; history.py show {run} tells"
    with pytest.raises(TickstockError, match=message):
        undo(run, only="QQQ")


def test_a_change_by_hand_is_undone_too(two_loads: tuple[int, int], undo: UndoRun, witness: Connection) -> None:
    before = state(witness)
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    ((run,),) = query(witness, "SELECT max(id) FROM load_runs")
    undo(run)
    assert differences(before, state(witness)) == []


def test_a_dry_run_says_the_same_and_writes_nothing(
    two_loads: tuple[int, int], undo: UndoRun, witness: Connection
) -> None:
    before = dump(witness), query(witness, "SELECT * FROM membership_versions ORDER BY 1, 2, 5, 7")
    predicted = undo(two_loads[1], dry_run=True).plan
    assert (dump(witness), query(witness, "SELECT * FROM membership_versions ORDER BY 1, 2, 5, 7")) == before
    assert undo(two_loads[1]).plan.groups == predicted.groups


def test_undone_twice_there_is_nothing_to_take_back(two_loads: tuple[int, int], undo: UndoRun) -> None:
    undo(two_loads[1])
    outcome = undo(two_loads[1])
    assert (outcome.load_id, outcome.plan.total("kept")) == (None, 0)


def test_a_group_with_rows_of_others_stays_for_them(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_fund(folder, "SPY", FIRST)
    loaded = load_etfs().load_id
    query(witness, "INSERT INTO group_memberships (group_id, symbol)"
                   " SELECT id, 'HAND' FROM definition_groups WHERE name = 'SPY'")  # fmt: skip
    undo(loaded)
    assert members(witness, "SPY") == {"HAND": None}


def test_a_group_that_exists_again_under_its_name_is_left(
    two_loads: tuple[int, int], undo: UndoRun, witness: Connection
) -> None:
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    ((run,),) = query(witness, "SELECT max(id) FROM load_runs")
    put_group(witness, "ETF", "SPY", {"ZZ": 1})
    outcome = undo(run)
    assert (outcome.load_id, outcome.plan.total("kept")) == (None, 3)
    assert members(witness, "SPY") == {"ZZ": "1.000000"}


def test_what_cannot_be_undone_is_an_error(database: Database, two_loads: tuple[int, int]) -> None:
    with closing(database.connect()) as connection:
        with pytest.raises(TickstockError, match=rf"found no load 999, the last one is {two_loads[1]}"):
            read_run(connection, 999, "DEFAULT")
        with pytest.raises(UsageError, match="of the environment DEFAULT"):
            read_run(connection, two_loads[0], "TEST")



def test_a_run_that_holds_by_another_is_undone_by_that_number(
    two_loads: tuple[int, int], undo: UndoRun, witness: Connection
) -> None:
    """Its rows are that run's now."""
    _, second = two_loads
    again = undo(undo(second).load_id).load_id
    before = everything(witness)
    said = f"run {second} was taken back and holds again by run {again}; undo that instead"
    with pytest.raises(RefusedError, match=said):
        undo(second)
    assert everything(witness) == before
    undo(again)
    assert members(witness, "SPY") == {symbol: f"{weight}.000000" for symbol, weight in FIRST.items()}
    assert undo(second).load_id is None, "it is taken back"


def test_what_an_undo_leaves_is_sound(
    folder: Path, load_etfs: Load, undo: UndoRun, connection: Connection, witness: Connection
) -> None:
    write_fund(folder, "SPY", FIRST)
    write_fund(folder, "QQQ", {"AA": 100})
    first = load_etfs().load_id
    write_fund(folder, "SPY", SECOND)
    (folder / "qqq_holdings.csv").unlink()
    second = load_etfs(force=True).load_id
    last = second
    for undone in (None, None, None, first):
        last = undo(undone or last).load_id or 0
        found = [check for check in run_checks(connection, "DEFAULT").checks if check.name in ("integrity", "ledger")]
        assert [(check.name, check.findings) for check in found] == [("integrity", ()), ("ledger", ())]


def test_a_stock_that_is_a_member_of_something_else_stays_in_its_sector(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    """The load that is undone brought it first; what came later has it too."""
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    first = load_etfs().load_id
    put_group(witness, "UNIVERSE", "dow30", ["AA"])
    undo(first)
    assert query(witness, "SELECT symbol, sector FROM stock_sectors") == [("AA", "unknown")]
    assert query(witness, "SELECT symbol FROM environment_stocks") == [("AA",)]


def test_a_name_that_somebody_else_has_by_now_is_not_given_back(
    two_loads: tuple[int, int], undo: UndoRun, witness: Connection
) -> None:
    query(witness, "UPDATE definition_groups SET name = 'SPYX' WHERE name = 'SPY'")
    ((run,),) = query(witness, "SELECT max(id) FROM load_runs")
    put_group(witness, "ETF", "SPY", {"ZZ": 1})
    outcome = undo(run, force=True)
    assert (outcome.load_id, [group.action for group in outcome.plan.groups]) == (None, ["kept"])


def test_of_a_hand_that_changed_several_environments_the_one_asked_for_is_undone(
    database: Database, witness: Connection
) -> None:
    for environment in ("DEFAULT", "TEST"):
        put_group(witness, "ETF", "SPY", {"AA": 1}, environment=environment)
    query(witness, "UPDATE group_memberships SET weight = 2")
    ((number,),) = query(witness, "SELECT max(id) FROM load_runs")
    weights = (
        "SELECT g.environment, m.weight::integer FROM group_memberships m JOIN definition_groups g ON g.id = m.group_id"
        " ORDER BY 1"
    )
    for environment, left in (("TEST", [("DEFAULT", 2), ("TEST", 1)]), ("DEFAULT", [("DEFAULT", 1), ("TEST", 1)])):
        with closing(database.connect()) as connection:
            run = read_run(connection, number, environment)
            carry_out(database, connection, Undo(run, Options(run.type, environment, mode="undo")))
        assert query(witness, weights) == left


def test_of_two_loads_both_are_taken_back_the_newest_first(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    """Also where the newer one has read files that had not changed."""
    for fund in ("SPY", "QQQ"):
        write_dated(folder, fund, {"AA": 100}, "Jan 10, 2025")
    older = load_etfs(force=True).load_id
    write_dated(folder, "SPY", {"BB": 100}, "Jan 17, 2025")
    newer = load_etfs(force=True).load_id
    with pytest.raises(RefusedError, match=f"load {newer} has read QQQ since"):
        undo(older)
    undone = undo(newer).load_id
    undo(undo(undone).load_id)
    undo(older)
    assert query(witness, "SELECT FROM group_memberships") == []

"""An undo leaves the days of the past as the files that still hold tell them, or it is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load, UndoRun
from tests.relationships.states import differences, state, write_dated
from tests.stored import members, query
from tickstock.db import Connection
from tickstock.errors import RefusedError
from tickstock.relationships.queries.ask import Question, ask

BY_DAY = """
    SELECT symbol FROM members_on(ARRAY(SELECT id FROM definition_groups WHERE name = 'SPY'), %s) ORDER BY symbol"""


def test_a_file_of_the_past_that_would_be_the_newest_stands_on_the_load(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    """It would be stored, had that load not been: without it, what is stored would be older than what is on record."""
    write_dated(folder, "SPY", {"AA": 100}, "Jan 10, 2025")
    load_etfs(force=True)
    write_dated(folder, "SPY", {"BB": 100}, "Jan 31, 2025")
    newest = load_etfs(force=True).load_id
    write_dated(folder, "SPY", {"CC": 100}, "Jan 03, 2025")
    load_etfs(force=True)
    write_dated(folder, "SPY", {"DD": 100}, "Jan 17, 2025")
    between = load_etfs(force=True).load_id
    with pytest.raises(RefusedError, match=rf"^load {between} has read SPY since; undo it first\nrefused"):
        undo(newest)
    undo(between)
    undo(newest)
    assert query(witness, BY_DAY, "2025-02-15") == [("AA",)]


def test_a_file_of_the_past_stands_on_one_that_told_of_its_day(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    """Only what it said otherwise is on record of it; what both say would go with the other."""
    write_dated(folder, "SPY", {"ZZ": 100}, "Jan 31, 2025")
    load_etfs(force=True)
    write_dated(folder, "SPY", {"AA": 50, "BB": 50}, "Jan 03, 2025")
    told = load_etfs(force=True).load_id
    write_dated(folder, "SPY", {"AA": 50, "CC": 50}, "Jan 03, 2025")
    corrected = load_etfs(force=True).load_id
    with pytest.raises(RefusedError, match=f"load {corrected} has read SPY since"):
        undo(told)
    assert query(witness, BY_DAY, "2025-01-15") == [("AA",), ("CC",)]
    again = undo(undo(corrected).load_id).load_id
    assert query(witness, BY_DAY, "2025-01-15") == [("AA",), ("CC",)]
    undo(again)
    undo(told)
    assert query(witness, BY_DAY, "2025-01-15") == []


def test_a_file_of_the_past_stands_on_the_undo_of_one_that_told_of_its_day(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_dated(folder, "SPY", {"ZZ": 100}, "Jan 31, 2025")
    load_etfs(force=True)
    write_dated(folder, "SPY", {"AA": 100}, "Jan 03, 2025")
    undone = undo(load_etfs(force=True).load_id).load_id
    write_dated(folder, "SPY", {"CC": 100}, "Jan 10, 2025")
    since = load_etfs(force=True).load_id
    with pytest.raises(RefusedError, match=f"load {since} has read SPY since"):
        undo(undone)
    assert query(witness, BY_DAY, "2025-01-15") == [("CC",)]


def test_a_file_of_the_past_goes_on_where_the_one_after_it_is_undone(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    """Had that one not been, it would have held for longer from the first."""
    write_dated(folder, "SPY", {"ZZ": 100}, "Jan 31, 2025")
    load_etfs(force=True)
    write_dated(folder, "SPY", {"BB": 60, "CC": 40}, "Jan 17, 2025")
    after = load_etfs(force=True).load_id
    write_dated(folder, "SPY", {"AA": 70, "BB": 30}, "Jan 03, 2025")
    before = load_etfs(force=True).load_id

    def told() -> list[list[str]]:
        return [[row[0] for row in query(witness, BY_DAY, day)] for day in ("2025-01-10", "2025-01-24", "2025-02-01")]

    both = [["AA", "BB"], ["BB", "CC"], ["ZZ"]]
    assert told() == both
    without = undo(after).load_id
    assert told() == [["AA", "BB"], ["AA", "BB"], ["ZZ"]]
    with pytest.raises(RefusedError, match=f"load {without} has read SPY since"):
        undo(before)
    undo(without)
    assert told() == both
    undo(undo(before).load_id)
    assert told() == both


def test_a_file_of_the_past_that_is_to_hold_again_stands_on_the_undo_of_the_one_after_it(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    loads = []
    for day, symbol in (("31", "CC"), ("17", "BB"), ("03", "AA")):
        write_dated(folder, "SPY", {symbol: 100}, f"Jan {day}, 2025")
        loads.append(load_etfs(force=True).load_id)
    undone = undo(loads[2]).load_id
    taken_back = undo(loads[1]).load_id
    with pytest.raises(RefusedError, match=f"load {taken_back} has read SPY since"):
        undo(undone)
    undo(taken_back)
    undo(undone)
    assert [query(witness, BY_DAY, f"2025-01-{day}") for day in ("10", "24")] == [[("AA",)], [("BB",)]]


def test_of_a_group_that_is_gone_by_now_the_past_is_what_it_was_before(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    first = {"AA": 50, "BB": 30, "CC": 20}
    write_dated(folder, "SPY", first, "Jan 03, 2025")
    load_etfs(force=True)
    write_dated(folder, "SPY", {"AA": 60, "BB": 30, "DD": 10}, "Jan 10, 2025")
    second = load_etfs(force=True).load_id
    ((spy,),) = query(witness, "SELECT id FROM definition_groups WHERE name = 'SPY'")
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    undo(second)
    sql = "SELECT symbol, weight::integer FROM members_on(ARRAY[%s], %s) ORDER BY 1"
    for day in ("2025-01-05", "2025-01-15"):
        assert query(witness, sql, spy, day) == [*first.items()]


def test_files_of_the_past_undone_newest_first_leave_no_trace(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_dated(folder, "SPY", {"ZZ": 100}, "Jan 31, 2025")
    load_etfs(force=True)
    states, loads = [], []
    for rows in ({"AA": 50, "BB": 50}, {"AA": 50, "CC": 50}, {"BB": 50, "CC": 50}):
        states.append(state(witness))
        write_dated(folder, "SPY", rows, "Jan 03, 2025")
        loads.append(load_etfs(force=True).load_id)
    for load in reversed(loads):
        undo(undo(undo(load).load_id).load_id)
        undo(load)
        assert differences(states.pop(), state(witness)) == []


def test_however_often_a_file_of_the_past_is_undone_it_holds_every_other_time(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    """It makes the group older, too."""
    write_dated(folder, "SPY", {"ZZ": 100}, "Jan 31, 2025")
    load_etfs(force=True)
    without = state(witness)
    write_dated(folder, "SPY", {"AA": 100}, "Jan 03, 2025")
    run = load_etfs(force=True).load_id
    with_it = state(witness)
    for expected in (without, with_it, without, with_it, without):
        run = undo(run).load_id
        assert differences(expected, state(witness)) == []


def test_between_an_undo_and_its_undo_the_group_stood_on_the_file_before(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    """However often that was: what is known of the file by now is not what was known of it then."""
    runs = []
    for symbol, day in (("AA", "Jan 03, 2025"), ("BB", "Jan 10, 2025")):
        write_dated(folder, "SPY", {symbol: 100}, day)
        runs.append(load_etfs(force=True).load_id)
    for _ in range(4):
        runs.append(undo(runs[-1]).load_id)
    for number, run in enumerate(runs):
        query(
            witness,
            "UPDATE data_version SET changed_at = timestamptz '2025-02-01 12:00+00' + %s * interval '1 day'"
            " WHERE load_id = %s",
            number, run,
        )  # fmt: skip
    found = []
    for number in range(len(runs)):
        asked = Question("etf", "SPY", "DEFAULT", None, date(2025, 1, 31), date(2025, 2, 1) + timedelta(number))
        answer = ask(witness, asked).document()
        found.append(([row["symbol"] for row in answer["holdings"]], answer["snapshot"]["load_id"]))
    first, second = (["AA"], runs[0]), (["BB"], runs[1])
    assert found == [first, second, first, second, first, second]


def test_of_a_group_that_stays_gone_nothing_is_said(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    """Its name has been taken since, or an undo has taken back that it ever was there."""
    write_dated(folder, "SPY", {"AA": 100}, "Jan 03, 2025")
    load = load_etfs(force=True).load_id
    write_dated(folder, "SPY", {"AA": 99}, "Jan 10, 2025")
    newer = load_etfs(force=True).load_id
    undo_of_newer = undo(newer).load_id
    undo_of_load = undo(load).load_id
    before = state(witness)
    assert undo(undo_of_newer, force=True).load_id is None
    assert differences(before, state(witness)) == []
    write_dated(folder, "SPY", {"BB": 100}, "Jan 03, 2025")
    load_etfs(force=True)
    before = state(witness)
    assert undo(undo_of_load).load_id is None
    assert differences(before, state(witness)) == []


def test_a_file_of_the_past_that_holds_again_is_known_again_whatever_was_told_of_other_days(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    loads = {}
    for day in ("31", "24", "17"):
        write_dated(folder, "SPY", {"AA": int(day)}, f"Jan {day}, 2025")
        loads[day] = load_etfs(force=True).load_id
    undone = undo(loads["24"]).load_id
    write_dated(folder, "SPY", {"AA": 3}, "Jan 03, 2025")
    load_etfs(force=True)
    undo(undone)
    sql = "SELECT weight::integer FROM groups_on(%s) g CROSS JOIN members_on(ARRAY[g.id], %s) WHERE type = 'ETF'"
    found = [query(witness, sql, f"2025-01-{day}", f"2025-01-{day}") for day in ("03", "17", "24", "31")]
    assert found == [[(3,)], [(17,)], [(24,)], [(31,)]]


def test_of_a_group_that_a_hand_deleted_on_the_day_of_its_load_the_file_is_taken_back(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    loaded = load_etfs(force=True).load_id
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    ((deleted,),) = query(witness, "SELECT max(id) FROM load_runs")
    undo(loaded)
    undo(deleted)
    (folder / "spy_holdings.csv").unlink()
    write_dated(folder, "SPY", {"CC": 100}, "Jan 10, 2025")
    load_etfs(force=True)
    assert members(witness, "SPY") == {"CC": "100.000000"}, "no newer file is on record"


def test_of_a_group_that_a_hand_deleted_on_the_day_of_its_load_the_past_is_told_again(
    folder: Path, load_etfs: Load, undo: UndoRun, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AA": 60, "BB": 40})
    load_etfs(force=True)
    (folder / "spy_holdings.csv").unlink()
    write_dated(folder, "SPY", {"CC": 100}, "Jan 24, 2025")
    undone = undo(load_etfs(force=True).load_id).load_id
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    undo(undone)
    sql = "SELECT symbol FROM groups_on(%s) g CROSS JOIN members_on(ARRAY[g.id], %s) WHERE type = 'ETF'"
    assert query(witness, sql, "2025-01-26", "2025-01-26") == [("CC",)]

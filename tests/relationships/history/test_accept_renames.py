"""Accepted renames become what the file says, whole or not at all, and what speaks against one is told."""

from __future__ import annotations

from datetime import date

import pytest

from tests.relationships.conftest import UndoRun
from tests.relationships.history.conftest import LoadFunds
from tests.stored import query
from tickstock.db import Connection
from tickstock.errors import BusyError
from tickstock.relationships.history.accept_renames import WORDS, accept_renames, plan_lines
from tickstock.relationships.history.renames import Rename, read_renames

FB = Rename("FB", "META", date(2022, 6, 9))
CBS = Rename("CBS", "VIAC", date(2019, 12, 5), "merged with Viacom")


def accept(connection: Connection, *renames: Rename, dry_run: bool = False) -> tuple[int, ...]:
    """The counts of added, changed, removed, unchanged."""
    plan = accept_renames(connection, list(renames), dry_run)
    assert plan.warnings == []
    return tuple(plan.total(word) for word in WORDS)


def test_the_table_becomes_what_the_file_says(connection: Connection, witness: Connection) -> None:
    assert accept(connection, CBS, FB) == (2, 0, 0, 0)
    assert read_renames(witness) == [CBS, FB]
    later = FB._replace(renamed_on=date(2022, 6, 10))
    assert accept(connection, CBS._replace(note=None), later) == (1, 1, 1, 0)
    assert read_renames(witness) == [CBS._replace(note=None), later]
    assert accept(connection) == (0, 0, 2, 0)
    assert read_renames(witness) == []


def test_a_second_time_changes_nothing(connection: Connection, witness: Connection) -> None:
    accept(connection, CBS, FB)
    before = query(witness, "SELECT xmin::text, s::text FROM symbol_renames s ORDER BY 2")
    assert accept(connection, CBS, FB) == (0, 0, 0, 2)
    assert query(witness, "SELECT xmin::text, s::text FROM symbol_renames s ORDER BY 2") == before


def test_a_dry_run_plans_the_same_and_writes_nothing(connection: Connection, witness: Connection) -> None:
    accept(connection, CBS)
    assert accept(connection, FB, dry_run=True) == (1, 0, 1, 0)
    assert read_renames(witness) == [CBS]


def test_two_renames_may_trade_places_in_one_run(connection: Connection, witness: Connection) -> None:
    """The old rows go first, so that none of them stands in the way of a new one."""
    first = [Rename("A", "X", date(2020, 1, 1)), Rename("B", "Y", date(2020, 1, 1))]
    other = [Rename("A", "Y", date(2020, 1, 1)), Rename("B", "X", date(2020, 1, 1))]
    accept(connection, *first)
    assert accept(connection, *other) == (2, 0, 2, 0)
    assert read_renames(witness) == other


def test_the_plan_in_lines(connection: Connection) -> None:
    accept(connection, CBS)
    plan = accept_renames(connection, [CBS, FB], dry_run=True)
    assert list(plan_lines(plan)) == [
        "added      FB -> META on 2022-06-09",
        "1 added, 0 changed, 0 removed, 1 unchanged",
    ]
    assert next(plan_lines(plan, verbose=True)) == "unchanged  CBS -> VIAC on 2019-12-05 (merged with Viacom)"


def test_a_fund_that_held_the_new_symbol_before_speaks_against_it(
    load_funds: LoadFunds, connection: Connection, witness: Connection
) -> None:
    load_funds("2022-06-03", IVV={"AAPL": 60, "META": 40}, VTI={"AAPL": 100})
    warning = (
        "FB -> META on 2022-06-09: IVV held META on 2022-06-08 already: "
        "the rename is older, or another company had that symbol"
    )
    assert accept_renames(connection, [FB], dry_run=True).warnings == [warning]
    assert accept_renames(connection, [FB], dry_run=False).warnings == [warning]
    assert read_renames(witness) == [FB]
    assert accept(connection, FB) == (0, 0, 0, 1)


def test_a_fund_with_an_undone_file_of_the_past_still_has_its_name(
    load_funds: LoadFunds, undo: UndoRun, connection: Connection
) -> None:
    load_funds("2022-06-03", IVV={"AAPL": 60, "META": 40})
    undo(load_funds("2022-05-06", IVV={"AAPL": 100}).load_id)
    (warning,) = accept_renames(connection, [FB], dry_run=True).warnings
    assert warning.startswith("FB -> META on 2022-06-09: IVV held META on 2022-06-08 already")


def test_a_fund_whose_next_file_still_holds_the_old_symbol_speaks_against_it(
    load_funds: LoadFunds, connection: Connection
) -> None:
    load_funds("2022-06-03", IVV={"AAPL": 60, "FB": 40}, VTI={"AAPL": 60, "FB": 40})
    load_funds("2022-06-10", IVV={"AAPL": 60, "META": 40}, VTI={"AAPL": 50, "FB": 40, "META": 10})
    assert accept_renames(connection, [FB], dry_run=True).warnings == [
        "FB -> META on 2022-06-09: VTI still held FB on 2022-06-10: "
        "the rename is later, or another company has that symbol now"
    ]


def test_files_that_bear_it_out_say_nothing(load_funds: LoadFunds, connection: Connection) -> None:
    load_funds("2022-06-03", IVV={"AAPL": 60, "FB": 40})
    load_funds("2022-06-10", IVV={"AAPL": 60, "META": 40})
    load_funds("2022-06-17", IVV={"AAPL": 50, "META": 40, "FB": 10})  # a new company took the ticker
    assert accept(connection, FB) == (1, 0, 0, 0)


def test_symbols_that_pass_on_are_no_contradiction(load_funds: LoadFunds, connection: Connection) -> None:
    load_funds("2019-12-27", IVV={"A": 60, "B": 40})
    load_funds("2020-01-03", IVV={"B": 60, "C": 40})
    assert accept(connection, Rename("A", "B", date(2020, 1, 1)), Rename("B", "C", date(2020, 1, 1))) == (2, 0, 0, 0)


def test_two_people_do_not_mix(connection: Connection, witness: Connection) -> None:
    query(witness, "BEGIN; INSERT INTO symbol_renames VALUES ('FB', 'META', '2022-06-09')")
    query(connection, "SET lock_timeout = '100ms'")
    with pytest.raises(BusyError, match="somebody else is changing the renames; nothing was written, try again"):
        accept(connection, CBS)
    query(witness, "COMMIT")
    assert accept(connection, CBS) == (1, 0, 1, 0)

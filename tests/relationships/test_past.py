"""A file that is older than the stored rows corrects the past and leaves the present alone, in any order of files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.files import write_fund, write_universe
from tests.put import put_group
from tests.relationships.conftest import Load, UndoRun
from tests.relationships.states import differences, dump, state
from tests.stored import members, query
from tickstock.db import Connection
from tickstock.relationships import text

FRIDAYS = [date(2025, 1, 3) + timedelta(days=7 * week) for week in range(6)]
Rows = dict[str, int]


def on(connection: Connection, day: date, etf: str = "SPY") -> Rows:
    """The members of a fund on a day, as it is known now."""
    sql = """
        SELECT m.symbol, m.weight::float FROM groups_on(%s) g CROSS JOIN LATERAL members_on(ARRAY[g.id], %s) m
         WHERE g.type = 'ETF' AND g.name = %s AND g.environment = 'DEFAULT'"""
    return dict(query(connection, sql, day, day, etf))


def test_an_older_file_changes_what_was_and_not_what_is(load_dated: Load, witness: Connection) -> None:
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    load_dated(FRIDAYS[2], {"AA": 70, "CC": 30})
    before = query(witness, "SELECT xmin::text, m::text FROM group_memberships m ORDER BY 2")
    outcome = load_dated(FRIDAYS[1], {"AA": 65, "DD": 35})
    assert query(witness, "SELECT xmin::text, m::text FROM group_memberships m ORDER BY 2") == before
    assert [(p.name, p.as_of, p.until, p.added, p.changed, p.removed) for p in outcome.plan.past] == [
        ("SPY", FRIDAYS[1], FRIDAYS[2], 1, 1, 1)
    ]
    assert on(witness, FRIDAYS[1] - timedelta(1)) == {"AA": 60, "BB": 40}
    assert on(witness, FRIDAYS[1]) == on(witness, FRIDAYS[2] - timedelta(1)) == {"AA": 65, "DD": 35}
    assert on(witness, FRIDAYS[2]) == members_as_numbers(witness) == {"AA": 70, "CC": 30}


def members_as_numbers(connection: Connection) -> Rows:
    return {symbol: int(float(weight or 0)) for symbol, weight in members(connection, "SPY").items()}


def test_what_was_known_before_the_correction_can_still_be_asked(load_dated: Load, witness: Connection) -> None:
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    load_dated(FRIDAYS[2], {"AA": 70, "CC": 30})
    ((known,),) = query(witness, "SELECT max(version) FROM data_version")
    load_dated(FRIDAYS[1], {"AA": 65, "DD": 35})
    ((fund,),) = query(witness, "SELECT id FROM definition_groups WHERE name = 'SPY'")
    sql = "SELECT symbol, weight::float FROM members_on(ARRAY[%s], %s, %s)"
    assert dict(query(witness, sql, fund, FRIDAYS[1], known)) == {"AA": 60, "BB": 40}


def test_a_file_from_before_the_first_makes_the_fund_older(load_dated: Load, witness: Connection) -> None:
    load_dated(FRIDAYS[2], {"AA": 70, "CC": 30})
    assert on(witness, FRIDAYS[1]) == {}
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    assert on(witness, FRIDAYS[1]) == {"AA": 60, "BB": 40}
    assert on(witness, FRIDAYS[0] - timedelta(1)) == {}


def test_the_same_old_file_again_writes_nothing(load_dated: Load, witness: Connection) -> None:
    load_dated(FRIDAYS[2], {"AA": 70, "CC": 30})
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    versions = query(witness, "SELECT count(*), max(version) FROM membership_versions, data_version")
    assert load_dated(FRIDAYS[0], {"AA": 60, "BB": 40}).load_id is None
    assert load_dated(FRIDAYS[0], {"AA": 60, "BB": 40}, mode="incremental").load_id is None
    assert query(witness, "SELECT count(*), max(version) FROM membership_versions, data_version") == versions


def test_an_old_file_with_nothing_new_marks_its_day_all_the_same(load_dated: Load, witness: Connection) -> None:
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    load_dated(FRIDAYS[3], {"AA": 70, "CC": 30})
    load_dated(FRIDAYS[2], {"AA": 60, "BB": 40})
    load_dated(FRIDAYS[1], {"ZZ": 100})
    assert on(witness, FRIDAYS[1]) == {"ZZ": 100}
    assert on(witness, FRIDAYS[2]) == {"AA": 60, "BB": 40}


def test_an_old_file_that_is_on_record_is_not_recorded_again(
    load_dated: Load, load_etfs: Load, folder: Path, witness: Connection
) -> None:
    load_dated(FRIDAYS[3], {"AA": 70, "CC": 30})
    load_dated(FRIDAYS[1], {"AA": 60, "BB": 40})
    (folder / "spy_holdings.csv").rename(folder / f"spy_holdings@{FRIDAYS[1]}.csv")
    for mode in ("incremental", "full"):
        write_fund(folder, "QQQ", {"AA": 100 if mode == "full" else 99})
        outcome = load_etfs(mode=mode)
        assert [(past.name, past.news) for past in outcome.plan.past] == [("SPY", False)]
        assert query(witness, "SELECT group_name FROM load_files WHERE load_id = %s", outcome.load_id) == [("QQQ",)]
        assert not [line for line in text.dry_run_lines(outcome) if "SPY" in line]
        line = f"SPY as of {FRIDAYS[1]} is older than what is stored, and on record: nothing changes"
        assert line in list(text.plan_lines(outcome))


def test_a_dry_run_tells_and_writes_nothing(load_dated: Load, witness: Connection) -> None:
    load_dated(FRIDAYS[2], {"AA": 70, "CC": 30})
    before = state(witness)
    predicted = load_dated(FRIDAYS[0], {"AA": 60, "BB": 40}, dry_run=True)
    assert differences(before, state(witness)) == []
    assert load_dated(FRIDAYS[0], {"AA": 60, "BB": 40}).plan.past == predicted.plan.past


def test_a_hand_that_came_later_keeps_its_word(load_dated: Load, witness: Connection) -> None:
    """A hand's day is the day of its deed: today."""
    today = date.today()
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    query(witness, "UPDATE group_memberships SET weight = 99 WHERE symbol = 'AA' AND weight IS NOT NULL")
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'BB' AND weight IS NOT NULL")
    load_dated(today + timedelta(5), {"AA": 70, "CC": 30})
    load_dated(FRIDAYS[1], {"AA": 65, "BB": 34, "DD": 1})
    assert on(witness, today - timedelta(1)) == {"AA": 65, "BB": 34, "DD": 1}
    assert on(witness, today) == {"AA": 99, "DD": 1}
    assert on(witness, today + timedelta(5)) == {"AA": 70, "CC": 30}


def test_a_file_dated_before_the_undated_one_is_newer_within_a_month_and_older_beyond(
    load_dated: Load, witness: Connection
) -> None:
    today = date.today()
    load_dated(None, {"AA": 60, "BB": 40})
    load_dated(today - timedelta(40), {"AA": 50, "CC": 50})
    assert members_as_numbers(witness) == {"AA": 60, "BB": 40}
    load_dated(today - timedelta(10), {"AA": 60, "DD": 40})
    assert members_as_numbers(witness) == {"AA": 60, "DD": 40}
    assert on(witness, today - timedelta(11)) == {"AA": 50, "CC": 50}
    assert on(witness, today - timedelta(10)) == {"AA": 60, "DD": 40}


def test_a_file_with_a_date_makes_a_fund_older_whose_first_file_had_none(load_dated: Load, witness: Connection) -> None:
    today = date.today()
    load_dated(None, {"AA": 60, "BB": 40})
    load_dated(today - timedelta(10), {"AA": 60, "DD": 40})
    assert [on(witness, today - timedelta(days)) for days in (11, 10, 0)] == [
        {}, {"AA": 60, "DD": 40}, {"AA": 60, "DD": 40},
    ]  # fmt: skip


def test_a_file_with_a_date_makes_a_fund_older_that_a_hand_made(load_dated: Load, witness: Connection) -> None:
    put_group(witness, "ETF", "SPY", {"CC": 1})
    load_dated(FRIDAYS[1], {"AA": 60, "BB": 40})
    assert on(witness, FRIDAYS[0]) == {}
    assert on(witness, FRIDAYS[1]) == on(witness, date.today()) == {"AA": 60, "BB": 40}


def test_what_a_hand_did_does_not_outlive_a_newer_file_on_its_day(load_dated: Load, witness: Connection) -> None:
    """The hand's day lies after the file's: from the file's day on its word counts."""
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    query(witness, "UPDATE group_memberships SET weight = 99 WHERE symbol = 'BB' AND weight IS NOT NULL")
    load_dated(FRIDAYS[1], {"AA": 100})
    assert on(witness, FRIDAYS[0]) == {"AA": 60, "BB": 40}
    for day in (FRIDAYS[1], FRIDAYS[5], date.today()):
        assert on(witness, day) == {"AA": 100}


def test_a_correction_undone_leaves_the_past_as_it_was(
    load_dated: Load, undo: UndoRun, witness: Connection
) -> None:
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    load_dated(FRIDAYS[2], {"AA": 70, "CC": 30})
    before = state(witness)
    corrected = load_dated(FRIDAYS[1], {"AA": 65, "DD": 35}).load_id
    undone = undo(corrected)
    assert differences(before, state(witness)) == []
    assert load_dated(FRIDAYS[1], {"AA": 65, "DD": 35}, dry_run=True).plan.past[0].changed == 1
    again = undo(undone.load_id).load_id
    assert on(witness, FRIDAYS[1]) == {"AA": 65, "DD": 35}
    undo(again)
    assert differences(before, state(witness)) == []


def test_corrections_undone_newest_first_leave_the_past_as_it_was(
    load_dated: Load, undo: UndoRun, witness: Connection
) -> None:
    load_dated(FRIDAYS[0], {"ZZ": 100})
    load_dated(FRIDAYS[4], {"AA": 70, "CC": 30})
    before = state(witness)
    first = load_dated(FRIDAYS[1], {"AA": 60, "BB": 40}).load_id
    second = load_dated(FRIDAYS[2], {"BB": 100}).load_id
    undo(second)
    assert on(witness, FRIDAYS[2]) == {"AA": 60, "BB": 40}
    undo(first)
    assert [on(witness, day) for day in FRIDAYS[:4]] == [{"ZZ": 100}] * 4
    assert differences(before, state(witness)) == []


def test_files_with_dates_beside_the_newest_fill_the_past(
    script: Any, tmp_path: Path, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fund(tmp_path, "SPY", {"AA": 70, "CC": 30})
    for day, rows in ((FRIDAYS[0], {"AA": 60, "BB": 40}), (FRIDAYS[1], {"AA": 65, "BB": 35})):
        write_fund(tmp_path, f"spy_holdings@{day}", rows).rename(tmp_path / f"spy_holdings@{day}.csv")
    assert script("load_etf_holdings", "--holdings-dir", tmp_path, "--dry-run") == 0
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    assert [on(witness, day) for day in (FRIDAYS[0], FRIDAYS[1], date.today())] == [
        {"AA": 60, "BB": 40}, {"AA": 65, "BB": 35}, {"AA": 70, "CC": 30},
    ]  # fmt: skip
    capsys.readouterr()
    before = dump(witness), query(witness, "SELECT count(*) FROM load_runs")
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    assert (dump(witness), query(witness, "SELECT count(*) FROM load_runs")) == before


def test_the_date_of_universes_and_themes_can_be_given(script: Any, tmp_path: Path, witness: Connection) -> None:
    write_universe(tmp_path, "dow30", ["AA", "BB"])
    assert script("load_universes", "--holdings-dir", tmp_path, "--as-of", "2025-06-30") == 0
    write_universe(tmp_path, "dow30", ["AA", "CC"])
    assert script("load_universes", "--holdings-dir", tmp_path, "--as-of", "2025-05-30") == 0
    assert members(witness, "dow30", "UNIVERSE") == {"AA": None, "BB": None}
    assert query(witness, "SELECT scope, as_of::text FROM load_files ORDER BY id") == [
        ("present", "2025-06-30"), ("past", "2025-05-30"),
    ]  # fmt: skip
    for wrong in ("30.6.2025", "06/30/2025", "20250630"):
        assert script("load_universes", "--holdings-dir", tmp_path, "--as-of", wrong) == 2


SYMBOLS = st.sampled_from(["AA", "BB", "CC"])
FILES = st.dictionaries(SYMBOLS, st.integers(1, 3), min_size=1, max_size=3)
AGAIN = st.dictionaries(st.sampled_from(FRIDAYS), FILES, max_size=2)
SNAPSHOTS = st.dictionaries(st.sampled_from(FRIDAYS), FILES, min_size=1, max_size=5)


def expected(files: dict[date, Rows], day: date) -> Rows:
    """The newest file of that day or before it, read alone."""
    return files[max(each for each in files if each <= day)] if min(files) <= day else {}


def days() -> Iterator[date]:
    return (FRIDAYS[0] + timedelta(days=offset) for offset in range(-1, 40))


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(files=SNAPSHOTS, order=st.randoms(use_true_random=False), again=AGAIN)
@example(
    files={FRIDAYS[0]: {"AA": 1}, FRIDAYS[1]: {"BB": 1}, FRIDAYS[2]: {"AA": 1}},
    order=None,
    again={FRIDAYS[1]: {"AA": 2}},
)
def test_files_in_any_order_give_on_every_day_what_that_days_file_says(
    load_dated: Load, witness: Connection, files: dict[date, Rows], order: Any, again: dict[date, Rows]
) -> None:
    query(witness, "DELETE FROM definition_groups WHERE type = 'ETF'")
    query(witness, "DELETE FROM membership_versions WHERE group_id NOT IN (SELECT id FROM definition_groups)")
    query(witness, "DELETE FROM load_files")
    wanted = list(files.items())
    if order:
        order.shuffle(wanted)
    for day, rows in wanted:
        load_dated(day, rows)
    known = dict(files)
    assert {day: on(witness, day) for day in days()} == {day: expected(known, day) for day in days()}
    for day, rows in again.items():  # files that were wrong come a second time, corrected
        load_dated(day, rows)
        known[day] = rows
        assert {day: on(witness, day) for day in days()} == {day: expected(known, day) for day in days()}
    assert members_as_numbers(witness) == known[max(known)]


GROUPS_ON = "SELECT name FROM groups_on(%s, %s) WHERE type = 'ETF'"


def test_a_group_that_a_hand_made_is_as_old_as_the_first_file_that_tells_of_it(
    load_dated: Load, undo: UndoRun, witness: Connection
) -> None:
    query(witness, "INSERT INTO definition_groups (name, type, environment) VALUES ('SPY', 'ETF', 'DEFAULT')")
    load = load_dated(FRIDAYS[1], {"AA": 60, "BB": 40}).load_id
    assert on(witness, FRIDAYS[1]) == {"AA": 60, "BB": 40}
    assert query(witness, GROUPS_ON, FRIDAYS[1] - timedelta(1), None) == []
    ((known,),) = query(witness, "SELECT max(version) FROM data_version")
    assert load
    undone = undo(load).load_id
    assert query(witness, GROUPS_ON, FRIDAYS[1], None) == []
    assert query(witness, GROUPS_ON, date.today(), None) == [("SPY",)]
    assert query(witness, GROUPS_ON, FRIDAYS[1], known) == [("SPY",)]
    assert undone
    again = undo(undone).load_id
    assert on(witness, FRIDAYS[1]) == {"AA": 60, "BB": 40}
    assert again
    undo(again)
    assert query(witness, GROUPS_ON, FRIDAYS[1], None) == []
    load_dated(FRIDAYS[1], {"AA": 60, "BB": 40})
    assert on(witness, FRIDAYS[1]) == {"AA": 60, "BB": 40}


def test_a_group_is_no_older_once_the_file_of_its_past_is_undone(
    load_dated: Load, undo: UndoRun, witness: Connection
) -> None:
    load_dated(FRIDAYS[3], {"AA": 70, "CC": 30})
    first, second = (load_dated(FRIDAYS[week], {"AA": 60, "BB": 40}).load_id for week in (1, 0))
    assert first
    assert second
    undo(second)
    assert query(witness, GROUPS_ON, FRIDAYS[0], None) == []
    assert on(witness, FRIDAYS[1]) == {"AA": 60, "BB": 40}
    load_dated(FRIDAYS[0], {"DD": 100})
    assert on(witness, FRIDAYS[0]) == {"DD": 100}


@pytest.mark.parametrize("zone", ["Etc/GMT-14", "Etc/GMT+12"])
def test_a_change_by_hand_is_of_the_day_in_utc(load_dated: Load, witness: Connection, zone: str) -> None:
    """At any time one of the two zones has another day."""
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40})
    query(witness, f"SET TIME ZONE '{zone}'")
    query(witness, "INSERT INTO definition_groups (name, type, environment) VALUES ('QQQ', 'ETF', 'DEFAULT')")
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'AA' FROM definition_groups"
                   " WHERE name = 'QQQ'")  # fmt: skip
    query(witness, "UPDATE group_memberships SET weight = 1 WHERE weight IS NOT NULL")
    query(witness, "DELETE FROM group_memberships WHERE weight IS NOT NULL")
    today = query(witness, "SELECT (now() AT TIME ZONE 'UTC')::date")
    hand = "SELECT DISTINCT {} FROM membership_versions JOIN load_runs ON id = {} WHERE kind = 'manual'"
    assert query(witness, hand.format("valid_from", "opened_by")) == today
    assert query(witness, hand.format("valid_to", "closed_by")) == today
    query(witness, "SET search_path = as_of, public")
    assert query(witness, "SELECT name FROM definition_groups WHERE name = 'QQQ'") == [("QQQ",)]


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_the_first_file_of_a_group_that_a_hand_made_counts_from_its_day(
    load_dated: Load, witness: Connection, mode: str
) -> None:
    put_group(witness, "ETF", "SPY", {"AA": 60, "HAND": 1})
    load_dated(FRIDAYS[0], {"AA": 60, "BB": 40}, mode=mode)
    assert on(witness, FRIDAYS[0]) == {"AA": 60, "BB": 40}

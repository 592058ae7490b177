"""What held on a day, and what was known of it: the database's functions and views against a model in plain lists."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.queries.moment import Moment, go_to
from tickstock.relationships.queries.states import KNOWN, read_states
from tickstock.relationships.queries.versions import memberships

START = date(2020, 1, 1)
SYMBOLS = ("A", "B")
GROUPS = (1, 2)
Key = tuple[int, str | None]


class Version(NamedTuple):
    """A row of ``membership_versions``; ``value`` None says that the symbol (or group) was not there."""

    group: int
    symbol: str | None
    value: int | None
    valid_from: date
    valid_to: date | None
    opened_by: int
    closed_by: int | None


class History(NamedTuple):
    """``numbers`` has the version of the data that each run is; a run that is not committed has none."""

    versions: list[Version]
    numbers: dict[int, int | None]

    def held(self, day: date, known: int | None) -> dict[Key, Version]:
        """What was there on a day, as it is known now or was known at a version of the data."""
        last: dict[Key, Version] = {}
        for version in sorted(self.versions, key=self._precedence):
            if self._counts(version, day, known):
                last[version.group, version.symbol] = version
        return {key: version for key, version in last.items() if version.value is not None}

    def _precedence(self, version: Version) -> tuple[float, int]:
        """What was opened later holds; of what one run opened, that with the nearest end."""
        number = self.numbers[version.opened_by]
        end = date.max if version.valid_to is None else version.valid_to
        return (float("inf") if number is None else number, -end.toordinal())

    def _counts(self, version: Version, day: date, known: int | None) -> bool:
        if not self._by(version.opened_by, known) or version.valid_from > day:
            return False
        closed = version.closed_by is not None and self._by(version.closed_by, known)
        return not closed or (version.valid_to is not None and day < version.valid_to)

    def _by(self, run: int, known: int | None) -> bool:
        number = self.numbers[run]
        return known is None or (number is not None and number <= known)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Runs that commit in another order than they begin, and what they open and close, in days of different lengths."""
    count = draw(st.integers(1, 6))
    runs = draw(st.permutations(range(1, count + 1)))
    numbers: dict[int, int | None] = {run: number for number, run in enumerate(runs, start=1)}
    if draw(st.booleans()):  # the run of this transaction
        runs = [*runs, count + 1]
        numbers[count + 1] = None
    step = draw(st.sampled_from([1, 7, 40, 3000]))
    versions: list[Version] = []
    for group in GROUPS:
        for symbol in (None, *SYMBOLS):
            versions += draw(_versions_of(group, symbol, runs, step))
    return History(versions, numbers)


@st.composite
def _versions_of(draw: st.DrawFn, group: int, symbol: str | None, runs: list[int], step: int) -> list[Version]:
    result = []
    ends: set[tuple[int, date | None]] = set()
    for _ in range(draw(st.integers(0, 5))):
        opened = draw(st.integers(0, len(runs) - 1))
        closed = draw(st.none() | st.integers(opened, len(runs) - 1))
        first = draw(st.integers(0, 6))
        start = START + timedelta(first * step)
        end = None if closed is None else START + timedelta(draw(st.integers(first, 8)) * step)
        # Only closed versions say that something was not there, and no two versions of a run end on one day.
        value = draw(st.integers(1, 99) if closed is None else st.none() | st.integers(1, 99))
        if (runs[opened], end) not in ends and not (closed is None and any(end is None for _, end in ends)):
            ends.add((runs[opened], end))
            result.append(
                Version(group, symbol, value, start, end, runs[opened], None if closed is None else runs[closed])
            )
    return result


@pytest.fixture
def world(connection: Connection) -> Connection:
    """A database without a history."""
    query(connection, "DELETE FROM definition_groups")
    query(connection, "TRUNCATE membership_versions, load_runs, load_files, data_version, removed_memberships")
    return connection


def write(connection: Connection, history: History) -> None:
    """Put a history into the tables as it is, past every trigger."""
    query(connection, "SET LOCAL session_replication_role = replica")
    for run, number in history.numbers.items():
        query(connection, "INSERT INTO load_runs (id, kind) OVERRIDING SYSTEM VALUE VALUES (%s, 'load')", run)
        if number is not None:
            query(
                connection,
                "INSERT INTO data_version (version, load_id) OVERRIDING SYSTEM VALUE VALUES (%s, %s)",
                number, run,
            )  # fmt: skip
    for each in history.versions:
        metadata = json.dumps({"type": "ETF", "name": f"{each.group} {each.value}", "environment": "DEFAULT"})
        row = each._replace(value=None) if each.symbol is None else each
        query(
            connection,
            "INSERT INTO membership_versions (group_id, symbol, weight, valid_from, valid_to, opened_by, closed_by,"
            " metadata) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            *row, None if each.value is None else metadata if each.symbol is None else "{}",
        )  # fmt: skip
        if each.symbol is not None and each.closed_by is None:
            query(
                connection,
                "INSERT INTO group_memberships (group_id, symbol, weight) VALUES (%s, %s, %s)",
                each.group, each.symbol, each.value,
            )  # fmt: skip


Row = tuple[int | date | str | None, ...]


def expected(history: History, day: date, known: int | None) -> set[Row]:
    """The members as rows: group, symbol, value, since when, until when as far as that is known, and by which run."""
    return {_row(history, version, known) for key, version in history.held(day, known).items() if key[1] is not None}


def _row(history: History, version: Version, known: int | None) -> Row:
    closed = version.closed_by is not None and history._by(version.closed_by, known)
    end = version.valid_to if closed else None
    return (version.group, version.symbol, version.value, version.valid_from, end, version.opened_by)


CAMPAIGN = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@CAMPAIGN
@given(history=histories())
def test_functions_and_views_answer_as_the_model_for_every_day_and_version(world: Connection, history: History) -> None:
    compare(world, history)


@pytest.mark.slow
@settings(CAMPAIGN, max_examples=1500)
@given(history=histories())
def test_functions_and_views_answer_as_the_model_in_a_long_campaign(world: Connection, history: History) -> None:
    compare(world, history)


def compare(connection: Connection, history: History) -> None:
    """Ask for every day on which anything changes and the next, with every version of the data."""
    changes = {day for each in history.versions for day in (each.valid_from, each.valid_to) if day}
    days = sorted({START - timedelta(1), *changes, *(day + timedelta(1) for day in changes)})
    moments = [(day, known) for day in days for known in (None, 0, *filter(None, history.numbers.values()))]
    query(connection, "BEGIN")
    try:
        write(connection, history)
        for function in (_by_group, _by_symbol):
            found = function(connection, moments)
            assert found == {moment: expected(history, *moment) for moment in moments}
        assert _groups(connection, moments) == {
            (day, known): {
                (version.group, f"{version.group} {version.value}", *_row(history, version, known)[3:])
                for key, version in history.held(day, known).items()
                if key[1] is None
            }
            for day, known in moments
        }
        for moment in moments[:: max(1, len(moments) // 3)]:
            _compare_views(connection, history, *moment)
        for moment in moments[:: max(1, len(moments) // 20)]:
            _compare_questions(connection, history, *moment)
    finally:
        query(connection, "ROLLBACK")


Answers = dict[tuple[date, int | None], set[Row]]

_MOMENTS = "unnest(%s::date[], %s::bigint[]) t (day, known)"
_COLUMNS = "group_id, symbol, weight::int, valid_from, valid_to, opened_by"


def _ask(connection: Connection, sql: str, moments: list[tuple[date, int | None]], *values: object) -> Answers:
    answers: Answers = {moment: set() for moment in moments}
    days, versions = zip(*moments, strict=True)
    for day, known, *row in query(connection, sql, list(days), list(versions), *values):
        assert tuple(row) not in answers[day, known]
        answers[day, known].add(tuple(row))
    return answers


def _by_group(connection: Connection, moments: list[tuple[date, int | None]]) -> Answers:
    sql = f"SELECT day, known, {_COLUMNS} FROM {_MOMENTS}, members_on(%s, day, known)"
    return _ask(connection, sql, moments, list(GROUPS))


def _by_symbol(connection: Connection, moments: list[tuple[date, int | None]]) -> Answers:
    sql = (
        f"SELECT day, known, {_COLUMNS.replace('symbol', 's.symbol')}"
        f" FROM {_MOMENTS} CROSS JOIN unnest(%s) s (symbol), memberships_on(s.symbol, day, known)"
    )
    return _ask(connection, sql, moments, list(SYMBOLS))


def _groups(connection: Connection, moments: list[tuple[date, int | None]]) -> Answers:
    sql = f"SELECT day, known, id, name, valid_from, valid_to, opened_by FROM {_MOMENTS}, groups_on(day, known)"
    return _ask(connection, sql, moments)


def _compare_questions(connection: Connection, history: History, day: date, known: int | None) -> None:
    """What ``query_relationships.py`` reads of groups and memberships, in statements of its own."""
    moment = Moment(day, None, "public")
    if known is not None:
        ((last, next_, late),) = query(connection, "SELECT last, next, late FROM runs_known(%s)", known)
        moment = moment._replace(known=known, last=last, next=next_, late=tuple(late))
    held = history.held(day, known)
    there = {state.id: state.name for state in read_states(connection, moment) if state.status == KNOWN}
    assert there == {key[0]: f"{key[0]} {version.value}" for key, version in held.items() if key[1] is None}
    found = memberships(connection, moment, SYMBOLS, list(GROUPS))
    assert {(*each.key, int(each.content[0]), each.valid_from, each.end(moment), each.opened_by) for each in found} == (
        expected(history, day, known)
    )


def _compare_views(connection: Connection, history: History, day: date, known: int | None) -> None:
    query(connection, "SET LOCAL search_path = as_of, public")
    query(
        connection,
        "SELECT set_config('tickstock.as_of', %s::text, true), set_config('tickstock.known_version', %s, true)",
        day, "" if known is None else str(known),
    )  # fmt: skip
    held = history.held(day, known)
    groups = {key[0] for key in held if key[1] is None}
    members = {(version.group, version.symbol, version.value) for key, version in held.items() if key[1] is not None}
    members = {row for row in members if row[0] in groups}
    for view in ("group_memberships", "environment_memberships"):
        assert set(query(connection, f"SELECT group_id, symbol, weight::int FROM {view}")) == members
    for view in ("definition_groups", "environment_groups"):
        assert {row[0] for row in query(connection, f"SELECT id FROM {view}")} == groups
    assert {row[0] for row in query(connection, "SELECT symbol FROM environment_stocks")} == {row[1] for row in members}
    query(connection, "SET LOCAL search_path = public")


def test_what_was_known_on_a_day_follows_the_order_of_commits(world: Connection) -> None:
    """Whatever the order in which runs began, and also where the clock was set back."""
    for version, (run, hour) in enumerate([(1, 9), (2, 20), (4, 30), (3, 22), (6, 50), (5, 51)], start=1):
        query(
            world,
            "INSERT INTO data_version (version, load_id, changed_at) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, %s, timestamptz '2025-01-01 00:00+00' + %s * interval '1 hour')",
            version, run, hour,
        )  # fmt: skip
    known: dict[int, set[int]] = {0: set(), 1: {1, 2, 3, 4}, 2: {1, 2, 3, 4}, 3: {1, 2, 3, 4, 5, 6}}
    query(world, "BEGIN")
    for day, runs in known.items():
        moment = go_to(world, None, date(2024, 12, 31) + timedelta(day))
        assert {run for run in range(1, 7) if moment.knows(run)} == runs
        assert moment.next is None or moment.next <= min({*range(1, 7)} - runs, default=7)
    query(world, "ROLLBACK")


def test_a_run_that_began_before_others_and_ended_after_them_was_not_known_with_them(world: Connection) -> None:
    for version, (run, day) in enumerate([(1, 1), (3, 2), (4, 2), (2, 3)], start=1):
        query(
            world,
            "INSERT INTO data_version (version, load_id, changed_at) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, %s, timestamptz '2025-01-01 12:00+00' + %s * interval '1 day')",
            version, run, day,
        )  # fmt: skip
    query(world, "BEGIN")
    moment = go_to(world, None, date(2025, 1, 3))
    assert [run for run in range(1, 5) if moment.knows(run)] == [1, 3, 4]
    assert moment.next == 2
    query(world, "ROLLBACK")

"""Five years of weekly loads of 24 funds in which every weight moves: answers stay within seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from benchmarks.inputs import SEED_SIZES
from tests.stored import query
from tickstock.db import Connection, transaction
from tickstock.relationships.history.ask import reading
from tickstock.relationships.history.churn import Interval, read_churn, read_fund_churn
from tickstock.relationships.history.diff import read_diff
from tickstock.relationships.history.runs import read_runs
from tickstock.relationships.history.story import read_rows, read_story
from tickstock.relationships.history.suggestions import read_suggestions
from tickstock.relationships.queries.names import ETF

WEEKS = 260
FIRST = date(2020, 1, 3)
LAST = FIRST + timedelta(weeks=WEEKS - 1)

# What a load of a Monday leaves on record. A place in a fund goes to another symbol every hundred weeks.
GROUPS = """
    INSERT INTO definition_groups (name, type)
    SELECT 'FUND' || to_char(no, 'FM00'), 'ETF' FROM generate_series(1, %(funds)s) no"""
FILES = """
    INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint, stored_fingerprint,
                            as_of, rows, members)
    SELECT %(run)s, id, name, name || '.csv', 'plain', '', '', '', %(day)s, 0, 0
      FROM definition_groups WHERE type = 'ETF'"""
CLOSE = """
    UPDATE membership_versions SET closed_by = %(run)s, valid_to = %(day)s
     WHERE closed_by IS NULL AND symbol IS NOT NULL"""
OPEN = """
    INSERT INTO membership_versions (group_id, symbol, weight, metadata, valid_from, opened_by)
    SELECT g.id,
           'S' || to_char((place * 7919 + no * 104729 + (%(week)s + place * 37) / 100 * 15013) %% 99991, 'FM00000'),
           12.5 / place * (1 + sin(%(week)s + place) / 100), '{"source": "file"}', %(day)s, %(run)s
      FROM unnest(%(sizes)s::integer[]) WITH ORDINALITY AS s (size, no)
      JOIN definition_groups g ON g.name = 'FUND' || to_char(no, 'FM00')
     CROSS JOIN generate_series(1, size) place
     ORDER BY g.id, place
        ON CONFLICT DO NOTHING"""


def fill(connection: Connection) -> None:
    for week in range(WEEKS):
        with transaction(connection) as cursor:
            cursor.execute(
                "INSERT INTO load_runs (kind, type, environment, mode, added, changed, removed)"
                " VALUES ('load', 'ETF', 'DEFAULT', 'incremental', 0, 0, 0) RETURNING id"
            )
            ((run,),) = cursor.fetchall()
            values = {"run": run, "week": week, "day": FIRST + timedelta(weeks=week), "sizes": list(SEED_SIZES)}
            if week == 0:
                cursor.execute(GROUPS, {"funds": len(SEED_SIZES)})
            for sql in (FILES, CLOSE, OPEN):
                cursor.execute(sql, values)
    query(connection, "VACUUM ANALYZE")


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    took = time.perf_counter() - started
    print(f"{what}: {took:.2f} s")  # noqa: T201
    assert took < seconds, what


@pytest.mark.slow
def test_answers_come_within_seconds(connection: Connection) -> None:
    """The limits are about ten times what a quiet machine takes: they tell what grows too fast, not what is slow."""
    fill(connection)
    ((versions, last),) = query(connection, "SELECT count(*), max(opened_by) FROM membership_versions")
    assert versions > 4_000_000
    half_a_year = (LAST - timedelta(weeks=26), LAST)
    with reading(connection, "DEFAULT"):
        with within(2, "loads"):
            assert len(read_runs(connection, 20)) == 20
        with within(5, "show"):
            story = read_story(connection, last)
            assert len(list(read_rows(connection, story, 20))) == 20 * 24
        with within(2, "diff of the largest fund"):
            diff = read_diff(connection, ETF, "FUND01", half_a_year)
        with within(40, "suggested renames of half a year"):
            assert read_suggestions(connection, half_a_year) == []
        with within(40, "churn of the largest fund"):
            steps = read_fund_churn(connection, "FUND01", Interval()).steps
        with within(150, "churn of all funds"):
            funds = read_churn(connection, Interval())
    assert len(steps) == WEEKS
    assert [len(fund.steps) for fund in funds] == [WEEKS] * 24
    # 3,500 places, each of which goes to another symbol every hundred weeks
    assert (len(diff.changes.added), len(diff.changes.removed)) == (910, 910)

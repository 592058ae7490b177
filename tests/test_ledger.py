"""Whoever changes a row leaves a record: open versions are always the current state, and each commit has a number."""

from __future__ import annotations

import select
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stored import query
from tickstock.db import Connection, Database, closing

OPEN = """
    SELECT group_id, symbol, weight, metadata::text FROM membership_versions
     WHERE closed_by IS NULL AND symbol IS NOT NULL ORDER BY 1, 2"""
CURRENT = "SELECT group_id, symbol, weight, metadata::text FROM group_memberships ORDER BY 1, 2"


def story(connection: Connection, symbol: str) -> list[tuple[Any, ...]]:
    return query(
        connection,
        "SELECT weight::float, opened_by, closed_by FROM membership_versions WHERE symbol = %s ORDER BY opened_by",
        symbol,
    )


@pytest.fixture
def fund(witness: Connection) -> int:
    """A fund made by hand, with AAPL at 60 and MSFT at 40; its id."""
    ((group,),) = query(witness, "INSERT INTO definition_groups (name, type) VALUES ('SPY', 'ETF') RETURNING id")
    query(witness, "INSERT INTO group_memberships (group_id, symbol, weight) VALUES (%s, 'AAPL', 60), (%s, 'MSFT', 40)",
          group, group)  # fmt: skip
    assert isinstance(group, int)
    return group


def runs(connection: Connection) -> int:
    ((last,),) = query(connection, "SELECT max(id) FROM load_runs")
    assert isinstance(last, int)
    return last


def test_each_hand_is_a_run_of_its_own(witness: Connection, fund: int) -> None:
    made = runs(witness)
    query(witness, "UPDATE group_memberships SET weight = 61 WHERE symbol = 'AAPL'")
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'AAPL'")
    assert story(witness, "AAPL") == [(60.0, made, made + 1), (61.0, made + 1, made + 2)]
    assert query(witness, "SELECT kind, program FROM load_runs WHERE id >= %s", made) == [("manual", "witness")] * 3


def test_an_update_that_changes_nothing_leaves_no_trace(witness: Connection, fund: int) -> None:
    before = runs(witness)
    query(witness, "UPDATE group_memberships SET weight = weight")
    query(witness, "UPDATE definition_groups SET description = description")
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'NONE'")
    assert runs(witness) == before


def test_a_transaction_is_one_run_and_shows_only_its_end(witness: Connection, fund: int) -> None:
    before = runs(witness)
    query(
        witness,
        "BEGIN; UPDATE group_memberships SET weight = 1 WHERE symbol = 'AAPL';"
        " UPDATE group_memberships SET weight = 2 WHERE symbol = 'AAPL';"
        " INSERT INTO group_memberships (group_id, symbol) SELECT id, 'GONE' FROM definition_groups WHERE name = 'SPY';"
        " DELETE FROM group_memberships WHERE symbol = 'GONE'; COMMIT",
    )
    assert runs(witness) == before + 1
    assert story(witness, "AAPL") == [(60.0, before, before + 1), (2.0, before + 1, None)]
    assert story(witness, "GONE") == []


def test_what_is_rolled_back_was_never_there(witness: Connection, fund: int) -> None:
    before = query(witness, "SELECT * FROM load_runs"), query(witness, OPEN), query(witness, "TABLE data_version")
    query(witness, "BEGIN; UPDATE group_memberships SET weight = 1; ROLLBACK")
    query(witness, "BEGIN; SAVEPOINT a; UPDATE group_memberships SET weight = 1; ROLLBACK TO a; COMMIT")
    after = query(witness, "SELECT * FROM load_runs"), query(witness, OPEN), query(witness, "TABLE data_version")
    assert after == before


def test_a_deleted_group_closes_its_members(witness: Connection, fund: int) -> None:
    query(witness, "DELETE FROM definition_groups WHERE id = %s", fund)
    run = runs(witness)
    assert query(witness, "SELECT symbol FROM membership_versions WHERE group_id = %s AND closed_by = %s ORDER BY 1",
                 fund, run) == [("AAPL",), ("MSFT",), (None,)]  # fmt: skip
    assert query(witness, "SELECT metadata ->> 'name', metadata ->> 'type' FROM membership_versions"
                          " WHERE group_id = %s AND symbol IS NULL", fund) == [("SPY", "ETF")]  # fmt: skip


@pytest.mark.parametrize("statement", ["TRUNCATE group_memberships", "TRUNCATE definition_groups CASCADE"])
def test_even_truncate_is_on_record(witness: Connection, fund: int, statement: str) -> None:
    query(witness, statement)
    assert query(witness, OPEN) == []
    assert story(witness, "AAPL")[-1][2] == runs(witness)


def test_a_moved_or_renamed_row_closes_the_old_and_opens_the_new(witness: Connection, fund: int) -> None:
    query(witness, "UPDATE group_memberships SET symbol = 'META' WHERE symbol = 'MSFT'")
    run = runs(witness)
    assert story(witness, "MSFT")[-1][2] == run
    assert story(witness, "META") == [(40.0, run, None)]


def test_the_version_grows_by_one_with_every_commit_that_changes(witness: Connection, fund: int) -> None:
    ((before,),) = query(witness, "SELECT max(version) FROM data_version")
    query(witness, "BEGIN; UPDATE group_memberships SET weight = 1; DELETE FROM group_memberships; COMMIT")
    query(witness, "UPDATE group_memberships SET weight = 1")
    assert query(witness, "SELECT max(version) - %s FROM data_version", before) == [(1,)]


def test_listeners_hear_of_a_commit_and_not_of_a_rollback(
    connection: Connection, witness: Connection, fund: int
) -> None:
    query(connection, "LISTEN tickstock_data_version")
    query(witness, "BEGIN; UPDATE group_memberships SET weight = 2; ROLLBACK")
    query(witness, "UPDATE group_memberships SET weight = 3")
    assert select.select([connection], [], [], 5)[0]
    connection.poll()
    ((version, load_id),) = query(witness, "SELECT version, load_id FROM data_version ORDER BY 1 DESC LIMIT 1")
    assert [note.payload for note in connection.notifies] == [f'{{"version" : {version}, "load_id" : {load_id}}}']


def test_an_application_with_rights_on_its_two_tables_alone_can_write(
    witness: Connection, database: Database, fund: int
) -> None:
    query(witness, "DROP ROLE IF EXISTS only_two_tables")
    query(witness, "CREATE ROLE only_two_tables")
    try:
        query(witness, "GRANT SELECT, UPDATE ON definition_groups, group_memberships TO only_two_tables")
        query(witness, "SET ROLE only_two_tables")
        query(witness, "UPDATE group_memberships SET weight = 5 WHERE symbol = 'AAPL'")
        query(witness, "RESET ROLE")
        assert story(witness, "AAPL")[-1][0] == 5.0
    finally:
        query(witness, "RESET ROLE; DROP OWNED BY only_two_tables; DROP ROLE only_two_tables")


def test_a_temporary_table_of_a_caller_takes_the_place_of_none_of_ours(witness: Connection, fund: int) -> None:
    """A function that runs as its owner and looked at pg_temp first would run a caller's triggers as the owner."""
    query(witness, "CREATE TEMPORARY TABLE membership_versions (LIKE public.membership_versions)")
    query(witness, "CREATE TEMPORARY TABLE load_runs (LIKE public.load_runs)")
    query(witness, "UPDATE public.group_memberships SET weight = 5 WHERE symbol = 'AAPL'")
    assert query(witness, "SELECT count(*) FROM pg_temp.membership_versions") == [(0,)]
    assert query(
        witness, "SELECT weight::int FROM public.membership_versions WHERE symbol = 'AAPL' AND closed_by IS NULL"
    ) == [(5,)]


def test_a_reader_cannot_write_through_our_functions(witness: Connection) -> None:
    query(witness, "SET ROLE app_readonly")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(witness, "SELECT this_run_or_new()")


def test_a_row_that_vanished_unrecorded_can_be_written_again(witness: Connection, fund: int) -> None:
    query(witness, "SET session_replication_role = replica; DELETE FROM group_memberships WHERE symbol = 'AAPL'")
    query(witness, "RESET session_replication_role")
    query(witness, "INSERT INTO group_memberships (group_id, symbol, weight) VALUES (%s, 'AAPL', 7)", fund)
    assert query(witness, OPEN) == query(witness, CURRENT)


def test_one_statement_may_delete_and_insert_the_same_row(witness: Connection, fund: int) -> None:
    query(
        witness,
        "WITH d AS (DELETE FROM group_memberships WHERE symbol = 'AAPL' RETURNING group_id, symbol)"
        " INSERT INTO group_memberships (group_id, symbol, weight) SELECT group_id, 'NVDA', 1 FROM d",
    )
    assert query(witness, OPEN) == query(witness, CURRENT)


def test_serializable_writers_of_different_rows_do_not_meet_in_our_tables(
    database: Database, witness: Connection, fund: int
) -> None:
    query(
        witness,
        "INSERT INTO group_memberships (group_id, symbol) SELECT %s, 'S' || n FROM generate_series(1, 5000) n",
        fund,
    )
    query(witness, "ANALYZE group_memberships")
    ((first, last),) = query(witness, "SELECT min(id), max(id) FROM group_memberships")
    for round_ in range(5):
        with closing(database.connect()) as one, closing(database.connect()) as two:
            for connection, row in ((one, first), (two, last)):
                query(connection, "BEGIN ISOLATION LEVEL SERIALIZABLE")
                query(connection, "UPDATE group_memberships SET weight = %s WHERE id = %s", round_, row)
            query(one, "COMMIT")
            query(two, "COMMIT")


STATEMENTS = st.sampled_from(
    [
        "INSERT INTO group_memberships (group_id, symbol, weight) VALUES ({g}, '{s}', {w}) ON CONFLICT DO NOTHING",
        "INSERT INTO group_memberships (group_id, symbol, weight) VALUES ({g}, '{s}', {w})"
        " ON CONFLICT (group_id, symbol) DO UPDATE SET weight = excluded.weight",
        "UPDATE group_memberships SET weight = {w} WHERE symbol = '{s}'",
        "UPDATE group_memberships SET weight = {w}",
        "UPDATE group_memberships SET metadata = metadata || '{{\"note\": {w}}}' WHERE group_id = {g}",
        "DELETE FROM group_memberships WHERE symbol = '{s}'",
        "DELETE FROM group_memberships WHERE group_id = {g}",
        "SAVEPOINT s",
        "ROLLBACK TO s",
        "COMMIT",
    ]
)
STEP = st.tuples(STATEMENTS, st.integers(0, 1), st.sampled_from(["A", "B", "C"]), st.integers(1, 9))
STEPS = st.lists(STEP, max_size=25)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS)
def test_open_versions_are_the_current_state_whatever_hands_do(
    witness: Connection, steps: list[tuple[str, int, str, int]]
) -> None:
    make = "INSERT INTO definition_groups (name, type) VALUES (gen_random_uuid(), 'ETF') RETURNING id"
    groups = [query(witness, make)[0][0] for _ in range(2)]
    query(witness, "BEGIN")
    for statement, group, symbol, weight in steps:
        try:
            query(witness, statement.format(g=groups[group], s=symbol, w=weight))
        except psycopg2.Error:
            query(witness, "ROLLBACK")
        if statement == "COMMIT" or witness.info.transaction_status == 0:
            query(witness, "BEGIN")
    query(witness, "COMMIT")
    assert query(witness, OPEN) == query(witness, CURRENT)
    assert query(witness, "SELECT count(*) FROM membership_versions WHERE closed_by = opened_by") == [(0,)]
    changed = "SELECT count(*) FROM load_runs"
    assert query(witness, "SELECT count(*) FROM data_version") == query(witness, changed)

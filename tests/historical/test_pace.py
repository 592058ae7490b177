"""The pace that processes keep together, in a period of a second instead of a minute."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import pairwise

import psycopg2
import pytest

from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.historical.pace import MASSIVE, SharedPace

# Each slot as it was taken, whatever the row keeps of it.
SLOTS = """
    CREATE TABLE slots (at timestamptz);
    CREATE FUNCTION note_slot() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO slots VALUES (NEW.calls[cardinality(NEW.calls)]); RETURN NULL; END $$;
    CREATE TRIGGER note AFTER INSERT OR UPDATE ON api_calls FOR EACH ROW EXECUTE FUNCTION note_slot()"""
WORKER = """
import json, sys, time
from tickstock.db import Database
from tickstock.historical.pace import SharedPace
parameters, calls, waits = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
pace = SharedPace(Database(parameters, "worker"), calls, period=1.0)
for _ in range(waits):
    pace.wait()
    print(time.time())
"""


def noted(connection: Connection) -> list[datetime]:
    return [at for (at,) in query(connection, "SELECT at FROM slots ORDER BY at")]


def worker(database: Database, calls: int, waits: int) -> subprocess.Popen[str]:
    arguments = [json.dumps(dict(database.parameters)), str(calls), str(waits)]
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], stdout=subprocess.PIPE, text=True)


def test_four_processes_never_make_more_calls_than_one_may(database: Database, witness: Connection) -> None:
    query(witness, SLOTS)
    workers = [worker(database, 5, 5) for _ in range(4)]
    told = [one.communicate(timeout=60)[0] for one in workers]
    assert [one.returncode for one in workers] == [0, 0, 0, 0]
    slots, made = noted(witness), sorted(float(line) for lines in told for line in lines.split())
    assert len(slots) == len(made) == 20
    assert min(later - earlier for earlier, later in zip(slots, slots[5:], strict=False)) >= timedelta(seconds=1)
    # No call before its slot, and none that was not waiting for one: 20 calls of 5 a second take 3 seconds, not 4.
    assert all(at >= slot.timestamp() - 0.001 for at, slot in zip(made, slots, strict=True))
    assert slots[-1] - slots[0] < timedelta(seconds=3.5)


def test_the_row_keeps_no_more_than_a_period_needs(database: Database, witness: Connection) -> None:
    pace = SharedPace(database, 2, period=0.1)
    for _ in range(6):
        pace.wait()
    assert query(witness, "SELECT name, cardinality(calls) <= 2 FROM api_calls") == [(MASSIVE, True)]


@pytest.mark.parametrize(("before", "after", "seconds"), [(4, 2, 0.6), (2, 4, 0.0)])
def test_another_number_of_calls_counts_those_that_were_made(
    database: Database, witness: Connection, before: int, after: int, seconds: float
) -> None:
    earlier, now = SharedPace(database, before, period=0.6), SharedPace(database, after, period=0.6)
    for _ in range(min(before, 3)):
        earlier.wait()
    start = time.monotonic()
    now.wait()
    assert time.monotonic() - start == pytest.approx(seconds, abs=0.25)


def test_processes_that_are_told_different_numbers_keep_the_greater(database: Database, witness: Connection) -> None:
    query(witness, SLOTS)
    few, many = SharedPace(database, 2, period=0.4), SharedPace(database, 4, period=0.4)
    for _ in range(4):
        few.wait()
        many.wait()
        many.wait()
    slots = noted(witness)
    assert len(slots) == 12
    assert min(later - earlier for earlier, later in zip(slots, slots[4:], strict=False)) >= timedelta(seconds=0.4)


def test_who_is_cancelled_stops_waiting(database: Database) -> None:
    class CancelledError(Exception):
        pass

    asked: list[float] = []

    def check() -> None:
        asked.append(time.monotonic())
        if len(asked) == 4:
            raise CancelledError

    pace = SharedPace(database, 1, check)
    pace.wait()
    start = time.monotonic()
    with pytest.raises(CancelledError):
        pace.wait()
    assert time.monotonic() - start < 5
    assert max(later - earlier for earlier, later in pairwise(asked[1:])) < 1


def test_who_is_told_to_wait_holds_up_those_who_ask_later(database: Database) -> None:
    start = time.monotonic()
    SharedPace(database, 100).wait(0.4)
    SharedPace(database, 100).wait()
    assert time.monotonic() - start >= 0.4


def test_a_clock_that_was_set_back_stops_nobody(database: Database, witness: Connection) -> None:
    query(witness, "INSERT INTO api_calls VALUES (%s, ARRAY[now() + interval '9 hours'])", MASSIVE)
    start = time.monotonic()
    SharedPace(database, 1).wait()
    assert time.monotonic() - start < 5
    assert query(witness, "SELECT cardinality(calls) FROM api_calls") == [(1,)]


def test_a_connection_that_was_cut_is_opened_again(database: Database, witness: Connection) -> None:
    pace = SharedPace(database, 100)
    pace.wait()
    query(
        witness,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'tickstock test' AND datname = current_database()",
    )
    pace.wait()
    assert query(witness, "SELECT cardinality(calls) FROM api_calls") == [(2,)]


def test_a_table_that_is_missing_is_told(database: Database, witness: Connection) -> None:
    query(witness, "DROP TABLE api_calls")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        SharedPace(database, 1).wait()

"""Others at work during a restore, and restores that are stopped in the middle: the old state or the new."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from tests.backups.conftest import MakeBackup, RestoreBackup, load_funds, rows
from tests.conftest import uri_with_password
from tests.cutting_proxy import Cut, CuttingProxy
from tests.put import put_group
from tests.stored import WAITING, everything, query
from tickstock.backups.folder import Backup
from tickstock.backups.restore import restore
from tickstock.db import Connection, Database, closing
from tickstock.errors import BusyError

CHILD = Path(__file__).with_name("killed_restore.py")
STATE = """
    SELECT md5(string_agg(g::text || m::text, '' ORDER BY m.id))
           || (SELECT md5(string_agg(v::text, '' ORDER BY v::text)) FROM membership_versions v)
      FROM group_memberships m JOIN definition_groups g ON g.id = m.group_id"""
ADVISORY = """
    SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
     WHERE locktype = 'advisory' AND datname = current_database()"""


def wait_for(connection: Connection, sql: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while query(connection, sql) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_readers_see_the_old_state_or_the_new(
    database: Database, past: Connection, back_up: MakeBackup, put_back: RestoreBackup, isolation: str
) -> None:
    good, backup = query(past, STATE), back_up()
    query(past, "UPDATE group_memberships SET weight = 1; DELETE FROM definition_groups WHERE name = 'DIA'")
    bad, damaged = query(past, STATE), back_up()
    seen, done = [], threading.Event()

    def read() -> None:
        with closing(database.connect()) as reader:
            while not done.is_set():
                query(reader, f"BEGIN ISOLATION LEVEL {isolation}")
                seen.append(query(reader, STATE))
                query(reader, "COMMIT")

    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read) for _ in range(2)]
        for turn in range(4):
            put_back(backup if turn % 2 == 0 else damaged, force=True)
        done.set()
        assert [each.result() for each in reading] == [None, None]
    assert len(seen) > 20
    assert [state for state in seen if state not in (good, bad)] == []
    assert good in seen


def test_a_snapshot_older_than_the_restore_keeps_what_it_sees(
    past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    good, backup = query(past, STATE), back_up()
    query(past, "UPDATE group_memberships SET weight = 1")
    query(witness, "BEGIN ISOLATION LEVEL REPEATABLE READ")
    bad = query(witness, STATE)
    put_back(backup, force=True)
    assert query(witness, STATE) == bad
    query(witness, "COMMIT")
    assert query(witness, STATE) == good


def test_a_writer_that_is_at_work_is_waited_for(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    before, backup = rows(past), back_up()
    with closing(psycopg2.connect(**database.parameters)) as hand, ThreadPoolExecutor(1) as pool:
        query(hand, "UPDATE group_memberships SET weight = 1")
        restoring = pool.submit(put_back, backup, force=True)
        wait_for(witness, WAITING)
        hand.commit()
        done = restoring.result()
    assert rows(past) == before
    assert done.lost
    assert done.lost.total == 1, "what it took back is what had been committed when it got the tables"


@pytest.mark.parametrize(
    "statement", ["UPDATE symbol_renames SET note = ''", "SELECT FROM group_memberships WHERE symbol = 'KO' FOR UPDATE"]
)
def test_a_writer_that_does_not_end_is_named(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup, statement: str
) -> None:
    backup = back_up()
    query(past, "SET lock_timeout = '300ms'")
    with closing(psycopg2.connect(**database.parameters, application_name="somebody")) as other:
        query(other, statement)
        before = everything(witness)
        message = rf"is being written to by somebody \(pid {other.info.backend_pid}, idle in transaction, since "
        with pytest.raises(BusyError, match=message):
            restore(database, past, backup, force=True)
    assert everything(witness) == before
    restore(database, past, backup, force=True)


def test_a_load_that_is_at_work_is_named_and_keeps_the_restore_out(
    database: Database, past: Connection, back_up: MakeBackup
) -> None:
    backup = back_up()
    query(past, "SET lock_timeout = '300ms'")
    for environment, type_ in (("DEFAULT", "THEME"), ("TEST", "ETF")):
        with closing(psycopg2.connect(**database.parameters, application_name="a loader")) as other:
            key = f"tickstock load {environment} {type_}"
            query(other, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", key)
            pid = other.info.backend_pid
            expected = rf"another load of {type_} in {environment} holds the lock: a loader \(pid {pid}"
            with pytest.raises(BusyError, match=expected):
                restore(database, past, backup, force=True)
    restore(database, past, backup, force=True)
    assert query(past, ADVISORY) == [(0,)]


def test_two_that_wait_for_each_other_are_no_deadlock(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    """A hand holds one table, and then needs one that the restore locks before that."""
    before, backup = rows(past), back_up()
    with closing(psycopg2.connect(**database.parameters)) as hand, ThreadPoolExecutor(1) as pool:
        query(hand, "UPDATE symbol_renames SET note = 'x'")
        restoring = pool.submit(put_back, backup, force=True)
        wait_for(witness, WAITING)
        query(hand, "SET lock_timeout = '5s'; UPDATE definition_groups SET description = 'by hand'")
        hand.commit()
        restoring.result()
    assert rows(past) == before


def test_writers_and_loads_that_come_later_wait_and_find_the_restored_state(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The restore is held up before its commit by somebody who reads and numbers the data."""
    backup = back_up()
    query(past, "UPDATE group_memberships SET weight = 1")
    with closing(psycopg2.connect(**database.parameters)) as stopper, ThreadPoolExecutor(3) as pool:
        query(stopper, "SELECT pg_advisory_xact_lock(hashtextextended('tickstock data_version', 0))")
        restoring = pool.submit(put_back, backup, force=True)
        wait_for(witness, WAITING)
        hand = pool.submit(_edit, database)
        loading = pool.submit(load_funds, database, tmp_path / "next", SPY={"AAPL": "70", "KO": "30"})
        wait_for(witness, f"SELECT greatest(({WAITING}) - 2, 0)")
        stopper.commit()
        restored = restoring.result()
        hand.result()
        loading.result()
    kinds = query(witness, "SELECT kind FROM load_runs WHERE id > %s ORDER BY id", restored.load_id)
    assert sorted(kinds) == [("load",), ("manual",), ("manual",)]
    found = query(
        witness,
        "SELECT symbol, weight::float FROM group_memberships m JOIN definition_groups g ON g.id = m.group_id"
        " WHERE g.name = 'SPY' ORDER BY 1",
    )
    assert found == [("AAPL", 70), ("KO", 30)]


def _edit(database: Database) -> None:
    with closing(database.connect()) as connection:
        put_group(connection, "THEME", "by hand", ["XOM"])


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_a_kill_at_any_statement_leaves_the_old_state_or_the_new(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup, step: int
) -> None:
    good, backup = rows(past), back_up()
    query(past, "DELETE FROM definition_groups WHERE name = 'SPY'")
    bad = everything(witness)
    statement, killed = 1, -signal.SIGKILL
    while killed == -signal.SIGKILL:
        statement += step
        environment = {**os.environ, "DATABASE_URI": uri_with_password(database)}
        command = [sys.executable, str(CHILD), str(backup.path), str(statement)]
        killed = subprocess.run(command, env=environment, check=False, capture_output=True).returncode
        if killed == -signal.SIGKILL and everything(witness) != bad:
            break  # the commit had been sent, and what came after it was killed
    assert statement > 25, "a restore sends more statements than that"
    assert rows(witness) == good
    wait_for(witness, "SELECT (count(*) = 0)::int FROM pg_stat_activity WHERE application_name = 'tickstock killed'")
    assert query(witness, ADVISORY) == [(0,)]


@pytest.mark.parametrize("arrived", [True, False])
def test_the_outcome_of_a_commit_whose_answer_was_lost_is_known(
    past: Connection, witness: Connection, back_up: MakeBackup, database: Database, arrived: bool
) -> None:
    good, backup = rows(past), back_up()
    query(past, "DELETE FROM definition_groups WHERE name = 'SPY'")
    bad = rows(past)
    with (
        CuttingProxy(database.parameters, Cut(mark=b"COMMIT\0", answered=arrived)) as parameters,
        closing((proxied := database._replace(parameters=parameters)).connect()) as connection,
    ):
        if arrived:
            done = restore(proxied, connection, backup, force=True)
            assert done.warning.endswith(f"restore {done.load_id} was committed")
            assert query(witness, "SELECT max(version) FROM data_version") == [(done.data_version,)]
        else:
            with pytest.raises(BusyError, match=r"was cut .*nothing was changed, try again"):
                restore(proxied, connection, backup, force=True)
    assert rows(witness) == (good if arrived else bad)


class InterruptedAtCommit(psycopg2.extensions.cursor):
    """Ctrl-C that arrives while the answer to COMMIT does."""

    def execute(self, *arguments: object) -> None:
        super().execute(*arguments)  # type: ignore[arg-type]
        if arguments[0] == "COMMIT":
            raise KeyboardInterrupt


def test_an_interrupt_that_came_too_late_tells_of_the_restore(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup
) -> None:
    good, backup = rows(past), back_up()
    query(past, "DELETE FROM definition_groups WHERE name = 'SPY'")
    with closing(database.connect()) as connection:
        connection.cursor_factory = InterruptedAtCommit
        with pytest.raises(KeyboardInterrupt) as caught:
            restore(database, connection, backup, force=True)
    assert caught.value.__notes__ == [f"restore {query(witness, 'SELECT max(id) FROM load_runs')[0][0]}"]
    assert rows(witness) == good


def test_whoever_listens_is_told(
    past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    """A cache that is warm sees a number that it has never seen."""
    import json

    backup: Backup = back_up()
    query(past, "UPDATE group_memberships SET weight = 1")
    query(witness, "LISTEN tickstock_data_version")
    done = put_back(backup, force=True)
    for _ in range(50):  # it comes soon, not at once
        witness.poll()
        if witness.notifies:
            break
        select.select([witness], [], [], 0.1)
    assert [json.loads(each.payload) for each in witness.notifies] == [
        {"version": done.data_version, "load_id": done.load_id}
    ]
    assert done.data_version == 12

"""Nobody ever sees half a load: not a reader beside it, not after a kill, not with two loaders at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from tests.conftest import uri_with_password
from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.stored import everything, members, query
from tickstock.db import Connection, Database, closing
from tickstock.errors import BusyError
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options

OLD = {f"{letter}OLD": "10" for letter in "ABCDEFGH"} | {"AAPL": "10", "MSFT": "10"}
NEW = {f"{letter}NEW": "10" for letter in "ABCDEFGH"} | {"AAPL": "11", "MSFT": "9"}
CONTENT = """
    SELECT string_agg(g.name || ' ' || symbol || ' ' || weight::float, ',' ORDER BY g.name, symbol)
      FROM group_memberships m JOIN definition_groups g ON g.id = m.group_id"""
CHILD = Path(__file__).with_name("killed_loader.py")


def write(folder: Path, rows: dict[str, str]) -> None:
    for etf in ("SPY", "QQQ"):
        write_fund(folder, etf, rows)


def content(connection: Connection) -> str:
    ((text,),) = query(connection, CONTENT)
    return str(text)


@pytest.fixture
def two_states(load_etfs: Load, folder: Path, witness: Connection) -> tuple[str, str]:
    """The only two contents that a reader may see. The second is stored now."""
    states = []
    for rows in (OLD, NEW):
        write(folder, rows)
        load_etfs(force=True)
        states.append(content(witness))
    return states[0], states[1]


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_a_reader_in_a_loop_sees_no_torn_or_empty_group_during_100_loads(
    database: Database, load_etfs: Load, folder: Path, two_states: tuple[str, str], isolation: str
) -> None:
    seen: set[str] = set()
    done = threading.Event()

    def read() -> int:
        reads = 0
        with closing(database.connect()) as reader:
            while not done.is_set():
                query(reader, f"BEGIN ISOLATION LEVEL {isolation}")
                first, second = content(reader), content(reader)
                query(reader, "COMMIT")
                assert isolation == "READ COMMITTED" or first == second
                seen.update((first, second))
                reads += 2
        return reads

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for number in range(100):
            write(folder, OLD if number % 2 == 0 else NEW)
            load_etfs(force=True)
        done.set()
        assert all(reader.result() > 50 for reader in readers)
    assert seen == set(two_states)


def test_a_snapshot_older_than_the_load_keeps_the_old_state(
    load_etfs: Load, folder: Path, witness: Connection, two_states: tuple[str, str]
) -> None:
    query(witness, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    write(folder, OLD)
    load_etfs(force=True)
    assert content(witness) == two_states[1]
    query(witness, "COMMIT")
    assert content(witness) == two_states[0]


def kill_at(database: Database, folder: Path, statement: int) -> int:
    """Run a loader that kills itself before its n-th statement; give its exit status."""
    environment = {**os.environ, "DATABASE_URI": uri_with_password(database)}
    return subprocess.run(
        [sys.executable, CHILD, str(folder), str(statement)], env=environment, check=False, capture_output=True
    ).returncode


def test_a_kill_at_every_statement_boundary_leaves_the_old_state_or_the_new(
    database: Database, load_etfs: Load, folder: Path, witness: Connection, two_states: tuple[str, str]
) -> None:
    write(folder, OLD)
    statement, killed = 0, -signal.SIGKILL
    while killed == -signal.SIGKILL:
        statement += 1
        before = everything(witness)
        killed = kill_at(database, folder, statement)
        if killed == -signal.SIGKILL:
            assert everything(witness) == before
    assert killed == 0
    assert content(witness) == two_states[0]
    assert statement > 15, "the loader sends more statements than that"
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tickstock killed' AND state <> 'active'"
    assert query(witness, left) == [(0,)]


@pytest.mark.parametrize("loaders", [2, 8])
def test_loaders_at_once_end_as_one_after_the_other(
    database: Database, folder: Path, witness: Connection, loaders: int, tmp_path: Path
) -> None:
    folders = []
    for number in range(loaders):
        own = tmp_path / f"folder{number}"
        own.mkdir()
        write(own, {**OLD, "AAPL": f"{10 + number / 10}"})
        folders.append(own)

    def run(own: Path) -> None:
        with closing(database.connect()) as connection:
            load(database, connection, etf_inputs(own), Options("ETF", force=True))

    with ThreadPoolExecutor(loaders) as pool:
        for _ in range(5):
            list(pool.map(run, folders))
    ((last,),) = query(witness, "SELECT path FROM load_files ORDER BY id DESC LIMIT 1")
    winner = folders.index(Path(last).parent)
    assert members(witness, "SPY")["AAPL"] == f"{10 + winner / 10:.6f}"
    assert members(witness, "SPY") == members(witness, "QQQ")
    assert query(witness, "SELECT count(*) FROM load_runs") == query(witness, "SELECT count(*) FROM data_version")


def test_a_lock_held_elsewhere_is_busy_and_named(database: Database, load_etfs: Load, folder: Path) -> None:
    write(folder, OLD)
    with closing(psycopg2.connect(**database.parameters, application_name="somebody")) as other:
        query(other, "SELECT pg_advisory_xact_lock(hashtextextended('tickstock load DEFAULT ETF', 0))")
        started = time.monotonic()
        with pytest.raises(BusyError, match=rf"holds the lock: somebody \(pid {other.info.backend_pid}, since "):
            load_etfs()
        assert time.monotonic() - started < 6
        assert load_etfs(dry_run=True).plan.total("added") == 20, "a preview needs no lock"
    assert load_etfs().load_id


def test_a_row_locked_elsewhere_is_busy_and_nothing_is_written(
    database: Database, load_etfs: Load, folder: Path, witness: Connection, two_states: tuple[str, str]
) -> None:
    write(folder, OLD)
    with closing(psycopg2.connect(**database.parameters, application_name="somebody")) as other:
        query(other, "SELECT * FROM group_memberships FOR UPDATE")
        with pytest.raises(BusyError, match=rf"locked by another session \(pid {other.info.backend_pid}, somebody"):
            load_etfs(force=True)
    assert content(witness) == two_states[1]


def test_a_hand_that_edits_during_the_load_is_not_overwritten_unseen(
    database: Database, load_etfs: Load, folder: Path, witness: Connection, two_states: tuple[str, str]
) -> None:
    """The hand's transaction is open when the load starts and commits while the load waits for its row."""
    write(folder, {**NEW, "AAPL": "12"})
    with closing(psycopg2.connect(**database.parameters)) as hand, ThreadPoolExecutor(1) as pool:
        query(hand, "UPDATE group_memberships SET weight = 7 WHERE symbol = 'AAPL'")
        running = pool.submit(load_etfs, mode="incremental")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        deadline = time.monotonic() + 4
        while query(witness, waiting) == [(0,)] and time.monotonic() < deadline:
            time.sleep(0.01)
        hand.commit()
        assert running.result().plan.total("kept") == 2
    assert members(witness, "SPY")["AAPL"] == "7.000000"


@pytest.fixture
def cut_at_commit(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], Database]]:
    """A way to the database that is cut at COMMIT: before the server gets it, or before the client hears of it."""
    from tests.cutting_proxy import CuttingProxy

    proxies = []

    def cut(forward: bool) -> Database:
        proxy = CuttingProxy(database.parameters, b"COMMIT\0", forward)
        proxies.append(proxy)
        return database._replace(parameters={**database.parameters, "host": "127.0.0.1", "port": str(proxy.port)})

    yield cut
    for proxy in proxies:
        proxy.close()


@pytest.mark.parametrize("arrived", [True, False])
def test_the_outcome_of_a_commit_whose_answer_was_lost_is_known(
    cut_at_commit: Callable[[bool], Database], folder: Path, witness: Connection, arrived: bool
) -> None:
    write(folder, OLD)
    proxied = cut_at_commit(arrived)
    with closing(proxied.connect()) as connection:
        if arrived:
            outcome = load(proxied, connection, etf_inputs(folder), Options("ETF"))
            assert outcome.load_id
            assert f"load {outcome.load_id} was committed" in outcome.plan.warnings[0]
        else:
            with pytest.raises(BusyError, match=r"was cut .*nothing was written, try again"):
                load(proxied, connection, etf_inputs(folder), Options("ETF"))
    assert len(members(witness, "SPY")) == (10 if arrived else 0)


class InterruptedAtCommit(psycopg2.extensions.cursor):
    """Ctrl-C that arrives while the answer to COMMIT does."""

    def execute(self, *arguments: object) -> None:
        super().execute(*arguments)  # type: ignore[arg-type]
        if arguments[0] == "COMMIT":
            raise KeyboardInterrupt


def test_an_interrupt_that_came_too_late_tells_of_the_committed_load(
    database: Database, folder: Path, witness: Connection
) -> None:
    write(folder, OLD)
    with closing(database.connect()) as connection:
        connection.cursor_factory = InterruptedAtCommit
        with pytest.raises(KeyboardInterrupt) as caught:
            load(database, connection, etf_inputs(folder), Options("ETF"))
    ((load_id,),) = query(witness, "SELECT max(id) FROM load_runs")
    assert caught.value.__notes__ == [f"load {load_id}"]
    assert len(members(witness, "SPY")) == 10

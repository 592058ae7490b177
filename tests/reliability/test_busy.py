"""What others hold or keep changing: told within the time that a lock is waited for, and tried again a few times."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Sequence

import psycopg2
import pytest

from tests.reliability.commands import COMMANDS
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.processes import Ended
from tests.reliability.stage import Stage
from tests.reliability.states import state
from tests.stored import WAITING, everything, query
from tickstock.db import Connection, closing

SEEDS: dict[str, tuple[int, ...]] = {}
LOCK_TIMEOUT = 5.0
RETRIES = 3


@pytest.fixture
def somebody(stage: Stage) -> Iterator[Connection]:
    with closing(psycopg2.connect(**stage.database.parameters, application_name="somebody")) as connection:
        yield connection


def until_waiting(stage: Stage, sessions: int) -> None:
    begun = time.monotonic()
    while query(stage.witness, WAITING) != [(sessions,)]:
        assert time.monotonic() - begun < LOCK_TIMEOUT
        time.sleep(0.01)


def wait_in_vain(stage: Stage, commands: Sequence[str]) -> tuple[list[Ended], float]:
    """Run them at the same time; give how they ended, and the seconds from when all of them waited."""
    running = [stage.start(command) for command in commands]
    until_waiting(stage, len(commands))
    begun = time.monotonic()
    return [each.wait() for each in running], time.monotonic() - begun


def test_what_somebody_holds_is_busy_and_named(
    stage: Stage, somebody: Connection, rounds: Rounds, tell: Tell, seed: int
) -> None:
    """The locks of one environment, and rows of another."""
    other = f"{COMMANDS[0]} --environment TEST"
    assert stage.run(other).status == 0
    query(stage.witness, "UPDATE group_memberships SET weight = 9 WHERE symbol = 'XA' AND weight IS NOT NULL")
    for type_ in ("ETF", "UNIVERSE", "THEME", "SECTOR"):
        query(somebody, f"SELECT pg_advisory_xact_lock(hashtextextended('tickstock load DEFAULT {type_}', 0))")
    query(somebody, "SELECT * FROM group_memberships FOR UPDATE")
    before = everything(stage.witness)
    assert stage.run(f"{COMMANDS[0]} --dry-run").status == 0, "a preview needs no lock"
    chosen = random.Random(seed).sample(COMMANDS, rounds(2, len(COMMANDS)))
    slowest = 0.0
    for start in range(0, len(chosen), 2):
        (row, *locks), seconds = wait_in_vain(stage, [other, *chosen[start : start + 2]])
        slowest = max(slowest, seconds)
        said = rf"rows .* locked by another session \(pid {somebody.info.backend_pid}, somebody, idle in transaction\)"
        assert row.status == 4
        assert re.fullmatch(rf"error: {said}; nothing was written.*\n", row.err), row
        for ended in locks:
            said = rf"another load .* holds the lock: somebody \(pid {somebody.info.backend_pid}, since .*\)"
            assert ended.status == 4, ended
            assert re.fullmatch(rf"error: {said}; nothing was written.*\n", ended.err), ended
    assert slowest < LOCK_TIMEOUT + 1
    assert everything(stage.witness) == before
    tell(f"{len(chosen)} commands: exit status 4, {slowest:.1f} s at most after they began to wait")


def test_a_hand_that_edits_during_the_load_is_not_overwritten_unseen(stage: Stage, somebody: Connection) -> None:
    """The hand's transaction is open when the load starts, and commits while the load waits for its row."""
    of_spy = "WHERE symbol = 'BJ' AND group_id = (SELECT id FROM definition_groups WHERE name = 'SPY')"
    query(somebody, f"UPDATE group_memberships SET weight = 8 {of_spy}")
    running = stage.start("load_etf_holdings --mode incremental --force")
    until_waiting(stage, 1)
    somebody.commit()
    assert running.wait().status == 0
    assert query(stage.witness, f"SELECT weight::int FROM group_memberships {of_spy}") == [(8,)]


FAIL = """
    CREATE SEQUENCE failures;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('failures') <= {times} THEN
            RAISE 'injected' USING ERRCODE = '{code}';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER fail AFTER INSERT ON load_runs EXECUTE FUNCTION fail()"""
UNDO_FAIL = "DROP TRIGGER fail ON load_runs; DROP FUNCTION fail; DROP SEQUENCE failures"


@pytest.mark.parametrize("times", range(RETRIES + 2))
def test_a_conflict_is_tried_again_up_to_three_times(
    stage: Stage, rounds: Rounds, tell: Tell, seed: int, times: int
) -> None:
    """Serialization failure, deadlock, unique violation: as if another session were in the way so many times."""
    every = [(command, code) for command in COMMANDS for code in ("40001", "40P01", "23505")]
    chosen = random.Random(seed).sample(every, rounds(1, len(every)))
    for command, code in chosen:
        new = stage.course(command).state
        stage.put_back()
        query(stage.witness, FAIL.format(times=times, code=code))
        try:
            before = everything(stage.witness)
            ended = stage.run(command)
            ((attempts,),) = query(stage.witness, "SELECT last_value FROM failures")
        finally:
            query(stage.witness, UNDO_FAIL)
        assert attempts == min(times, RETRIES) + 1
        if times <= RETRIES:
            assert ended.status == 0, ended
            assert state(stage.witness) == new
        else:
            assert ended.status == 4
            assert re.fullmatch(r"error: other sessions kept changing .* 4 times .*; nothing .*\n", ended.err), ended
            assert everything(stage.witness) == before
    tell(f"{len(chosen)} runs with {times} conflicts: {'all loaded' if times <= RETRIES else 'all gave up cleanly'}")

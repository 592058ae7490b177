"""SIGINT and SIGTERM at any moment: the right status, one line, and nothing written unless the line says so."""

from __future__ import annotations

import random
import time
from signal import SIGINT, SIGTERM, Signals

import pytest

from tests.reliability.commands import COMMANDS
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.processes import Ended, Trap
from tests.reliability.stage import Stage
from tests.stored import WAITING, everything, query

SEEDS: dict[str, tuple[int, ...]] = {}
ENDINGS = {SIGINT: (130, "interrupted"), SIGTERM: (143, "terminated")}

# Before that it is not yet a script's signal: Python reads the script and what it imports.
CONNECTED = "SELECT pid FROM pg_stat_activity WHERE application_name ~ '^tickstock ' AND datname = current_database()"

both_signals = pytest.mark.parametrize("number", [SIGINT, SIGTERM], ids=["SIGINT", "SIGTERM"])


def is_as_told(stage: Stage, command: str, ended: Ended, number: Signals) -> str:
    """Check a run that got the signal: what it says and what it left. Give how it ended."""
    status, word = ENDINGS[number]
    stage.settle()
    committed = stage.is_new(stage.course(command).state)
    # Between the end of the work and that of the process nobody listens any more; a shell says 143 of that too.
    if ended.status in (0, -number):
        assert committed, ended
        return "done before it came"
    assert ended.status == status, ended
    ((last,),) = query(stage.witness, "SELECT max(id) FROM load_runs")
    how = f"committed before that: load {last}" if committed else "rolled back"
    said = [line for line in ended.err.splitlines() if not line.startswith(("warning: ", "forced: "))]
    assert said == [f"error: {word}; {how}"], ended
    return "committed, and said so" if committed else "rolled back"


def summed(endings: list[str]) -> str:
    return ", ".join(f"{endings.count(ending)} {ending}" for ending in sorted(set(endings), reverse=True))


@both_signals
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_signal_at_every_statement(
    stage: Stage, rounds: Rounds, tell: Tell, seed: int, number: Signals, after: bool
) -> None:
    every = [(command, point) for command in COMMANDS for point in range(1, stage.course(command).points + 1)]
    chosen = random.Random(seed).sample(every, rounds(3, len(every)))
    endings = []
    for command, point in chosen:
        stage.put_back()
        ended = stage.run(command, Trap(point, number, after))
        endings.append(is_as_told(stage, command, ended, number))
    tell(f"{len(chosen)} of {len(every)} points of {len(COMMANDS)} commands: {summed(endings)}")


@both_signals
def test_a_signal_at_a_random_moment(stage: Stage, rounds: Rounds, tell: Tell, seed: int, number: Signals) -> None:
    chance = random.Random(seed)
    endings = []
    for turn in range(rounds(3, 100)):
        command = COMMANDS[turn % len(COMMANDS)]
        length = stage.course(command).seconds
        stage.put_back()
        running = stage.start(command)
        while running.alive() and not query(stage.witness, CONNECTED):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, length))
        running.send(number)
        endings.append(is_as_told(stage, command, running.wait(), number))
    tell(f"{len(endings)} signals: {summed(endings)}")


@both_signals
def test_a_waiting_load_ends_at_once(stage: Stage, number: Signals) -> None:
    """Also while the database works on a statement."""
    query(stage.witness, "SELECT pg_advisory_lock(hashtextextended('tickstock load DEFAULT ETF', 0))")
    before = everything(stage.witness)
    try:
        running = stage.start(COMMANDS[0])
        while query(stage.witness, WAITING) == [(0,)]:
            assert running.alive()
            time.sleep(0.01)
        started = time.monotonic()
        running.send(number)
        ended = running.wait()
        assert time.monotonic() - started < 2, "the lock is waited for 5 seconds"
    finally:
        query(stage.witness, "SELECT pg_advisory_unlock_all()")
    assert everything(stage.witness) == before
    assert is_as_told(stage, COMMANDS[0], ended, number) == "rolled back"

"""kill -9 at any moment: the tables, the ledger and the history are wholly the old or wholly the new ones."""

from __future__ import annotations

import random
import time
from signal import SIGKILL

import pytest

from tests.reliability.commands import COMMANDS
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.processes import Trap
from tests.reliability.stage import Stage
from tests.reliability.states import state

SEEDS: dict[str, tuple[int, ...]] = {}

pytestmark = pytest.mark.parametrize("command", COMMANDS)


def is_whole_and_free(stage: Stage, command: str) -> tuple[bool, float]:
    """Check what a killed run left, and that the next one gets there; whether it was committed, and the seconds
    until its lock was free.
    """
    new = stage.course(command).state
    seconds = stage.settle()
    committed = stage.is_new(new)
    again = stage.run(command)
    assert again.status == 0 or committed, again  # an undo of what was undone already is refused
    assert state(stage.witness) == new
    return committed, seconds


def test_a_kill_at_a_random_moment(stage: Stage, rounds: Rounds, tell: Tell, command: str, seed: int) -> None:
    chance, length = random.Random(seed), stage.course(command).seconds
    killed, committed, slowest = 0, 0, 0.0
    for _ in range(rounds(1, 200)):
        stage.put_back()
        running = stage.start(command)
        time.sleep(chance.uniform(0, length))
        running.send(SIGKILL)
        killed += running.wait().status == -SIGKILL
        done, seconds = is_whole_and_free(stage, command)
        committed, slowest = committed + done, max(slowest, seconds)
    tell(f"{rounds(1, 200)} kills, {killed} before the end; {committed} had committed; 0 torn; "
         f"the lock was free after {slowest:.2f} s at most")  # fmt: skip


def test_a_kill_at_every_statement(stage: Stage, rounds: Rounds, tell: Tell, command: str, seed: int) -> None:
    points = stage.course(command).points
    assert points > 20, "a load sends more statements than that"
    every = [*(Trap(point, SIGKILL) for point in range(1, points + 1)), Trap(points, SIGKILL, after=True)]
    chosen = sorted(random.Random(seed).sample(every, rounds(2, len(every))))
    committed, slowest = [], 0.0
    for trap in chosen:
        stage.put_back()
        assert stage.run(command, trap).status == -SIGKILL
        done, seconds = is_whole_and_free(stage, command)
        committed.append(done)
        slowest = max(slowest, seconds)
    assert committed == sorted(committed), "what is committed at one point is so at the later ones"
    tell(f"{len(chosen)} of {len(every)} points, {sum(committed)} of them after COMMIT; 0 torn; "
         f"the lock was free after {slowest:.2f} s at most")  # fmt: skip

"""A connection that is cut: nothing torn, and the run says whether it was committed."""

from __future__ import annotations

import random
import re
import time

import pytest

from tests.cutting_proxy import Cut, CuttingProxy
from tests.reliability.commands import COMMANDS
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.processes import Ended
from tests.reliability.stage import Stage
from tests.stored import query

NOTHING = r"was cut .*nothing was written, try again\n"
SEEDS: dict[str, tuple[int, ...]] = {}


def is_known(stage: Stage, command: str, ended: Ended) -> str:
    """Check what a run that was cut left, and that its status and its last line tell just that."""
    stage.settle()
    committed = stage.is_new(stage.course(command).state)
    assert "Traceback" not in ended.err, ended
    if committed:
        ((last,),) = query(stage.witness, "SELECT max(id) FROM load_runs")
        assert ended.status == 0 or f"committed before that: load {last}\n" in ended.err, ended
        return "committed" if ended.status == 0 else "committed, and failed to print it"
    assert ended.status == 4, ended
    # Ours is one line, and the last. A server that says FATAL before psycopg2 listens, or inside a COPY, makes the
    # driver itself write to stderr before that: no program can keep it from doing so.
    assert [line for line in ended.err.splitlines() if line.startswith("error: ")] == ended.err.splitlines()[-1:], ended
    return "not committed"


def summed(endings: list[str]) -> str:
    return ", ".join(f"{endings.count(ending)} {ending}" for ending in sorted(set(endings)))


def run_cut(stage: Stage, command: str, cut: Cut) -> tuple[Ended, CuttingProxy]:
    stage.put_back()
    proxy = CuttingProxy(stage.database.parameters, cut)
    with proxy as parameters:
        through = stage.through(stage.database._replace(parameters=parameters))
        return through.run(command), proxy


def test_a_session_that_is_terminated(stage: Stage, rounds: Rounds, tell: Tell, seed: int) -> None:
    chance = random.Random(seed)
    endings, hit = [], 0
    for turn in range(rounds(3, 100)):
        command = COMMANDS[turn % len(COMMANDS)]
        length = stage.course(command).seconds
        stage.put_back()
        running = stage.start(command)
        time.sleep(chance.uniform(0, length))
        hit += len(
            query(
                stage.witness,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
        )
        endings.append(is_known(stage, command, running.wait()))
    tell(f"{len(endings)} runs, {hit} sessions terminated: {summed(endings)}; 0 torn, all known")


@pytest.mark.parametrize("side", ["sent", "received"], ids=["of the client", "of the server"])
def test_a_connection_that_is_cut_after_some_bytes(
    stage: Stage, rounds: Rounds, tell: Tell, seed: int, side: str
) -> None:
    chance = random.Random(seed)
    endings = []
    for turn in range(rounds(3, 100)):
        command = COMMANDS[turn % len(COMMANDS)]
        stage.course(command)
        _, whole = run_cut(stage, command, Cut())
        after = chance.randrange(whole.sent if side == "sent" else whole.received)
        ended, proxy = run_cut(stage, command, Cut(sent=after) if side == "sent" else Cut(received=after))
        assert proxy.done
        endings.append(is_known(stage, command, ended))
    tell(f"{len(endings)} runs: {summed(endings)}; 0 torn, all known")


@pytest.mark.parametrize(
    ("cut", "expected", "said"),
    [
        (Cut(b"COPY "), "not committed", NOTHING),
        (Cut(b"AK\t"), "not committed", NOTHING),
        (Cut(b"COMMIT\0"), "not committed", NOTHING),
        (Cut(b"COMMIT\0", answered=True), "committed", r"load \d+ was committed\n"),
    ],
    ids=["before COPY", "in COPY", "before COMMIT", "after COMMIT"],
)
def test_a_connection_that_is_cut_at(
    stage: Stage, rounds: Rounds, tell: Tell, cut: Cut, expected: str, said: str
) -> None:
    for _ in range(rounds(1, 25)):
        ended, proxy = run_cut(stage, COMMANDS[0], cut)
        assert proxy.done
        assert is_known(stage, COMMANDS[0], ended) == expected
        assert re.search(said, ended.err), ended
    tell(f"{rounds(1, 25)} runs: all {expected}")

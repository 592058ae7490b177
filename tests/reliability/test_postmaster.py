"""The postmaster of the embedded server is killed: what was committed is there, and the next script goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from tests.conftest import open_folder
from tests.reliability.commands import write_week
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.processes import Running, start_with
from tests.stored import query
from tickstock.db import closing
from tickstock.embedded import running_server

SEEDS: dict[str, tuple[int, ...]] = {}
LOAD = "load_etf_holdings --force"
STORED = """
    SELECT (SELECT md5(string_agg(g.name || m.symbol || m.weight, ',' ORDER BY g.name, m.symbol))
              FROM group_memberships m JOIN definition_groups g ON g.id = m.group_id WHERE g.type = 'ETF'),
           (SELECT array_agg(id ORDER BY id) FROM load_runs WHERE type = 'ETF'),
           (SELECT count(*) FROM (
               (SELECT group_id, symbol, weight FROM membership_versions WHERE closed_by IS NULL AND symbol IS NOT NULL
                EXCEPT SELECT group_id, symbol, weight FROM group_memberships)
               UNION ALL
               (SELECT group_id, symbol, weight FROM group_memberships
                EXCEPT SELECT group_id, symbol, weight FROM membership_versions WHERE closed_by IS NULL)) differing)"""


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """Its server runs until the end of the test, but for the moments after a kill: this process is a client."""
    with open_folder() as folder, running_server(folder):
        yield folder


def script(folder: Path, inputs: Path) -> Running:
    environment = {"DATABASE_URI": "embedded", "TICKSTOCK_DATA_DIR": str(folder), "HOLDINGS_DIR": str(inputs)}
    return start_with(environment, LOAD)


def kill_postmaster(folder: Path) -> None:
    """Of this folder and no other: a pid file may be stale, and its number somebody else's."""
    process = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
    assert process.name() == "postgres"
    assert Path(process.cwd()) == folder / "data"
    os.kill(process.pid, signal.SIGKILL)


def stored(folder: Path) -> tuple[str, list[int]]:
    """A fingerprint of the funds, and their loads. The history has to agree with what is stored."""
    with running_server(folder) as server, closing(psycopg2.connect(**server.parameters())) as connection:
        ((fingerprint, loads, differing),) = query(connection, STORED)
    assert differing == 0
    return fingerprint, loads


def test_a_killed_postmaster_loses_no_committed_load(
    server_folder: Path, tmp_path: Path, rounds: Rounds, tell: Tell, seed: int
) -> None:
    chance = random.Random(seed)
    weeks = [write_week(tmp_path / f"week{week}", week) for week in (0, 1)]
    known = []
    for inputs in weeks:
        begun = time.monotonic()
        assert script(server_folder, inputs).wait().status == 0
        length = time.monotonic() - begun
        known.append(stored(server_folder)[0])
    before = known[1]
    killed, committed, slowest = 0, 0, 0.0
    for turn in range(rounds(1, 20)):
        inputs, after = weeks[turn % 2], known[turn % 2]
        loads = stored(server_folder)[1]
        running = script(server_folder, inputs)
        time.sleep(chance.uniform(0, length))
        kill_postmaster(server_folder)
        ended = running.wait()
        assert ended.status in (0, 4), ended
        assert "Traceback" not in ended.err, ended
        begun = time.monotonic()
        fingerprint, left = stored(server_folder)
        assert left[: len(loads)] == loads, "a committed load is lost"
        assert fingerprint in (before, after)
        assert (fingerprint == after) == (len(left) > len(loads))
        assert ended.status != 0 or fingerprint == after
        again = script(server_folder, inputs).wait()
        assert again.status == 0, again
        slowest = max(slowest, time.monotonic() - begun)
        assert stored(server_folder)[0] == after
        killed, committed, before = killed + (ended.status != 0), committed + (fingerprint == after), after
    assert slowest < 10
    tell(f"{rounds(1, 20)} kills, {killed} loads failed, {committed} had committed; 0 lost, 0 torn; "
         f"the server was back and the load done after {slowest:.1f} s at most")  # fmt: skip

"""A worker that is killed: its job goes on at another, and ends with each bar once."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import NamedTuple

from tests.bars.s3_server import FlatFiles
from tests.bars.scene import Scene, ended
from tests.historical.conftest import ASK
from tests.historical.workers import over, working
from tests.reliability.conftest import Rounds, Tell
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.historical.job_orders import start_job
from tickstock.historical.jobs import read_job

BARS = "SELECT symbol, date, open, high, low, close, volume FROM ohlcv_daily ORDER BY symbol, date"
SEEDS: dict[str, tuple[int, ...]] = {}


class Undisturbed(NamedTuple):
    points: int
    bars: list[tuple[object, ...]]


def undisturbed(scene: Scene, database: Database, connection: Connection) -> Undisturbed:
    """What a job does that nobody disturbs."""
    start_job(connection, ASK)
    with working(scene, database, "once") as process:
        _, out, _ = ended(process)
    return Undisturbed(int(out.rpartition("points=")[2]), query(connection, BARS))


def test_a_worker_that_is_killed(
    tmp_path: Path, bucket: FlatFiles, database: Database, connection: Connection, witness: Connection,
    rounds: Rounds, tell: Tell, seed: int,
) -> None:  # fmt: skip
    scene = Scene(tmp_path / "first", bucket)
    scene.publish()
    expected = undisturbed(scene, database, connection)
    assert len(expected.bars) == 34
    kills, chance, halves = rounds(3, 20), random.Random(seed), 0
    for kill in range(kills):
        # Spread over the whole job, each time a little elsewhere; with an archive of its own, so that all is fetched.
        deadly = 1 + int((kill + chance.random()) * expected.points / kills)
        scene = Scene(tmp_path / str(kill), bucket)
        query(connection, "DELETE FROM ohlcv_daily")
        job = start_job(connection, ASK)
        with working(scene, database, f"kill={deadly}") as process:
            assert ended(process)[0] == -signal.SIGKILL, deadly
        halves += 0 < len(query(witness, BARS)) < len(expected.bars)
        with working(scene, database):
            over(witness, job)
        found = read_job(witness, job)
        assert (found.state, found.bars) == ("done", 34), deadly
        assert query(witness, BARS) == expected.bars, deadly
    tell(f"{kills} kills at {expected.points} points, {halves} with a part of the bars stored; each job ended complete")

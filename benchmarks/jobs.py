"""Jobs that load bars into the database, from an archive on this machine: a worker's process from start to end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg2

from benchmarks import bars_inputs, inputs
from benchmarks.bars_inputs import Size
from benchmarks.databases import MIGRATED, Databases
from benchmarks.measure import BenchmarkError, Figure, Samples, run
from tickstock.db import closing
from tickstock.historical.job_orders import Ask, start_job
from tickstock.historical.jobs import read_job
from tickstock.settings import REPOSITORY

WORKER = REPOSITORY / "scripts" / "maintenance" / "worker.py"


class Load(NamedTuple):
    """A job: so many symbols, the latest sessions, and how many seconds it may take."""

    symbols: int
    sessions: int
    limit: float

    @property
    def name(self) -> str:
        return f"jobs: {self.symbols} symbols, {self.sessions} sessions"


class Scale(NamedTuple):
    """The market that is in the archive, and the jobs."""

    market: Size = Size(sessions=1260, minute_rows=11_500)
    loads: tuple[Load, ...] = (Load(50, 252, 5), Load(500, 1260, 60))


FULL = Scale()


def measure(
    databases: Databases, folder: Path, repeat: int, say: Callable[[str], None], scale: Scale = FULL
) -> tuple[list[Figure], Samples]:
    """Measure in ``folder``, which has to exist."""
    say("jobs: inputs")
    numbers = map(str, scale.market)
    run([sys.executable, bars_inputs.__file__, folder / "archive", *numbers], {"PYTHONPATH": str(REPOSITORY)})
    samples = Samples()
    for _ in range(repeat):
        for load in scale.loads:
            say(load.name)
            _one(databases, folder, samples, scale.market, load)
    return list(_figures(samples, scale.loads)), samples


def _one(databases: Databases, folder: Path, samples: Samples, size: Size, load: Load) -> None:
    """A job on an empty database. Nothing is derived from the archive: that would only be faster."""
    names, days = inputs.symbols(size.tickers), bars_inputs.days(load.sessions)
    symbols = tuple(names[:: size.tickers // load.symbols][: load.symbols])
    name = databases.fresh(MIGRATED)
    environment = {
        "DATABASE_URI": databases.uri(name), "MASSIVE_CACHE_DIR": str(folder / "archive"),
        "DATA_CACHE_DIR": str(folder / "derived"), "MASSIVE_API_KEY": "",
    }  # fmt: skip
    with closing(psycopg2.connect(databases.uri(name))) as connection:
        job = start_job(connection, Ask("DEFAULT", symbols, days[0], days[-1]))
    samples.add(load.name, run([sys.executable, WORKER, "--once", "--quiet"], environment))
    with closing(psycopg2.connect(databases.uri(name))) as connection:
        done = read_job(connection, job)
    databases.drop(name)
    if (done.state, done.bars) != ("done", load.symbols * load.sessions):
        raise BenchmarkError(f"{load.name}: {done.state}, {done.bars} bars ({done.reason})")


def _figures(samples: Samples, loads: tuple[Load, ...]) -> Iterator[Figure]:
    for load in loads:
        yield Figure(load.name, load.limit, samples.seconds(load.name), "s")

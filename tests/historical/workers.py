"""Workers in processes of their own, and waiting for what they do."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bars.scene import Scene, ended
from tests.conftest import uri_with_password
from tests.stored import query
from tickstock.db import Connection, Database

WORKER = "from tests.historical.quick_worker import main; main()"


@contextmanager
def working(scene: Scene, database: Database, *words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A worker (see quick_worker.py), which ends with the block."""
    process = scene.start_python("-c", WORKER, *words, DATABASE_URI=uri_with_password(database), **settings)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            ended(process)


def until(witness: Connection, sql: str, *values: object, seconds: float = 40) -> None:
    """Wait for a statement to give a row."""
    deadline = time.monotonic() + seconds
    while not query(witness, sql, *values):
        assert time.monotonic() < deadline, (sql, query(witness, "SELECT state, step, reason FROM load_jobs"))
        time.sleep(0.02)


def over(witness: Connection, job: int) -> None:
    """Wait for the end of a job."""
    until(witness, "SELECT 1 FROM load_jobs WHERE id = %s AND state NOT IN ('waiting', 'running')", job)

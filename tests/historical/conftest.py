"""Jobs on a database, an archive and a bucket of a test's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bars.s3_server import FlatFiles
from tests.bars.scene import DAYS, NOW, Scene
from tickstock.db import Connection, Database
from tickstock.historical.job_orders import Ask, start_job
from tickstock.historical.jobs import Job, read_job
from tickstock.historical.running import run_job
from tickstock.historical.work import Means

ASK = Ask("DEFAULT", ("AAPL", "XLK"), DAYS[0], DAYS[-1])


@pytest.fixture
def scene(tmp_path: Path, bucket: FlatFiles) -> Scene:
    """Flat files in a bucket, and folders to fetch them to."""
    return Scene(tmp_path, bucket)


@pytest.fixture
def means(scene: Scene, database: Database) -> Means:
    return Means(database, scene.market(), lambda: NOW, lambda: False)


@pytest.fixture
def run(connection: Connection, means: Means) -> Callable[..., Job]:
    """Ask for a job and run it in this process: run(symbols=("AAPL",))."""

    def run(how: Means = means, **asked: Any) -> Job:
        job = start_job(connection, ASK._replace(**asked))
        run_job(how, job)
        return read_job(connection, job)

    return run


def day(text: str) -> date:
    return date.fromisoformat(text)

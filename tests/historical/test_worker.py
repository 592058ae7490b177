"""The worker: a process that takes jobs by their priority, and can be told to stop."""

from __future__ import annotations

import signal

from tests.bars.scene import DAYS, Scene, ended
from tests.historical.conftest import ASK
from tests.historical.workers import over, until, working
from tests.http_proxy import Trouble
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.historical.job_orders import cancel_job, retry_job, start_job
from tickstock.historical.jobs import read_job

BEGUN = "SELECT 1 FROM load_jobs WHERE step IS NOT NULL"
SLOW = Trouble(delay=0.3)
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'tickstock worker' AND datname = current_database()"
)


def test_the_higher_priority_goes_first(
    scene: Scene, database: Database, connection: Connection, witness: Connection
) -> None:
    scene.publish()
    jobs = [start_job(connection, ASK._replace(priority=word)) for word in ("low", "normal", "high")]
    with working(scene, database, "once") as process:
        status, said, error = ended(process)
    assert (status, error) == (0, "")
    assert said.splitlines()[:4] == [
        "waiting for jobs", f"job {jobs[2]} begins", f"job {jobs[2]}: done, {2 * len(DAYS)} bars",
        f"job {jobs[1]} begins",
    ]  # fmt: skip
    order = query(witness, "SELECT id FROM load_jobs ORDER BY started_at")
    assert [job for (job,) in order] == jobs[::-1]
    assert query(witness, "SELECT DISTINCT state FROM load_jobs") == [("done",)]


def test_a_worker_that_is_told_to_end_gives_its_job_back(
    scene: Scene, database: Database, connection: Connection, witness: Connection
) -> None:
    scene.publish()
    job = start_job(connection, ASK)
    with scene.proxied(SLOW) as (_, slow), working(slow, database) as process:
        until(witness, BEGUN)
        process.send_signal(signal.SIGTERM)
        status, said, error = ended(process)
    assert (status, error) == (0, "")
    assert said.splitlines()[1:4] == [f"job {job} begins", f"job {job} is given back", "ended"]
    found = read_job(witness, job)
    assert (found.state, found.reason, found.attempts) == ("waiting", "the worker was told to end", 0)
    with working(scene, database, "once") as process:
        ended(process)
    assert read_job(witness, job).bars == 2 * len(DAYS)


def test_a_running_job_is_cancelled_and_tried_again(
    scene: Scene, database: Database, connection: Connection, witness: Connection
) -> None:
    scene.publish()
    with scene.proxied(SLOW) as (_, slow), working(slow, database):
        job = start_job(connection, ASK)
        until(witness, BEGUN)
        cancel_job(connection, job)
        over(witness, job)
        assert read_job(witness, job).state == "cancelled"
        retry_job(connection, job)
        over(witness, job)
    found = read_job(witness, job)
    assert (found.state, found.bars) == ("done", 2 * len(DAYS))


def test_a_worker_whose_connections_are_cut_goes_on(
    scene: Scene, database: Database, connection: Connection, witness: Connection
) -> None:
    scene.publish()
    job = start_job(connection, ASK)
    with scene.proxied(SLOW) as (_, slow), working(slow, database):
        until(witness, BEGUN)
        query(witness, CUT)
        until(witness, "SELECT 1 FROM load_job_log WHERE line LIKE '%%attempt 2%%'")
        over(witness, job)
    found = read_job(witness, job)
    assert (found.state, found.bars) == ("done", 2 * len(DAYS))


def test_two_workers_share_the_jobs(
    scene: Scene, database: Database, connection: Connection, witness: Connection
) -> None:
    scene.publish()
    jobs = [start_job(connection, ASK._replace(symbols=(name,))) for name in ("AAPL", "XLK", "BCPC", "NA")]
    with working(scene, database), working(scene, database):
        for job in jobs:
            over(witness, job)
    assert query(witness, "SELECT state, bars, attempts FROM load_jobs") == [("done", len(DAYS), 1)] * 4


def test_the_queue_keeps_nothing_of_a_job_that_has_ended(
    scene: Scene, database: Database, connection: Connection, witness: Connection
) -> None:
    scene.publish()
    jobs = [start_job(connection, ASK._replace(symbols=(name,))) for name in ("AAPL", "NOSUCH", "XLK")]
    cancel_job(connection, jobs[2])
    query(witness, "ALTER TABLE ohlcv_daily RENAME COLUMN close TO last")
    with working(scene, database, "once") as process:
        ended(process)
    assert query(witness, "SELECT state FROM load_jobs ORDER BY id") == [("failed",), ("failed",), ("cancelled",)]
    for table in ("jobs", "events"):
        assert query(witness, f"SELECT count(*) FROM procrastinate.procrastinate_{table}") == [(0,)]

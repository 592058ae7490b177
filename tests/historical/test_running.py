"""A job brings the bars of its symbols, each once, or says why there is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date

import pytest

from tests.bars.scene import DAYS, NOW, Scene
from tests.historical.conftest import ASK
from tests.http_proxy import Trouble, answer
from tests.redis_server import Subscriber, running_redis
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.errors import BusyError
from tickstock.historical.from_archive import PATIENCE
from tickstock.historical.job_orders import retry_job, start_job
from tickstock.historical.jobs import Job, read_job, read_log, read_results
from tickstock.historical.running import run_job
from tickstock.historical.work import Means, StoppedError
from tickstock.migrations import migrate

Run = Callable[..., Job]
BARS = "SELECT symbol, date, open, high, low, close, volume FROM ohlcv_daily ORDER BY symbol, date"


def test_bars_of_the_bucket_are_stored_as_they_are(scene: Scene, run: Run, witness: Connection) -> None:
    scene.publish()
    job = run()
    assert (job.state, job.reason, job.bars) == ("done", None, 2 * len(DAYS))
    found = query(witness, BARS)
    # The scene's first prices: the first name closes at 20 + 1 + 1, XLK, the seventh, at 20 + 7 + 1.
    assert [row for row in found if row[1] == DAYS[0]] == [
        ("AAPL", DAYS[0], 21, 23, 20, 22, 1010 + DAYS[0].toordinal() % 7),
        ("XLK", DAYS[0], 27, 29, 26, 28, 1070 + DAYS[0].toordinal() % 7),
    ]
    assert [row[1] for row in found if row[0] == "XLK"] == DAYS
    assert [(one.symbol, one.bars) for one in read_results(witness, job.id)] == [("AAPL", 17), ("XLK", 17)]


def test_a_second_job_stores_nothing_twice(scene: Scene, run: Run, witness: Connection) -> None:
    scene.publish()
    run()
    before = query(witness, BARS.replace("SELECT", "SELECT xmin,"))
    job = run()
    assert job.bars == 2 * len(DAYS)
    assert query(witness, BARS.replace("SELECT", "SELECT xmin,")) == before
    assert [line.line for line in read_log(witness, job.id)][-3:] == [
        "2025-12-01 to 2025-12-10: 16 bars, 0 of them new",
        "market capitalisation, type and exchange are asked for where MASSIVE_API_KEY is set", "done",
    ]  # fmt: skip


def test_a_job_without_any_bar_has_failed_and_says_why(scene: Scene, run: Run) -> None:
    scene.publish()
    job = run(symbols=("NOSUCH",))
    assert (job.state, job.bars) == ("failed", 0)
    assert job.reason == "no bar was loaded: nobody has a bar of NOSUCH on these days; is it spelt right?"


def test_days_that_nobody_has_are_told(scene: Scene, run: Run) -> None:
    scene.publish(DAYS[:-2])
    job = run()
    assert (job.state, job.bars) == ("done", 2 * (len(DAYS) - 2))
    assert job.reason is not None
    assert "not published yet: 2025-12-09 to 2025-12-10" in job.reason
    assert "MASSIVE_API_KEY" in job.reason


def test_a_symbol_without_bars_is_named_among_those_with(scene: Scene, run: Run, witness: Connection) -> None:
    scene.publish()
    job = run(symbols=("AAPL", "NOSUCH"))
    assert (job.state, job.reason) == ("done", "1 of 2 symbols have no bar: NOSUCH")
    assert [(one.symbol, one.bars, one.reason) for one in read_results(witness, job.id)] == [
        ("NOSUCH", 0, "no bar on these days; no group knows it: is it spelt right?"), ("AAPL", 17, None),
    ]  # fmt: skip


def test_without_credentials_and_archive_it_says_what_is_missing(
    scene: Scene, run: Run, means: Means, witness: Connection
) -> None:
    job = run(means._replace(market=scene.with_keys(None).market()))
    assert job.state == "failed"
    assert job.reason
    lacking, why = "no bar was loaded: not in the archive: 2025-11-17 to 2025-12-10", "flat files: no keys"
    assert job.reason.startswith(lacking)
    assert why in job.reason[len(lacking) :]
    assert [line.line for line in read_log(witness, job.id) if " bars, " in line.line] == [
        "2025-11-17 to 2025-11-28: 0 bars, 0 of them new; not in the archive: 9 of 9 sessions",
        "2025-12-01 to 2025-12-10: 0 bars, 0 of them new; not in the archive: 8 of 8 sessions",
    ]


def test_a_job_that_ended_is_told_with_its_commit_and_to_redis(
    scene: Scene, run: Run, means: Means, witness: Connection
) -> None:
    scene.publish()
    query(witness, "LISTEN admin_notifications")
    with running_redis() as redis, closing(Subscriber(redis)) as subscriber:
        job = run(means._replace(redis=redis.url))
        ((channel, told),) = subscriber.heard()
    query(witness, "SELECT 1")
    assert [(each.channel, json.loads(each.payload)) for each in witness.notifies] == [(channel, told)]
    assert {name: told[name] for name in ("event", "job", "state", "bars", "symbol_count", "first_day")} == {
        "event": "historical_load", "job": job.id, "state": "done", "bars": 34, "symbol_count": 2,
        "first_day": "2025-11-17",
    }  # fmt: skip


def test_a_dead_redis_is_a_warning(scene: Scene, run: Run, means: Means, witness: Connection) -> None:
    scene.publish()
    job = run(means._replace(redis="redis://127.0.0.1:1/0"))
    assert job.state == "done"
    assert "Redis at redis://127.0.0.1:1/0" in read_log(witness, job.id)[-1].line


@contextmanager
def unavailable(scene: Scene, means: Means, mark: str) -> Iterator[Means]:
    """A bucket that cannot give what has this in its name."""
    with scene.proxied(Trouble(mark, times=10_000, answer=answer("503 Slow Down"))) as (_, troubled):
        yield means._replace(market=troubled.market())


def test_a_job_waits_for_a_bucket_in_trouble_and_then_goes_on_from_there(
    scene: Scene, connection: Connection, means: Means
) -> None:
    scene.publish()
    job = start_job(connection, ASK)
    with unavailable(scene, means, "2025-12-10") as troubled, pytest.raises(BusyError):
        run_job(troubled, job)
    found = read_job(connection, job)
    assert (found.state, found.missing_days) == ("waiting", (date(2025, 12, 10),))
    assert found.reason is not None
    assert found.reason.startswith("flat files of 2025-12-10 could not be fetched: ")
    assert "503" in found.reason
    run_job(means, job)
    found = read_job(connection, job)
    assert (found.state, found.reason, found.bars) == ("done", None, 2 * len(DAYS))


def test_a_bucket_that_stays_in_trouble_does_not_hold_a_job_up_for_ever(
    scene: Scene, connection: Connection, means: Means
) -> None:
    scene.publish()
    job = start_job(connection, ASK)
    query(connection, "UPDATE load_jobs SET attempts = %s", PATIENCE)
    with unavailable(scene, means, "2025-12-10") as troubled:
        run_job(troubled, job)
    found = read_job(connection, job)
    assert (found.state, found.bars) == ("done", 2 * (len(DAYS) - 1))
    assert found.reason is not None
    assert "missing, failed: 2025-12-10" in found.reason
    assert "503" in found.reason


def test_a_worker_that_is_told_to_end_ends_between_two_files(
    scene: Scene, connection: Connection, means: Means
) -> None:
    scene.publish()
    job = start_job(connection, ASK._replace(first_day=date(2025, 12, 1)))
    with scene.proxied() as (proxy, watched):
        told = means._replace(market=watched.market(), stopped=lambda: proxy.count("2025-12-") > 0)
        with pytest.raises(StoppedError):
            run_job(told, job)
    assert read_job(connection, job).done_through is None


def test_a_job_that_another_session_is_in_the_way_of_waits(
    scene: Scene, database: Database, connection: Connection, means: Means
) -> None:
    scene.publish()
    job = start_job(connection, ASK)
    with closing(database.connect()) as other:
        query(other, "SELECT ensure_bar_partitions('day', '2025-12-01', '2025-12-31')")
        query(other, "BEGIN")
        query(other, "INSERT INTO ohlcv_daily VALUES ('AAPL', %s, 1, 1, 1, 1, 1)", DAYS[0])
        with pytest.raises(BusyError, match="another session was in the way"):
            run_job(means, job)
    found = read_job(connection, job)
    assert (found.state, found.reason) == (
        "waiting", "another session was in the way (canceling statement due to lock timeout)",
    )  # fmt: skip
    run_job(means, job)
    assert read_job(connection, job).bars == 2 * len(DAYS)


def test_a_job_that_found_nothing_looks_at_all_days_again(
    scene: Scene, run: Run, connection: Connection, means: Means
) -> None:
    scene.publish(names=("XLK",))
    job = run(symbols=("AAPL",)).id
    assert read_job(connection, job).state == "failed"
    corrected = scene.elsewhere("corrected")
    corrected.publish(names=("AAPL", "XLK"))
    retry_job(connection, job)
    run_job(means._replace(market=corrected.market()), job)
    assert read_job(connection, job).bars == len(DAYS)


def test_jobs_that_ended_long_ago_are_forgotten(scene: Scene, run: Run, connection: Connection) -> None:
    scene.publish()
    old, newer, waiting = (start_job(connection, ASK) for _ in range(3))
    for job, state, days in ((old, "done", 91), (newer, "failed", 89), (waiting, "waiting", 91)):
        query(
            connection,
            "UPDATE load_jobs SET state = %s, finished_at = now() - %s * interval '1 day' WHERE id = %s",
            state, days, job,
        )  # fmt: skip
    last = run()
    assert (last.state, last.bars) == ("done", 2 * len(DAYS))
    assert query(connection, "SELECT id FROM load_jobs ORDER BY id") == [(newer,), (waiting,), (last.id,)]
    assert query(connection, "SELECT count(*) FROM load_job_log WHERE job_id = %s", old) == [(0,)]


def test_of_many_remarks_the_reason_tells_a_few(scene: Scene, run: Run, witness: Connection) -> None:
    scene.publish()
    job = run(first_day=date(2025, 5, 1), symbols=("AAPL", "NOSUCH"))
    assert job.reason is not None
    assert job.reason.split("; ") == [
        "1 of 2 symbols have no bar: NOSUCH",
        "not in the archive: 2025-05-01 to 2025-11-14",
        "MASSIVE_API_KEY would let the REST API be asked",
        "missing, not published yet: 2025-05-01 to 2025-05-30",
        "missing, not published yet: 2025-06-02 to 2025-06-30",
        "… (5 more in the log)",
    ]
    assert "missing, not published yet: 2025-09-02 to 2025-09-30" in [line.line for line in read_log(witness, job.id)]


@pytest.fixture
def application(new_database: Callable[..., Database]) -> Callable[[str], Database]:
    """A database that already had a table when it was migrated."""

    def make(table: str) -> Database:
        database = new_database()
        with closing(database.connect()) as connection:
            query(connection, table)
        migrate(database)
        return database

    return make


def run_there(scene: Scene, database: Database) -> Job:
    scene.publish()
    with closing(database.connect()) as connection:
        job = start_job(connection, ASK)
        run_job(Means(database, scene.market(), lambda: NOW, lambda: False), job)
        return read_job(connection, job)


def test_symbols_that_take_no_row_of_ours_are_a_remark(
    scene: Scene, application: Callable[[str], Database]
) -> None:
    job = run_there(scene, application("CREATE TABLE symbols (symbol text PRIMARY KEY, name text NOT NULL)"))
    assert (job.state, job.bars) == ("done", 2 * len(DAYS))
    assert job.reason is not None
    assert job.reason.startswith('symbols takes no rows (null value in column "name" of relation "symbols"')


def test_a_volume_without_fractions_is_another_applications(
    scene: Scene, application: Callable[[str], Database]
) -> None:
    table = "symbol text, date date, open numeric, high numeric, low numeric, close numeric, volume bigint"
    job = run_there(scene, application(f"CREATE TABLE ohlcv_daily ({table}, PRIMARY KEY (symbol, date))"))
    assert (job.state, job.bars) == ("failed", 0)
    assert job.reason is not None
    assert job.reason.startswith("ohlcv_daily is another application's (invalid input syntax for type bigint")


def test_what_a_cancelled_job_stored_is_counted(
    scene: Scene, means: Means, connection: Connection, witness: Connection
) -> None:
    scene.publish()
    job = start_job(connection, ASK)

    def cancel_later() -> bool:
        if query(witness, "SELECT 1 FROM ohlcv_daily LIMIT 1"):
            query(witness, "UPDATE load_jobs SET cancel_asked = true")
        return False

    run_job(means._replace(stopped=cancel_later), job)
    found = read_job(connection, job)
    # The nine sessions of November of two symbols; those of December come after the next look.
    assert (found.state, found.bars) == ("cancelled", 18)

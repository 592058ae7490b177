"""A job brings the bars of its symbols, each once, or says why there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing

from tests.bars.scene import DAYS, Scene
from tests.redis_server import Subscriber, running_redis
from tests.stored import query
from tickstock.db import Connection
from tickstock.historical.jobs import Job, read_log, read_results
from tickstock.historical.work import Means

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
    assert [line.line for line in read_log(witness, job.id)][-2:] == [
        "2025-12-01 to 2025-12-10: 16 bars, 0 of them new", "done",
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
        ("NOSUCH", 0, "no bar on these days"), ("AAPL", 17, None),
    ]  # fmt: skip


def test_without_credentials_and_archive_it_says_what_is_missing(scene: Scene, run: Run, means: Means) -> None:
    job = run(means._replace(market=scene.with_keys(None).market()))
    assert job.state == "failed"
    assert job.reason
    assert job.reason.startswith("no bar was loaded: flat files: no keys for the flat files of")
    assert "not in the archive: 2025-11-17 to 2025-12-10" in job.reason


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

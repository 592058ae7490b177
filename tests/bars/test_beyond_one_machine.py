"""The same files from a Dask cluster of several processes, and a store that lies in object storage."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from typing import Any

import polars as pl
import pytest

from tests.bars.dask_cluster import dask_cluster
from tests.bars.flat_files import minute_file, put
from tests.bars.s3_server import ALL, BUCKET, CANARY
from tests.bars.scene import DAYS, END, NAMES, NOW, START, Scene, ended
from tickstock.bars.data_manager import load_bars, load_day_file
from tickstock.bars.dataset import DAY, MINUTE
from tickstock.bars.store import Partition, Store
from tickstock.errors import TickstockError

BULK = "populate_cache_bulk"
SPAN = ("--start", "2025-11-17", "--end", "2025-12-10")


def minutes(scene: Scene) -> dict[str, bytes]:
    """An archive of minutes, and what is derived from it here."""
    for day in DAYS:
        bar = (1.0, 1.0, 1.0, 1.0, 1.0)
        rows = [(f"T{number}", 9, 30 + minute, bar) for number in range(99) for minute in range(9)]
        put(scene.folder / "archive" / "minute", day, minute_file(day, rows))
    scene.with_keys(None).populate(dataset=MINUTE)
    found = scene.files()
    shutil.rmtree(scene.folder / "derived")
    assert len(found) == 2 * len(DAYS)
    return found


def test_a_cluster_gives_the_same_files_also_when_a_worker_dies(scene: Scene) -> None:
    expected = minutes(scene)
    with dask_cluster(scene) as cluster:
        # One worker does not get on with what it is given, until it dies.
        cluster.workers[0].send_signal(signal.SIGSTOP)
        process = scene.with_keys(None).start(BULK, *SPAN, "--dataset", "minute", "--scheduler", cluster.address)
        wait_for_others(scene, process)
        cluster.workers[0].kill()
        status, out, error = ended(process)
        assert status == 0, error
        assert "derived: 17 file(s) of the store, 0 tracked ticker(s) written" in out
        assert scene.files() == expected
        # And days, with tracked tickers, from the bucket.
        shutil.rmtree(scene.folder / "archive")
        shutil.rmtree(scene.folder / "derived")
        scene.publish()
        scene.populate()
        days = scene.files()
        shutil.rmtree(scene.folder / "derived")
        status, out, error = ended(scene.start(BULK, *SPAN, "--scheduler", cluster.address))
        assert status == 0, error
        assert scene.files() == days


@pytest.mark.slow
def test_a_cluster_that_goes_ends_the_run_with_a_line(scene: Scene) -> None:
    expected = minutes(scene)
    with dask_cluster(scene, workers=2) as cluster:
        cluster.workers[0].send_signal(signal.SIGSTOP)
        process = scene.with_keys(None).start(BULK, *SPAN, "--dataset", "minute", "--scheduler", cluster.address)
        wait_for_others(scene, process)
        cluster.scheduler.kill()
        status, out, error = ended(process)
    assert (status, out) == (4, ""), error
    assert len(error.splitlines()) == 2, error  # that nothing is fetched, and why it ended
    assert error.splitlines()[-1].startswith("error: the Dask cluster at tcp://127.0.0.1")
    assert ended(scene.with_keys(None).start(BULK, *SPAN, "--dataset", "minute"))[0] == 0
    assert scene.files() == expected


def wait_for_others(scene: Scene, process: subprocess.Popen[str]) -> None:
    """Until the workers that work have done what they were given."""
    last, since, end = 0, time.monotonic(), time.monotonic() + 60
    while not last or time.monotonic() < since + 0.7:
        assert process.poll() is None
        assert time.monotonic() < end
        count = len(list((scene.folder / "derived").rglob("*.parquet")))
        if count != last:
            last, since = count, time.monotonic()
        time.sleep(0.02)
    assert last < len(DAYS)


@pytest.fixture
def remote(scene: Scene) -> dict[str, str]:
    """A store of the test's own in the bucket, as environment variables."""
    return {
        "BARS_STORE": f"s3://{BUCKET}/{scene.bucket.root}/store",
        "BARS_STORE_ENDPOINT": scene.bucket.server.endpoint,
        "BARS_STORE_ACCESS_KEY": ALL[0],
        "BARS_STORE_SECRET_KEY": ALL[1],
    }


def store_settings(scene: Scene, remote: dict[str, str]) -> dict[str, Any]:
    from tickstock.settings import REPOSITORY, read_settings

    market = read_settings({**scene.environment(), **remote}, REPOSITORY / "nowhere").market
    return {"store": market.store, "store_options": market.store_options}


def test_a_store_in_object_storage_gives_the_same_frames(scene: Scene, remote: dict[str, str]) -> None:
    scene.publish()
    local = scene.elsewhere("local")
    local.populate()
    status, out, error = ended(scene.start(BULK, *SPAN, **remote))
    assert status == 0, error
    assert "derived: 2 file(s) of the store, 2 tracked ticker(s) written" in out
    assert [name for name in scene.files() if "parquet" in name] == []
    status, out, _ = ended(scene.start(BULK, *SPAN, **remote))
    assert (status, "derived: 0 file(s) of the store, 0 tracked" in out) == (0, True)
    market = scene.market(**store_settings(scene, remote))
    assert CANARY not in repr(market)
    # It is the store that answers: the archive is not here.
    shutil.rmtree(scene.folder / "archive")
    for ticker in NAMES:
        found, expected = (
            load_bars(ticker, START, END, data_source="yfinance", adjust="none", market=one, now=NOW)
            for one in (market, local.market())
        )
        assert found.equals(expected)
        assert found.attrs == expected.attrs
    day = load_day_file(DAYS[-1], market=market, now=NOW)
    assert day.equals(load_day_file(DAYS[-1], market=local.market(), now=NOW))
    december = Partition(DAY, 2025, 12)
    content = scene.bucket.server.client.get_object(
        Bucket=BUCKET, Key=f"{scene.bucket.root}/store/{december.name}"
    )["Body"].read()
    assert pl.read_parquet(content).equals(Store(local.market().store).read(december))


def test_a_replaced_object_replaces_the_month_in_object_storage(scene: Scene, remote: dict[str, str]) -> None:
    scene.publish()
    settings = store_settings(scene, remote)
    scene.populate(tickers=(), **settings)
    scene.publish(DAYS[-1:], base=100)
    assert scene.populate(tickers=(), **settings).derived.partitions == 1
    shutil.rmtree(scene.folder / "archive")
    market = scene.market(**settings)
    frame = load_bars("XLK", START, END, data_source="yfinance", adjust="none", market=market, now=NOW)
    assert frame["Close"].tolist() == [*(28.0 + number for number in range(16)), 108.0]


def test_a_store_that_refuses_is_a_line_and_nothing_is_lost(scene: Scene, remote: dict[str, str]) -> None:
    scene.publish()
    scene.populate(tickers=(), **store_settings(scene, remote))
    refused = {**remote, "BARS_STORE_SECRET_KEY": f"{CANARY}wrong"}
    scene.publish(DAYS[-1:], base=100)
    status, _, error = ended(scene.start(BULK, *SPAN, **refused))
    assert status == 1
    assert error.splitlines()[-1].startswith("error: cannot read s3://")
    assert CANARY not in error
    market = scene.market(**store_settings(scene, refused))
    with pytest.raises(TickstockError, match="cannot read s3://"):
        load_bars("AAPL", START, END, data_source="yfinance", adjust="none", market=market, now=NOW)
    assert scene.populate(tickers=(), **store_settings(scene, remote)).derived.partitions == 1

"""Bringing the archive to what the bucket has: an outcome for each day, and no GET that is not needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.bars.flat_files import bars, day_file, packed, stamp
from tests.bars.s3_server import PLAN, WRONG, FlatFiles
from tests.http_proxy import HttpProxy, Trouble, answer
from tickstock.bars.archive import Archive
from tickstock.bars.credentials import credentials
from tickstock.bars.dataset import DAY, MINUTE
from tickstock.bars.fetch import DayOutcome, Fetched, fetch
from tickstock.bars.provider import BadCredentials, Provider
from tickstock.market_settings import Massive

MONDAY, TUESDAY, WEDNESDAY = (date(2025, 12, number) for number in (1, 2, 3))
NOVEMBER = date(2025, 11, 3)
Get = Callable[..., Fetched]


@contextmanager
def proxied(bucket: FlatFiles, trouble: Trouble = Trouble()) -> Iterator[tuple[HttpProxy, Massive]]:  # noqa: B008
    with HttpProxy(bucket.server.port, trouble) as proxy:
        yield proxy, bucket.massive(port=proxy.port)


def fetched(massive: Massive, archive: Archive, *days: date, **options: Any) -> Fetched:
    with Provider(massive, credentials(massive)) as provider:
        return fetch(provider, archive, options.pop("dataset", DAY), days, **options)


def words(found: Fetched) -> list[str]:
    return [outcome.outcome for outcome in found.outcomes]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def content(day: date, base: float = 100) -> bytes:
    return day_file(day, bars(day, base, "XLK", "BRK.B", "NA", "BCpC"))


def test_days_are_fetched_once(bucket: FlatFiles, archive: Archive) -> None:
    days = [MONDAY, TUESDAY, NOVEMBER]
    for day in days:
        bucket.put(day, content(day))
    with proxied(bucket) as (proxy, massive):
        assert fetched(massive, archive, *days).outcomes == tuple(DayOutcome(day, "fetched") for day in sorted(days))
        assert (proxy.count(".csv.gz"), proxy.count("list-type=2")) == (3, 2)
        assert [archive.read(DAY, day) for day in days] == [content(day) for day in days]
        assert words(fetched(massive, archive, *days)) == ["held"] * 3
        assert (proxy.count(".csv.gz"), proxy.count("list-type=2")) == (3, 4)


def test_a_file_of_the_bucket_put_there_by_hand_is_not_fetched(bucket: FlatFiles, archive: Archive) -> None:
    bucket.put(MONDAY, content(MONDAY))
    archive.folder.mkdir()
    archive.path(DAY, MONDAY).write_bytes(content(MONDAY))
    with proxied(bucket) as (proxy, massive):
        assert words(fetched(massive, archive, MONDAY)) == ["held"]
        assert proxy.count(".csv.gz") == 0


def test_a_replaced_object_is_fetched_again_and_only_it(bucket: FlatFiles, archive: Archive) -> None:
    days = [MONDAY, TUESDAY, WEDNESDAY]
    for day in days:
        bucket.put(day, content(day))
    with proxied(bucket) as (proxy, massive):
        fetched(massive, archive, *days)
        etag = bucket.put(TUESDAY, content(TUESDAY, base=200))
        before = proxy.count(".csv.gz")
        assert words(fetched(massive, archive, *days)) == ["held", "replaced", "held"]
        assert proxy.count(".csv.gz") == before + 1
    assert archive.read(DAY, TUESDAY) == content(TUESDAY, base=200)
    assert archive.entries(DAY)[TUESDAY].etag == etag


def test_a_file_that_was_edited_or_deleted_is_fetched_again(bucket: FlatFiles, archive: Archive) -> None:
    for day in (MONDAY, TUESDAY):
        bucket.put(day, content(day))
    fetched(bucket.massive(), archive, MONDAY, TUESDAY)
    archive.path(DAY, MONDAY).write_bytes(b"edited")
    archive.path(DAY, TUESDAY).unlink()
    assert words(fetched(bucket.massive(), archive, MONDAY, TUESDAY)) == ["replaced", "fetched"]
    assert archive.read(DAY, MONDAY) == content(MONDAY)


def test_a_day_that_is_known_elsewhere_is_held(bucket: FlatFiles, archive: Archive) -> None:
    etag = bucket.put(MONDAY, content(MONDAY))
    bucket.put(TUESDAY, content(TUESDAY))
    found = fetched(bucket.massive(), archive, MONDAY, TUESDAY, known={MONDAY: etag, TUESDAY: "older"})
    assert words(found) == ["held", "replaced"]
    assert list(archive.entries(DAY)) == [TUESDAY]


def test_each_day_has_its_own_outcome(bucket: FlatFiles, archive: Archive) -> None:
    bucket.put(NOVEMBER, content(NOVEMBER))
    bucket.put(MONDAY, content(MONDAY))
    bucket.put(TUESDAY, b"<html>Sign in</html>")
    found = fetched(bucket.massive(PLAN), archive, NOVEMBER, MONDAY, TUESDAY, WEDNESDAY)
    assert words(found) == ["not_entitled", "fetched", "set_aside", "not_published"]
    assert "outside your plan" in found.outcomes[0].detail
    assert found.days("fetched", "held") == [MONDAY]


def test_a_day_that_is_no_longer_listed_stays(bucket: FlatFiles, archive: Archive) -> None:
    bucket.put(MONDAY, content(MONDAY))
    fetched(bucket.massive(), archive, MONDAY)
    bucket.remove(MONDAY)
    (outcome,) = fetched(bucket.massive(), archive, MONDAY).outcomes
    assert outcome == DayOutcome(MONDAY, "held", "it is no longer listed")
    assert archive.read(DAY, MONDAY) == content(MONDAY)


def test_minutes_go_to_a_folder_of_their_own(bucket: FlatFiles, archive: Archive) -> None:
    row = f"XLK,10,1,1,1,1,{stamp(MONDAY, 9, 30)},1"
    bucket.put(MONDAY, packed([row]), MINUTE)
    assert words(fetched(bucket.massive(), archive, MONDAY, dataset=MINUTE)) == ["fetched"]
    assert (archive.folder / "minute" / "2025-12-01.csv.gz").read_bytes() == packed([row])
    assert archive.entries(DAY) == {}


GOOD = content(MONDAY)
FAULTS = {
    "empty": (b"", "it is empty"),
    "HTML": (b"<!doctype html><p>Sign in", "HTML"),
    "torn": (GOOD[: len(GOOD) // 2], "cut off"),
    "a byte altered": (GOOD[:-6] + bytes([GOOD[-6] ^ 1]) + GOOD[-5:], "damaged"),
    "stamps of the day after": (day_file(MONDAY, bars(MONDAY, 100, "XLK"), stamped=stamp(TUESDAY)), "2025-12-02"),
    "no rows": (packed([]), "no rows"),
    "other columns": (packed(["XLK,1"], "symbol,price"), "header"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_object_is_set_aside_until_it_changes(bucket: FlatFiles, archive: Archive, fault: str) -> None:
    faulty, told = FAULTS[fault]
    bucket.put(MONDAY, faulty)
    with proxied(bucket) as (proxy, massive):
        for _ in range(2):
            (outcome,) = fetched(massive, archive, MONDAY).outcomes
            assert outcome.outcome == "set_aside"
            assert told in outcome.detail
        assert proxy.count(".csv.gz") == 1
        assert archive.quarantine_path(DAY, MONDAY).read_bytes() == faulty
        assert not archive.path(DAY, MONDAY).exists()
        bucket.put(MONDAY, GOOD)
        assert words(fetched(massive, archive, MONDAY)) == ["fetched"]
    assert archive.read(DAY, MONDAY) == GOOD
    assert not archive.quarantine_path(DAY, MONDAY).exists()


def test_a_good_file_stays_when_its_object_becomes_faulty(bucket: FlatFiles, archive: Archive) -> None:
    bucket.put(MONDAY, GOOD)
    fetched(bucket.massive(), archive, MONDAY)
    bucket.put(MONDAY, b"<html>")
    for _ in range(2):
        (outcome,) = fetched(bucket.massive(), archive, MONDAY).outcomes
        assert outcome.outcome == "set_aside"
        assert "stays in use" in outcome.detail
    assert archive.read(DAY, MONDAY) == GOOD
    bucket.put(MONDAY, GOOD)
    assert words(fetched(bucket.massive(), archive, MONDAY)) == ["held"]


def test_a_day_that_always_comes_torn_fails_alone(bucket: FlatFiles, archive: Archive) -> None:
    for day in (MONDAY, TUESDAY):
        bucket.put(day, content(day))
    with proxied(bucket, Trouble("2025-12-01.csv.gz", times=99, cut=400)) as (_, massive):
        found = fetched(massive, archive, MONDAY, TUESDAY)
    assert words(found) == ["failed", "fetched"]
    assert "torn" in found.outcomes[0].detail
    assert list(archive.entries(DAY)) == [TUESDAY]


def test_a_month_that_cannot_be_listed_fails_alone_and_what_is_here_is_held(
    bucket: FlatFiles, archive: Archive
) -> None:
    for day in (NOVEMBER, MONDAY):
        bucket.put(day, content(day))
    fetched(bucket.massive(), archive, NOVEMBER)
    with proxied(bucket, Trouble("2025%2F11", times=99, answer=answer("503 Slow Down"))) as (_, massive):
        found = fetched(massive, archive, NOVEMBER, NOVEMBER + timedelta(days=1), MONDAY)
    assert words(found) == ["held", "failed", "fetched"]
    assert found.remarks[0].startswith("2025-11 cannot be listed: ")


def test_bad_credentials_end_everything(bucket: FlatFiles, archive: Archive) -> None:
    with pytest.raises(BadCredentials):
        fetched(bucket.massive(WRONG), archive, MONDAY, NOVEMBER)
    assert not archive.folder.exists()


def test_keys_that_expire_on_the_way_end_everything(bucket: FlatFiles, archive: Archive) -> None:
    for day in (MONDAY, TUESDAY):
        bucket.put(day, content(day))
    refusal = answer("403 Forbidden", "<Error><Code>InvalidAccessKeyId</Code></Error>")
    with (
        proxied(bucket, Trouble(".csv.gz", times=99, answer=refusal)) as (_, massive),
        pytest.raises(BadCredentials),
    ):
        fetched(massive, archive, MONDAY, TUESDAY)


def test_progress_is_told(bucket: FlatFiles, archive: Archive) -> None:
    for day in (NOVEMBER, MONDAY):
        bucket.put(day, content(day))
    heard: list[tuple[str, int, int]] = []
    fetched(bucket.massive(), archive, NOVEMBER, MONDAY, told=lambda *step: heard.append(step))
    assert heard == [("months", 1, 2), ("months", 2, 2), ("files", 1, 2), ("files", 2, 2)]


def test_a_disk_that_is_full_is_told_and_leaves_nothing_half(bucket: FlatFiles, tmp_path: Path) -> None:
    days = december(bucket, rows=2000)
    program = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); " \
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)); import tests.bars.fill as f; f.main()"  # fmt: skip
    # -B: under a limit Python would cut its own .pyc files, and everybody would find them so.
    status, out, error = ended(start(bucket, tmp_path / "archive", ["-B", "-c", program]))
    assert (status, error) == (0, "")
    assert out.split() == ["failed"] * len(days)
    assert [path.name for path in (tmp_path / "archive").iterdir()] == []


def test_many_processes_fill_the_same_days_at_once(bucket: FlatFiles, tmp_path: Path) -> None:
    days = december(bucket)
    running = [start(bucket, tmp_path / "archive") for _ in range(8)]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for status, out, error in map(ended, running):
        assert (status, error) == (0, "")
        assert set(out.split()) <= {"fetched", "held"}
    assert_as_the_bucket(bucket, tmp_path / "archive", days)


@pytest.mark.parametrize(
    "kills", [6, pytest.param(100, marks=pytest.mark.slow)], ids=["a few kills", "many kills"]
)
def test_a_killed_fetch_leaves_whole_files_and_is_made_up_for(
    bucket: FlatFiles, tmp_path: Path, kills: int
) -> None:
    days = december(bucket, rows=5000)
    fill_seconds = time_of_a_fill(bucket, tmp_path / "measured")
    landed = 0
    for number in range(kills):
        folder = tmp_path / f"archive{number}"
        process = start(bucket, folder)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        begun(process)
        time.sleep(fill_seconds * (number + 0.5) / kills)
        process.kill()
        landed += ended(process)[0] == -signal.SIGKILL
        for path in folder.glob("*.csv.gz"):
            assert path.read_bytes() == days[date.fromisoformat(path.name[:10])]
        found = fetched(bucket.massive(), Archive(folder), *days)
        assert set(words(found)) <= {"fetched", "held"}
        assert_as_the_bucket(bucket, folder, days)
        assert words(fetched(bucket.massive(), Archive(folder), *days)) == ["held"] * len(days)
    assert landed >= kills / 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_fetch_whose_server_hangs(bucket: FlatFiles, tmp_path: Path, number: signal.Signals) -> None:
    december(bucket)
    program = "import argparse, sys; from tickstock import console; import tests.bars.fill as f; " \
        "sys.exit(console.run(console.parser('fill', '', ''), lambda options: f.main(), sys.argv[2:]))"  # fmt: skip
    with HttpProxy(bucket.server.port, Trouble(".csv.gz", delay=60)) as proxy:
        process = start(bucket, tmp_path / "archive", ["-c", program], port=proxy.port)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        begun(process)
        while not proxy.count(".csv.gz"):
            time.sleep(0.01)
        started = time.monotonic()
        process.send_signal(number)
        status, _, error = ended(process)
        assert time.monotonic() - started < 4
    assert status == 128 + number
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1


def test_500_objects_over_a_slow_line(bucket: FlatFiles, archive: Archive) -> None:
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(500)]
    publish(bucket, {day: content(day) for day in days})
    with HttpProxy(bucket.server.port, Trouble(delay=0.08)) as proxy:
        started = time.monotonic()
        assert set(words(fetched(bucket.massive(port=proxy.port), archive, *days))) == {"fetched"}
        # 40 s one after the other, and about 3 s on a machine that does nothing else.
        assert time.monotonic() - started < 10


def december(bucket: FlatFiles, rows: int = 200) -> dict[date, bytes]:
    """31 days, published."""
    tickers = [f"T{number}" for number in range(rows)]
    days = [MONDAY + timedelta(days=number) for number in range(31)]
    contents = {day: day_file(day, bars(day, 10, *tickers)) for day in days}
    publish(bucket, contents)
    return contents


def publish(bucket: FlatFiles, contents: dict[date, bytes]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(bucket.put, contents, contents.values()))


def start(
    bucket: FlatFiles, folder: Path, program: list[str] | None = None, port: int | None = None
) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **bucket.environment(port=port)}
    return subprocess.Popen(
        [sys.executable, *(program or ["-m", "tests.bars.fill"]), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def begun(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, output and errors of a process that has come, or comes, to its end."""
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    out, error = process.communicate()
    watchdog.cancel()
    return process.returncode, out.removeprefix("ready\n"), error


def time_of_a_fill(bucket: FlatFiles, folder: Path) -> float:
    process = start(bucket, folder)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    begun(process)
    process.stdout.readline()
    ended(process)
    return time.monotonic() - started


def assert_as_the_bucket(bucket: FlatFiles, folder: Path, days: dict[date, bytes]) -> None:
    listed = bucket.server.client.list_objects_v2(Bucket="flatfiles", Prefix=bucket.key(MONDAY).rpartition("/")[0])
    etags = {item["Key"].rpartition("/")[2]: item["ETag"].strip('"') for item in listed["Contents"]}
    archive = Archive(folder)
    assert {path.name: path.read_bytes() for path in folder.glob("*.csv.gz")} == {
        f"{day}.csv.gz": content for day, content in days.items()
    }
    assert {f"{day}.csv.gz": entry.etag for day, entry in archive.entries(DAY).items()} == etags

"""Kills, full disks, many processes at once: a rerun gives byte for byte what an undisturbed run gives."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.bars.flat_files import bars, day_file, put
from tests.bars.scene import DAYS, TRACKED, Scene, ended
from tickstock.bars.sessions import sessions

BULK = "populate_cache_bulk"
SPAN = ("--start", "2025-11-17", "--end", "2025-12-10")
# A process that derives, once it is told to: what takes long comes before.
DERIVE = """
import sys, runpy
import boto3, polars, isal.igzip, exchange_calendars, tabulate, filelock
from tickstock.bars import sessions, populate, provider, fetch, store, derive, populate_text
sessions.sessions(sessions.FIRST_DAY, sessions.FIRST_DAY)
print("ready", flush=True)
sys.stdin.readline()
sys.argv = ["populate_cache_bulk.py", *sys.argv[1:]]
runpy.run_path("scripts/market_data/populate_cache_bulk.py", run_name="__main__")
"""


@pytest.fixture
def undisturbed(scene: Scene) -> dict[str, bytes]:
    """What a run gives that nothing happens to; folders are empty again afterwards."""
    scene.publish(names=(*TRACKED, *(f"T{number}" for number in range(1500))))
    scene.populate()
    found = scene.files()
    assert len(found) == 17 + 2 + 2 * len(TRACKED)
    shutil.rmtree(scene.folder / "derived")
    return found


def derive_after_word(scene: Scene, seconds: float | None) -> tuple[int, float]:
    """Run in a process, killed so long after its start; give its status and how long it took."""
    process = scene.start_python("-c", DERIVE, *SPAN)
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    process.stdin.write("\n")
    process.stdin.flush()
    if seconds is not None:
        time.sleep(seconds)
        process.kill()
    status, _, _ = ended(process)
    return status, time.monotonic() - started


@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.slow)], ids=["a few kills", "many kills"])
def test_a_killed_run_leaves_whole_files_and_is_made_up_for(
    scene: Scene, undisturbed: dict[str, bytes], kills: int
) -> None:
    status, whole = derive_after_word(scene, None)
    assert status == 0
    landed = 0
    for number in range(kills):
        shutil.rmtree(scene.folder / "derived")
        status, _ = derive_after_word(scene, whole * (number + 0.5) / kills)
        landed += status == -signal.SIGKILL
        left = {name: content for name, content in scene.files().items() if not name.endswith(".tmp")}
        # A CSV may be newer than its JSON; all else is as it will be in the end.
        assert {name: content for name, content in left.items() if undisturbed[name] != content} == {}
        scene.populate()
        assert scene.files() == undisturbed
    assert landed >= kills / 2


@pytest.mark.parametrize("kills", [1, pytest.param(30, marks=pytest.mark.slow)], ids=["a kill", "many kills"])
def test_a_killed_run_over_an_older_state_mixes_nothing(
    scene: Scene, undisturbed: dict[str, bytes], kills: int
) -> None:
    """Every day is replaced: whatever is read between the kill and the rerun is one of the two."""
    from tickstock.bars.data_manager import load_bars

    old = scene.elsewhere("old")
    for number, day in enumerate(DAYS):
        put(old.folder / "archive", day, day_file(day, bars(day, 500 + number, *TRACKED)))
    assert undisturbed
    assert old.with_keys(None).populate().derived.partitions == 2
    whole = 0.4 if kills == 1 else derive_after_word(scene, None)[1]
    for number in range(kills):
        for folder in ("archive", "derived"):
            shutil.rmtree(scene.folder / folder, ignore_errors=True)
            shutil.copytree(old.folder / folder, scene.folder / folder)
        derive_after_word(scene, whole * (0.5 + number) / kills * 1.5)
        market = scene.with_keys(None).market()
        for ticker in TRACKED:
            frame = load_bars(ticker, DAYS[0], "2025-12-11", data_source="yfinance", adjust="none", market=market)
            place = 1 + TRACKED.index(ticker)
            for at, close in enumerate(frame["Close"]):
                assert close in (20 + at + place + 1, 500 + at + place + 1)
            assert len(frame) == 17
        scene.populate()
        # (A fetch sweeps its folder of what is older than an hour.)
        left = {name: content for name, content in scene.files().items() if not is_half_fetched(name)}
        assert left == undisturbed


def is_half_fetched(name: str) -> bool:
    return name.startswith("archive/.") and name.endswith(".tmp")


@pytest.mark.parametrize("processes", [3, pytest.param(8, marks=pytest.mark.slow)])
def test_many_processes_populate_the_same_days_at_once(
    scene: Scene, undisturbed: dict[str, bytes], processes: int
) -> None:
    shutil.rmtree(scene.folder / "archive")
    running = [scene.start(BULK, *SPAN, "--json") for _ in range(processes)]
    for status, _, error in map(ended, running):
        assert status == 0, error
    assert scene.files() == undisturbed


def test_a_disk_that_is_full_is_told_and_leaves_nothing_half(scene: Scene, undisturbed: dict[str, bytes]) -> None:
    limited = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); " \
        "resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}));"  # fmt: skip
    sizes = {name: len(content) for name, content in undisturbed.items() if name.startswith("derived/")}
    partition = max(sizes.values())
    csv = sizes["derived/XLK_1d_data.csv"]
    assert csv < partition
    for limit in (partition - 1, csv - 1):
        process = scene.start_python("-c", limited.format(limit) + DERIVE, *SPAN)
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        status, _, error = ended(process)
        assert status == 1
        assert error.splitlines()[-1].startswith("error: cannot write ")
        assert "Traceback" not in error
        for name, content in scene.files().items():
            assert undisturbed[name] == content
    scene.populate()
    assert scene.files() == undisturbed


def test_what_killed_runs_left_half_written_is_swept(scene: Scene, undisturbed: dict[str, bytes]) -> None:
    scene.populate()
    left = [
        scene.folder / "derived" / f".{'0' * 16}.tmp",
        scene.folder / "derived" / "bars" / "day" / "year=2025" / "month=12" / f".{'a' * 16}.tmp",
    ]
    for path in left:
        path.write_bytes(b"half")
    other = scene.folder / "derived" / ".notes.tmp"
    other.write_bytes(b"somebody's own")
    scene.populate()
    assert [path for path in left if path.exists()] == []
    other.unlink()
    assert scene.files() == undisturbed


def test_a_manifest_that_was_lost_costs_nothing(scene: Scene, undisturbed: dict[str, bytes]) -> None:
    scene.populate()
    for path in (scene.folder / "archive").glob("manifest*"):
        path.unlink()
    with scene.proxied() as (proxy, near):
        found = near.populate()
        assert proxy.count(".csv.gz") == 0
    assert (found.derived.partitions, found.derived.tickers) == (0, ())
    assert scene.files() == undisturbed


@pytest.mark.parametrize("damage", ["footer", "empty", "json", "csv"])
def test_a_damaged_derived_file_is_made_again(scene: Scene, undisturbed: dict[str, bytes], damage: str) -> None:
    scene.populate()
    partition = "bars/day/year=2025/month=12/bars.parquet"
    name = {"json": "XLK_1d_data.json", "csv": "XLK_1d_data.csv"}.get(damage, partition)
    path: Path = scene.folder / "derived" / name
    path.write_bytes(b"" if damage == "empty" else path.read_bytes()[:-9])
    scene.populate()
    assert scene.files() == undisturbed


def test_no_room_for_a_folder_is_one_line(scene: Scene) -> None:
    (scene.folder / "derived").write_text("in the way")
    status, _, error = ended(scene.start(BULK, *SPAN))
    assert status == 1
    assert error.splitlines()[-1].startswith(f"error: cannot write to {scene.folder / 'derived'}: ")
    assert sessions(DAYS[0], DAYS[1]) == DAYS[:1]

"""populate_cache.py and populate_cache_bulk.py as a person runs them: options, exit statuses, what is printed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest

from tests.bars.flat_files import day_file, minute_file, put
from tests.bars.s3_server import CANARY, PLAN, WRONG
from tests.bars.scene import DAYS, NOW, Scene, ended
from tests.bars.yahoo_chart import Chart, chart, yahoo_chart
from tests.conftest import load_script
from tests.http_proxy import Trouble, answer
from tickstock.bars.dataset import MINUTE
from tickstock.bars.tracked import read_tracked
from tickstock.settings import REPOSITORY

Result = tuple[int, str, str]
Run = Callable[..., Result]
BULK, SINGLE = "populate_cache_bulk", "populate_cache"
SPAN = ("--start", "2025-11-17", "--end", "2025-12-10")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a script in this process, at noon of 2025-12-11 in New York."""
    monkeypatch.setattr("tickstock.bars.sessions.new_york_now", lambda: NOW)

    def run(scene: Scene, script: str, *arguments: str, **more: str) -> Result:
        environment = scene.environment(**more)
        for name in ("MASSIVE_ACCESS_KEY", "MASSIVE_SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        status = load_script(script).main(list(arguments))
        out, error = capsys.readouterr()
        assert CANARY not in out + error
        return status, out, error

    return run


def test_bulk_as_text(scene: Scene, run: Run) -> None:
    scene.publish()
    status, out, error = run(scene, BULK, *SPAN)
    assert status == 0
    assert error == "not in " + str(scene.folder / "tickers") + ": sector_etfs.txt, stocks.txt, ibd.txt, ibd20.txt, " \
        "ltl.txt, cmb.txt, short.txt\n2 tickers of mine.txt\n"  # fmt: skip
    assert out == (
        "17 sessions from 2025-11-17 to 2025-12-10\n"
        "  fetched                         17\n"
        "derived: 2 file(s) of the store, 2 tracked ticker(s) written\n"
        "\n"
        "Symbol      Records  Date Range                Source\n"
        "--------  ---------  ------------------------  -----------\n"
        "XLK              17  2025-11-17 to 2025-12-10  Massive.com\n"
        "NA               17  2025-11-17 to 2025-12-10  Massive.com\n"
    )
    status, out, _ = run(scene, BULK, *SPAN)
    assert (status, out.splitlines()[1:3]) == (
        0,
        ["  skipped, here already           17", "derived: 0 file(s) of the store, 0 tracked ticker(s) written"],
    )


def test_every_reason_is_told(scene: Scene, run: Run) -> None:
    scene.publish(DAYS[:-1])
    scene.bucket.put(date(2025, 12, 4), b"<html>")
    with scene.with_keys(PLAN).proxied(Trouble("12-03.csv", times=99, answer=answer("400 Bad"))) as (_, near):
        status, out, _ = run(near, BULK, *SPAN)
    assert status == 1
    assert [line for line in out.splitlines() if line.startswith("  ") and line[2] != " "] == [
        "  fetched                          5",
        "  missing, not published yet       1  2025-12-10",
        "  missing, not entitled            9  2025-11-17 to 2025-11-28",
        "  missing, no flat file            1  2025-12-04",
        "  missing, failed                  1  2025-12-03",
    ]
    assert out.count("is outside your plan") == 1
    assert "    it is no gzip but HTML or XML\n" in out


def test_json_has_every_day(scene: Scene, run: Run) -> None:
    scene.publish(DAYS[:-1])
    status, out, _ = run(scene, BULK, *SPAN, "--json")
    found = json.loads(out)
    assert status == 0
    assert [one["day"] for one in found["days"]] == [str(day) for day in DAYS]
    assert {one["outcome"] for one in found["days"][:-1]} == {"fetched"}
    assert found["days"][-1] == {"day": "2025-12-10", "outcome": "not_published", "detail": ""}
    assert (found["partitions_written"], found["tickers_written"], found["unusable"]) == (2, ["XLK", "NA"], {})
    assert found["tickers"][0] == {
        "ticker": "XLK", "records": 16, "from": "2025-11-17", "to": "2025-12-09", "source": "Massive.com",
    }  # fmt: skip


def test_without_credentials(scene: Scene, run: Run) -> None:
    scene.publish(DAYS[:5])
    status, out, error = run(scene.with_keys(None), BULK, *SPAN)
    assert status == 1
    assert "  missing, no credentials         17  2025-11-17 to 2025-12-10\n" in out
    assert "nothing is fetched: " in error
    assert error.splitlines()[-1] == (
        "error: none of these days is here or can be had; check_massive.py tells what can"
    )
    run(scene, BULK, *SPAN)
    status, out, _ = run(scene.with_keys(None), BULK, *SPAN)
    assert status == 1
    assert "  missing, no credentials         12  2025-11-24 to 2025-12-10\n" in out
    assert run(scene.with_keys(None), BULK, "--start", "2025-11-17", "--end", "2025-11-21")[0] == 0


def test_refused_keys_are_one_line(scene: Scene, run: Run) -> None:
    status, out, error = run(scene.with_keys(WRONG), BULK, *SPAN, "--quiet")
    assert (status, out) == (1, "")
    assert error.startswith("error: ")
    assert "refuses" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--start", "2025-12-10", "--end", "2025-12-01"), 2, "is after the end"),
        (("--start", "2026-01-01",), 2, "is after the end"),
        (("--no-save-others", "--dataset", "minute"), 2, "there are none of minutes"),
        (("--months", "0"), 2, "--months"),
        (("--start", "12/01/2025"), 2, "--start"),
        (("-f", "nosuch.txt"), 1, "nosuch.txt is neither here nor in "),
        (("-f", "mine.txt", "--all"), 2, "not allowed with"),
        pytest.param(  # it is waited for
            (*SPAN, "--scheduler", "tcp://127.0.0.1:9"), 4, "no Dask scheduler answers at tcp://127.0.0.1:9",
            marks=pytest.mark.slow,
        ),
        ((*SPAN, "--scheduler", "nonsense"), 4, "no Dask scheduler answers at nonsense"),
    ],
)
def test_usage(scene: Scene, run: Run, arguments: tuple[str, ...], status: int, told: str) -> None:
    found, out, error = run(scene, BULK, *arguments)
    assert (found, out) == (status, "")
    assert told in error
    assert "Traceback" not in error


def test_a_flat_file_that_cannot_be_used_is_told_and_fails(scene: Scene, run: Run) -> None:
    scene.publish(DAYS[:5])
    run(scene, BULK, *SPAN)
    put(scene.folder / "archive", DAYS[5], b"<html>")
    span = ("--start", "2025-11-17", "--end", str(DAYS[5]))
    status, out, _ = run(scene.with_keys(None), BULK, *span)
    assert status == 1
    assert f"  {DAYS[5]} cannot be used: it is no gzip but HTML or XML\n" in out


def test_tracked_tickers_alone(scene: Scene, run: Run) -> None:
    scene.publish()
    with scene.proxied() as (proxy, near):
        for word in ("fetched                         17", "skipped, here already           17"):
            status, out, _ = run(near, BULK, *SPAN, "--no-save-others")
            assert (status, word in out) == (0, True)
        assert proxy.count(".csv.gz") == 17
    assert not (scene.folder / "archive").exists()


def test_minutes(scene: Scene, run: Run) -> None:
    scene.bucket.put(DAYS[0], minute_file(DAYS[0], [("XLK", 9, 30, (1, 1, 1, 1, 1))]), MINUTE)
    arguments = ("--start", "2025-11-17", "--end", "2025-11-17", "--dataset", "minute")
    assert run(scene, BULK, *arguments)[:2] == (
        0,
        "1 sessions from 2025-11-17 to 2025-11-17\n  fetched                          1\n"
        "derived: 1 file(s) of the store, 0 tracked ticker(s) written\n",
    )


def test_a_list_by_name_and_months(scene: Scene, run: Run) -> None:
    scene.publish()
    scene.track("AAPL", "xlk.b", name="other.txt")
    for months, sessions in (("1", 22), ("6", 128)):
        status, out, error = run(scene, SINGLE, "-f", "other.txt", "-m", months, "--data-source", "massive")
        assert (status, error) == (0, "2 tickers of other.txt\n")
        assert out.startswith(f"{sessions} sessions from ")
    assert "AAPL             17  2025-11-17 to 2025-12-10  Massive.com" in out
    assert "xlk.b             0  no bar                    Massive.com" in out


def test_all_lists_each_ticker_once(scene: Scene, run: Run) -> None:
    scene.publish()
    scene.track("AAPL", "XLK", name="stocks.txt")
    status, out, error = run(scene, SINGLE, "--all", "-m", "1", "--data-source", "massive", "--json")
    assert status == 0
    assert "3 tickers of mine.txt, stocks.txt\n" in error
    assert "stocks" not in error.partition("\n")[0]
    assert [one["ticker"] for one in json.loads(out)["tickers"]] == ["XLK", "NA", "AAPL"]


def test_no_list_at_all(scene: Scene, run: Run) -> None:
    (scene.folder / "tickers" / "mine.txt").unlink()
    status, out, error = run(scene, SINGLE, "--all")
    assert (status, out) == (1, "")
    assert "has no list of tickers; expected files such as sector_etfs.txt" in error


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chart]:
    with yahoo_chart(monkeypatch) as yahoo:
        yield yahoo


def test_from_yahoo(scene: Scene, run: Run, yahoo: Chart) -> None:
    yahoo.answers["XLK"] = chart("XLK", DAYS, [50.0] * 17, [50.0] * 17, [100] * 17)
    status, out, error = run(scene, SINGLE, "--all", "-m", "1")
    assert status == 1
    assert "NA: Yahoo " in error
    assert "XLK              17  2025-11-17 to 2025-12-10  Yahoo Finance" in out
    assert "NA                0  no file" in out


@pytest.mark.skipif(os.name == "nt", reason="there is no pty")
def test_progress_on_a_terminal(scene: Scene) -> None:
    import pty
    import termios

    scene.publish()
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    with scene.proxied(Trouble(".csv.gz", delay=1.3)) as (_, near):
        process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "scripts" / "market_data" / f"{BULK}.py"), *SPAN],
            env=near.environment(TERM="xterm"), stdout=subprocess.PIPE, stderr=slave, cwd=REPOSITORY, text=True,
        )  # fmt: skip
        out, _ = process.communicate(timeout=60)
    os.close(slave)
    error = b""
    with contextlib.suppress(OSError):  # at its end
        while part := os.read(master, 1 << 16):
            error += part
    os.close(master)
    assert process.returncode == 0, error
    assert b"files: " in error
    assert out.startswith("17 sessions")


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_ends_it_and_what_is_done_stays(scene: Scene, number: signal.Signals) -> None:
    scene.publish()
    with scene.proxied(Trouble("2025-12-10.csv.gz", delay=60)) as (proxy, near):
        process = near.start(BULK, *SPAN)
        deadline = time.monotonic() + 30
        while not (scene.folder / "archive" / "2025-12-09.csv.gz").exists() or not proxy.count("12-10.csv.gz"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        status, out, error = ended(process)
    assert (status, out) == (128 + number, "")
    assert error.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in error
    status, out, error = ended(scene.start(BULK, *SPAN))
    assert status == 0
    tracked = read_tracked(scene.folder / "derived", "XLK")
    assert tracked is not None
    assert list(tracked.objects) == DAYS


def test_now_is_new_yorks() -> None:
    """What the tests above take for now."""
    assert NOW.utcoffset() == timedelta(hours=-5)
    assert datetime.fromisoformat("2025-12-11T17:00:00+00:00") == NOW
    assert day_file(DAYS[0], {}).startswith(b"\x1f\x8b")

"""check_massive.py, against a server with a plan that has December 2025 only."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime

import pytest

from tests.bars.flat_files import day_file
from tests.bars.s3_server import ALL, CANARY, PLAN, WRONG, FlatFiles, Keys, S3Server
from tests.conftest import load_script
from tickstock.bars.dataset import MINUTE
from tickstock.bars.sessions import NEW_YORK, sessions

Result = tuple[int, str, str]
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def published(s3: S3Server) -> FlatFiles:
    """Day files from October 2025 on, minute files of December."""
    bucket = s3.new_bucket()
    for day in sessions(date(2025, 10, 6), date(2026, 2, 13)):
        bucket.put(day, day_file(day, {"T": (1000.5, 10, 11, 12, 9), "XLK": (5, 1, 1, 1, 1)}))
    for day in sessions(date(2025, 12, 1), date(2026, 1, 1)):
        bucket.put(day, b"minutes", MINUTE)
    return bucket


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr("tickstock.bars.sessions.new_york_now", lambda: datetime(2026, 2, 13, 12, tzinfo=NEW_YORK))

    def run(bucket: FlatFiles, keys: Keys, *arguments: str) -> Result:
        for name, value in bucket.environment(keys).items():
            monkeypatch.setenv(name, value)
        status = load_script("check_massive").main(list(arguments))
        out, error = capsys.readouterr()
        assert CANARY not in out + error
        return status, out, error

    return run


def test_both_parts_work(published: FlatFiles, run: Run) -> None:
    status, out, error = run(published, ALL, "--verbose")
    assert (status, error) == (0, "")
    assert "MASSIVE_ACCESS_KEY and MASSIVE_SECRET_KEY" in out
    assert f"http://127.0.0.1:{published.server.port}" in out
    assert "Part 1, list:     9 files of 2026-02, the newest 2026-02-12, the oldest 2025-10-06\n" in out
    assert "Part 2, download: 2026-02-12, " in out
    assert ", 2 rows, " in out
    assert "may be read from 2025-10-06 to 2026-02-12\n" in out


def test_the_ends_of_a_plan_are_found(published: FlatFiles, run: Run) -> None:
    status, out, _ = run(published, PLAN, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["download"]["day"] == "2025-12-31"
    assert found["download"]["rows"] == 2
    assert found["datasets"] == [
        {"dataset": "day", "first_listed": "2025-10-06", "last_listed": "2026-02-12", "in_last_month": 9,
         "first_entitled": "2025-12-01", "last_entitled": "2025-12-31"},
        {"dataset": "minute", "first_listed": "2025-12-01", "last_listed": "2025-12-31", "in_last_month": 22,
         "first_entitled": "2025-12-01", "last_entitled": "2025-12-31"},
    ]  # fmt: skip


@pytest.mark.parametrize("arguments", [[], ["--verbose"], ["--json", "--verbose"], ["--historical", "T", "--verbose"]])
def test_wrong_keys_are_one_line_that_says_what_to_try(published: FlatFiles, run: Run, arguments: list[str]) -> None:
    status, _, error = run(published, WRONG, *arguments)
    assert status == 1
    assert "refuses the keys" in error
    assert "dashboard" in error
    assert len(error.splitlines()) == 1


def test_a_bucket_that_lists_nothing_fails(published: FlatFiles, run: Run) -> None:
    status, out, error = run(published.server.new_bucket(), ALL)
    assert status == 1
    assert "none listed" in out
    assert "MASSIVE_DAY_PREFIX" in error


def test_a_plan_without_flat_files_fails(published: FlatFiles, run: Run) -> None:
    bucket = published.server.new_bucket()
    bucket.put(date(2026, 1, 5), b"day")
    status, out, error = run(bucket, PLAN)
    assert status == 1
    assert "no day file may be read" in out
    assert "your plan" in error


def test_a_month_end_to_end(published: FlatFiles, run: Run) -> None:
    status, out, error = run(published, PLAN, "--historical", "T")
    assert (status, error) == (0, "")
    assert "T from 2025-12-01 on and before 2026-01-01: 22 rows, first 2025-12-01, last 2025-12-31\n" in out
    assert [line.split() for line in out.splitlines() if line.startswith("2025-12-24")] == [
        ["2025-12-24", "10.00", "12.00", "9.00", "11.00", "1,000"]
    ]


def test_march_2024_is_shown_where_it_may_be_read(published: FlatFiles, run: Run) -> None:
    bucket = published.server.new_bucket()
    for day in sessions(date(2024, 3, 1), date(2024, 4, 1)):
        bucket.put(day, day_file(day, {"T": (1, 2, 3, 4, 1)}))
    status, out, _ = run(bucket, ALL, "--historical", "T", "--json")
    found = json.loads(out)
    assert (status, found["rows"], found["start"], found["end"]) == (0, 20, "2024-03-01", "2024-04-01")
    assert found["bars"][0] == {"day": "2024-03-01", "open": 2, "high": 4, "low": 1, "close": 3, "volume": 1}


def test_days_that_are_missing_are_told(published: FlatFiles, run: Run) -> None:
    status, out, _ = run(published, PLAN, "--historical", "XLK", "--start", "2025-11-28", "--end", "2025-12-03")
    assert status == 0
    assert "XLK from 2025-11-28 on and before 2025-12-03: 2 rows" in out
    assert "2025-11-28: " in out


def test_a_ticker_that_nobody_trades_fails(published: FlatFiles, run: Run) -> None:
    status, out, error = run(published, ALL, "--historical", "ZZZ", "--start", "2025-12-01", "--end", "2025-12-02")
    assert status == 1
    assert "1 files have no ZZZ, from 2025-12-01 to 2025-12-01" in out
    assert "no bar of ZZZ" in error


@pytest.mark.parametrize("arguments", [["--start", "2025-12-01"], ["--start", "2025-12-01", "--end", "2025-12-02"]])
def test_options_that_do_not_go_together(published: FlatFiles, run: Run, arguments: list[str]) -> None:
    assert run(published, ALL, *arguments)[0] == 2

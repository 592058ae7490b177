"""Ctrl-C and SIGTERM end a script at once, also while the database works, with nothing written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import uri_with_password
from tests.files import write_fund
from tests.stored import everything, query
from tickstock.db import Connection, Database
from tickstock.settings import REPOSITORY


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_waiting_load_ends_at_once(
    database: Database, connection: Connection, witness: Connection, tmp_path: Path,
    number: signal.Signals, status: int, word: str,
) -> None:  # fmt: skip
    write_fund(tmp_path, "SPY", {"AAPL": "100"})
    query(connection, "SELECT pg_advisory_lock(hashtextextended('tickstock load DEFAULT ETF', 0))")
    before = everything(witness)
    script = REPOSITORY / "scripts" / "cache_maintenance" / "load_etf_holdings.py"
    loader = subprocess.Popen(
        [sys.executable, script, "--holdings-dir", str(tmp_path)],
        env={**os.environ, "DATABASE_URI": uri_with_password(database)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while query(witness, "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
        assert loader.poll() is None
        time.sleep(0.01)
    started = time.monotonic()
    loader.send_signal(number)
    _, error = loader.communicate(timeout=10)
    assert time.monotonic() - started < 2, "the lock is waited for 5 seconds"
    assert loader.returncode == status
    assert error.splitlines() == [f"error: {word}; rolled back"]
    assert everything(witness) == before


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.3, 0.4, 0.6])
def test_an_interrupted_load_says_so_wherever_it_was(
    database: Database, witness: Connection, tmp_path: Path, delay: float
) -> None:
    """Reading, staging or writing: 130 and one line, unless it was already done."""
    symbols = [f"{a}{b}{c}" for a in "ACDE" for b in "CDEFGHIJKL" for c in "CDEFGHIJKLMNOPQRSTUWXYZ"]
    for number in range(60):
        write_fund(tmp_path, f"FUND{number}", dict.fromkeys(symbols, f"{100 / len(symbols):.6f}"))
    script = REPOSITORY / "scripts" / "cache_maintenance" / "load_etf_holdings.py"
    loader = subprocess.Popen(
        [sys.executable, script, "--holdings-dir", str(tmp_path), "--quiet"],
        env={**os.environ, "DATABASE_URI": uri_with_password(database)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while query(witness, "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ 'load_etf'") == [(0,)]:
        time.sleep(0.005)
    time.sleep(delay)
    loader.send_signal(signal.SIGINT)
    _, error = loader.communicate(timeout=20)
    stored = query(witness, "SELECT count(weight) FROM group_memberships")
    if loader.returncode == 0:
        assert stored == [(60 * len(symbols),)]
    else:
        # Or it came too late for the load.
        late = stored == [(60 * len(symbols),)]
        assert loader.returncode == 130
        ending = "committed before that: load 2" if late else "rolled back"
        assert error.splitlines() == [f"error: interrupted; {ending}"]
        assert late or stored == [(0,)]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_leaves_does_not_stop_the_work(
    database: Database, witness: Connection, tmp_path: Path, stream: str
) -> None:
    """Like ``refresh.py weekly | head -1``: the rest is loaded all the same, and the status says so."""
    script = REPOSITORY / "scripts" / "cache_maintenance" / "refresh.py"
    read, write = os.pipe()
    os.close(read)
    status = subprocess.call(
        [sys.executable, "-u", script, "weekly", "--reports", tmp_path],
        env={**os.environ, "DATABASE_URI": uri_with_password(database), "ADMIN_URL": "http://127.0.0.1:1"},
        stdout=write if stream == "stdout" else subprocess.DEVNULL,
        stderr=write if stream == "stderr" else subprocess.DEVNULL,
    )
    os.close(write)
    assert status == 0
    assert query(witness, "SELECT count(*) FROM definition_groups WHERE type IN ('ETF', 'UNIVERSE')") == [(28,)]


def test_what_was_committed_before_the_output_failed_is_said(database: Database, tmp_path: Path) -> None:
    write_fund(tmp_path, "SPY", {"AAPL": "100"})
    script = REPOSITORY / "scripts" / "cache_maintenance" / "load_etf_holdings.py"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, script, "--holdings-dir", str(tmp_path)],
            env={**os.environ, "DATABASE_URI": uri_with_password(database)},
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "committed before that: load 2" in done.stderr.splitlines()[-1]

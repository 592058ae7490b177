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
    stored = query(witness, "SELECT count(*) FROM group_memberships")
    if loader.returncode == 0:
        assert stored == [(60 * len(symbols),)]
    else:
        assert loader.returncode == 130
        assert error.splitlines() == ["error: interrupted; rolled back"]
        assert stored == [(0,)]

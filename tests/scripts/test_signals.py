"""Ctrl-C and SIGTERM end a script at once, also while the database works, with nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import uri_with_password
from tests.files import write_fund
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.settings import REPOSITORY


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

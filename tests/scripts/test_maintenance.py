"""The scripts around the database: migrate it, open it, name it. None of them shows a password."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.conftest import load_script, uri_with_password
from tickstock.db import Database
from tickstock.migrations import available
from tickstock.settings import REPOSITORY

NewDatabase = Callable[..., Database]
PSQL = REPOSITORY / "scripts" / "maintenance" / "psql.py"


def psql(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URI": uri_with_password(database)}
    return subprocess.run(
        [sys.executable, PSQL, "--", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_migrate_names_what_it_applied(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URI", uri_with_password(new_database()))
    assert load_script("migrate").main([]) == 0
    assert capsys.readouterr().out.splitlines()[:-1] == [f"applied {name}" for name in available()]
    assert load_script("migrate").main([]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "nothing to apply"


def test_psql_opens_whichever_database_is_in_use(database: Database) -> None:
    done = psql(database, "-Atc", "SELECT count(*) FROM definition_groups")
    assert (done.returncode, done.stdout) == (0, "12\n")


def test_psql_opens_a_database_that_was_never_migrated(new_database: NewDatabase) -> None:
    assert psql(new_database(), "-Atc", "SELECT 1").stdout == "1\n"


def test_psql_gives_its_own_status(database: Database) -> None:
    assert psql(database, "-v", "ON_ERROR_STOP=1", "-c", "SELECT nonsense").returncode == 1


def test_the_address_is_printed_without_its_password_and_without_connecting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URI", "postgresql://me:canary@nowhere.invalid:5433/market?sslpassword=canary")
    assert load_script("db_uri").main([]) == 0
    assert capsys.readouterr().out == "postgresql://me@nowhere.invalid:5433/market\n"

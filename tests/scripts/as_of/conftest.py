"""The history to be asked about, and ways to ask."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import uri_with_password
from tests.scripts.as_of.world import Ask, NewDatabase, World, run
from tests.stored import query
from tickstock.db import Database, closing


@pytest.fixture(scope="session")
def prepared(server: Mapping[str, Any], template: str) -> Iterator[tuple[Database, World]]:
    """One database for all tests that only ask."""
    name = f"tickstock_test_as_of_{os.getpid()}"
    database = Database({**server, "dbname": name}, "test")
    with closing(Database(server, "test").connect()) as connection:
        query(connection, f"CREATE DATABASE {name} TEMPLATE {template}")
        with closing(database.connect()) as inside:
            world = World(inside)
        yield database, world
        query(connection, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def world(prepared: tuple[Database, World], monkeypatch: pytest.MonkeyPatch) -> World:
    """The history, to be asked about."""
    database, world = prepared
    monkeypatch.setenv("DATABASE_URI", uri_with_password(database))
    return world


@pytest.fixture
def changing(
    prepared: tuple[Database, World], new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A copy of it, to be changed."""
    database, world = prepared
    copy = new_database(database.parameters["dbname"])
    monkeypatch.setenv("DATABASE_URI", uri_with_password(copy))
    result = object.__new__(World)
    with closing(copy.connect()) as connection:
        vars(result).update(vars(world), connection=connection)
        yield result


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Ask, expect an answer and no remark, give the lines on stdout."""

    def asked(*arguments: str | Path) -> list[str]:
        capsys.readouterr()
        assert run(*arguments) == 0
        output = capsys.readouterr()
        assert output.err == ""
        return output.out.splitlines()

    return asked


@pytest.fixture
def document(ask: Ask) -> Callable[..., Any]:
    return lambda *arguments: json.loads("\n".join(ask(*arguments, "--json")))


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Ask, expect exit status 1 and nothing on stdout, give the line on stderr."""

    def asked(*arguments: str) -> str:
        capsys.readouterr()
        assert run(*arguments) == 1
        output = capsys.readouterr()
        assert output.out == ""
        return output.err.strip()

    return asked

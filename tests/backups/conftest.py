"""A database with a past, backups of it, and what stands in its tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.files import Weights, write_fund
from tests.put import put_group, put_sector
from tests.stored import query
from tickstock.backups.backup import make_backup
from tickstock.backups.contents import TABLES
from tickstock.backups.folder import Backup, read_backup, write_private
from tickstock.backups.manifest import Manifest, as_text
from tickstock.backups.restore import Restored, restore
from tickstock.db import Connection, Database, closing
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options

Rows = dict[str, list[str]]
MakeBackup = Callable[[], Backup]
RestoreBackup = Callable[..., Restored]

# Without what a restore adds: its own run, and the number of that.
WITHOUT_RESTORES = {
    "load_runs": "WHERE kind <> 'restore'",
    "data_version": "WHERE load_id NOT IN (SELECT id FROM load_runs WHERE kind = 'restore')",
}
# What COPY must not stumble over.
AWKWARD = 'tab\there, line\nthere, \\. and \\N, "quoted", ünïcödé 漢字 \U0001f600, \\\\'


def rows(connection: Connection) -> Rows:
    """All rows of all tables as text, ids included, without the records of restores."""
    query(connection, "SET TIME ZONE 'UTC'")  # as the suite's own connections
    return {
        table: [text for (text,) in query(
            connection, f'SELECT t::text FROM {table} t {WITHOUT_RESTORES.get(table, "")} ORDER BY t::text COLLATE "C"'
        )]
        for table in TABLES
    }  # fmt: skip


def load_funds(database: Database, folder: Path, **funds: Weights) -> None:
    """Load these funds, and no others, whatever guards say."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, members in funds.items():
        write_fund(folder, name, members)
    with closing(database.connect()) as connection:
        load(database, connection, etf_inputs(folder), Options("ETF", force=True))


@pytest.fixture(scope="session")
def past_template(
    server: Mapping[str, Any], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database with two loads, groups and edits by hand, and something in every table; to be copied."""
    name = f"tickstock_test_past_{os.getpid()}"
    database = Database({**server, "dbname": name}, "test")
    with closing(Database(server, "test").connect()) as maintenance:
        query(maintenance, f"CREATE DATABASE {name} TEMPLATE {template}")
        _make_past(database, tmp_path_factory.mktemp("past"))
        yield name
        query(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


def _make_past(database: Database, folder: Path) -> None:
    load_funds(database, folder, SPY={"AAPL": "60", "MSFT": "40"}, QQQ={"AAPL": "50", "NVDA": "50"}, DIA={"KO": "100"})
    load_funds(database, folder, SPY={"AAPL": "55", "NVDA": "45"}, QQQ={"AAPL": "50", "NVDA": "50"})
    with closing(database.connect()) as connection:
        put_group(connection, "THEME", "awkward", ["AAPL", "BRK.B"], description=AWKWARD)
        put_group(connection, "UNIVERSE", "tests", ["KO"], environment="TEST")
        put_sector(connection, "BRK.B", "financials", name="Berkshire Hathaway", note=AWKWARD)
        query(connection, "UPDATE group_memberships SET weight = 44.5 WHERE symbol = 'NVDA' AND weight = 45")
        query(connection, "DELETE FROM group_memberships WHERE symbol = 'BRK.B' AND metadata = '{}'")
        query(connection, "INSERT INTO symbol_renames VALUES ('FB', 'META', '2022-06-09', %s)", AWKWARD)
        assert all(rows(connection).values())


@pytest.fixture
def database(new_database: Callable[..., Database], past_template: str) -> Database:
    """A database with a past, of this test's own."""
    return new_database(past_template)


@pytest.fixture
def past(connection: Connection) -> Connection:
    return connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where this test's backups go. It does not exist yet."""
    return tmp_path / "backups"


@pytest.fixture
def back_up(database: Database, connection: Connection, folder: Path) -> MakeBackup:
    return lambda: make_backup(database, connection, folder)


@pytest.fixture
def put_back(database: Database) -> RestoreBackup:
    """Restore on a connection of its own: put_back(backup, force=True)."""

    def run(backup: Backup, force: bool = False) -> Restored:
        with closing(database.connect()) as connection:
            return restore(database, connection, backup, force)

    return run


def resealed(backup: Backup, **changes: object) -> Backup:
    """The backup with another manifest, which fits the dump as it is now: as if somebody had it in for us."""
    from tickstock.backups.dump import dump_checksum

    found = {"bytes": backup.dump.stat().st_size, "checksum": dump_checksum(backup.dump)}
    manifest: Manifest = backup.manifest._replace(**{**found, **changes})  # type: ignore[arg-type]
    (backup.path / "manifest.json").unlink()
    write_private(backup.path / "manifest.json", as_text(manifest))
    return read_backup(backup.path)


@pytest.fixture
def careless() -> Iterator[None]:
    """A umask that forbids nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def write_program(folder: Path, name: str, does: str, version: str | None = None) -> Path:
    """A shell script in the place of a program; with a version, it also tells that."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    tells = f'[ "$1" = --version ] && echo "{name} (PostgreSQL) {version}" && exit' if version else ""
    path.write_text(f"#!/bin/sh\n{tells}\n{does}\n")
    path.chmod(0o755)
    return path

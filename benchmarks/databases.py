"""One server for a whole run of the benchmarks, and fresh databases on it, copied from prepared ones."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg2

from benchmarks.inputs import Fund
from benchmarks.measure import BenchmarkError
from tickstock.db import SQL, Database
from tickstock.embedded import Server, running_server
from tickstock.migrations import available, migrate

MIGRATED = "migrated"
BASELINE = "baseline"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is removed at the end. The server may enter it, whichever user it runs as."""
    folder = Path(tempfile.mkdtemp(prefix="tickstock-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def temporary_databases(folder: Path) -> Iterator[Databases]:
    """A server with its data in ``folder``, running while the block runs."""
    with running_server(folder / "server") as server:
        yield Databases(server)


class Databases:
    """Makes, prepares and drops the databases of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._numbers = count(1)
        self.psql = server.binaries / "psql"

    def prepare_migrated(self) -> None:
        """Make the template MIGRATED: everything that the migrations make, and no holdings."""
        self._create(MIGRATED, "template0")
        migrate(self._database(MIGRATED))

    def prepare_baseline(self, folder: Path, funds: Iterable[Fund]) -> None:
        """Make the template BASELINE, for whoever only fills ``group_memberships``.

        The table has its primary key, UNIQUE (group_id, symbol), the index on symbol and the foreign key, but
        none of the triggers that keep the record; the groups of ``funds`` are there, with ids from
        1 on, and the sector unknown.
        """
        self.drop(BASELINE)
        self._create(BASELINE, "template0")
        first_two = folder / "sql"
        first_two.mkdir(exist_ok=True)
        for path in list(available(SQL).values())[:2]:
            shutil.copy(path, first_two)
        migrate(self._database(BASELINE), first_two)
        groups = [*((fund.name, "ETF") for fund in funds), ("unknown", "SECTOR")]
        rows = [(number, *group) for number, group in enumerate(groups, start=1)]
        with closing(self._database(BASELINE).connect()) as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO definition_groups (id, name, type) VALUES (%s, %s, %s)", rows)

    def fresh(self, template: str) -> str:
        """A copy of a template, connected to once: the first connection builds catalogue caches on disk."""
        name = f"copy_{next(self._numbers)}"
        self._create(name, template)
        self.settle(name)
        return name

    def settle(self, name: str) -> None:
        """VACUUM (ANALYZE) and CHECKPOINT, so that no run pays for the one before it."""
        self.execute(name, "VACUUM (ANALYZE)")
        self.execute(name, "CHECKPOINT")

    def drop(self, name: str) -> None:
        self._maintain(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, name: str, statement: str) -> tuple[int, ...]:
        """Run one statement; give its first row, () where it has none."""
        with closing(psycopg2.connect(self.uri(name))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return (cursor.fetchone() or ()) if cursor.description else ()

    def expect(self, name: str, query: str, expected: tuple[int, ...]) -> None:
        """Raise BenchmarkError where the first row of ``query`` is another one: the run did something else."""
        found = self.execute(name, query)
        if found != expected:
            raise BenchmarkError(f"{query}: found {found}, expected {expected}")

    def uri(self, name: str) -> str:
        return dataclasses.replace(self._server, database=name).uri

    def _database(self, name: str) -> Database:
        return Database({**self._server.parameters(), "dbname": name}, "bench")

    def _create(self, name: str, template: str) -> None:
        self._maintain(f"CREATE DATABASE {name} TEMPLATE {template}")

    def _maintain(self, statement: str) -> None:
        self.execute(self._server.database, statement)

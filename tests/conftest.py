"""A real PostgreSQL for every test that asks for one, and a fresh, migrated database for each of them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psycopg2
import pytest

from tickstock.db import Connection, Database
from tickstock.embedded import running_server
from tickstock.migrations import migrate
from tickstock.settings import REPOSITORY, connection_parameters

if TYPE_CHECKING:
    from tests.bars.s3_server import FlatFiles, S3Server

# Machines are noisy: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

# Whatever this machine is set to: tests tell nobody but a Redis of their own.
os.environ["REDIS_URL"] = "none"

TEMPLATE = "tickstock_test_template"
_numbers = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of tests/reliability: they have to be known before that folder is looked into."""
    parser.addoption(
        "--campaign", type=int, default=0, metavar="PERCENT", help="tests/reliability at so much of its full length"
    )
    parser.addoption("--seed", type=int, metavar="N", help="repeat the random tests of tests/reliability")


@pytest.fixture(scope="session")
def server() -> Iterator[Mapping[str, Any]]:
    """Parameters of a server: TEST_DATABASE_URI, else TEST_POSTGRES_IMAGE in Docker, else the embedded one."""
    if url := os.environ.get("TEST_DATABASE_URI"):
        parameters = connection_parameters(url)
        name = parameters.get("dbname", "")
        assert "test" in name, f"TEST_DATABASE_URI names the database {name!r}, expected 'test' in its name"
        yield parameters
    elif image := os.environ.get("TEST_POSTGRES_IMAGE"):
        from testcontainers.postgres import PostgresContainer

        with PostgresContainer(image, driver=None) as container:
            parameters = connection_parameters(container.get_connection_url())
            _hurry(parameters)
            yield parameters
    else:
        with open_folder(_memory()) as folder, running_server(folder) as embedded:
            parameters = embedded.parameters()
            _hurry(parameters)
            yield parameters


def _hurry(server: Mapping[str, Any]) -> None:
    """Let a server of this suite's own wait for no disk. Its data survive a killed process, not a power cut, and no
    test cuts the power; what is promised of the product's server is tested on servers that tests start themselves.
    """
    with _maintenance(server) as cursor:
        cursor.execute("ALTER SYSTEM SET fsync = off")
        cursor.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
        cursor.execute("SELECT pg_reload_conf()")


def _memory() -> Path | None:
    """A folder in memory, where there is plenty: a database is 300 files, which a busy disk makes ten times slower."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        return None
    found = os.statvfs(memory)
    plenty = found.f_bavail * found.f_frsize > 4 * 2**30
    return memory if plenty and not found.f_flag & os.ST_NOEXEC else None


@contextmanager
def open_folder(place: Path | None = None) -> Iterator[Path]:
    """A temporary folder that the server may enter, whichever user it runs as."""
    folder = Path(tempfile.mkdtemp(prefix="tickstock-test-", dir=place))
    folder.chmod(0o755)
    try:
        yield folder / "server"
    finally:
        shutil.rmtree(folder)


@contextmanager
def _maintenance(server: Mapping[str, Any]) -> Iterator[psycopg2.extensions.cursor]:
    connection = psycopg2.connect(**server)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@pytest.fixture(scope="session")
def template(server: Mapping[str, Any]) -> Iterator[str]:
    """A database that the product's own migrations made."""
    name = f"{TEMPLATE}_{os.getpid()}"
    with _maintenance(server) as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    migrate(Database({**server, "dbname": name}, "test"))
    yield name
    with _maintenance(server) as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def clean(server: Mapping[str, Any], template: str) -> Iterator[str]:
    """A database with the shipped files loaded and every stock classified, to be copied."""
    from tests.clean import clean_database

    with clean_database(server, template) as name:
        yield name


@pytest.fixture
def new_database(server: Mapping[str, Any]) -> Iterator[Callable[..., Database]]:
    """Make databases, by default empty; they are dropped after the test."""
    names = []

    def make(template: str = "template0") -> Database:
        name = f"tickstock_test_{os.getpid()}_{next(_numbers)}"
        with _maintenance(server) as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        names.append(name)
        return Database({**server, "dbname": name}, "test")

    yield make
    with _maintenance(server) as cursor:
        for name in names:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(new_database: Callable[..., Database], template: str) -> Database:
    """A migrated database of this test's own."""
    return new_database(template)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    connection = database.connect()
    yield connection
    connection.close()


@pytest.fixture
def witness(database: Database) -> Iterator[Connection]:
    """A second connection, which sees only what was committed."""
    connection = psycopg2.connect(**database.parameters, application_name="witness")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET jit = off")  # as the suite's own connections do: a large plan is compiled for a second
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 server for all tests of bars."""
    from tests.bars.s3_server import running_s3

    with running_s3() as server:
        yield server
        server.client.close()


@pytest.fixture
def bucket(s3: S3Server) -> FlatFiles:
    """A bucket of flat files that is empty."""
    return s3.new_bucket()


@pytest.fixture
def script(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., int]:
    """Run a script's main() in this process, on the test's database: script("load_etf_holdings", "--dry-run")."""
    monkeypatch.setenv("DATABASE_URI", uri_with_password(database))
    monkeypatch.delenv("HOLDINGS_DIR", raising=False)
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path / "backups"))

    def run(name: str, *arguments: str | Path) -> int:
        status = load_script(name).main([str(argument) for argument in arguments])
        assert isinstance(status, int)
        return status

    return run


def uri_with_password(database: Database) -> str:
    from urllib.parse import quote, urlencode

    return "postgresql:///?" + urlencode(dict(database.parameters), quote_via=quote)


def load_script(name: str):  # type: ignore[no-untyped-def]
    """Import a script of scripts/ by its name, wherever it lies."""
    (path,) = (REPOSITORY / "scripts").glob(f"*/{name}.py")
    spec = importlib.util.spec_from_file_location(f"script_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

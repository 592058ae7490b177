"""The tables of procrastinate, which queues the load jobs: in a schema of their own, as its package has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from tickstock.db import transaction
from tickstock.errors import TickstockError, UnavailableError

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

SCHEMA = "procrastinate"
_ROLES = ("app_readwrite", "app_readonly")


def install(connection: Connection) -> None:
    """Make the tables, or bring those of an older version of the package up to date. Nothing to do is no error.

    The caller holds the lock of the migrations.

    Raises:
        UnavailableError: the package is not installed, or the tables are those of a newer version.
        TickstockError: a step failed and was rolled back; those before it stay.
    """
    todo = lacking(connection)
    steps = _steps()
    if todo == list(steps):
        _apply(connection, _folder() / "schema.sql", todo)
    else:
        for name in todo:
            _apply(connection, steps[name], [name])
    _grant(connection)


def lacking(connection: Connection) -> list[str]:
    """The steps of the package that the tables lack, in order; all of them where there are no tables.

    Raises:
        UnavailableError: the package is not installed, or the tables are those of a newer version.
    """
    known = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('procrastinate.applied')")
        if cursor.fetchone() != (None,):
            cursor.execute("SELECT name FROM procrastinate.applied")
            known = {name for (name,) in cursor.fetchall()}
    steps = _steps()
    if unknown := sorted(known - set(steps)):
        raise UnavailableError(
            f"the queue's tables have steps that the installed procrastinate does not know ({', '.join(unknown)}); "
            "update the suite, and run: pip install -r requirements.txt"
        )
    return [name for name in steps if name not in known]


def require(connection: Connection) -> None:
    """Refuse a database whose queue is not that of the installed package.

    Raises:
        UnavailableError: its tables lack steps, or have some that the package does not know.
    """
    if todo := lacking(connection):
        raise UnavailableError(
            f"the queue's tables lack {len(todo)} step(s), from {todo[0]} on; "
            "run: make migrate  (or: python scripts/maintenance/migrate.py)"
        )


@contextmanager
def schema_first(cursor: Cursor) -> Iterator[None]:
    """In a transaction: while the block runs, names mean the queue's own. Its functions and triggers expect that."""
    cursor.execute("SELECT current_setting('search_path')")
    ((path,),) = cursor.fetchall()
    cursor.execute(f"SET LOCAL search_path = {SCHEMA}")
    yield
    cursor.execute("SELECT set_config('search_path', %s, true)", (path,))


def _folder() -> Path:
    spec = find_spec("procrastinate")
    if spec is None or spec.origin is None:
        raise UnavailableError("the package procrastinate is not installed; run: pip install -r requirements.txt")
    return Path(spec.origin).with_name("sql")


def _steps() -> dict[str, Path]:
    return {path.stem: path for path in sorted((_folder() / "migrations").glob("*.sql"))}


def _apply(connection: Connection, file: Path, names: list[str]) -> None:
    try:
        with transaction(connection) as cursor:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            cursor.execute(f"SET LOCAL search_path = {SCHEMA}")
            cursor.execute("CREATE TABLE IF NOT EXISTS applied (name text PRIMARY KEY)")
            cursor.execute(file.read_text(encoding="utf-8"))
            cursor.execute("INSERT INTO applied SELECT unnest(%s)", (names,))
    except psycopg2.Error as error:
        raise TickstockError(
            f"{file.name} of procrastinate, which makes the queue's tables in the schema {SCHEMA}, failed and was "
            f"rolled back: {' '.join(str(error).split())}"
        ) from error


def _grant(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", (list(_ROLES),))
        for (role,) in cursor.fetchall():
            rights = "SELECT, INSERT, UPDATE, DELETE" if role == "app_readwrite" else "SELECT"
            cursor.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")
            cursor.execute(f"GRANT {rights} ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}")
            if role == "app_readwrite":
                cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON {SCHEMA}.applied FROM {role}")
                cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {role}")

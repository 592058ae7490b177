"""The tables of procrastinate, which queues the load jobs: in a schema of their own, as its package has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock.db import transaction
from tickstock.errors import UnavailableError

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

SCHEMA = "procrastinate"
_ROLES = ("app_readwrite", "app_readonly")


def install(connection: Connection) -> None:
    """Make the tables, or bring those of an older version of the package up to date. Nothing to do is no error.

    The caller holds the lock of the migrations.

    Raises:
        UnavailableError: the package is not installed.
    """
    folder = _folder()
    steps = sorted((folder / "migrations").glob("*.sql"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('procrastinate.applied')")
        fresh = cursor.fetchone() == (None,)
    if fresh:
        _apply(connection, (folder / "schema.sql").read_text(encoding="utf-8"), [step.stem for step in steps])
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM procrastinate.applied")
            known = {name for (name,) in cursor.fetchall()}
        for step in steps:
            if step.stem not in known:
                _apply(connection, step.read_text(encoding="utf-8"), [step.stem])
    _grant(connection)


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


def _apply(connection: Connection, text: str, names: list[str]) -> None:
    with transaction(connection) as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        cursor.execute(f"SET LOCAL search_path = {SCHEMA}")
        cursor.execute("CREATE TABLE IF NOT EXISTS applied (name text PRIMARY KEY)")
        cursor.execute(text)
        cursor.execute("INSERT INTO applied SELECT unnest(%s)", (names,))


def _grant(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", (list(_ROLES),))
        for (role,) in cursor.fetchall():
            rights = "SELECT, INSERT, UPDATE, DELETE" if role == "app_readwrite" else "SELECT"
            cursor.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")
            cursor.execute(f"GRANT {rights} ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}")
            if role == "app_readwrite":
                cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {role}")

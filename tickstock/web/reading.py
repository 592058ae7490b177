"""Connections for pages: they can read, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickstock.db import Connection, Database

Reading = Callable[[], AbstractContextManager["Connection"]]
_ROLE = "app_readonly"
_MOST = 8  # at once; who comes then waits



def read_only(database: Database, most: int = _MOST) -> Reading:
    """A pool of connections that may not write: as the role app_readonly where we may take it, and by a setting.

    What it gives raises TickstockError where no database answers.
    """
    from sqlalchemy import create_engine

    def connect() -> Connection:
        connection = database.connect()
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on; SET statement_timeout = '30s'")
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s AND pg_has_role(oid, 'MEMBER'))", (_ROLE,)
            )
            if cursor.fetchone() == (True,):
                cursor.execute(f"SET ROLE {_ROLE}")
        return connection

    engine: Any = create_engine(
        "postgresql+psycopg2://", creator=connect, pool_size=2, max_overflow=most - 2, pool_pre_ping=True,
        pool_recycle=600, isolation_level="AUTOCOMMIT",
    )  # fmt: skip

    @contextmanager
    def reading() -> Iterator[Connection]:
        pooled = engine.raw_connection()
        try:
            yield pooled.driver_connection
        finally:
            pooled.close()

    return reading

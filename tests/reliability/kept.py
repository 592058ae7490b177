"""The tables of a database as they once were: kept beside them, and put back as often as needed."""

from __future__ import annotations

import time

from tests.stored import TABLES, query
from tickstock.db import Connection

_SESSIONS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
_LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
     WHERE locktype = 'advisory' AND datname = current_database()"""
# Our triggers would record it.
_PUT_BACK = f"""
    BEGIN;
    {" ".join(f"ALTER TABLE {table} DISABLE TRIGGER USER;" for table in TABLES)}
    TRUNCATE {", ".join(TABLES)};
    {" ".join(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept.{table};" for table in TABLES)}
    {" ".join(f"ALTER TABLE {table} ENABLE TRIGGER USER;" for table in TABLES)}
    COMMIT"""


def keep(witness: Connection) -> None:
    """Take the tables as they are now for those to be put back."""
    query(witness, "CREATE SCHEMA kept")
    for table in TABLES:
        query(witness, f"CREATE TABLE kept.{table} AS TABLE {table}")


def put_back(witness: Connection) -> None:
    """Make the tables what was kept, with nobody at work on them."""
    settle(witness)
    query(witness, _PUT_BACK)


def settle(witness: Connection) -> float:
    """Wait until no session of a script is left, nor a lock of one; give the seconds that took.

    The server looks once a second whether the client of a running statement is still there.
    """
    begun = time.monotonic()
    while query(witness, f"SELECT ({_SESSIONS}) + ({_LOCKS})") != [(0,)]:
        assert time.monotonic() - begun < 3, "a session or a lock of a script is left"
        time.sleep(0.002)
    return time.monotonic() - begun

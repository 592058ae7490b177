"""What the tables hold, in plain values, as another connection sees it."""

from __future__ import annotations

from typing import Any

from tickstock.db import Connection

TABLES = (
    "definition_groups",
    "group_memberships",
    "load_runs",
    "load_files",
    "data_version",
    "membership_versions",
    "removed_memberships",
    "symbol_renames",
)

# Locks that sessions of this database wait for; other tests may be at work in other databases of the server.
WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE NOT granted AND datname = current_database()"""


def query(connection: Connection, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def members(connection: Connection, group: str, type_: str = "ETF") -> dict[str, str | None]:
    """Symbol -> weight as text, of one group."""
    sql = """
        SELECT m.symbol, m.weight::text
          FROM group_memberships m JOIN definition_groups g ON g.id = m.group_id
         WHERE g.name = %s AND g.type = %s
         ORDER BY 1"""
    return dict(query(connection, sql, group, type_))


def everything(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table with its row version, for comparing before and after."""
    return {
        table: query(connection, f"SELECT xmin::text, ctid::text, t::text FROM {table} t ORDER BY 3")
        for table in TABLES
    }

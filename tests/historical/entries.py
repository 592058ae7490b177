"""Symbols put into the tables, and entries read out of them, with plain SQL."""

from __future__ import annotations

import json
from typing import Any

from tests.stored import query
from tickstock.db import Connection

Entries = dict[tuple[str, str, str], Any]


def put_symbol(connection: Connection, symbol: str, **columns: object) -> None:
    names = ["symbol", *columns]
    places = ", ".join(["%s"] * len(names))
    query(
        connection, f"INSERT INTO symbols ({', '.join(names)}) VALUES ({places})", symbol, *columns.values()
    )  # fmt: skip


def put_stock(connection: Connection, symbol: str, market_cap: object = None, **columns: object) -> None:
    put_symbol(connection, symbol, type="CS", market_cap=market_cap, **columns)


def put_entry(connection: Connection, type_: str, name: str, key: str, value: object) -> None:
    """An entry that somebody else made, on 1 June 2024."""
    query(
        connection,
        "INSERT INTO cache_entries (type, name, key, value, updated_at) VALUES (%s, %s, %s, %s, '2024-06-01Z')",
        type_, name, key, json.dumps(value),
    )  # fmt: skip


def entries(connection: Connection) -> Entries:
    rows = query(connection, "SELECT type, name, key, value FROM cache_entries ORDER BY 1, 2, 3")
    return {row[:3]: row[3] for row in rows}


def entry(connection: Connection, name: str, key: str, type_: str = "stock_universe") -> Any:
    return entries(connection)[type_, name, key]


def rows(connection: Connection, where: str = "true") -> list[tuple[Any, ...]]:
    """Rows with their versions, for comparing before and after, byte by byte."""
    return query(connection, f"SELECT xmin::text, ctid::text, e::text FROM cache_entries e WHERE {where} ORDER BY id")

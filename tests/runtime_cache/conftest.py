"""A small database by hand, and caches that end with their test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.runtime_cache import RelationshipCache

MakeCache = Callable[..., RelationshipCache]


def add_group(connection: Connection, type_: str, name: str, members: dict[str, float | None]) -> None:
    ((group,),) = query(
        connection,
        "INSERT INTO definition_groups (type, name) VALUES (%s, %s)"
        " ON CONFLICT (name, type, environment) DO UPDATE SET name = EXCLUDED.name RETURNING id",
        type_, name,
    )  # fmt: skip
    for symbol, weight in members.items():
        query(connection, "INSERT INTO group_memberships (group_id, symbol, weight) VALUES (%s, %s, %s)", group, symbol,
              weight)  # fmt: skip


@pytest.fixture
def stored(witness: Connection) -> Connection:
    add_group(witness, "ETF", "SPY", {"AAPL": 6.5, "BRK.B": 1.75, "NVDA": 7.25})
    add_group(witness, "ETF", "QQQ", {"NVDA": 9, "AAPL": None})
    add_group(witness, "SECTOR", "information_technology", {"AAPL": None, "NVDA": None})
    add_group(witness, "SECTOR", "financials", {"BRK.B": None})
    add_group(witness, "THEME", "chips", {"NVDA": None})
    add_group(witness, "UNIVERSE", "sp500", {"AAPL": None, "BRK.B": None, "NVDA": None})
    add_group(witness, "UNIVERSE", "nasdaq100", {"AAPL": None, "NVDA": None, "PDD": None})
    add_group(witness, "UNIVERSE", "dow30", {"AAPL": None, "NVDA": None})
    return witness


@pytest.fixture
def make_cache(database: Database) -> Iterator[MakeCache]:
    made = []

    def make(database: Database = database, **options: Any) -> RelationshipCache:
        made.append(RelationshipCache(database, **options))
        return made[-1]

    yield make
    for cache in made:
        cache.close()


@pytest.fixture
def cache(stored: Connection, make_cache: MakeCache) -> RelationshipCache:
    return make_cache()


def until(true: Callable[[], bool], seconds: float = 10) -> float:
    """Wait until something is true, and give how long that took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds
        time.sleep(0.005)
    return time.monotonic() - begun

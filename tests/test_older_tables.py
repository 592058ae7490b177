"""A database that already has tables of the historical data keeps them, and what is in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stored import query
from tickstock.db import Database, closing
from tickstock.errors import TickstockError
from tickstock.migrations import migrate

AGAIN = "INSERT INTO cache_entries (type, name, key, value) SELECT type, name, key, value FROM cache_entries"
OLD_ENTRIES = """
    CREATE TABLE cache_entries
        (id serial PRIMARY KEY, type varchar(100), name varchar(255), key varchar(255), value text);
    INSERT INTO cache_entries (type, name, key, value) VALUES ('app_settings', 'ui', 'theme', '{"dark": true}')"""


@pytest.fixture
def old(new_database: Callable[..., Database]) -> Database:
    return new_database()


def test_entries_that_are_text_become_json(old: Database) -> None:
    with closing(old.connect()) as connection:
        query(connection, OLD_ENTRIES)
        migrate(old)
        (found,) = query(connection, "SELECT id, type, name, key, value ->> 'dark' FROM cache_entries")
    assert found == (1, "app_settings", "ui", "theme", "true")


def test_an_entry_that_is_there_twice_stops_the_migration_and_is_named(old: Database) -> None:
    with closing(old.connect()) as connection:
        query(connection, OLD_ENTRIES)
        query(connection, AGAIN)
        with pytest.raises(TickstockError, match=r"cache_entries has app_settings \| ui \| theme twice"):
            migrate(old)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (f"{OLD_ENTRIES}, ('app_settings', 'ui', 'greeting', 'good morning')",
         r"cache_entries has app_settings \| ui \| greeting with a value that is no JSON: good morning; expected JSON"),
        ("CREATE TABLE cache_entries (key text PRIMARY KEY, value text)",
         "cache_entries is another application's; expected the columns type, name, key, value: rename the table"),
    ],
)  # fmt: skip
def test_entries_that_cannot_be_ours_stop_the_migration_and_say_why(old: Database, table: str, said: str) -> None:
    with closing(old.connect()) as connection:
        query(connection, table)
        with pytest.raises(TickstockError, match=said):
            migrate(old)


def test_symbols_and_bars_that_are_there_stay(old: Database) -> None:
    with closing(old.connect()) as connection:
        query(connection, "CREATE TABLE symbols (symbol varchar(20) PRIMARY KEY, name text, market text)")
        query(connection, "INSERT INTO symbols VALUES ('AAPL', 'Apple Inc.', 'stocks')")
        query(connection, "CREATE TABLE ohlcv_daily (symbol text, date date, close_price numeric)")
        query(connection, "INSERT INTO ohlcv_daily VALUES ('AAPL', '2025-01-02', 243.85)")
        migrate(old)
        assert query(connection, "SELECT symbol, name, market, etf_type FROM symbols") == [
            ("AAPL", "Apple Inc.", "stocks", None)
        ]
        query(connection, "SELECT ensure_bar_partitions('day', '2024-01-01', '2025-12-31')")
        assert query(connection, "SELECT count(*) FROM ohlcv_daily") == [(1,)]


def test_partitions_are_made_once_and_for_all_days_asked_for(database: Database) -> None:
    with closing(database.connect()) as connection:
        for _ in range(2):
            query(connection, "SELECT ensure_bar_partitions('day', '2023-12-29', '2025-01-02')")
            query(connection, "SELECT ensure_bar_partitions('minute', '2024-12-31', '2025-01-01')")
        parts = query(
            connection,
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent IN ('ohlcv_daily'::regclass, 'ohlcv_minute'::regclass) ORDER BY 1",
        )
    assert [name for (name,) in parts] == [
        "ohlcv_daily_2023", "ohlcv_daily_2024", "ohlcv_daily_2025", "ohlcv_minute_2024_12", "ohlcv_minute_2025_01",
    ]  # fmt: skip

"""An application loads all entries at its start: in one query, and as values that nobody can change."""

from __future__ import annotations

from types import MappingProxyType

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from tests.historical.entries import entries, put_entry, put_stock
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.historical.cache_control import CacheControl
from tickstock.historical.organize import Options, organize


def test_an_application_starts_with_all_entries(connection: Connection, database: Database) -> None:
    put_stock(connection, "AAPL", 3_000_000_000_000, name="Apple")
    put_entry(connection, "app_settings", "display", "colors", {"dark": [1, 2, {"a": None}]})
    organized = organize(connection, Options())
    loaded = CacheControl(database).load()
    places = {(type_, name, key) for type_, names in loaded.entries.items() for name in names for key in names[name]}
    assert places == set(entries(connection))
    assert loaded.get("stock_universe", "market_leaders", "top_50")["stocks"] == ("AAPL",)
    assert loaded.get("stock_universe", "complete", "top_1000")[0]["name"] == "Apple"
    assert loaded.get("app_settings", "display", "colors")["dark"][2] == {"a": None}
    assert loaded.organized_at == organized.at
    assert loaded.get("stock_universe", "market_leaders", "top_51") is None
    assert loaded.get("no", "such", "entry") is None


def test_nobody_can_change_what_was_loaded(connection: Connection, database: Database) -> None:
    put_entry(connection, "app_settings", "a", "b", {"list": [1], "object": {}})
    loaded = CacheControl(database).load()
    value = loaded.get("app_settings", "a", "b")
    for mapping in (loaded.entries, loaded.entries["app_settings"], loaded.entries["app_settings"]["a"], value,
                    value["object"]):  # fmt: skip
        assert isinstance(mapping, MappingProxyType)
    assert value["list"] == (1,)


def test_one_entry_as_it_is_now(connection: Connection, database: Database) -> None:
    control = CacheControl(database)
    put_entry(connection, "themes", "AI", "list", ["NVDA"])
    assert control.get("themes", "AI", "list") == ("NVDA",)
    query(connection, "UPDATE cache_entries SET value = '[\"AMD\"]'")
    assert control.get("themes", "AI", "list") == ("AMD",)
    assert control.get("themes", "AI", "other") is None


def test_a_table_without_entries_is_an_empty_mapping(database: Database) -> None:
    loaded = CacheControl(database).load()
    assert (dict(loaded.entries), loaded.organized_at) == ({}, None)


def test_any_function_that_connects_will_do_and_its_connection_is_closed(
    connection: Connection, database: Database
) -> None:
    put_entry(connection, "themes", "AI", "list", ["NVDA"])
    opened: list[Connection] = []

    def connect() -> Connection:
        opened.append(psycopg2.connect(**database.parameters, cursor_factory=RealDictCursor))
        return opened[-1]

    assert CacheControl(connect).load().get("themes", "AI", "list") == ("NVDA",)
    query(connection, "DROP TABLE cache_entries CASCADE")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        CacheControl(connect).load()
    assert [one.closed for one in opened] == [1, 1]

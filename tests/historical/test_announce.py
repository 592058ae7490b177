"""Who listens hears of changed entries: by NOTIFY with the commit, by Redis after it; payloads have a bound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.historical.entries import entries, put_stock
from tests.put import put_group
from tests.redis_server import RedisServer, Subscriber, find_redis_server, running_redis
from tests.stored import query
from tickstock.db import Connection
from tickstock.historical.announce import LONGEST, messages, payload, publish_changes
from tickstock.historical.organize import Entry, Options, Organized, organize
from tickstock.notify import Message


@pytest.fixture
def filled(connection: Connection) -> Connection:
    put_stock(connection, "AAPL", 3_000_000_000_000)
    put_group(connection, "THEME", "ai", ["AAPL"])
    return connection


@pytest.fixture
def listener(witness: Connection) -> Connection:
    for channel in ("cache_updates", "universe_updates", "admin_notifications"):
        query(witness, f"LISTEN {channel}")
    return witness


def heard(listener: Connection) -> list[tuple[str, dict[str, Any]]]:
    """What was notified so far, in its order."""
    query(listener, "SELECT 1")  # whatever is on its way arrives with the answer
    result = [(each.channel, json.loads(each.payload)) for each in listener.notifies]
    listener.notifies.clear()
    return result


def test_what_changed_is_told_on_three_channels(filled: Connection, listener: Connection) -> None:
    organize(filled, Options())
    heard(listener)
    query(filled, "UPDATE symbols SET market_cap = 100000000000")
    organized = organize(filled, Options())
    about = {
        "event": "organize", "environment": "DEFAULT", "mode": "replace",
        "added": 0, "changed": 4, "removed": 0, "unchanged": 35, "kept": 0,
        "at": organized.at.isoformat(), "who": filled.info.user, "program": "tickstock test",
    }  # fmt: skip
    changed = {"type": "stock_universe", "action": "changed"}
    universes = [
        {**changed, "name": "complete", "key": "top_1000", "count": 1},
        {**changed, "name": "market_cap", "key": "large_cap", "count": 1},
        {**changed, "name": "market_cap", "key": "mega_cap", "count": 0},
    ]
    summary = {"type": "stock_stats", "name": "universe", "key": "summary", "action": "changed", "count": None}
    assert heard(listener) == [
        ("cache_updates", {**about, "entry_count": 4, "entries": [summary, *universes]}),
        ("universe_updates", {**about, "entry_count": 3, "entries": universes}),
        ("admin_notifications", {**about, "entry_count": 4}),
    ]


def test_nothing_is_told_of_nothing(filled: Connection, listener: Connection) -> None:
    organize(filled, Options(dry_run=True))
    assert heard(listener) == []
    organize(filled, Options())
    assert len(heard(listener)) == 3
    organize(filled, Options())
    assert heard(listener) == []


def test_what_is_rolled_back_is_not_told(filled: Connection, listener: Connection) -> None:
    query(filled, "ALTER TABLE cache_entries ADD CHECK (key <> 'top_500')")
    with pytest.raises(psycopg2.errors.CheckViolation):
        organize(filled, Options())
    assert heard(listener) == []


def test_many_long_names_are_cut_to_what_fits(filled: Connection, listener: Connection) -> None:
    for number in range(120):
        put_group(filled, "THEME", f"{number} 💥\"\\'" + "ü" * 80, ["AAPL"])
    heard(listener)  # of the groups themselves
    organized = organize(filled, Options())
    (_, cache), (_, universes), (_, admin) = heard(listener)
    assert cache["entry_count"] == admin["entry_count"] == organized.totals["added"] == 39 + 240
    assert universes["entry_count"] == 39 + 240 - 1
    assert 10 < len(cache["entries"]) < 100
    # Redis has room for the first hundred.
    assert [len(told.content.get("entries", [])) for told in messages(organized)] == [100, 100, 0]


def made(names: list[str]) -> Organized:
    listed = tuple(Entry("themes", name, "list", "added", None, 1, True) for name in names)
    return Organized(Options(), listed, 1, 1, 0, "who", "program", datetime(2024, 6, 1, tzinfo=UTC))


@given(st.lists(st.text(max_size=255), min_size=1, max_size=150))
def test_no_payload_is_too_long_and_each_is_json(names: list[str]) -> None:
    for told in messages(made(names)):
        text = payload(told)
        assert len(text.encode()) <= LONGEST
        content = json.loads(text)
        listed = content.pop("entries", [])
        assert listed == told.content.get("entries", [])[: len(listed)]
        assert content == {key: value for key, value in told.content.items() if key != "entries"}


def test_a_payload_is_as_full_as_it_can_be() -> None:
    (first, *_) = messages(made([f"theme {number:03}" for number in range(100)]))
    whole = payload(Message(first.channel, first.content))
    listed = json.loads(whole)["entries"]
    assert LONGEST - 200 < len(whole.encode()) <= LONGEST
    assert [entry["name"] for entry in listed] == [f"theme {number:03}" for number in range(len(listed))]


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    if not find_redis_server():
        pytest.skip("no redis-server on the PATH, and no wheel of one for this system")
    with running_redis() as server:
        yield server


def test_redis_is_told_the_same_after_the_commit(
    filled: Connection, listener: Connection, redis_server: RedisServer
) -> None:
    url, subscriber = redis_server.url, Subscriber(redis_server)
    organized = organize(filled, Options())
    assert subscriber.heard() == []
    assert publish_changes(url, organized) == ""
    told = subscriber.heard()
    assert told == heard(listener)
    assert told[0][1]["entry_count"] == 39
    assert publish_changes(url, organize(filled, Options())) == ""
    assert publish_changes(url, organize(filled, Options(dry_run=True))) == ""
    assert subscriber.heard() == []
    subscriber.close()


def test_a_redis_that_is_dead_gives_a_warning(filled: Connection) -> None:
    organized = organize(filled, Options())
    assert "was not told of it" in publish_changes("redis://127.0.0.1:1/0", organized)
    assert len(entries(filled)) == 39

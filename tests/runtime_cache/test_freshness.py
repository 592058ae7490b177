"""The cache follows the data: at once where it is told, at its TTL where it is not; it never shows half a change."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg2
import pytest

import tickstock.runtime_cache.cache
from tests.conftest import uri_with_password
from tests.cutting_proxy import SilentProxy
from tests.runtime_cache.conftest import MakeCache, until
from tests.stored import query
from tickstock.db import Connection, Database, closing
from tickstock.errors import TickstockError
from tickstock.runtime_cache import RelationshipCache, get_relationship_cache, share

HEAVIER = "UPDATE group_memberships SET weight = weight + 1 WHERE symbol = 'NVDA' AND weight IS NOT NULL"


def weight(cache: RelationshipCache) -> float:
    weights: dict[str, float] = dict(cache.get_etf_holdings("SPY"))
    return weights["NVDA"]


def test_a_change_in_psql_is_seen_within_a_second(cache: RelationshipCache, stored: Connection) -> None:
    assert weight(cache) == 7.25
    query(stored, HEAVIER)
    assert until(lambda: weight(cache) == 8.25) < 1
    assert cache.get_stats().refreshes == 2


def confirmed_at(cache: RelationshipCache) -> float:
    return time.monotonic() - (cache.get_stats().confirmed_seconds or 0)


def test_what_is_rolled_back_is_not_read_again(cache: RelationshipCache, stored: Connection) -> None:
    cache.warm_cache()
    until(lambda: sessions(stored) == 1)
    time.sleep(0.5)
    query(stored, f"BEGIN; {HEAVIER}; ROLLBACK")
    before = confirmed_at(cache)
    query(stored, "NOTIFY tickstock_data_version")
    until(lambda: confirmed_at(cache) > before + 0.1)
    assert (weight(cache), cache.get_stats().refreshes) == (7.25, 1)


def test_it_ends_at_once(cache: RelationshipCache, stored: Connection) -> None:
    """Also where nothing is heard for an hour; it waited for up to a second once."""
    cache.warm_cache()
    until(lambda: sessions(stored) == 1)
    time.sleep(0.1)
    begun = time.monotonic()
    cache.close()
    assert time.monotonic() - begun < 0.5
    assert until(lambda: sessions(stored) == 0) < 5


def test_a_lost_message_costs_the_ttl_at_most(
    stored: Connection, make_cache: MakeCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickstock.runtime_cache.watcher._CHANNEL", "nobody_speaks_here")
    cache = make_cache(ttl_seconds=0.5)
    assert weight(cache) == 7.25
    query(stored, HEAVIER)
    assert until(lambda: weight(cache) == 8.25) < 1


def test_an_application_with_very_many_open_files_is_told_too(stored: Connection, make_cache: MakeCache) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        cache = make_cache()
        assert weight(cache) == 7.25
        until(lambda: sessions(stored) == 1)
        query(stored, HEAVIER)
        assert until(lambda: weight(cache) == 8.25, 3) < 3
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_after_a_lost_connection_it_asks(cache: RelationshipCache, stored: Connection) -> None:
    cache.warm_cache()
    until(lambda: sessions(stored) == 1)
    query(stored, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tickstock test'"
                  " AND datname = current_database()")  # fmt: skip
    query(stored, HEAVIER)
    assert until(lambda: weight(cache) == 8.25) < 2
    until(lambda: not cache.get_stats().stale)


@pytest.mark.parametrize("place", ["_refresh", "read_snapshot"])
def test_an_error_that_nobody_expected_ends_nothing(
    cache: RelationshipCache, stored: Connection, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    cache.warm_cache()
    until(lambda: sessions(stored) == 1)
    time.sleep(0.5)  # it asks after each connection

    def fail(*_: object, **__: object) -> None:
        raise ValueError("nobody expected this")

    target: tuple[object, str] = (cache, place) if place == "_refresh" else (tickstock.runtime_cache.cache, place)
    with monkeypatch.context() as patch:
        patch.setattr(*target, fail)
        query(stored, HEAVIER)
        until(lambda: cache.get_stats().stale)
        assert cache.get_stats().error == "ValueError: nobody expected this"
        assert weight(cache) == 7.25
        cache.invalidate()
        if place == "read_snapshot":
            assert weight(cache) == 7.25
    until(lambda: weight(cache) == 8.25)
    assert until(lambda: not cache.get_stats().stale) < 3
    query(stored, HEAVIER)
    assert until(lambda: weight(cache) == 9.25) < 1


def test_an_error_that_nobody_expected_before_the_first_state_is_the_callers(
    cache: RelationshipCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: dict[str, object] = {}
    with monkeypatch.context() as patch:
        patch.setattr("tickstock.runtime_cache.cache.read_snapshot", lambda *_: nothing["no such key"])
        with pytest.raises(KeyError, match="no such key"):
            cache.get_all_etfs()
    assert weight(cache) == 7.25


def test_a_network_that_falls_silent_is_told_within_the_ttl(
    stored: Connection, database: Database, make_cache: MakeCache
) -> None:
    proxy = SilentProxy(database.parameters)
    with proxy as parameters:
        cache = make_cache(database._replace(parameters=parameters), ttl_seconds=2)
        cache.warm_cache()
        for _ in range(30):
            assert not cache.get_stats().stale
            time.sleep(0.1)
        proxy.silent.set()
        assert until(lambda: cache.get_stats().stale) < 2.1
        assert weight(cache) == 7.25


def test_nobody_waits_long_for_a_network_that_is_silent(
    stored: Connection, database: Database, make_cache: MakeCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickstock.runtime_cache.bounded.ANSWER", 2.0)
    proxy = SilentProxy(database.parameters)
    with proxy as parameters:
        cache = make_cache(database._replace(parameters={**parameters, "connect_timeout": "2"}), ttl_seconds=2)
        cache.warm_cache()
        warm = time.monotonic()
        # The thread has looked once: its connection is idle, and asked again a second later. That it has no answer is
        # known a second after the question below has given up to connect, whose error it would else be.
        until(lambda: (cache.get_stats().confirmed_seconds or 0) < time.monotonic() - warm - 0.001)
        assert sessions(stored) == 1
        proxy.silent.set()
        query(stored, HEAVIER)
        cache.invalidate()
        begun = time.monotonic()
        assert weight(cache) == 7.25
        assert time.monotonic() - begun < 6
        until(lambda: "no answer within 2 s" in (cache.get_stats().error or ""), 15)
        proxy.silent.clear()
        until(lambda: weight(cache) == 8.25, 20)
        until(lambda: not cache.get_stats().stale)


def test_what_is_invalidated_while_a_state_is_swapped_is_asked_for_again(
    stored: Connection, database: Database
) -> None:
    class Meanwhile(RelationshipCache):
        """Somebody invalidates it between the end of a read and the swap."""

        invalidating: threading.Thread | None = None

        def __setattr__(self, name: str, value: object) -> None:
            if name == "_served" and value is not None and self.invalidating is None:
                query(stored, HEAVIER)
                self.invalidating = threading.Thread(target=self.invalidate)
                self.invalidating.start()
                self.invalidating.join(0.3)
            super().__setattr__(name, value)

    cache = Meanwhile(database)
    cache.close()  # nothing but the next question asks
    cache.warm_cache()
    assert cache.invalidating
    cache.invalidating.join()
    assert weight(cache) == 8.25


def sessions(connection: Connection) -> int:
    ((found,),) = query(
        connection,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s",
        "LISTEN%",
    )
    return int(found)


@pytest.fixture
def outage(server: Mapping[str, Any], stored: Connection) -> Callable[[], AbstractContextManager[None]]:
    """Nobody gets into the database of the test, and who is inside is thrown out, but for the witness."""
    name = stored.info.dbname

    @contextmanager
    def gone() -> Iterator[None]:
        with closing(psycopg2.connect(**server)) as outside:
            outside.autocommit = True
            query(outside, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            query(outside, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
                  name, stored.info.backend_pid)  # fmt: skip
            try:
                yield
            finally:
                query(outside, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    return gone


Outage = Callable[[], AbstractContextManager[None]]


def test_without_a_database_the_last_good_state_is_served_and_called_stale(
    cache: RelationshipCache, stored: Connection, outage: Outage
) -> None:
    cache.warm_cache()
    with outage():
        until(lambda: cache.get_stats().stale)
        query(stored, HEAVIER)
        stats = cache.refresh()
        assert weight(cache) == 7.25
        assert stats.stale
        assert stats.failures > 0
        assert "not currently accepting connections" in (stats.error or "")
        cache.invalidate()
        assert weight(cache) == 7.25
    until(lambda: weight(cache) == 8.25)
    stats = cache.get_stats()
    assert (stats.stale, stats.error, stats.refreshes) == (False, None, 2)


def test_a_failure_is_not_kept(stored: Connection, make_cache: MakeCache, outage: Outage) -> None:
    cache = make_cache()
    with outage(), pytest.raises(TickstockError, match="not currently accepting connections"):
        cache.get_etf_holdings("SPY")
    assert weight(cache) == 7.25


def test_nobody_waits_longer_than_one_attempt_for_a_database_that_is_not_there(
    stored: Connection, make_cache: MakeCache, outage: Outage
) -> None:
    cache = make_cache()
    with outage(), ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(cache.get_all_etfs) for _ in range(16)]
        assert all(isinstance(each.exception(), TickstockError) for each in asked)
    assert cache.get_stats().failures < 16


def test_sixteen_first_questions_read_the_data_once(stored: Connection, make_cache: MakeCache) -> None:
    cache = make_cache()
    barrier = threading.Barrier(16)

    def ask(_: int) -> float:
        barrier.wait()
        return weight(cache)

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(16))) == {7.25}
    assert cache.get_stats().refreshes == 1


def test_refreshes_at_once_are_few(cache: RelationshipCache) -> None:
    cache.warm_cache()
    barrier = threading.Barrier(8)

    def refresh(_: int) -> None:
        barrier.wait()
        cache.refresh()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(refresh, range(8)))
    assert 2 <= cache.get_stats().refreshes <= 4


def test_a_refresh_reads_what_was_changed_behind_the_triggers(cache: RelationshipCache, stored: Connection) -> None:
    cache.warm_cache()
    query(stored, f"SET session_replication_role = replica; {HEAVIER}; SET session_replication_role = origin")
    cache.refresh()
    assert weight(cache) == 8.25


def test_what_is_invalidated_is_asked_for_again(cache: RelationshipCache, stored: Connection) -> None:
    cache.warm_cache()
    query(stored, HEAVIER)
    cache.invalidate()
    assert weight(cache) == 8.25


def test_another_state_with_the_same_version_is_another_state(
    cache: RelationshipCache, stored: Connection
) -> None:
    """As after somebody restored a dump, and went on from there."""
    cache.warm_cache()
    query(stored, f"""
        BEGIN; SET LOCAL session_replication_role = replica; {HEAVIER};
        UPDATE load_runs SET run_key = gen_random_uuid() WHERE id = (SELECT max(load_id) FROM data_version); COMMIT""")
    cache.invalidate()
    assert weight(cache) == 8.25


def test_the_statistics_count(cache: RelationshipCache) -> None:
    empty = cache.get_stats()
    assert (empty.version, empty.stale, empty.hits, empty.misses) == (None, True, 0, 0)
    for _ in range(3):
        cache.get_etf_holdings("SPY")
    stats = cache.get_stats()
    assert (stats.hits, stats.misses, stats.refreshes, stats.failures, stats.stale) == (2, 1, 1, 0, False)
    assert (stats.etfs, stats.sectors, stats.themes, stats.universes) == (2, 12, 1, 3)
    assert (stats.symbols, stats.memberships) == (4, 17)
    assert stats.bytes > 0
    assert 0 <= (stats.age_seconds or -1) < 5


CHANGES = """
    UPDATE group_memberships m SET weight = %s
      FROM definition_groups g WHERE g.id = m.group_id AND g.type = 'ETF'"""


@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=pytest.mark.slow)])
def test_no_answer_is_mixed_from_two_versions(
    stored: Connection, make_cache: MakeCache, outage: Outage, seconds: float
) -> None:
    """All weights of all funds are the same number in every committed state. Sixteen threads read, some of them
    several answers of one snapshot, while that number changes, the cache is refreshed, and the database goes away.
    """
    query(stored, CHANGES, 1)
    cache = make_cache(ttl_seconds=0.3)
    done = threading.Event()

    def read() -> int:
        questions = 0
        while not done.is_set():
            state = cache.snapshot()
            found = {each.weight for etf in ("SPY", "QQQ") for each in state.holdings(etf)}
            found |= {each.weight for each in state.etfs("AAPL")}
            assert len(found) == 1
            assert state.holdings("SPY").version == state.etfs("AAPL").version == state.version
            assert len({each.weight for each in cache.get_etf_holdings("SPY")}) == 1
            questions += 1
            time.sleep(0.001)  # sixteen threads that never rest leave none of Python's one lock to whoever refreshes
        return questions

    with ThreadPoolExecutor(16) as pool:
        readers = [pool.submit(read) for _ in range(16)]
        for number in range(2, 12):
            query(stored, CHANGES, number)
            time.sleep(0.1)
            if number == 6:
                with outage():
                    time.sleep(seconds)
        last = until(lambda: cache.get_etf_holdings("SPY")[0].weight == 11)
        done.set()
        assert all(reader.result() > 0 for reader in readers)
    assert last < 6, "it looks for the database every few seconds"
    assert cache.get_stats().refreshes <= 12, "one read a change"


def test_a_forked_process_goes_on_to_follow(cache: RelationshipCache, stored: Connection) -> None:
    cache.warm_cache()
    until(lambda: sessions(stored) == 1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, b"ready")
            until(lambda: weight(cache) == 8.25)
            os.write(writer, b" seen")
        finally:
            os._exit(0)
    os.close(writer)
    assert os.read(reader, 10) == b"ready"
    until(lambda: sessions(stored) == 2)
    query(stored, HEAVIER)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b" seen"
    os.close(reader)
    assert until(lambda: weight(cache) == 8.25) < 1
    until(lambda: sessions(stored) == 1)


def test_a_process_has_one_cache(database: Database, stored: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URI", uri_with_password(database))
    share(None)
    try:
        with ThreadPoolExecutor(8) as pool:
            (cache,) = set(pool.map(lambda _: get_relationship_cache(ttl_seconds=7), range(8)))
        assert cache.ttl_seconds == 7
        assert get_relationship_cache() is cache
        assert weight(cache) == 7.25
        cache.close()
    finally:
        share(None)

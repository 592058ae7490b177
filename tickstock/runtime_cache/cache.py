"""The cache of an application: the last good state of the data, kept up to date behind its back."""

from __future__ import annotations

import os
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

import psycopg2

from tickstock.db import closing
from tickstock.errors import BusyError, TickstockError
from tickstock.runtime_cache.answers import Answer, Name
from tickstock.runtime_cache.bounded import bounded
from tickstock.runtime_cache.snapshot import Key, Snapshot, read_key, read_snapshot
from tickstock.runtime_cache.universes import evaluate
from tickstock.runtime_cache.watcher import Watcher

if TYPE_CHECKING:
    from tickstock.db import Database


class Stats(NamedTuple):
    """How the cache is. ``version`` and what follows are of the state that it serves; None before the first.

    A hit was answered from memory; a miss had to wait for the data. ``age_seconds`` is since the state was read,
    ``confirmed_seconds`` since it was last known to be the newest. It is ``stale`` where that cannot be found out, or
    was not for longer than ``ttl_seconds``.
    """

    environment: str
    ttl_seconds: float
    hits: int
    misses: int
    refreshes: int
    failures: int
    stale: bool
    error: str | None
    version: int | None = None
    age_seconds: float | None = None
    confirmed_seconds: float | None = None
    bytes: int = 0
    etfs: int = 0
    sectors: int = 0
    themes: int = 0
    universes: int = 0
    symbols: int = 0
    memberships: int = 0


class RelationshipCache:
    """Answers from memory, for as many threads as there are. A look-up takes no lock and meets no database.

    The data is read with the first question, and again when its version moved: the server tells, and twice in
    ``ttl_seconds``, and after a lost connection, the cache asks. Meanwhile, and while no database answers, the last
    good state goes on to be served; :meth:`get_stats` then calls it stale. Where nothing could be read yet, the error
    is the caller's, and the next question tries again.

    Every answer has its ``version``. Several answers of one version: ask :meth:`snapshot`, which never changes.
    """

    def __init__(self, database: Database, ttl_seconds: float = 3600, environment: str = "DEFAULT") -> None:
        self.environment, self.ttl_seconds = environment, ttl_seconds
        self._database = bounded(database)
        self._served: Snapshot | None = None  # None: the next question reads
        self._last: Snapshot | None = None
        self._reading, self._swapping = threading.Lock(), threading.Lock()
        self._invalidated = 0
        self._error: Exception | None = None
        self._read_at = self._confirmed_at = 0.0
        self._hits, self._misses = count(), count()
        self._refreshes = self._failures = 0
        # Twice: what is confirmed in time is never older than the TTL.
        self._watcher = Watcher(self._database, ttl_seconds / 2, self._follow, self._lost)
        _caches.add(self)

    # Questions

    def get_etf_holdings(self, etf: str) -> Answer:
        """The :class:`Holding` of a fund, the heaviest first; empty where there is no such fund."""
        return self.snapshot().holdings(etf)  # type: ignore[no-any-return]

    def get_stock_etfs(self, symbol: str) -> Answer:
        """The funds that hold a stock, as :class:`FundWeight`, the heaviest first."""
        return self.snapshot().etfs(symbol)  # type: ignore[no-any-return]

    def get_stock_sector(self, symbol: str) -> Name | None:
        """The sector of a stock: one of the eleven, or ``unknown``. None for what is no stock here."""
        return self.snapshot().sector(symbol)  # type: ignore[no-any-return]

    def get_sector_stocks(self, sector: str) -> Answer:
        """The symbols of a sector, sorted."""
        return self.snapshot().stocks(sector)  # type: ignore[no-any-return]

    def get_theme_members(self, theme: str) -> Answer:
        """The symbols of a theme, sorted."""
        return self.snapshot().theme(theme)  # type: ignore[no-any-return]

    def get_stock_themes(self, symbol: str) -> Answer:
        """The themes of a stock, sorted."""
        return self.snapshot().themes(symbol)  # type: ignore[no-any-return]

    def get_universe_members(self, universe: str) -> Answer:
        """The symbols of a universe, sorted."""
        return self.snapshot().universe(universe)  # type: ignore[no-any-return]

    def get_stock_universes(self, symbol: str) -> Answer:
        """The universes of a stock, sorted."""
        return self.snapshot().universes(symbol)  # type: ignore[no-any-return]

    def get_universe_symbols(self, expression: str) -> Answer:
        """The symbols of several universes, sorted: ``sp500:nasdaq100`` (in any), ``sp500&nasdaq100`` (in both),
        ``russell3000!sp500`` (but not in the second); from left to right.

        Raises:
            ValueError: a sign without a universe beside it.
        """
        snapshot = self.snapshot()
        return snapshot.answer(sorted(evaluate(expression, snapshot.universe)))

    def get_all_etfs(self) -> Answer:
        """The names of all funds, sorted."""
        return self.snapshot().names["ETF"]

    def get_all_sectors(self) -> Answer:
        """The names of all sectors, sorted."""
        return self.snapshot().names["SECTOR"]

    def get_all_themes(self) -> Answer:
        """The names of all themes, sorted."""
        return self.snapshot().names["THEME"]

    def get_all_universes(self) -> Answer:
        """The names of all universes, sorted."""
        return self.snapshot().names["UNIVERSE"]

    def snapshot(self) -> Snapshot:
        """The state that is served. Several questions to it are answered from one version of the data.

        Raises:
            TickstockError: there is none yet, and the data could not be read.
        """
        served = self._served
        if served is None:
            next(self._misses)
            return self._first()
        next(self._hits)
        return served

    # Care

    def warm_cache(self) -> Stats:
        """Read the data, unless it is there. Raises TickstockError where it cannot be read."""
        if self._served is None:
            self._first()
        return self.get_stats()

    def refresh(self) -> Stats:
        """Read the data again, whatever its version. Who waits for another's refresh is content with that, if it
        began after they asked. Where the data cannot be read the last good state stays, and the statistics say so.

        Raises:
            TickstockError: there is no state yet, and the data could not be read.
        """
        asked = self._refreshes + self._failures
        with self._reading:
            if self._refreshes + self._failures <= asked + 1:
                self._refresh(again=True)
        return self.get_stats()

    def invalidate(self) -> None:
        """Let the next question read the data again, if its version moved."""
        with self._swapping:
            self._invalidated += 1
            self._served = None

    def get_stats(self) -> Stats:
        """How often it was asked and refreshed, and how good what it serves is."""
        last, error, now = self._last, self._error, time.monotonic()
        stats = Stats(
            self.environment,
            self.ttl_seconds,
            _counted(self._hits),
            _counted(self._misses),
            self._refreshes,
            self._failures,
            last is None or error is not None or now - self._confirmed_at > self.ttl_seconds,
            _told(error) if error else None,
        )
        if last is None:
            return stats
        return stats._replace(
            version=last.version,
            age_seconds=now - self._read_at,
            confirmed_seconds=now - self._confirmed_at,
            bytes=last.bytes,
            etfs=len(last.names["ETF"]),
            sectors=len(last.names["SECTOR"]),
            themes=len(last.names["THEME"]),
            universes=len(last.names["UNIVERSE"]),
            symbols=last.symbols,
            memberships=last.memberships,
        )

    def close(self) -> None:
        """End its thread. It goes on to answer from what it has."""
        self._watcher.stop()

    # How

    def _first(self) -> Snapshot:
        failures = self._failures
        with self._reading:
            if self._served is None:
                if self._last is None and self._failures > failures:
                    raise BusyError(str(self._error))  # somebody has just tried
                self._refresh()
                self._watcher.start()
            assert self._last is not None
            return self._last

    def _refresh(self, again: bool = False) -> None:
        """Read the data, where its version moved or ``again``. The caller holds the lock."""
        invalidated, last = self._invalidated, self._last
        try:
            with closing(self._database.connect()) as connection:
                if again or last is None or _read_key(connection) != last.key:
                    last = read_snapshot(connection, self.environment)
        except Exception as error:
            self._failures += 1
            self._error = error
            if last is None:
                if isinstance(error, psycopg2.Error | OSError):
                    raise BusyError(_told(error)) from error
                raise
        else:
            now = time.monotonic()
            if last is not self._last:
                self._refreshes += 1
                self._read_at = now
            self._error, self._confirmed_at = None, now
        self._last = last
        with self._swapping:
            # What was invalidated meanwhile may be newer than what was read.
            self._served = last if invalidated == self._invalidated else None

    def _follow(self) -> bool:
        with self._reading:
            self._refresh()
            return self._error is None

    def _lost(self, error: Exception) -> None:
        self._error = error

    def _forked(self) -> None:
        # A thread that the child does not have may have held them.
        self._reading, self._swapping = threading.Lock(), threading.Lock()
        self._watcher.start_again()


def _read_key(connection: Any) -> Key:
    with connection.cursor() as cursor:
        return read_key(cursor)


def _told(error: Exception) -> str:
    """What went wrong, in words; of an error that nobody expected its kind too."""
    expected = isinstance(error, psycopg2.Error | TickstockError | OSError)
    return str(error).strip() if expected else f"{type(error).__name__}: {error}"


def _counted(counter: count[int]) -> int:
    """How often the counter was asked. It is the one that threads share without a lock; it tells only in words."""
    return int(repr(counter)[len("count(") : -1])


_caches: WeakSet[RelationshipCache] = WeakSet()


def _after_fork() -> None:
    for cache in list(_caches):
        cache._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

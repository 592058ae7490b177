"""The one cache of a process."""

from __future__ import annotations

import atexit
import threading
from contextlib import ExitStack

from tickstock.runtime_cache.cache import RelationshipCache

_lock = threading.Lock()
_shared: RelationshipCache | None = None


def get_relationship_cache(ttl_seconds: float = 3600) -> RelationshipCache:
    """The cache of this process, on the database of the settings. The first call makes it, with its ``ttl_seconds``.

    Without a ``DATABASE_URI`` the embedded server runs until the process ends.

    Raises:
        TickstockError: the settings are wrong, or the embedded server cannot start.
    """
    global _shared  # noqa: PLW0603 - one a process is what it is for
    with _lock:
        if _shared is None:
            from tickstock.db import open_database
            from tickstock.settings import read_settings

            until_exit = ExitStack()
            database = until_exit.enter_context(open_database(read_settings(), "runtime_cache"))
            atexit.register(until_exit.close)
            _shared = RelationshipCache(database, ttl_seconds)
        return _shared


def share(cache: RelationshipCache | None) -> None:
    """Make a cache the one of this process; with None the next call makes one."""
    global _shared  # noqa: PLW0603
    with _lock:
        _shared = cache

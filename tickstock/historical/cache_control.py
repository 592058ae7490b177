"""The entries for an application: all of them at its start, in one query, as values that nobody can change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg2 import extensions

if TYPE_CHECKING:
    from tickstock.db import Connection, Database

Entries = Mapping[str, Mapping[str, Mapping[str, Any]]]
_ALL = "SELECT type, name, key, value, updated_at FROM cache_entries"
_ONE = "SELECT value FROM cache_entries WHERE type = %s AND name = %s AND key = %s"


class Loaded(NamedTuple):
    """All entries at one moment: type -> name -> key -> value, the application's own ones included.

    Arrays are tuples, objects are read-only mappings. ``organized_at`` is when they were last organised; None: never.
    """

    entries: Entries
    organized_at: datetime | None

    def get(self, type_: str, name: str, key: str) -> Any:
        """The value of an entry; None where there is no such entry."""
        return self.entries.get(type_, {}).get(name, {}).get(key)


class CacheControl:
    """Reads ``cache_entries``.

    ``source`` is a :class:`tickstock.db.Database`, or a function that opens a psycopg2 connection of the
    application's own. Every call opens a connection and closes it.

    >>> loaded = CacheControl(database).load()  # doctest: +SKIP
    >>> loaded.get("stock_universe", "market_leaders", "top_50")["stocks"]  # doctest: +SKIP
    ('NVDA', 'AAPL', 'MSFT', ...)
    """

    def __init__(self, source: Database | Callable[[], Connection]) -> None:
        self._connect = source if callable(source) else source.connect

    def load(self) -> Loaded:
        """All entries, as one commit left them; empty where nothing is stored.

        Raises:
            psycopg2.Error: the database does not answer, or has no such table.
            BusyError, UnavailableError: see :meth:`tickstock.db.Database.connect`.
        """
        from tickstock.historical.entry_rules import SUMMARY

        entries: dict[str, dict[str, dict[str, Any]]] = {}
        organized_at = None
        for type_, name, key, value, at in self._rows(_ALL):
            entries.setdefault(type_, {}).setdefault(name, {})[key] = _frozen(value)
            if (type_, name, key) == SUMMARY:
                organized_at = at
        frozen = {
            type_: MappingProxyType({name: MappingProxyType(keys) for name, keys in names.items()})
            for type_, names in entries.items()
        }
        return Loaded(MappingProxyType(frozen), organized_at)

    def get(self, type_: str, name: str, key: str) -> Any:
        """One entry as it is stored now; None where there is no such entry. Raises what :meth:`load` raises."""
        rows = self._rows(_ONE, type_, name, key)
        return _frozen(rows[0][0]) if rows else None

    def _rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        connection = self._connect()
        try:
            # The application's own connections may give rows of another kind.
            with connection.cursor(cursor_factory=extensions.cursor) as cursor:
                cursor.execute(statement, values or None)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                return rows
        finally:
            connection.close()


def _frozen(value: Any) -> Any:
    """A value of JSON that nobody can change."""
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(each) for key, each in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value

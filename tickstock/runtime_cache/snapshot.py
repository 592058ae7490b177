"""One state of the data in memory. It never changes; a later state is another snapshot."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import UTC, datetime
from sys import getsizeof, intern
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement, stream, transaction
from tickstock.runtime_cache.answers import Answer, FundWeight, Holding, Name
from tickstock.runtime_cache.lookup import Lookup, Row
from tickstock.symbols import symbol_of

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

TYPES = ("ETF", "SECTOR", "THEME", "UNIVERSE")
Rows = dict[str, dict[str, Row]]


class Key(NamedTuple):
    """Tells a state of the data from every other: its version, and the run that made it (None: none has yet)."""

    version: int
    run_key: str | None


class Snapshot:
    """All groups of an environment at one version of the data. Each question is a :class:`Lookup`:

    ``holdings(etf)`` gives :class:`Holding`, the heaviest first; ``stocks(sector)``, ``theme(name)`` and
    ``universe(name)`` sorted symbols; ``etfs(symbol)`` :class:`FundWeight`, the heaviest first; ``sector(symbol)`` a
    :class:`Name`, or None; ``themes(symbol)`` and ``universes(symbol)`` sorted names. What is not there is empty.
    """

    def __init__(self, key: Key, environment: str, groups: Rows) -> None:
        self.key, self.environment, self.read_at = key, environment, datetime.now(UTC)
        of_stock = _by_stock(groups)
        self.bytes = _size(groups) + _size(of_stock)
        nothing = self.answer(())
        self.names = {type_: self.answer(sorted(groups[type_])) for type_ in TYPES}
        self.memberships = sum(len(row.names) for rows in groups.values() for row in rows.values())
        self.symbols = len(set().union(*of_stock.values()))
        self.holdings = Lookup(groups["ETF"], self._holdings, nothing, str.upper)
        self.stocks = Lookup(groups["SECTOR"], self._sorted, nothing, _spelled)
        self.theme = Lookup(groups["THEME"], self._sorted, nothing, _spelled)
        self.universe = Lookup(groups["UNIVERSE"], self._sorted, nothing, _spelled)
        self.etfs = Lookup(of_stock["ETF"], self._funds, nothing, symbol_of)
        self.sector = Lookup(of_stock["SECTOR"], self._sector, None, symbol_of)
        self.themes = Lookup(of_stock["THEME"], self._sorted, nothing, symbol_of)
        self.universes = Lookup(of_stock["UNIVERSE"], self._sorted, nothing, symbol_of)

    @property
    def version(self) -> int:
        """The version of the data."""
        return self.key.version

    def answer(self, values: Iterable[object]) -> Answer:
        """These values, as an answer of this version."""
        return Answer.of(values, self.key.version)

    def _holdings(self, row: Row) -> Answer:
        return self.answer(Holding(symbol, weight) for symbol, weight in row.weighted())

    def _funds(self, row: Row) -> Answer:
        funds = sorted(row.weighted(), key=lambda each: (each[1] is None, -(each[1] or 0), each[0]))
        return self.answer(FundWeight(etf, weight) for etf, weight in funds)

    def _sorted(self, row: Row) -> Answer:
        return self.answer(sorted(row.names))

    def _sector(self, row: Row) -> Name:
        # Of several, which the validation tells of, a real one.
        return Name.of(min(row.names, key=lambda name: (name == "unknown", name)), self.key.version)


def read_key(cursor: Cursor) -> Key:
    """The state that the data is in."""
    cursor.execute(statement("runtime_cache/key"))
    row = cursor.fetchone()
    return Key(*row) if row else Key(0, None)


def read_snapshot(connection: Connection, environment: str) -> Snapshot:
    """Read all groups and their members, in one query and one transaction."""
    groups: Rows = {type_: {} for type_ in TYPES}
    with transaction(connection) as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        key = read_key(cursor)
        found = stream(cursor, statement("runtime_cache/groups"), {"environment": environment})
        for type_, name, symbols, weights in found:
            groups[type_][intern(name)] = Row([intern(symbol) for symbol in symbols], array("d", weights))
    return Snapshot(key, environment, groups)


def _by_stock(groups: Rows) -> Rows:
    found: Rows = {type_: {} for type_ in TYPES}
    for type_, rows in groups.items():
        of_type = found[type_]
        for name, row in rows.items():
            for symbol, weight in zip(row.names, row.weights, strict=True):
                stock = of_type.get(symbol)
                if stock is None:
                    stock = of_type[symbol] = Row([], array("d"))
                stock.names.append(name)
                stock.weights.append(weight)
    return found


def _size(rows: Rows) -> int:
    """The bytes that the rows take, without the names, which are shared."""
    each = (row for of_type in rows.values() for row in of_type.values())
    return sum(map(getsizeof, rows.values())) + sum(
        getsizeof(row) + getsizeof(row.names) + getsizeof(row.weights) for row in each
    )


def _spelled(name: str) -> str:
    return name.strip().lower().replace(" ", "_")

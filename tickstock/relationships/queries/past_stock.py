"""Everything that a stock was a member of on a day, and what that stands on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.errors import TickstockError
from tickstock.relationships.queries.identity import Name, name_on, names_of, read_renames, row_limits
from tickstock.relationships.queries.moment import go_back
from tickstock.relationships.queries.names import STOCK, not_found, spellings, stored_symbols, typed
from tickstock.relationships.queries.standing import (
    KNOWN,
    First,
    GroupState,
    Snapshot,
    read_snapshots,
    read_states,
)
from tickstock.relationships.queries.stock import Membership, Stock, stock_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tickstock.db import Connection
    from tickstock.relationships.queries.identity import Rename
    from tickstock.relationships.queries.moment import Moment

MEMBER, NOT_A_MEMBER, NOT_KNOWN = "member", "not a member", "not known"
LISTS = {"ETF": "ETF", "UNIVERSE": "universe", "THEME": "theme"}


class Source(NamedTuple):
    """What a membership stands on, and the symbol that the group has the stock under."""

    type: str
    group: str
    symbol: str
    snapshot: Snapshot
    description: str | None


class FirstMembership(NamedTuple):
    """Where a stock is first known, and as what; ``until`` is when it last left a group by the day asked for."""

    symbol: str
    type: str
    group: str
    first: First
    until: date | None


class PastStock(NamedTuple):
    """A stock on a day. ``stock`` has the symbol of that day; ``names`` are all of its symbols, the oldest first.

    ``status`` counts funds, universes and themes: ``member`` of any, ``not a member`` of those known then, or
    ``not known``, where none was. ``sources`` has a line a membership, in the order of ``stock``. ``first`` is None
    for a member. ``remark`` tells of another stock with the symbol that was asked for.
    """

    stock: Stock
    moment: Moment
    status: str
    names: list[Name]
    asked: str
    sources: list[Source]
    states: list[GroupState]
    known_since: datetime | None
    first: FirstMembership | None = None
    remark: str | None = None

    @property
    def now(self) -> str:
        """The symbol that the stock has today."""
        return self.names[-1].symbol


def read_past_stock(connection: Connection, moment: Moment, asked: str) -> PastStock:
    """The stock that has, or had on that day, this symbol, in any spelling.

    What has the symbol on the day comes first, then what has it today. Renames count as they are known now.

    Raises:
        TickstockError: it never was a member of anything, or it is a fund, or had another symbol by then.
    """
    found = find_past_stock(connection, moment, asked)
    if any((each.type, each.name, each.status) == ("ETF", found.stock.symbol, KNOWN) for each in found.states):
        raise not_found(connection, STOCK, asked)
    return found


def find_past_stock(connection: Connection, moment: Moment, asked: str) -> PastStock:
    """The same, also for a fund that other funds hold."""
    renames = read_renames(connection)
    for each in _candidates(asked):
        if found := _find(connection, moment, renames, each):
            return found
    go_back(connection, moment)
    stored = stored_symbols(connection, [asked]).get(asked)
    found = _find(connection, moment, renames, stored) if stored else None
    if found is None:
        raise not_found(connection, STOCK, asked, _ever_stored(connection))
    return found


def _candidates(asked: str) -> Iterator[str]:
    """What was typed may mean; letters alone are nearly always spelled as they are stored."""
    symbol = typed(asked).upper()
    if symbol.isascii() and symbol.isalpha():
        yield symbol
    yield from spellings(asked)


def _find(connection: Connection, moment: Moment, renames: Sequence[Rename], symbol: str) -> PastStock | None:
    then, today = names_of(renames, symbol, moment.day), names_of(renames, symbol)
    several = [names for names in (then, *([today] if today != then else [])) if name_on(names, moment.day)]
    for names in several:
        if lines := _lines(connection, moment, names):
            other = _other(renames, names, symbol, moment.day)
            return _answer(connection, moment, names, lines, symbol)._replace(remark=other)
    for names in reversed(several):
        first = _first(connection, moment, names)
        if first and (names[0].since == date.min or first.first.as_of <= moment.day):
            return _answer(connection, moment, names, [], symbol)._replace(first=first)
    if before := _renamed(renames, symbol, moment.day):
        new = names_of(renames, before.new, before.on)[-1].symbol
        raise TickstockError(f"{symbol} was renamed to {before.new} on {before.on}; try --stock {new}")
    return None


def _other(renames: Sequence[Rename], names: Sequence[Name], symbol: str, day: date) -> str | None:
    """What is worth saying where the symbol is, or was, another stock's too."""
    today = names_of(renames, symbol)
    if today != list(names) and (then := name_on(today, day)):
        return f"the {symbol} of today is another stock, {then.symbol} then"
    before = _renamed(renames, symbol, names[0].since)
    if before and names[0].symbol == symbol and before.on == names[0].since:
        return f"not the {symbol} that was renamed to {before.new} on {before.on}"
    return None


def _renamed(renames: Sequence[Rename], symbol: str, day: date) -> Rename | None:
    """The last rename of a symbol to another by a day."""
    return max((each for each in renames if each.old == symbol and each.on <= day), key=_on, default=None)


def _on(rename: Rename) -> date:
    return rename.on


class _Line(NamedTuple):
    """A line of ``queries/stock_as_of.sql``."""

    membership: Membership
    group_id: int
    symbol: str
    snapshot: Snapshot
    description: str | None


def _lines(connection: Connection, moment: Moment, names: Sequence[Name]) -> list[_Line]:
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/stock_as_of"), moment.values(**_arrays(row_limits(names, moment.day))))
        return [
            _Line(Membership(*row[:9]), row[9], row[10], Snapshot(row[11], True, row[13], row[12]), row[14])
            for row in cursor.fetchall()
        ]


def _answer(connection: Connection, moment: Moment, names: list[Name], lines: Sequence[_Line], asked: str) -> PastStock:
    name = name_on(names, moment.day)
    assert name is not None
    states = read_states(connection, moment)
    listed = [line for line in lines if line.membership.type in LISTS]
    known = [state.id for state in states if state.id is not None and state.type in LISTS]
    files = read_snapshots(connection, moment, [line.group_id for line in lines] if listed else known)
    snapshots = [files.get(line.group_id, line.snapshot) for line in lines]
    return PastStock(
        stock_of(name.symbol, [line.membership for line in lines]),
        moment,
        MEMBER if listed else NOT_A_MEMBER if known else NOT_KNOWN,
        names,
        asked,
        [
            Source(line.membership.type, line.membership.group, line.symbol, snapshot, line.description)
            for line, snapshot in zip(lines, snapshots, strict=True)
        ],
        states,
        max((each.known_since for each in snapshots or files.values()), default=None),
    )


def _first(connection: Connection, moment: Moment, names: Sequence[Name]) -> FirstMembership | None:
    with connection.cursor() as cursor:
        limits = row_limits(names, date.max)
        cursor.execute(statement("queries/symbol_history"), {"day": moment.day, **_arrays(limits)})
        row = cursor.fetchone()
    return FirstMembership(row[0], row[1], row[2], First(row[3], row[5], row[4]), row[6]) if row else None


def _ever_stored(connection: Connection) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/ever_stored"))
        return [row[0] for row in cursor.fetchall()]


def _arrays(names: Sequence[Name]) -> dict[str, list[object]]:
    symbols, since, until = zip(*names, strict=True)
    return {"symbols": list(symbols), "since": list(since), "until": list(until)}

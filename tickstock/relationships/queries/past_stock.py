"""Everything that a stock was a member of on a day, and what that stands on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.errors import TickstockError
from tickstock.relationships.queries.identity import Name, name_on, names_of, read_renames, row_limits
from tickstock.relationships.queries.moment import go_back
from tickstock.relationships.queries.names import STOCK, not_found, spellings, stored_symbols, typed
from tickstock.relationships.queries.standing import Snapshot, read_files, read_runs, snapshots_of
from tickstock.relationships.queries.states import KNOWN, First, GroupState, read_states
from tickstock.relationships.queries.stock import Membership, Stock, evidence_of, stock_of
from tickstock.relationships.queries.versions import Version, memberships

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tickstock.db import Connection
    from tickstock.relationships.queries.identity import Rename
    from tickstock.relationships.queries.moment import Moment
    from tickstock.relationships.queries.standing import Run

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
    ground = _Ground(connection, moment, read_renames(connection), read_states(connection, moment))
    for each in _candidates(asked):
        if found := _find(ground, each):
            return found
    go_back(connection, moment)
    stored = stored_symbols(connection, [asked]).get(asked)
    found = _find(ground, stored) if stored else None
    if found is None:
        raise not_found(connection, STOCK, asked, _ever_stored(connection))
    return found


class _Ground(NamedTuple):
    """What every look for a stock goes by."""

    connection: Connection
    moment: Moment
    renames: list[Rename]
    states: list[GroupState]


def _candidates(asked: str) -> Iterator[str]:
    """What was typed may mean; letters alone are nearly always spelled as they are stored."""
    symbol = typed(asked).upper()
    if symbol.isascii() and symbol.isalpha():
        yield symbol
    yield from spellings(asked)


def _find(ground: _Ground, symbol: str) -> PastStock | None:
    renames, day = ground.renames, ground.moment.day
    then, today = names_of(renames, symbol, day), names_of(renames, symbol)
    several = [names for names in (then, *([today] if today != then else [])) if name_on(names, day)]
    for names in several:
        if lines := _lines(ground, names):
            return _answer(ground, names, lines, symbol)._replace(remark=_other(renames, names, symbol, day))
    for names in reversed(several):
        first = _first(ground.connection, ground.moment, names)
        if first and (names[0].since == date.min or first.first.as_of <= day):
            return _answer(ground, names, [], symbol)._replace(first=first)
    if before := _renamed(renames, symbol, day):
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
    """A membership on the day, under the symbol that the group has; without a file of the group it stands on what the
    run ``opened_by`` said.
    """

    membership: Membership
    group_id: int
    group: GroupState
    symbol: str
    valid_from: date
    opened_by: int


def _lines(ground: _Ground, names: Sequence[Name]) -> list[_Line]:
    """Every membership under whichever of the symbols the group had then, ``unknown`` after real sectors.

    What a file called by the old symbol before the day of the change is still called so until the next file.
    """
    limits = row_limits(names, ground.moment.day)
    groups = {state.id: state for state in ground.states if state.id is not None}
    held = memberships(ground.connection, ground.moment, {name.symbol for name in limits}, groups)
    lines = [
        (name.since, _line(groups[version.key[0]], version))
        for version in held
        for name in limits
        if name.symbol == version.key[1] and name.since <= version.valid_from < name.until
    ]
    lines.sort(key=lambda each: (*_order(each[1].group), -each[0].toordinal()))
    return [line for _, line in lines]


def _line(group: GroupState, version: Version) -> _Line:
    weight, metadata = version.content
    membership = Membership(group.type, group.name, weight, *evidence_of(metadata))
    return _Line(membership, version.key[0], group, version.key[1], version.valid_from, version.opened_by)


def _order(group: GroupState) -> tuple[str, bool, str]:
    return group.type, group.name == "unknown", group.name


def _answer(ground: _Ground, names: list[Name], lines: Sequence[_Line], asked: str) -> PastStock:
    connection, moment, _, states = ground
    name = name_on(names, moment.day)
    assert name is not None
    listed = [line for line in lines if line.group.type in LISTS]
    known = [state.id for state in states if state.id is not None and state.type in LISTS]
    files = read_files(connection, moment, [line.group_id for line in lines] if listed else known)
    runs = read_runs(connection, {file.load_id for file in files} | {line.opened_by for line in lines})
    of_groups = snapshots_of(files, runs)
    sources = [_source(line, of_groups, runs) for line in lines]
    return PastStock(
        stock_of(name.symbol, [line.membership for line in lines]),
        moment,
        MEMBER if listed else NOT_A_MEMBER if known else NOT_KNOWN,
        names,
        asked,
        sources,
        states,
        max((each.known_since for each in [one.snapshot for one in sources] or of_groups.values()), default=None),
    )


def _source(line: _Line, of_groups: Mapping[int, Snapshot], runs: Mapping[int, Run]) -> Source:
    change = Snapshot(line.valid_from, True, runs[line.opened_by].committed_at, line.opened_by)
    snapshot = of_groups.get(line.group_id, change)
    return Source(line.group.type, line.group.name, line.symbol, snapshot, line.group.description)


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

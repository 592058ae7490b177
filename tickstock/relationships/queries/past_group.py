"""Who was in a fund, a sector, a theme or a universe on a day, and what that stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.db import statement
from tickstock.relationships.queries.groups import (
    Fund,
    Group,
    LoadedFile,
    Member,
    Sector,
    SectorMember,
    read_industries,
)
from tickstock.relationships.queries.identity import read_renames, symbol_now
from tickstock.relationships.queries.moment import go_back
from tickstock.relationships.queries.names import ETF, SECTOR, Kind, find_group, not_found, same_name
from tickstock.relationships.queries.standing import Snapshot, read_beginning, read_runs, read_snapshots
from tickstock.relationships.queries.states import KNOWN, GroupState, read_states

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tickstock.db import Connection
    from tickstock.relationships.queries.moment import Moment
    from tickstock.relationships.queries.names import Group as StoredGroup


class PastGroup(NamedTuple):
    """A group on a day. Where it was ``removed`` by then, or ``not known``, there is no ``group`` but its ``state``.

    ``by_hand`` counts the rows that a hand made or changed. ``now`` has the members with another symbol today.
    """

    kind: Kind
    name: str
    moment: Moment
    status: str
    group: Fund | Group | Sector | None = None
    snapshot: Snapshot | None = None
    by_hand: int = 0
    now: dict[str, str] = {}  # noqa: RUF012 - never changed
    state: GroupState | None = None


def read_past_group(connection: Connection, moment: Moment, kind: Kind, asked: str) -> PastGroup:
    """The group of this name, whatever its case, blanks and signs.

    Raises:
        TickstockError: there never was one.
    """
    group = find_group(connection, kind, asked)
    if group is None:
        state = require_state(connection, moment, kind, asked)
        return PastGroup(kind, state.name, moment, state.status, state=state)
    with connection.cursor() as cursor:
        name = "queries/sector_as_of" if kind is SECTOR else "queries/members_as_of"
        cursor.execute(statement(name), moment.values(group=group.id))
        rows = list({row[0]: row for row in reversed(cursor.fetchall())}.values())[::-1]  # of several the first
    said = [_Said._make((row[0], *row[-2:])) for row in rows]
    runs = read_runs(connection, {each.opened_by for each in said})
    changes = [Snapshot(each.valid_from, True, runs[each.opened_by].committed_at, each.opened_by) for each in said]
    # What a sector says was decided from many files.
    files = {} if kind is SECTOR else read_snapshots(connection, moment, [group.id])
    snapshot = files.get(group.id) or max(changes, default=None) or read_beginning(connection, moment, group.id)
    return PastGroup(
        kind,
        group.name,
        moment,
        KNOWN,
        _group(connection, kind, group, [row[:-2] for row in rows], snapshot),
        snapshot,
        sum(runs[each.opened_by].kind == "manual" for each in said),
        _now(connection, said),
    )


class _Said(NamedTuple):
    """From which day on a symbol is in the group as it is, and which run said so."""

    symbol: str
    valid_from: date
    opened_by: int


def require_state(connection: Connection, moment: Moment, kind: Kind, asked: str) -> GroupState:
    """How a group that the moment does not have stands; the connection answers for the present from then on.

    Raises:
        TickstockError: there never was a group of that name; the message names the nearest of all that ever were.
    """
    states = read_states(connection, moment, kind.type)
    go_back(connection, moment)
    names = [state.name for state in states]
    found = same_name(kind, asked, names)
    if found is None:
        raise not_found(connection, kind, asked, names)
    return states[names.index(found)]


def _group(
    connection: Connection, kind: Kind, group: StoredGroup, rows: list[tuple[Any, ...]], snapshot: Snapshot | None
) -> Fund | Group | Sector:
    if kind is SECTOR:
        industries = read_industries(connection, group.id)
        return Sector(group.name, group.description, industries, [SectorMember(*row) for row in rows])
    members = [Member(*row) for row in rows]
    if kind is ETF:
        return Fund(group.name, group.description, members, _file(snapshot))
    return Group(group.name, group.description, members)


def _file(snapshot: Snapshot | None) -> LoadedFile | None:
    if snapshot is None or snapshot.path is None:
        return None
    as_of = snapshot.as_of if snapshot.dated else None
    return LoadedFile(snapshot.path, as_of, snapshot.known_since, snapshot.load_id)


def _now(connection: Connection, said: Sequence[_Said]) -> dict[str, str]:
    renames = read_renames(connection)
    old = {rename.old for rename in renames}
    now = {each.symbol: symbol_now(renames, each.symbol, each.valid_from) for each in said if each.symbol in old}
    return {then: today for then, today in now.items() if then != today}

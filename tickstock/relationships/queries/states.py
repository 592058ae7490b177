"""How the groups that an environment ever had stand on a day: there, removed by then, or not known then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.db import statement
from tickstock.relationships.queries.standing import read_runs
from tickstock.relationships.queries.versions import Version, holding, read_numbers, several

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from tickstock.db import Connection
    from tickstock.relationships.queries.moment import Moment
    from tickstock.relationships.queries.standing import Run

KNOWN, REMOVED, NOT_KNOWN = "known", "removed", "not known"


class First(NamedTuple):
    """From which day on something is known at all, since when, and by which load."""

    as_of: date
    load_id: int
    known_since: datetime


class Removal(NamedTuple):
    """The first day without a group, the load (or hand) that took it away, and when it did."""

    removed_on: date
    load_id: int
    known_since: datetime


class GroupState(NamedTuple):
    """How a group stands on a day: ``known``, ``removed`` by then, or ``not known`` then.

    A known one has an ``id``, the others tell of their ``first`` day, and a removed one of its ``removal``.
    """

    type: str
    name: str
    status: str
    id: int | None = None
    description: str | None = None
    first: First | None = None
    removal: Removal | None = None


class _Group(NamedTuple):
    """``here``: it is of the environment that is asked about."""

    type: str
    name: str
    description: str | None
    here: bool


def read_states(connection: Connection, moment: Moment, type_: str | None = None) -> list[GroupState]:
    """All groups that the environment ever had, of one type or of all, by type and name."""
    versions = _read_versions(connection)
    states = [
        GroupState(each.content.type, each.content.name, KNOWN, each.key, each.content.description)
        for each in holding(connection, moment, versions)
        if _is_asked(each, type_)
    ]
    known = {(state.type, state.name) for state in states}
    denials = _denials(versions, moment)
    absent = [
        each
        for each in versions
        if _is_asked(each, type_) and each.content[:2] not in known and _held(each, moment, denials)
    ]
    return sorted([*states, *_absent(connection, moment, absent)], key=lambda state: (state.type, state.name))


def _read_versions(connection: Connection) -> list[Version]:
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/group_versions"))
        return [Version(row[0], _Group(*row[1:5]) if row[1] else None, *row[5:]) for row in cursor.fetchall()]


def _is_asked(version: Version, type_: str | None) -> bool:
    group = version.content
    return group is not None and group.here and type_ in (None, group.type)


def _denials(versions: Iterable[Version], moment: Moment) -> dict[tuple[Any, ...], int]:
    """The last run that said of a group that it was not there, by group and days (see the view ``group_versions``)."""
    denials = [each for each in versions if each.content is None and moment.knows(each.opened_by)]
    return {_place(each): each.opened_by for each in sorted(denials, key=lambda each: each.opened_by)}


def _place(version: Version) -> tuple[Any, ...]:
    return version.key, version.valid_from, version.valid_to


def _held(version: Version, moment: Moment, denials: Mapping[tuple[Any, ...], int]) -> bool:
    """Whether a version ever held. Of one that was not known yet, what is known of it now counts."""
    told_of_the_past = version.opened_by == version.closed_by
    if told_of_the_past and denials.get(_place(version), 0) > version.opened_by:
        return False
    end = version.end(moment) if moment.knows(version.opened_by) else version.valid_to
    return end is None or end > version.valid_from


def _absent(connection: Connection, moment: Moment, versions: Sequence[Version]) -> list[GroupState]:
    """The groups that had these versions, and have none at the moment."""
    names = [each.content[:2] for each in versions]
    numbers = read_numbers(connection, several(versions, names))
    of_name: dict[tuple[str, str], list[Version]] = {}
    for name, version in zip(names, versions, strict=True):
        of_name.setdefault(name, []).append(version)
    ends = [(name, _first(of_one, moment, numbers), _last(of_one, moment, numbers)) for name, of_one in of_name.items()]
    read = {first.opened_by for _, first, _ in ends} | {last.closed_by for _, _, last in ends if last}
    runs = read_runs(connection, read)
    return [_absence(name, first, last, runs) for name, first, last in ends]


def _first(versions: Sequence[Version], moment: Moment, numbers: Mapping[int, float]) -> Version:
    return min(
        versions,
        key=lambda each: (not moment.knows(each.opened_by), each.valid_from, numbers[each.opened_by]),
    )


def _last(versions: Sequence[Version], moment: Moment, numbers: Mapping[int, float]) -> Version | None:
    """The one that ended last; None where none had by then."""
    ended = [
        (end, numbers[each.opened_by], place)
        for place, each in enumerate(versions)
        if moment.knows(each.opened_by) and (end := each.end(moment)) and end <= moment.day
    ]
    return versions[max(ended)[-1]] if ended else None


def _absence(name: tuple[str, str], first: Version, last: Version | None, runs: Mapping[int, Run]) -> GroupState:
    known_from = First(first.valid_from, first.opened_by, runs[first.opened_by].committed_at)
    if last is None:
        return GroupState(*name, NOT_KNOWN, first=known_from)
    assert last.valid_to is not None
    assert last.closed_by is not None
    removal = Removal(last.valid_to, last.closed_by, runs[last.closed_by].committed_at)
    return GroupState(*name, REMOVED, first=known_from, removal=removal)

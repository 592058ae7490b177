"""The old entries of one type, as a load: only groups that have no members yet get theirs from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from tickstock.historical.old_entries import SOURCE, OldGroup
from tickstock.relationships.inputs import Inputs
from tickstock.relationships.load import FileLoad
from tickstock.relationships.locks import MovedError
from tickstock.relationships.staging import GroupInput

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor
    from tickstock.relationships.change import Progress
    from tickstock.relationships.plan import Options, Plan
    from tickstock.sources.records import Source

MODE = "entries"  # as load_runs and history.py have it


class EntriesLoad:
    """A load of old entries, as :class:`tickstock.relationships.change.Change` wants it.

    ``kept`` are the groups that have members already, once it was prepared: they win over their entries.
    """

    def __init__(self, groups: Sequence[OldGroup], options: Options, progress: Progress, funds: frozenset[str]) -> None:
        """``funds``: the funds that the entries bring themselves, as far as a dry run has not stored them."""
        self._groups, self.options, self._progress, self._funds = groups, options, progress, funds
        self.kept: tuple[OldGroup, ...] = ()

    def prepare(self, connection: Connection) -> None:
        """Stage the groups that have no members yet."""
        with connection.cursor() as cursor:
            stored = _stored(cursor, self.options)
            self.kept = _filled(self._groups, stored)
            new = [group for group in self._groups if group not in self.kept]
            warnings = tuple(_no_funds(cursor, new, self.options.environment, self._funds))
        # '' and the stored names: no other group is any business of this load.
        inputs = Inputs(tuple(map(_input, new)), warnings, bad_groups=("", *stored))
        self._load = FileLoad(inputs, self.options, self._progress)
        self._load.prepare(connection)

    def plan(self, cursor: Cursor) -> Plan:
        """Compare with what is stored. Raises MovedError where a group has got members, or lost them, meanwhile."""
        if _filled(self._groups, _stored(cursor, self.options)) != self.kept:
            raise MovedError
        return self._load.plan(cursor)

    def apply(self, cursor: Cursor, plan: Plan, run_key: str) -> int:
        """Write the plan and its record; give the load's id."""
        return self._load.apply(cursor, plan, run_key)


def _stored(cursor: Cursor, options: Options) -> dict[str, bool]:
    """The stored groups of the type, and whether each has members."""
    cursor.execute(
        "SELECT name, EXISTS (SELECT FROM group_memberships WHERE group_id = g.id)"
        " FROM definition_groups g WHERE type = %s AND environment = %s",
        (options.type, options.environment),
    )
    return dict(cursor.fetchall())


def _filled(groups: Sequence[OldGroup], stored: Mapping[str, bool]) -> tuple[OldGroup, ...]:
    return tuple(group for group in groups if stored.get(group.target.name))


def _input(group: OldGroup) -> GroupInput:
    source = group.source
    return GroupInput(
        group.target.name,
        group.target.description,
        # A full load leaves such a group until a file has taken it over (sql/load/plan_groups.sql).
        f'{{"source": "{SOURCE}"}}',
        checksum=partial(_checksum, source),
        read=partial(_itself, source),
    )


def _checksum(source: Source) -> str:
    return source.checksum


def _itself(source: Source) -> Source:
    return source


def _no_funds(
    cursor: Cursor, groups: Sequence[OldGroup], environment: str, funds: frozenset[str]
) -> Iterator[str]:
    """A sentence for each list of funds of which some are no ETF groups: they count as stocks until they are."""
    lists = [group for group in groups if any(place.type == "etf_universe" for place in group.places)]
    if not lists or lists[0].target.type != "UNIVERSE":
        return
    cursor.execute("SELECT name FROM definition_groups WHERE type = 'ETF' AND environment = %s", (environment,))
    known = funds | {name for (name,) in cursor.fetchall()}
    for group in lists:
        lacking = [holding.symbol for holding in group.source.holdings if holding.symbol not in known]
        if lacking:
            listed = f"{', '.join(lacking[:5])}{', …' if len(lacking) > 5 else ''}"
            yield (
                f"{group.target.name}: {len(lacking)} of its funds have no holdings here ({listed}); they count as "
                "stocks without a sector until load_etf_holdings.py has loaded them"
            )

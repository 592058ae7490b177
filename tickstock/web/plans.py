"""A plan, its rows and what became of it, for the pages that show one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tickstock import migrations
from tickstock.db import closing
from tickstock.relationships.plan import row_changes

if TYPE_CHECKING:
    from tickstock.db import Connection, Database
    from tickstock.relationships.plan import GroupPlan, Outcome, RowChange

LISTED = 20  # rows of a group
MOST = 60  # groups whose rows are listed
TIMEOUT = "60s"  # of a statement: somebody waits for the page


class GroupRows(NamedTuple):
    """A group of a plan that is of interest, with its first rows; ``rows`` counts all of them."""

    plan: GroupPlan
    first: list[RowChange]
    rows: int


class Shown(NamedTuple):
    """An outcome with the groups that change, and how many do not. ``past`` are rows of days of the past."""

    outcome: Outcome
    groups: list[GroupRows]
    unchanged: int
    past: dict[str, list[RowChange]]


@contextmanager
def planning(database: Database) -> Iterator[Connection]:
    """A connection that may write, as a plan needs it for its temporary tables."""
    with closing(migrations.connect(database, writes=True)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{TIMEOUT}'")
        yield connection


def shown(connection: Connection, outcome: Outcome) -> Shown:
    """The outcome with its rows, which are read from the connection that computed it."""
    rows: dict[str, list[RowChange]] = {}
    counts: dict[str, int] = {}
    for change in () if connection.closed else row_changes(connection):
        counts[change.group] = counts.get(change.group, 0) + 1
        if change.group in rows or len(rows) < MOST:
            own = rows.setdefault(change.group, [])
            if len(own) < LISTED:
                own.append(change)
    plans = {group.name: group for group in outcome.plan.groups}
    interesting = [group for group in plans.values() if group.changes or group.kept or group.put_back]
    return Shown(
        outcome,
        [GroupRows(group, rows.get(group.name, []), counts.get(group.name, 0)) for group in interesting],
        len(plans) - len(interesting),
        {name: own for name, own in rows.items() if name not in plans},
    )

"""A file that is older than what is stored corrects the past, and leaves the present alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from tickstock.db import statement
from tickstock.relationships.plan import PastPlan, Plan, StoredGroup
from tickstock.relationships.staging import StagedFile

if TYPE_CHECKING:
    from tickstock.db import Cursor

# A file without a date counts as of the day of its load, and may well be some weeks older.
UNDATED = timedelta(days=31)


def is_past(file: StagedFile, stored: StoredGroup | None, beside_newer: bool) -> bool:
    """Whether a file is older than the one that the stored rows come from.

    ``beside_newer``: it lies beside a newer one, so it is whatever that one's date.
    """
    if file.as_of is None or stored is None or stored.last_day is None:
        return False
    margin = UNDATED if stored.last_as_of is None and not beside_newer else timedelta(0)
    return file.as_of < stored.last_day - margin


def set_apart(cursor: Cursor, older: Iterable[StagedFile], stored: Mapping[str, StoredGroup]) -> None:
    """Take the files of the past out of the comparison with what is stored."""
    for file in older:
        if file.name in stored:
            cursor.execute(
                "UPDATE staged_groups SET has_rows = false, description = NULL, metadata = '{}' WHERE name = %s",
                (file.name,),
            )
        else:
            cursor.execute("DELETE FROM staged_groups WHERE name = %s", (file.name,))


def plan_past(
    cursor: Cursor, older: Iterable[StagedFile], stored: Mapping[str, StoredGroup]
) -> tuple[PastPlan, ...]:
    """Compare these files with what is believed of their days; the rows stay in ``past_rows``.

    Of groups that are not stored, which a newer file would bring in the same run (of which this is the preview),
    all rows are to come.
    """
    names = [file.name for file in older if file.name in stored]
    found = []
    if names:
        cursor.execute(statement("load/plan_past"), {"past": names})
        cursor.execute(statement("load/count_past"), {"past": names})
        found = [PastPlan._make(row) for row in cursor.fetchall()]
    to_come = (file for file in older if file.name not in stored)
    return (*found, *(PastPlan(f.name, f.as_of, None, f.members, 0, 0, f.members, True) for f in to_come if f.as_of))


def record(cursor: Cursor, plan: Plan, load_id: int) -> None:
    """Put the files of the past on record, and what they say into the history."""
    if plan.past:
        values = {"run": load_id, "past": [group.name for group in plan.past]}
        cursor.execute(statement("load/record_past"), values)


def find_unsettled(
    cursor: Cursor, files: Iterable[StagedFile], stored: Mapping[str, StoredGroup]
) -> tuple[str, ...]:
    """The groups in which something stored, or told before, may be of later days than their file."""
    cursor.execute(statement("load/unsettled"))
    names = {name for (name,) in cursor.fetchall()}
    for file in files:
        before = stored.get(file.name)
        if file.as_of and before and before.last_day and (before.drifted or file.as_of < before.last_day):
            names.add(file.name)
    return tuple(sorted(names))


def settle(cursor: Cursor, plan: Plan, load_id: int) -> None:
    """See to it that a file's word counts from its day on, also where something stored is younger."""
    cursor.execute(
        "SELECT record_older_group(group_id, as_of) FROM load_files"
        " WHERE load_id = %s AND scope = 'present' AND as_of IS NOT NULL",
        (load_id,),
    )
    if plan.unsettled:
        cursor.execute(statement("load/settle"), {"run": load_id, "groups": list(plan.unsettled)})

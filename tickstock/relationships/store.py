"""Reading and writing the stored groups: status, plan, apply, record. Each is a few set-based statements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tickstock import __version__
from tickstock.db import insert_values, statement
from tickstock.errors import TickstockError
from tickstock.relationships import past
from tickstock.relationships.plan import GroupPlan, Options, Plan, StoredGroup

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Cursor


def read_version(cursor: Cursor) -> int:
    """The version of the data: it grows with every committed change."""
    cursor.execute("SELECT COALESCE(max(version), 0) FROM data_version")
    return int(cursor.fetchone()[0])  # type: ignore[index]


def read_status(cursor: Cursor, options: Options) -> dict[str, StoredGroup]:
    """The stored groups of the type (of the one group, where ``only`` is set), by name."""
    cursor.execute(
        statement("load/status"),
        {"type": options.type, "environment": options.environment, "only": options.only},
    )
    return {row[0]: StoredGroup._make(row) for row in cursor.fetchall()}


def read_on_record(cursor: Cursor, options: Options) -> set[tuple[str, str, date | None]]:
    """The group, checksum and as-of date of each file of the type that was loaded and not undone."""
    cursor.execute(
        "SELECT f.group_name, f.checksum, f.as_of FROM load_files f JOIN load_runs r ON r.id = f.load_id"
        " WHERE r.type = %s AND r.environment = %s AND f.scope <> 'undo' AND f.undone_by IS NULL",
        (options.type, options.environment),
    )
    return set(cursor.fetchall())


def read_state(cursor: Cursor, options: Options) -> dict[str, str]:
    """A digest of each stored group of the type (of the one group, where ``only`` is set), by name."""
    values = {"type": options.type, "environment": options.environment, "only": options.only}
    cursor.execute(statement("plan/state"), values)
    return dict(cursor.fetchall())


def find_hand_rows(cursor: Cursor, options: Options, stored: Mapping[str, StoredGroup]) -> None:
    """Fill ``hand_rows``, for the plan: what a hand made, edited or deleted since the last load."""
    drifted = [group.id for group in stored.values() if group.drifted]
    if drifted:
        values = {"drifted": drifted, "type": options.type, "sources": options.sources}
        cursor.execute(statement("load/find_hand_rows"), values)


def compute_plan(
    cursor: Cursor, options: Options, stored: Mapping[str, StoredGroup], spared: list[str]
) -> tuple[GroupPlan, ...]:
    """Compare what is staged with what is stored; the rows stay in ``planned_rows``.

    ``spared`` names stored groups that must not be taken for groups without a file; with '' among them, of
    some file nobody can tell the group, and no group is.
    """
    values = {
        "type": options.type,
        "environment": options.environment,
        "only": options.only,
        "remove": options.full and "" not in spared,
        "leave_hand": options.leave_hand,
        "keep_missing": options.keep_missing and not options.full,
        "spared": spared,
        "sources": options.sources,
    }
    cursor.execute(statement("load/plan_groups"), values)
    cursor.execute(statement("load/plan_rows"), values)
    cursor.execute(statement("load/count_plan"))
    return tuple(_group_plan(row, stored) for row in cursor.fetchall())


def _group_plan(row: tuple, stored: Mapping[str, StoredGroup]) -> GroupPlan:  # type: ignore[type-arg]
    name, action, read, orphan, added, changed, removed, kept, kept_in_file, missing, put_back, lost, members = row
    before = stored.get(name)
    if read:
        unchanged = members - added - changed - kept_in_file
    elif before and action != "removed":
        kept = before.last_kept or 0
        missing = before.last_missing or 0
        unchanged = before.members if before.last_unchanged is None else before.last_unchanged
    else:
        unchanged = 0
    return GroupPlan(
        name, action, read, added, changed, removed, unchanged, kept, missing, put_back, lost,
        members, before.members if before else 0, orphan,
    )  # fmt: skip


def apply_plan(cursor: Cursor, plan: Plan, run_key: str) -> int:
    """Write the plan and its record; give the load's id. Runs inside the caller's transaction.

    Raises:
        TickstockError: what is stored afterwards is not what the plan said. The caller rolls back.
    """
    options = plan.options
    load_id = _record_run(cursor, plan, run_key)
    if options.type != "SECTOR":
        cursor.execute(
            "SELECT create_sector_groups(%(environment)s) WHERE NOT EXISTS"
            " (SELECT FROM definition_groups WHERE name = 'unknown' AND type = 'SECTOR'"
            " AND environment = %(environment)s)",
            {"environment": options.environment},
        )
    cursor.execute(
        "WITH created AS ("
        "  INSERT INTO definition_groups (name, type, description, metadata, environment)"
        "  SELECT name, %s, description, metadata, %s FROM planned_groups"
        "  WHERE action = 'added' ORDER BY name RETURNING id, name)"
        " UPDATE planned_groups p SET group_id = c.id FROM created c WHERE c.name = p.name",
        (options.type, options.environment),
    )
    _record_files(cursor, plan, load_id)
    cursor.execute(statement("load/apply"))
    _check(cursor, plan, load_id)
    past.record(cursor, plan, load_id)
    past.settle(cursor, plan, load_id)
    return load_id


def _record_run(cursor: Cursor, plan: Plan, run_key: str) -> int:
    options = plan.options
    cursor.execute(
        "INSERT INTO load_runs (run_key, kind, type, environment, mode, only_group, tool_version, overridden,"
        " groups_added, groups_changed, groups_removed, added, changed, removed, unchanged, kept, put_back)"
        " VALUES (%s, 'load', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (
            run_key, options.type, options.environment, options.mode, options.only, __version__,
            json.dumps(plan.overridden),
            *(plan.groups_with(action) for action in ("added", "changed", "removed")),
            *(plan.total(word) for word in ("added", "changed", "removed", "unchanged", "kept", "put_back")),
        ),
    )  # fmt: skip
    return int(cursor.fetchone()[0])  # type: ignore[index]


def _record_files(cursor: Cursor, plan: Plan, load_id: int) -> None:
    counts = [
        (load_id, group.name, group.added, group.changed, group.removed, group.unchanged, group.kept, group.missing)
        for group in plan.groups
        if group.read
    ]
    if counts:
        insert_values(
            cursor,
            "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
            " stored_fingerprint, as_of, rows, members, split_off, warnings,"
            " added, changed, removed, unchanged, kept, missing)"
            " SELECT c.load_id, p.group_id, s.name, s.path, s.format, s.checksum, s.fingerprint,"
            " s.fingerprint, s.as_of, s.rows, s.members, s.split_off, s.warnings,"
            " c.added, c.changed, c.removed, c.unchanged, c.kept, c.missing FROM (VALUES",
            counts,
            ") AS c (load_id, name, added, changed, removed, unchanged, kept, missing)"
            " JOIN staged_groups s ON s.name = c.name JOIN planned_groups p ON p.no = s.no ORDER BY s.name",
        )


def _check(cursor: Cursor, plan: Plan, load_id: int) -> None:
    after = read_status(cursor, plan.options)
    cursor.execute("SELECT name, fingerprint FROM staged_groups")
    fingerprints = dict(cursor.fetchall())
    for group in plan.groups:
        stored = after.get(group.name)
        if (stored is None) != (group.action == "removed"):
            raise TickstockError(_mismatch(group.name, "the group itself", group.action))
        if not group.read or stored is None:
            continue
        as_file = not (group.kept or group.missing)
        if as_file and stored.fingerprint != fingerprints[group.name]:
            raise TickstockError(_mismatch(group.name, f"{stored.members} stored rows", "the rows of its file"))
        if not as_file:
            cursor.execute(
                "UPDATE load_files SET stored_fingerprint = %s, kept_symbols = ARRAY(SELECT symbol"
                " FROM planned_rows r JOIN planned_groups g USING (no)"
                " WHERE g.group_id = %s AND r.action = 'kept' ORDER BY 1) WHERE load_id = %s AND group_id = %s",
                (stored.fingerprint, stored.id, load_id, stored.id),
            )


def _mismatch(group: str, found: str, expected: str) -> str:
    return (
        f"the check after the load failed for {group}: found {found}, expected {expected}; "
        "everything was rolled back. A trigger or rule of your own on the tables may have interfered"
    )

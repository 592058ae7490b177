"""Loads of the past: what the loaders and hands leave in the tables, on the days that a test names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.stored import query
from tickstock.db import Connection

Members = Mapping[str, Any]


def install(connection: Connection, day: str) -> None:
    """The migrations, which made the sectors, ran on a day of the past."""
    _date(connection, 1, day, day)


def load(
    connection: Connection,
    known: str,
    as_of: str | None,
    groups: Mapping[str, Members],
    type_: str = "ETF",
    environment: str = "DEFAULT",
) -> int:
    """A load that was committed at noon of the day ``known`` and read a file of the date ``as_of`` for each group.

    ``groups`` has for each name its members: symbol -> weight, for sectors symbol -> metadata. Gives the run's id.
    """
    query(connection, "BEGIN")
    ((run,),) = query(
        connection,
        "INSERT INTO load_runs (kind, type, environment, mode) VALUES ('load', %s, %s, 'full') RETURNING id",
        type_, environment,
    )  # fmt: skip
    for name, members in groups.items():
        _load_group(connection, run, _group(connection, type_, name, environment), name, as_of, members)
    query(connection, "COMMIT")
    _date(connection, run, known, None if as_of else known)
    return int(run)


def remove(connection: Connection, known: str, name: str, type_: str = "ETF") -> int:
    """A load that found no file of a group any more."""
    query(connection, "BEGIN")
    ((run,),) = query(connection, "INSERT INTO load_runs (kind, type) VALUES ('load', %s) RETURNING id", type_)
    query(connection, "DELETE FROM definition_groups WHERE type = %s AND name = %s", type_, name)
    query(connection, "COMMIT")
    _date(connection, run, known, known)
    return int(run)


def by_hand(connection: Connection, day: str, sql: str, *values: object) -> int:
    """A statement of a person, at noon of a day."""
    query(connection, sql, *values)
    ((run,),) = query(connection, "SELECT max(id) FROM load_runs")
    _date(connection, run, day, day)
    return int(run)


def rename(connection: Connection, old: str, new: str, on: str) -> None:
    """An accepted rename."""
    query(
        connection, "INSERT INTO symbol_renames (old_symbol, new_symbol, renamed_on) VALUES (%s, %s, %s)", old, new, on
    )


def _group(connection: Connection, type_: str, name: str, environment: str) -> int:
    same = "type = %s AND name = %s AND environment = %s"
    rows = query(connection, f"SELECT id FROM definition_groups WHERE {same}", type_, name, environment)
    if not rows:
        rows = query(
            connection,
            "INSERT INTO definition_groups (type, name, description, environment) VALUES (%s, %s, %s, %s) RETURNING id",
            type_, name, f"The {name}", environment,
        )  # fmt: skip
    return int(rows[0][0])


def _load_group(connection: Connection, run: int, group: int, name: str, as_of: str | None, members: Members) -> None:
    query(
        connection,
        "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
        " stored_fingerprint, as_of, rows, members) VALUES (%s, %s, %s, %s, 'plain', '', '', '', %s, 0, 0)",
        run, group, name, f"/files/{name.lower()}.csv", as_of,
    )  # fmt: skip
    query(
        connection,
        "DELETE FROM group_memberships WHERE group_id = %s AND symbol <> ALL (%s)",
        group, list(members),
    )  # fmt: skip
    for symbol, value in members.items():
        weight, metadata = (None, value) if isinstance(value, dict) else (value, {"source": "file"})
        query(
            connection,
            "INSERT INTO group_memberships (group_id, symbol, weight, metadata) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (group_id, symbol) DO UPDATE SET weight = EXCLUDED.weight, metadata = EXCLUDED.metadata"
            " WHERE (group_memberships.weight, group_memberships.metadata)"
            " IS DISTINCT FROM (EXCLUDED.weight, EXCLUDED.metadata)",
            group, symbol, weight, json.dumps(metadata),
        )  # fmt: skip


def _date(connection: Connection, run: int, known: str, held: str | None) -> None:
    """Put a run that is committed into the past; ``held``: also what it changed, where no file dates that."""
    noon = f"{known} 12:00+00"
    query(connection, "UPDATE load_runs SET started_at = %s, committed_at = %s WHERE id = %s", noon, noon, run)
    query(connection, "UPDATE data_version SET changed_at = %s WHERE load_id = %s", noon, run)
    if held:
        query(connection, "UPDATE membership_versions SET valid_from = %s WHERE opened_by = %s", held, run)
        query(
            connection,
            "UPDATE membership_versions SET valid_to = GREATEST(valid_from, %s) WHERE closed_by = %s",
            held, run,
        )  # fmt: skip

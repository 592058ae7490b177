"""What the tables hold, free of what differs between two equal runs: ids, clocks, and the order of rows."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from tests.stored import TABLES, query
from tickstock.db import Connection

State = dict[str, list[str]]

_BEGUN = datetime.now(UTC).date().isoformat()
_CLOCKS = {"created_at", "updated_at", "added_at", "started_at", "committed_at", "changed_at", "accepted_at"}
_IDS = {"id", "run_key", "version"}
_RUNS = {"load_id", "opened_by", "closed_by", "removed_by", "undoes", "undone_by"}
_DAYS = {"valid_from", "valid_to"}


def state(connection: Connection) -> State:
    """Runs are named by their place in the order of commits, groups by type, environment and name."""
    commits = query(connection, "SELECT load_id FROM data_version ORDER BY version")
    runs = {run: place for place, (run,) in enumerate(commits)}
    groups = dict(
        query(
            connection,
            "SELECT group_id, concat_ws(' ', metadata ->> 'type', metadata ->> 'environment', metadata ->> 'name')"
            " FROM membership_versions WHERE symbol IS NULL AND metadata IS NOT NULL",
        )
    )

    def known(table: str, column: str, value: Any) -> Any:
        if value is None:
            return None
        if column in _RUNS:
            return runs[value]
        if column == "group_id":
            return groups[value]
        if column in _DAYS and value >= _BEGUN:
            return "today"
        if column == "overridden":  # it names runs
            return [re.sub(r"\bload (\d+)", lambda found: f"load #{runs[int(found[1])]}", each) for each in value]
        return value

    result = {}
    for table in TABLES:
        rows = query(connection, f"SELECT to_jsonb(t) FROM {table} t")
        result[table] = sorted(
            json.dumps({
                column: known(table, column, value)
                for column, value in row.items()
                if column not in _CLOCKS | _IDS
            }, sort_keys=True)
            for (row,) in rows
        )  # fmt: skip
    return result

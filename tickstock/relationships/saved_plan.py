"""A plan in a file: made by a dry run, looked at, and applied exactly so, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickstock import __version__
from tickstock.db import stream, transaction
from tickstock.errors import RefusedError
from tickstock.output import write_output
from tickstock.relationships import plan_file, store
from tickstock.relationships.entering import read_entering
from tickstock.relationships.plan import GroupPlan, Options, Outcome, PastPlan, Plan
from tickstock.relationships.staging import copy_text

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

_TABLES = ("staged_groups", "staged_rows", "planned_groups", "planned_rows", "past_rows")
# Separators that no line of JSON contains: each line is one value.
_COPY = "COPY plan_lines FROM STDIN WITH (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')"


def save(path: Path, connection: Connection, outcome: Outcome) -> None:
    """Write the plan that a dry run has just computed on this connection, with the state that it stands on.

    Raises:
        TickstockError: the file cannot be written.
    """
    plan = outcome.plan
    entries = {
        "tool_version": __version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": {**plan.options._asdict(), "force": _listed(plan.options.force)},
        "state": plan.state,
        "entering": plan.entering,
        "warnings": plan.warnings,
        "overridden": plan.overridden,
        "groups": [group._asdict() for group in plan.groups],
        "news": plan.news,
        "unsettled": plan.unsettled,
        "past": [{**group._asdict(), "as_of": str(group.as_of), "until": str(group.until)} for group in plan.past],
    }
    with transaction(connection):
        write_output(path, plan_file.lines(entries, ((table, _rows(connection, table)) for table in _TABLES)))


def _rows(connection: Connection, table: str) -> Iterator[str]:
    # Only new groups have their rows there alone.
    of_new = " WHERE no IN (SELECT no FROM planned_groups WHERE action = 'added')"
    with connection.cursor() as cursor:
        rows = f"SELECT to_jsonb(t)::text FROM {table} t{of_new if table == 'staged_rows' else ''}"  # noqa: S608
        for (row,) in stream(cursor, rows):
            yield row


class SavedPlan:
    """A plan from a file, as :class:`tickstock.relationships.change.Change` wants it."""

    def __init__(self, path: Path) -> None:
        """Read all but the rows.

        Raises:
            BadInputError: it cannot be read, it is no plan of this version, or somebody edited it.
        """
        self._path, self._document = path, plan_file.read_entries(path, _TABLES)
        options = Options(**self._document["options"])
        force = frozenset(options.force) if isinstance(options.force, list) else options.force
        self.options = options._replace(force=force, dry_run=False, to_save=False)

    def prepare(self, connection: Connection) -> None:
        """Fill the tables of the plan from the file.

        Raises:
            BadInputError: somebody has edited it meanwhile.
        """
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS plan_lines (line jsonb NOT NULL)")
            for table, rows in plan_file.read_tables(self._path, _TABLES):
                copy_text(cursor, _COPY, (f"{row}\n" for row in rows))
                cursor.execute(
                    f"INSERT INTO {table} SELECT r.*"  # noqa: S608
                    f" FROM plan_lines CROSS JOIN jsonb_populate_record(NULL::{table}, line) r"
                )
                cursor.execute("DELETE FROM plan_lines")

    def plan(self, cursor: Cursor) -> Plan:
        """The plan as it was made.

        Raises:
            RefusedError: what is stored has moved since; the groups are named.
        """
        document = self._document
        now = store.read_state(cursor, self.options)
        moved = sorted(name for name in {*now, *document["state"]} if now.get(name) != document["state"].get(name))
        if not moved and read_entering(cursor, self.options) != document["entering"]:
            moved = ["unknown (other stocks would enter it)"]
        if moved:
            more = f" and {len(moved) - 10} more" if len(moved) > 10 else ""
            raise RefusedError(
                f"what is stored has moved since the plan was made, at {document['made_at']}: "
                f"{', '.join(moved[:10])}{more}; nothing was written, make a new plan"
            )
        return Plan(
            self.options,
            tuple(GroupPlan(**group) for group in document["groups"]),
            overridden=tuple(document["overridden"]),
            news=document["news"],
            past=tuple(_past(group) for group in document["past"]),
            unsettled=tuple(document["unsettled"]),
        )

    def apply(self, cursor: Cursor, plan: Plan, run_key: str) -> int:
        """Write the plan and its record; give the load's id."""
        return store.apply_plan(cursor, plan, run_key)


def _past(group: dict[str, Any]) -> PastPlan:
    until = None if group["until"] == "None" else date.fromisoformat(group["until"])
    return PastPlan(**{**group, "as_of": date.fromisoformat(group["as_of"]), "until": until})


def _listed(force: bool | frozenset[str]) -> bool | list[str]:
    return force if isinstance(force, bool) else sorted(force)

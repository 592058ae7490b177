"""A plan in a file: made by a dry run, looked at, and applied exactly so, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickstock import __version__
from tickstock.checksum import file_checksum
from tickstock.db import transaction
from tickstock.errors import BadInputError, RefusedError
from tickstock.output import write_output
from tickstock.relationships import store
from tickstock.relationships.entering import read_entering
from tickstock.relationships.plan import GroupPlan, Options, Outcome, PastPlan, Plan

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

FORMAT = "tickstock plan 1"
_TABLES = ("staged_groups", "staged_rows", "planned_groups", "planned_rows", "past_rows")


def save(path: Path, connection: Connection, outcome: Outcome) -> None:
    """Write the plan that a dry run has just computed on this connection, with the state that it stands on.

    Raises:
        TickstockError: the file cannot be written.
    """
    plan = outcome.plan
    document: dict[str, Any] = {
        "format": FORMAT,
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
    with transaction(connection) as cursor:
        for table in _TABLES:
            # Only new groups have their rows there alone.
            of_new = " WHERE no IN (SELECT no FROM planned_groups WHERE action = 'added')"
            cursor.execute(f"SELECT to_jsonb(t) FROM {table} t{of_new if table == 'staged_rows' else ''}")  # noqa: S608
            document[table] = [row for (row,) in cursor.fetchall()]
    document["digest"] = _digest(document)
    write_output(path, "".join(_text(document)))


def read(path: Path) -> dict[str, Any]:
    """Read a saved plan.

    Raises:
        BadInputError: it cannot be read, it is no plan of this version, or somebody edited it.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror}); expected a plan of --plan") from error
    except ValueError as error:
        raise BadInputError(f"{path}: found no JSON ({error}), expected a plan of --dry-run --plan") from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        raise BadInputError(f"{path}: found the format {found!r}, expected {FORMAT!r}; make the plan anew")
    if document.pop("digest", None) != _digest(document):
        raise BadInputError(f"{path}: somebody has edited the plan since it was made; make it anew")
    result: dict[str, Any] = document
    return result


class SavedPlan:
    """A plan from a file, as :class:`tickstock.relationships.change.Change` wants it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        options = Options(**document["options"])
        force = frozenset(options.force) if isinstance(options.force, list) else options.force
        self.options = options._replace(force=force, dry_run=False, to_save=False)

    def prepare(self, connection: Connection) -> None:
        """Fill the tables of the plan from the file."""
        with connection.cursor() as cursor:
            for table in _TABLES:
                cursor.execute(
                    f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s)",  # noqa: S608
                    (json.dumps(self._document[table]),),
                )

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


def _digest(document: dict[str, Any]) -> str:
    return file_checksum(json.dumps(document, sort_keys=True).encode())


def _text(document: dict[str, Any]) -> Iterator[str]:
    """JSON with a line an entry, so that two plans can be compared line by line."""
    ends = dict.fromkeys(document, ",") | {list(document)[-1]: ""}
    yield "{\n"
    for name, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(json.dumps(row) for row in value)
            yield f"{json.dumps(name)}: [\n{rows}\n]{ends[name]}\n"
        else:
            yield f"{json.dumps(name)}: {json.dumps(value)}{ends[name]}\n"
    yield "}\n"

"""Taking one run back: every row becomes what it was before, unless it has been changed since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from tickstock import __version__
from tickstock.db import statement
from tickstock.errors import TickstockError, UsageError
from tickstock.relationships.plan import GroupPlan, Options, Plan

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

UNDOABLE = ("load", "undo", "manual")


class Run(NamedTuple):
    """A run that may be taken back. ``type`` and ``environment`` of a hand's run are those of what it touched."""

    id: int
    kind: str
    type: str
    environment: str
    mode: str | None
    committed_at: datetime

    def __str__(self) -> str:
        what = {"load": f"{self.mode} load of {self.type}", "undo": "undo", "manual": "change by hand"}[self.kind]
        return f"{self.id} ({what}, {self.committed_at:%Y-%m-%d %H:%M})"


def read_run(connection: Connection, run: int, environment: str) -> Run:
    """The run of this number.

    Raises:
        TickstockError: there is none, it is of another environment, or it cannot be taken back.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement("undo/run"), {"run": run, "environment": environment})
        row = cursor.fetchone()
        cursor.execute("SELECT max(load_id) FROM data_version")
        (last,) = cursor.fetchone()  # type: ignore[misc]
    if row is None:
        raise TickstockError(f"found no load {run}, the last one is {last}; history.py loads lists them")
    found = Run._make(row)
    if found.kind not in UNDOABLE:
        raise TickstockError(f"run {run} is of the kind {found.kind}, expected a load, an undo or a change by hand")
    if found.type is None:
        raise TickstockError(f"run {run} changed no group and no member: there is nothing to take back")
    if found.environment != environment:
        raise UsageError(f"run {run} is of the environment {found.environment}: --environment {found.environment}")
    return found


class Undo:
    """The undo of one run, as :class:`tickstock.relationships.change.Change` wants it."""

    def __init__(self, run: Run, options: Options) -> None:
        self.run, self.options = run, options

    def prepare(self, connection: Connection) -> None:
        """Nothing to read: all of it is in the history."""

    def plan(self, cursor: Cursor) -> Plan:
        """Compare what the run found, what it left, and what is stored now.

        Raises:
            TickstockError: the run did not touch the one fund that was asked for.
        """
        # A database that has just been filled has not been counted yet, nor have our temporary tables ever: the
        # planner, who takes them for small, would go through one for each row of the other, or sort both.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
        cursor.execute(statement("undo/plan_groups"), self._values())
        cursor.execute(statement("undo/plan_rows"), self._values())
        cursor.execute(statement("undo/count_plan"))
        groups = tuple(
            GroupPlan(name, action, False, added, changed, removed, unchanged, kept, stored=stored)
            for name, action, added, changed, removed, kept, stored, unchanged in cursor.fetchall()
        )
        if not groups and self.options.only:
            number = self.run.id
            raise TickstockError(
                f"run {number} did not touch the fund {self.options.only}, or is taken back there already; "
                f"history.py show {number} tells what it touched"
            )
        cursor.execute(statement("undo/later_loads"), self._values())
        later = [
            f"load {load} has read {', '.join(names[:5])}{', …' if len(names) > 5 else ''} since; undo it first"
            for load, names in cursor.fetchall()
        ]
        cursor.execute(statement("undo/held_again"), self._values())
        later += [
            f"run {self.run.id} was taken back and holds again by run {again}; undo that instead"
            for (again,) in cursor.fetchall()
        ]
        forced = self.options.force is True
        past_again = self._past_again(cursor)
        return Plan(
            self.options,
            groups,
            refusals=() if forced else tuple(later),
            overridden=tuple(later) if forced else (),
            warnings=tuple(self._warnings(cursor)),
            news=bool(past_again),
            past_again=past_again,
            advice="--force puts back what was before this run, whatever came after it",
        )

    def apply(self, cursor: Cursor, plan: Plan, run_key: str) -> int:
        """Write the plan and its record; give the run's id.

        Raises:
            TickstockError: what is stored afterwards is not what the plan said. The caller rolls back.
        """
        undo = self._record(cursor, plan, run_key)
        values = {**self._values(), "undo": undo}
        cursor.execute(statement("undo/apply"), values)
        cursor.execute(statement("undo/past"), values)
        cursor.execute(statement("undo/record"), values)
        cursor.execute("SELECT date_undone(%(run)s)", values)
        cursor.execute(statement("undo/check"))
        if found := cursor.fetchone():
            raise TickstockError(
                f"the check after the undo failed for {found[1]} in {found[0]}: it is not what it was before; "
                "everything was rolled back. A trigger or rule of your own on the tables may have interfered"
            )
        return undo

    def _values(self) -> dict[str, object]:
        return {
            "run": self.run.id,
            "type": self.run.type,
            "environment": self.run.environment,
            "only": self.options.only,
            "force": self.options.force is True,
        }

    def _warnings(self, cursor: Cursor) -> Iterator[str]:
        cursor.execute(statement("undo/without_sector"), self._values())
        symbols = [symbol for (symbol,) in cursor.fetchall()]
        if symbols:
            shown = ", ".join(symbols[:5]) + (", …" if len(symbols) > 5 else "")
            yield (
                f"come back without a sector, which a later load took from them: {len(symbols)} ({shown}); "
                "afterwards run build_stock_metadata.py --mode incremental"
            )

    def _past_again(self, cursor: Cursor) -> tuple[tuple[str, date | None], ...]:
        """The groups of whose past the run spoke, where it is not undone yet; with the day of a file of the past."""
        cursor.execute(
            "SELECT p.name, CASE WHEN f.scope = 'past' THEN f.as_of END"
            " FROM load_files f JOIN planned_groups p USING (group_id)"
            " WHERE f.load_id = %(run)s AND p.has_rows AND f.undone_by IS NULL AND (f.scope = 'past' OR EXISTS"
            " (SELECT FROM membership_versions v"
            " WHERE v.group_id = f.group_id AND v.opened_by = %(run)s AND v.closed_by = %(run)s))"
            " ORDER BY 1",
            self._values(),
        )
        return tuple(cursor.fetchall())

    def _record(self, cursor: Cursor, plan: Plan, run_key: str) -> int:
        import json

        cursor.execute(
            "INSERT INTO load_runs (run_key, kind, type, environment, mode, undoes, only_group, tool_version,"
            " overridden, groups_added, groups_changed, groups_removed, added, changed, removed, unchanged, kept,"
            " put_back)"
            " VALUES (%s, 'undo', %s, %s, 'undo', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0) RETURNING id",
            (
                run_key, self.run.type, self.run.environment, self.run.id, self.options.only, __version__,
                json.dumps(plan.overridden),
                *(plan.groups_with(action) for action in ("added", "changed", "removed")),
                *(plan.total(word) for word in ("added", "changed", "removed", "unchanged", "kept")),
            ),
        )  # fmt: skip
        return int(cursor.fetchone()[0])  # type: ignore[index]

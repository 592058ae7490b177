"""Make the accepted renames what a file says: the plan first, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg2 import errors

from tickstock.db import insert_values, statement, transaction
from tickstock.errors import BusyError
from tickstock.relationships.history.renames import Rename, read_renames
from tickstock.terminal import printable

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

WORDS = ("added", "changed", "removed", "unchanged")


class Planned(NamedTuple):
    """A rename, and what becomes of it: ``added``, ``changed`` (its note), ``removed`` or ``unchanged``."""

    action: str
    rename: Rename


class RenamesPlan(NamedTuple):
    """What the file makes of the accepted renames, the earliest first; ``warnings`` are sentences."""

    renames: list[Planned]
    warnings: list[str]

    def total(self, action: str) -> int:
        return sum(each.action == action for each in self.renames)

    @property
    def empty(self) -> bool:
        return self.total("unchanged") == len(self.renames)

    def of(self, *actions: str) -> list[Rename]:
        return [each.rename for each in self.renames if each.action in actions]


def accept_renames(connection: Connection, wanted: list[Rename], dry_run: bool) -> RenamesPlan:
    """Make the table what ``wanted`` says, or with ``dry_run`` say what would change. One transaction.

    Raises:
        BusyError: somebody else is changing the renames at this moment.
    """
    with _locked(connection, dry_run) as cursor:
        plan = RenamesPlan(_compare(read_renames(connection), wanted), [])
        plan.warnings.extend(_warnings(cursor, plan.of("added")))
        if not dry_run and not plan.empty:
            _write(cursor, plan)
        return plan


def plan_lines(plan: RenamesPlan, verbose: bool = False) -> Iterator[str]:
    """Each rename that changes (``verbose``: all), and the counts."""
    for action, rename in plan.renames:
        if verbose or action != "unchanged":
            note = f" ({rename.note})" if rename.note else ""
            yield printable(f"{action:<9}  {rename.old_symbol} -> {rename.new_symbol} on {rename.renamed_on}{note}")
    yield ", ".join(f"{plan.total(word):,} {word}" for word in WORDS)


def plan_document(plan: RenamesPlan, dry_run: bool) -> dict[str, Any]:
    """The plan as a JSON document; ``docs/json.md`` describes it."""
    from tickstock.relationships.history.shapes import rename_document

    return {
        "dry_run": dry_run,
        "totals": {word: plan.total(word) for word in WORDS},
        "renames": [{"action": each.action, **rename_document(each.rename)} for each in plan.renames],
        "warnings": plan.warnings,
    }


@contextmanager
def _locked(connection: Connection, dry_run: bool) -> Iterator[Cursor]:
    try:
        with transaction(connection) as cursor:
            if dry_run:
                cursor.execute("SET TRANSACTION READ ONLY")
            else:  # before the first query: what is read then is what the one before has left
                cursor.execute("LOCK TABLE symbol_renames IN SHARE ROW EXCLUSIVE MODE")
            yield cursor
    except errors.LockNotAvailable as error:
        raise BusyError("somebody else is changing the renames; nothing was written, try again") from error


def _compare(stored: Iterable[Rename], wanted: Iterable[Rename]) -> list[Planned]:
    old, new = ({rename[:3]: rename for rename in renames} for renames in (stored, wanted))
    actions = dict.fromkeys(old, "removed") | {
        key: "added" if key not in old else "unchanged" if old[key] == rename else "changed"
        for key, rename in new.items()
    }
    every = [Planned(action, new.get(key) or old[key]) for key, action in actions.items()]
    return sorted(every, key=lambda each: (each.rename.renamed_on, each.rename.old_symbol, each.action != "removed"))


def _warnings(cursor: Cursor, renames: list[Rename]) -> Iterator[str]:
    if not renames:
        return
    olds, news, days = zip(*(rename[:3] for rename in renames), strict=True)
    values = {"old_symbols": list(olds), "new_symbols": list(news), "days": list(days)}
    cursor.execute(statement("history/doubtful_renames"), values)
    for old, new, renamed_on, doubt, day, groups in cursor.fetchall():
        shown = ", ".join(map(printable, groups[:5])) + (f" and {len(groups) - 5} more" if len(groups) > 5 else "")
        if doubt == "before":
            found = f"{shown} held {new} on {day} already: the rename is older, or another company had that symbol"
        else:
            found = f"{shown} still held {old} on {day}: the rename is later, or another company has that symbol now"
        yield f"{old} -> {new} on {renamed_on}: {found}"


def _write(cursor: Cursor, plan: RenamesPlan) -> None:
    gone = plan.of("removed")
    if gone:
        cursor.execute(
            "DELETE FROM symbol_renames s USING unnest(%s::text[], %s::date[]) AS g (old_symbol, renamed_on)"
            " WHERE (s.old_symbol, s.renamed_on) = (g.old_symbol, g.renamed_on)",
            ([each.old_symbol for each in gone], [each.renamed_on for each in gone]),
        )
    if come := plan.of("added", "changed"):
        insert_values(
            cursor,
            "INSERT INTO symbol_renames (old_symbol, new_symbol, renamed_on, note) VALUES",
            come,
            " ON CONFLICT (old_symbol, renamed_on) DO UPDATE SET note = EXCLUDED.note",
        )

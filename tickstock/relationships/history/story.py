"""One run, whole: its files, its groups, and every membership that it changed, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.db import statement, stream
from tickstock.errors import TickstockError
from tickstock.relationships.history.runs import Run, read_undone
from tickstock.terminal import printable

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from tickstock.db import Connection

Keys = dict[str, tuple[Any, Any]]

_RUN = """
    SELECT id, started_at, committed_at, kind, type, mode, program, database_user, undoes, note, added, changed,
           removed, 0, 0, environment, tool_version, overridden
      FROM load_runs WHERE id = %s"""
_FILES = """
    SELECT group_id, group_name, path, format, checksum, as_of, rows, members, split_off, kept_symbols, missing,
           warnings, scope
      FROM load_files WHERE load_id = %s ORDER BY group_name, group_id"""


class File(NamedTuple):
    """A file that a load read for a group. ``scope`` is ``present``, or ``past`` where it changed the history alone."""

    group_id: int
    group: str
    path: str
    format: str
    checksum: str
    as_of: date | None
    rows: int
    members: int
    split_off: dict[str, int]
    kept: list[str]
    missing: int
    warnings: list[str]
    scope: str


class Group(NamedTuple):
    """A group that a run touched, with counts of its memberships.

    ``before`` and ``after`` are the group itself where the run added, changed or removed it; ``known_from`` is the
    day from which on it is known since this run, where the run made that earlier.
    """

    id: int
    type: str
    name: str
    environment: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    added: int
    changed: int
    removed: int
    past: int
    known_from: date | None

    @property
    def action(self) -> str | None:
        """What became of the group itself: ``added``, ``changed``, ``removed``; None: nothing."""
        if self.after:
            return "changed" if self.before else "added"
        return "removed" if self.before else None

    @property
    def keys(self) -> Keys:
        """What of a changed group is another: key -> before and after."""
        if not self.before or not self.after:
            return {}
        plain = [{**group, "metadata": None} for group in (self.before, self.after)]
        own = changed_keys(self.before.get("metadata"), self.after.get("metadata"))
        return changed_keys(*plain) | {f"metadata.{key}": values for key, values in own.items()}


class Row(NamedTuple):
    """A membership that a run changed; it has the new state from ``from_day`` on.

    ``action`` is ``added``, ``changed``, ``removed``, or ``past``: it was so from one day to before another, or where
    ``new_metadata`` is None, was no member then.
    """

    group_id: int
    symbol: str
    action: str
    old_weight: Decimal | None
    new_weight: Decimal | None
    old_metadata: Any
    new_metadata: Any
    from_day: date
    to_day: date | None

    @property
    def keys(self) -> Keys:
        return changed_keys(self.old_metadata, self.new_metadata)


class Story(NamedTuple):
    """A run with what it read and what it touched; ``forced`` are the guards that it went past."""

    run: Run
    environment: str | None
    tool_version: str | None
    forced: list[str]
    files: list[File]
    groups: list[Group]

    @property
    def entered(self) -> int:
        """Stocks that entered ``unknown`` with a load that was not about sectors."""
        return sum(group.added for group in self.groups if self.entering(group))

    def entering(self, group: Group) -> bool:
        """Whether it is the sector that new stocks enter with a load of another type."""
        of_others = self.run.kind == "load" and self.run.type != "SECTOR"
        return of_others and (group.type, group.name) == ("SECTOR", "unknown")


def read_story(connection: Connection, run_id: int, group: str | None = None) -> Story:
    """What a run did, of all groups or of those of one name.

    Raises:
        TickstockError: there is no such run, or it did not touch the group.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RUN, (run_id,))
        row = cursor.fetchone()
        if row is None:
            raise _unknown_run(connection, run_id)
        *facts, environment, tool_version, forced = row
        cursor.execute(statement("history/story_groups"), {"run": run_id})
        groups = [Group._make(each) for each in cursor.fetchall()]
        cursor.execute(_FILES, (run_id,))
        files = [File._make(each) for each in cursor.fetchall()]
    run = _counted(Run(*facts), groups, files)
    run = run._replace(undone=tuple(read_undone(connection, [run_id])[run_id]))
    if group is not None:
        groups, files = _only(run, groups, files, group)
    read = [file for file in files if file.scope != "undo"]
    return Story(run, environment, tool_version, forced, read, groups)


def read_rows(connection: Connection, story: Story, limit: int | None) -> Iterator[Row]:
    """Stream the memberships by group, as the story lists the groups, at most ``limit`` of each."""
    values = {"run": story.run.id, "groups": [group.id for group in story.groups], "limit": limit}
    with connection.cursor() as cursor:
        yield from map(Row._make, stream(cursor, statement("history/story_rows"), values))


def changed_keys(before: Any, after: Any) -> Keys:
    """The keys of which two JSON objects hold different values; what is no object counts as a value of its own."""
    old, new = (value if isinstance(value, dict) else {} if value is None else {"": value} for value in (before, after))
    return {key: (old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)}


def _counted(run: Run, groups: list[Group], files: list[File]) -> Run:
    """With what a hand does not record: the types of its groups, and its counts."""
    if run.added is None:
        words = ("added", "changed", "removed")
        run = run._replace(**{word: sum(getattr(group, word) for group in groups) for word in words})
    scopes = [file.scope for file in files if file.scope != "undo"]
    types = ", ".join(sorted({group.type for group in groups}))
    return run._replace(type=run.type or types or None, files=len(scopes), past_files=scopes.count("past"))


def _only(run: Run, groups: list[Group], files: list[File], name: str) -> tuple[list[Group], list[File]]:
    asked = name.strip().casefold()
    chosen = [group for group in groups if group.name.casefold() == asked]
    read = [file for file in files if file.group.casefold() == asked]
    if not chosen and not read:
        names = sorted({*(group.name for group in groups), *(file.group for file in files)})
        shown = ", ".join(map(printable, names[:20])) + (f" and {len(names) - 20:,} more" if len(names) > 20 else "")
        raise TickstockError(
            f"run {run.id} did not touch a group {printable(name[:40])!r}; it touched: {shown or 'none'}"
        )
    return chosen, read


def _unknown_run(connection: Connection, run_id: int) -> TickstockError:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM load_runs ORDER BY abs(id - %s), id LIMIT 5", (run_id,))
        near = ", ".join(str(each) for (each,) in sorted(cursor.fetchall()))
        cursor.execute("SELECT max(id) FROM load_runs")
        ((last,),) = cursor.fetchall()
    if last is None:
        return TickstockError(f"no run {run_id}: nothing was ever loaded; load it with refresh.py weekly")
    return TickstockError(f"no run {run_id}; the last one is {last}, the nearest: {near}; history.py loads lists them")

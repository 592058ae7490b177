"""What a load would do, as data, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import stream

if TYPE_CHECKING:
    from tickstock.db import Connection
    from tickstock.relationships.staging import StagedFile


# In the order in which who needs their locks takes them: a load of any type takes that of the sectors last.
TYPES = ("ETF", "THEME", "UNIVERSE", "SECTOR")
# Who owns a row, as metadata.source says; those of a sector from the strongest evidence to the weakest.
FILE_SOURCES = ("file",)
SECTOR_SOURCES = ("override", "sector_etf", "issuer_file", "classification", "symbol_rule", "unclassified")


class Options(NamedTuple):
    """How a load goes about its work.

    ``mode`` is ``full`` or ``incremental``; ``only`` limits it to one group; ``force`` is True for every
    group, or the names, in lower case, of those whose guards are overridden. ``to_save``: the plan of a dry run
    will be saved, and needs the state that it stands on.
    """

    type: str
    environment: str = "DEFAULT"
    mode: str = "full"
    dry_run: bool = False
    only: str | None = None
    keep_missing: bool = False
    keep_manual: bool = False
    skip_bad_files: bool = False
    force: bool | frozenset[str] = False
    to_save: bool = False

    @property
    def full(self) -> bool:
        return self.mode == "full"

    @property
    def enters_stocks(self) -> bool:
        """Whether stocks that are in no sector yet enter ``unknown``. An undo gives back what was before, no more."""
        return self.type != "SECTOR" and self.mode != "undo"

    @property
    def locked_types(self) -> Sequence[str]:
        """The types that nobody else may change meanwhile.

        For an undo all of them: what it does to the sectors depends on all members, and a hand may have changed groups
        of several types.
        """
        return TYPES if self.mode == "undo" else (self.type,)

    @property
    def leave_hand(self) -> bool:
        """Whether rows that a hand made, edited or deleted stay as they are."""
        return self.keep_manual or not self.full

    @property
    def sources(self) -> list[str]:
        """What ``metadata.source`` says on a row that is not a hand's."""
        return list(SECTOR_SOURCES if self.type == "SECTOR" else FILE_SOURCES)

    def forces(self, group: str) -> bool:
        return self.force if isinstance(self.force, bool) else group.casefold() in self.force


class StoredGroup(NamedTuple):
    """A group as it is stored, and what the last load that read its file left (None where there was none).

    ``last_day`` is the day that this file counts from: its as-of date, else the day of the load.
    """

    name: str
    id: int
    fingerprint: str
    members: int
    weighted: int
    last_checksum: str | None
    last_fingerprint: str | None
    last_as_of: date | None
    last_unchanged: int | None
    last_kept: int | None
    last_missing: int | None
    last_path: str | None
    last_day: date | None

    @property
    def drifted(self) -> bool:
        """The stored rows are not what the last load left, or a hand's rows are known to be among them."""
        return self.fingerprint != self.last_fingerprint or bool(self.last_kept)


class GroupPlan(NamedTuple):
    """The plan for one group, in rows. ``action`` speaks of the group itself.

    ``members`` is what the file holds (None: no file was read for it); ``put_back`` counts the hand's rows
    among added, changed and removed; ``missing`` the rows gone from the file that stay all the same; ``orphan``: the
    group is stored and has no file.
    """

    name: str
    action: str
    read: bool
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    kept: int = 0
    missing: int = 0
    put_back: int = 0
    lost: int = 0
    members: int | None = None
    stored: int = 0
    orphan: bool = False

    @property
    def left(self) -> int:
        """How many members the group has after the load."""
        return self.stored + self.added - self.removed

    @property
    def changes_rows(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    @property
    def changes(self) -> bool:
        return self.changes_rows or self.action in ("added", "changed", "removed")


class PastPlan(NamedTuple):
    """What a file that is older than the stored rows says otherwise than is believed of its day, in rows.

    It holds from ``as_of`` up to, and without, ``until`` (None: not known yet). ``news``: it has to be recorded.
    """

    name: str
    as_of: date
    until: date | None
    added: int
    changed: int
    removed: int
    members: int
    news: bool


class Plan(NamedTuple):
    """What a load would do, group by group, and the files that it read.

    ``past`` are files that change the past alone; ``news`` says that a file is new although its rows are not;
    ``coverage`` is what a classification of stocks comes to; ``unsettled`` are groups in which something stored is
    younger than the file (:func:`tickstock.relationships.past.settle`); ``state`` (a digest a group) and ``entering``
    (new stocks) are there where the plan will be saved; ``advice`` is what to do about refusals; ``past_again``
    are groups of whose past an undone run spoke, with the day of its file if it was one of the past.
    """

    options: Options
    groups: tuple[GroupPlan, ...]
    refusals: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[StagedFile, ...] = ()
    news: bool = False
    coverage: Coverage | None = None
    past: tuple[PastPlan, ...] = ()
    unsettled: tuple[str, ...] = ()
    state: Mapping[str, str] = {}
    entering: Sequence[str] = ()
    advice: str = "--force [GROUP ...] goes on"
    past_again: tuple[tuple[str, date | None], ...] = ()

    def total(self, word: str) -> int:
        """Sum one of the five words (or ``missing``, ``put_back``) over all groups."""
        return sum(getattr(group, word) for group in self.groups)

    def groups_with(self, action: str) -> int:
        return sum(group.action == action for group in self.groups)

    @property
    def empty(self) -> bool:
        """Whether applying it would change no group and no membership."""
        return not any(group.changes for group in self.groups)


class Coverage(NamedTuple):
    """How far the stocks are classified: counts by source (a hand's rows under ``by hand``)."""

    sources: dict[str, int]
    classified: int
    conflicts: int

    @property
    def stocks(self) -> int:
        return sum(self.sources.values())


class RowChange(NamedTuple):
    """One membership that is not plainly unchanged; ``reason`` says why a stock would be in a sector."""

    group: str
    symbol: str
    action: str
    old_weight: Decimal | None
    new_weight: Decimal | None
    by_hand: bool
    stored: bool
    in_file: bool
    reason: str = ""


class Outcome(NamedTuple):
    """What a load did (or, as a dry run, would do). ``load_id`` is None where nothing was written.

    ``entered`` counts the stocks that were no member of anything before, and are in ``unknown`` now.
    """

    plan: Plan
    load_id: int | None = None
    entered: int = 0


def row_changes(connection: Connection) -> Iterator[RowChange]:
    """Stream the rows of the plan that this connection computed last, by group and symbol."""
    with connection.cursor() as cursor:
        # A pager may take its time.
        cursor.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
        rows = stream(
            cursor,
            "SELECT g.name, r.symbol, r.action, r.old_weight, r.new_weight, r.by_hand,"
            " r.membership_id IS NOT NULL, r.in_file, COALESCE(r.new_metadata ->> 'reason', '')"
            " FROM planned_changes r JOIN planned_groups g USING (no)"
            " UNION ALL SELECT s.name || ' @ ' || s.as_of, r.symbol, r.action, r.old_weight, r.new_weight, false,"
            " r.action <> 'added', r.action <> 'removed', '' FROM past_rows r JOIN staged_groups s USING (no)"
            " ORDER BY 1, 2",
        )
        yield from map(RowChange._make, rows)
        cursor.execute("COMMIT")

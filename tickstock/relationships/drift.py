"""Drift: the stored rows are not what the last load left. Three accounts of each row tell what changed.

The base is what the last load left, the file is what its file says now, stored is what is in ``group_memberships``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.checksum import fingerprint

if TYPE_CHECKING:
    from tickstock.relationships.mends import Origin

FILE, DATABASE, BOTH = "file", "database", "both"
Rows = Mapping[str, Decimal | None]


class State(NamedTuple):
    """Whether a symbol is a member (None: not known), and its weight in percent (None: it has none)."""

    member: bool | None
    weight: Decimal | None = None


ABSENT, UNKNOWN = State(False), State(None)


class DriftRow(NamedTuple):
    """A row that is not as the last load left it, by its file, the database or both.

    ``kept``: a hand's row that the last load found and left, so that it is stored as that load left it. ``run`` is
    the run that changed the database, where that is on record.
    """

    symbol: str
    base: State
    file: State
    stored: State
    changed: str
    kept: bool = False
    run: int | None = None

    @property
    def same(self) -> bool:
        """Whether file and database have come to the same."""
        return self.changed == BOTH and self.file == self.stored


class Accounts(NamedTuple):
    """The three accounts of a group's rows, symbol -> weight in percent.

    ``said`` is what the file says, None where it was not read. ``changed``: whether it says other rows than when it
    was loaded, which had the fingerprint ``fingerprint``; None where nobody can tell. ``kept`` are the symbols that
    the load left as a hand had them: what the file said of these is not in the base.
    """

    base: Rows
    said: Rows | None
    stored: Rows
    kept: frozenset[str] = frozenset()
    changed: bool | None = False
    fingerprint: str = ""


def drifted(accounts: Accounts) -> Iterator[DriftRow]:
    """Yield the rows that are not as the load left them, or that it left to a hand, by symbol."""
    base, said, stored, kept = accounts.base, accounts.said, accounts.stored, accounts.kept
    of_database = _different(base, stored)
    of_file = _different(base, said) - kept if accounts.changed and said is not None else set()
    if accounts.changed and kept and not _kept_alike(accounts):
        of_file |= kept
    for symbol in sorted(of_file | of_database | kept):
        was = _state(base, symbol)
        if said is not None:
            says = _state(said, symbol)
        else:
            says = was if accounts.changed is False and symbol not in kept else UNKNOWN
        by_hand = symbol in of_database or symbol in kept
        changed = DATABASE if symbol not in of_file else BOTH if by_hand else FILE
        left_to_hand = symbol in kept and symbol not in of_database
        yield DriftRow(symbol, was, says, _state(stored, symbol), changed, left_to_hand)


def _different(one: Rows, other: Rows) -> set[str]:
    """The symbols that two accounts do not have alike."""
    return set() if one is other else {symbol for symbol, _ in one.items() ^ other.items()}


def _kept_alike(accounts: Accounts) -> bool:
    """Whether the file says of all kept rows what it said when it was loaded.

    That is not on record; but from the right guess follows the fingerprint of the whole file.
    """
    said = accounts.said or {}
    then = {symbol: weight for symbol, weight in accounts.base.items() if symbol not in accounts.kept}
    then |= {symbol: said[symbol] for symbol in accounts.kept if symbol in said}
    return fingerprint(then.items()) == accounts.fingerprint


def _state(rows: Rows, symbol: str) -> State:
    return State(True, rows[symbol]) if symbol in rows else ABSENT


class Record(NamedTuple):
    """A stored group, and what the last load that read its file put on record.

    ``type_then`` and ``name_then`` are what the load read it as; ``version`` is the load's place in ``data_version``;
    ``migrated``: from an entry of an old database, so there never was a file.
    """

    group_id: int
    type_then: str
    name_then: str
    type: str
    name: str
    load_id: int
    version: int | None
    path: str
    checksum: str
    fingerprint: str
    stored_fingerprint: str
    as_of: date | None
    kept_symbols: list[str]
    missing: int
    migrated: bool = False

    @property
    def as_file(self) -> bool:
        """Whether the load left just what its file said: no row to a hand, and none that was missing."""
        return not (self.kept_symbols or self.missing)

    @property
    def renamed(self) -> bool:
        """Whether a hand gave the group another name: no load would bring the file to it any more."""
        return (self.type, self.name) != (self.type_then, self.name_then)


class Event(NamedTuple):
    """What happened to a group, or a file, as a whole; ``database``: it is the database that changed."""

    event: str
    type: str
    name: str
    found: str
    database: bool = False


class GroupDrift(NamedTuple):
    """How many rows of a group drifted, by what changed; ``kept`` counts those that a load kept among the last two.

    ``force``: a hand gave weights to rows of a file without any, and a guard wants to be told that they go.
    """

    record: Record
    file: int
    database: int
    both: int
    kept: int
    force: bool = False

    @property
    def by_hand(self) -> int:
        """Rows that a hand changed and no load has kept."""
        return self.database + self.both - self.kept


class Scope(NamedTuple):
    """What to compare: an environment, or one fund of it; with the files on record, or those of a folder."""

    environment: str
    only: str | None = None
    folder: Path | None = None


class Drift(NamedTuple):
    """All that drifted; ``compared`` counts the groups that were looked at."""

    scope: Scope
    compared: int
    groups: tuple[GroupDrift, ...]
    events: tuple[Event, ...]
    origin: Origin

    @property
    def database_changed(self) -> bool:
        """Whether the database is no longer what the last loads left."""
        return any(group.by_hand for group in self.groups) or any(event.database for event in self.events)

    @property
    def files_wait(self) -> bool:
        """Whether a load would bring something from the files."""
        return any(group.file + group.both for group in self.groups) or any(e.event == "file_new" for e in self.events)

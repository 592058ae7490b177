"""The ledger: which runs changed an environment, what each was, and whether it was taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement

if TYPE_CHECKING:
    from datetime import datetime

    from tickstock.db import Connection


class Undone(NamedTuple):
    """A run was taken back by another: wholly, or for the groups named."""

    by_run: int
    groups: list[str]
    whole: bool


class Run(NamedTuple):
    """One transaction that changed groups or memberships.

    ``kind`` is ``load``, ``undo``, ``restore``, ``manual`` or ``adopted``; ``type`` that of its groups, of a hand's
    all of them; ``mode`` that of a load. The counts are memberships; None where a run recorded none.
    """

    id: int
    started_at: datetime
    committed_at: datetime | None
    kind: str
    type: str | None
    mode: str | None
    program: str
    database_user: str
    undoes: int | None
    note: str | None
    added: int | None
    changed: int | None
    removed: int | None
    files: int
    past_files: int
    undone: tuple[Undone, ...] = ()

    @property
    def what(self) -> str:
        """In words: ``full ETF``, ``undo of 12``, ``by hand: THEME``."""
        of_type = f": {self.type}" if self.type else ""
        if self.kind == "load":
            return " ".join(word for word in (self.mode, self.type) if word) or "load"
        if self.kind == "undo":
            return f"undo of {self.undoes}{of_type}" if self.undoes else f"undo{of_type}"
        return f"{'by hand' if self.kind == 'manual' else self.kind}{of_type}"


def read_runs(connection: Connection, limit: int, offset: int = 0) -> list[Run]:
    """The last runs that changed the environment, the latest first, without the ``offset`` latest of them."""
    with connection.cursor() as cursor:
        cursor.execute(statement("history/runs"), {"limit": limit, "offset": offset})
        runs = [Run(*row) for row in cursor.fetchall()]
    undone = read_undone(connection, (run.id for run in runs))
    return [run._replace(undone=tuple(undone[run.id])) for run in runs]


def read_undone(connection: Connection, runs: Iterable[int]) -> defaultdict[int, list[Undone]]:
    """What took these runs back, by run."""
    result: defaultdict[int, list[Undone]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(statement("history/undone"), {"runs": list(runs)})
        for run, *undone in cursor.fetchall():
            result[run].append(Undone._make(undone))
    return result

"""What happened since a backup: what a restore would take back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement

if TYPE_CHECKING:
    from datetime import datetime

    from tickstock.backups.manifest import Manifest
    from tickstock.db import Cursor

SHOWN = 20


class LostRun(NamedTuple):
    """A run that the backup does not have. ``type`` and ``environment`` are None for a hand's.

    ``note`` says of a restore which backup it was.
    """

    id: int
    at: datetime
    kind: str
    type: str | None
    environment: str | None
    program: str
    user: str
    added: int
    changed: int
    removed: int
    note: str | None


class Lost(NamedTuple):
    """What a restore would take back: the newest runs, and how many there are in all.

    ``same_history``: the state that the backup holds was once that of this database. ``empty``: the database has no
    memberships.
    """

    runs: tuple[LostRun, ...]
    total: int
    same_history: bool
    empty: bool

    @property
    def refused(self) -> bool:
        """Whether somebody should look before this is done."""
        return self.total > 0 or not (self.same_history or self.empty)


def read_lost(cursor: Cursor, manifest: Manifest, read_run_keys: Callable[[], list[str]]) -> Lost:
    """Compare the runs of the database with those of a backup.

    ``read_run_keys`` gives the keys of those that the backup holds; it is called where numbers alone do not tell.
    """
    (since,) = count_since(cursor, [manifest])
    cursor.execute(
        "SELECT NOT EXISTS (SELECT FROM group_memberships),"
        " NOT EXISTS (SELECT FROM load_runs WHERE mode IS DISTINCT FROM 'migration')"
    )
    empty, never_loaded = cursor.fetchone()  # type: ignore[misc]
    if since == 0 or never_loaded:
        return Lost((), 0, since is not None, empty)
    keys = read_run_keys() if since is None else None
    cursor.execute(statement("backups/lost_runs"), {"version": manifest.data_version, "keys": keys, "limit": SHOWN})
    rows = cursor.fetchall()
    runs = tuple(LostRun._make(row[1:]) for row in rows)
    return Lost(runs, rows[0][0] if rows else 0, since is not None, empty)


def count_since(cursor: Cursor, manifests: Sequence[Manifest]) -> list[int | None]:
    """For each backup how many changes were committed after it; None where it is of another history."""
    cursor.execute(
        "SELECT CASE WHEN EXISTS (SELECT FROM data_version d"
        " WHERE d.version = b.version AND d.changed_at = b.changed_at)"
        " THEN (SELECT count(*) FROM data_version d WHERE d.version > b.version) END"
        " FROM unnest(%s::bigint[], %s::timestamptz[]) WITH ORDINALITY b (version, changed_at, no) ORDER BY no",
        ([each.data_version for each in manifests], [each.changed_at for each in manifests]),
    )
    return [since for (since,) in cursor.fetchall()]

"""Backups and restores in words, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickstock.terminal import table

if TYPE_CHECKING:
    from tickstock.backups.folder import Backup
    from tickstock.backups.lost import Lost, LostRun
    from tickstock.backups.restore import Restored


def backup_lines(backup: Backup, removed: Sequence[Path]) -> Iterator[str]:
    """A new backup, and the old ones that had to go."""
    manifest = backup.manifest
    yield f"backup {backup.path}"
    yield f"  data version {manifest.data_version}, {manifest.rows:,} rows, {_size(manifest.bytes)}"
    if removed:
        yield f"  removed {len(removed)} older: {', '.join(path.name for path in removed)}"


def backup_json(backup: Backup) -> dict[str, Any]:
    """A backup, for who reads it with a program."""
    manifest = backup.manifest
    return {
        "path": str(backup.path),
        "made_at": manifest.made_at,
        "data_version": manifest.data_version,
        "tables": {name: content.rows for name, content in manifest.tables.items()},
        "bytes": manifest.bytes,
    }


def list_lines(backups: Sequence[Backup], since: Sequence[int | None], folder: Path) -> Iterator[str]:
    """Which backups there are, the newest first, and what happened after each."""
    if not backups:
        yield f"no backups in {folder}"
    rows = [
        (
            backup.path.name,
            _moment(backup),
            str(backup.manifest.data_version),
            f"{backup.manifest.rows:,}",
            "of another history" if changes is None else _counted(changes, "run") if changes else "nothing",
        )
        for backup, changes in zip(backups, since, strict=True)
    ]
    yield from table(("backup", "made at", "data version", "rows", "since then"), rows, right=(2, 3))


def restored_lines(restored: Restored, where: str) -> Iterator[str]:
    """What a restore did, or would do."""
    manifest = restored.backup.manifest
    done = "Restored" if restored.load_id else "[DRY RUN] Would restore"
    yield f"{done} {restored.backup.path.name}, made {_moment(restored.backup)}, data version {manifest.data_version}"
    yield "  " + ", ".join(f"{content.rows:,} {name}" for name, content in manifest.tables.items() if content.rows)
    if restored.lost:
        yield from lost_lines(restored.lost, "taken back" if restored.load_id else "would be taken back")
    if restored.load_id:
        yield f"Recorded as load {restored.load_id}, data version {restored.data_version}; in {where}"
    else:
        yield "[DRY RUN] No changes written to database"


def restored_json(restored: Restored) -> dict[str, Any]:
    """The same as data."""
    lost = restored.lost
    return {
        "backup": backup_json(restored.backup),
        "dry_run": restored.load_id is None,
        "load_id": restored.load_id,
        "data_version": restored.data_version,
        "lost": lost and lost.total,
        "lost_runs": lost and [{**run._asdict(), "at": run.at.isoformat()} for run in lost.runs],
        "warning": restored.warning or None,
    }


def objection(backup: Backup, lost: Lost) -> str:
    """What speaks against a restore."""
    name = f"the backup {backup.path.name} (data version {backup.manifest.data_version})"
    if lost.total:
        return f"the database has {_counted(lost.total, 'run')} that {name} does not have"
    return f"{name} is of another history: its last change is not on record in this database, which is not empty"


def lost_lines(lost: Lost, done: str = "") -> Iterator[str]:
    """The runs that a restore takes back, the newest first."""
    if done and lost.total:
        yield f"  {done}: {_counted(lost.total, 'run')}"
    yield from (f"  {line}" for line in table(("load", "at (UTC)", "what", "by", "rows"), [*map(_cells, lost.runs)]))
    if lost.total > len(lost.runs):
        yield f"  and {lost.total - len(lost.runs):,} more"


def _cells(run: LostRun) -> tuple[str, ...]:
    kind = "by hand" if run.kind == "manual" else run.kind
    what = " ".join(filter(None, (kind, run.type, run.environment)))
    by = f"{run.program or 'no name'}, {run.user}"
    counts = f"{run.added:,} added, {run.changed:,} changed, {run.removed:,} removed"
    rows = run.note if run.kind == "restore" and run.note else counts
    return str(run.id), f"{run.at:%Y-%m-%d %H:%M:%S}", what, by, rows


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _moment(backup: Backup) -> str:
    return f"{backup.manifest.made_at[:19].replace('T', ' ')} UTC"


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1_000:.1f} kB"

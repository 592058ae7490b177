"""The folder that backups are in. Each is a folder of its own with a dump and a manifest, and is whole or absent."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tickstock.backups.manifest import Manifest, read_manifest
from tickstock.errors import BadInputError, TickstockError
from tickstock.output import sync_folder

DUMP = "data.dump"
MANIFEST = "manifest.json"
LATEST = "latest"
_LOCK = re.compile(r"\.[0-9a-f]{16}\.lock")


class Backup(NamedTuple):
    """A backup that is all there: its folder, and what the manifest says."""

    path: Path
    manifest: Manifest

    @property
    def dump(self) -> Path:
        return self.path / DUMP


def read_backup(path: Path) -> Backup:
    """The backup in a folder.

    Raises:
        BadInputError: it is none, or something of it is missing. The bytes of the dump are not looked at.
    """
    backup = Backup(path, read_manifest(path / MANIFEST))
    try:
        found = backup.dump.stat().st_size
    except OSError as error:
        raise BadInputError(f"{backup.dump} cannot be read: {error.strerror or error}") from error
    if found != backup.manifest.bytes:
        raise BadInputError(f"{backup.dump} has {found} bytes, expected {backup.manifest.bytes}; take another backup")
    return backup


def list_backups(folder: Path) -> list[Backup]:
    """The backups in a folder, the newest first. What is no backup, or not whole, is passed over."""
    found = []
    if folder.is_dir():
        for path in folder.iterdir():
            if not path.name.startswith("."):
                with contextlib.suppress(BadInputError):
                    found.append(read_backup(path))
    return sorted(found, key=lambda backup: (backup.manifest.made_at, backup.path.name), reverse=True)


def find_backup(folder: Path, name: str, origin: str) -> Backup:
    """The backup that a person means: a path, a name in the folder, or ``latest``, the newest of this database.

    Raises:
        BadInputError: there is no such backup, or it is not whole.
    """
    if name != LATEST:
        path = next((path for path in (folder / name, Path(name).absolute()) if path.is_dir()), None)
        if path:
            return read_backup(path)
    there = list_backups(folder)
    for backup in there:
        if name == LATEST and backup.manifest.origin == origin:
            return backup
    what = "backup of this database" if name == LATEST else f"backup {name}"
    names = ", ".join(backup.path.name for backup in there[:5]) or "none"
    hint = "; name one to take it all the same" if name == LATEST and there else ""
    raise BadInputError(
        f"found no {what} in {folder}; there are: {names}{hint} (BACKUP_DIR is where they are looked for)"
    )


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """A folder to make a backup in, under a name that nobody takes for one; removed at the end if it is still there.

    What killed processes left of theirs is removed too.

    Raises:
        TickstockError: nothing can be written there.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder)
        with _hidden_name(folder) as path:
            path.mkdir(0o700)
            path.chmod(0o700)
            yield path
    except OSError as error:
        raise TickstockError(
            f"cannot write a backup to {folder}: {error.strerror or error}; expected a folder on a disk with room, "
            "that you may write to (--to, BACKUP_DIR)"
        ) from error


def publish(fresh: Path, name: str) -> Path:
    """Give a finished folder its name, or the name with a number where it is taken; give the new path."""
    sync_folder(fresh)
    for number in range(1, 1000):
        path = fresh.with_name(name if number == 1 else f"{name}-{number}")
        try:
            fresh.rename(path)
        except OSError:
            if not path.exists():
                raise
        else:
            sync_folder(path.parent)
            return path
    raise TickstockError(f"{fresh.parent} has a thousand backups {name} already")


def write_private(path: Path, content: str) -> None:
    """Write a file that nobody else may read, and see it on the disk."""
    with open_private(path) as descriptor, os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as file:
        file.write(content)


@contextmanager
def open_private(path: Path) -> Iterator[int]:
    """The descriptor of a new file that nobody else may read, on the disk when the block ends well."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if os.name == "posix":
            os.fchmod(descriptor, 0o600)
        yield descriptor
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_newest(folder: Path, made: Backup, keep: int) -> list[Path]:
    """Remove all backups of a database but the newest; give what was removed.

    The one just made is the newest, whatever clocks said before. A link is left alone, and so is a folder that has
    other files beside those of a backup.
    """
    removed = []
    same = [backup.path for backup in list_backups(folder) if backup.manifest.origin == made.manifest.origin]
    try:
        for path in [path for path in same if path.name != made.path.name][keep - 1 :]:
            # Gone at once, whatever happens while its files are removed. Of two at it, one gets it.
            with contextlib.suppress(FileNotFoundError), _hidden_name(folder) as hidden:
                if not path.is_symlink() and {entry.name for entry in path.iterdir()} == {DUMP, MANIFEST}:
                    path.rename(hidden)
                    removed.append(path)
    except OSError as error:
        raise TickstockError(
            f"cannot remove an old backup from {folder}: {error.strerror or error}; expected a folder that you may "
            "write to. The new backup is made"
        ) from error
    return removed


@contextmanager
def _hidden_name(folder: Path) -> Iterator[Path]:
    """A name for a folder that is removed at the end. A file beside it is locked as long as this process lives."""
    from filelock import FileLock

    path = folder / f".{os.urandom(8).hex()}.new"
    lock = FileLock(path.with_suffix(".lock"), mode=0o600, fallback_to_soft=False)
    with lock:
        try:
            yield path
        finally:
            _remove(path)


def _sweep(folder: Path) -> None:
    """Remove the hidden folders of processes that are gone."""
    from filelock import FileLock, Timeout

    for path in folder.iterdir():
        if _LOCK.fullmatch(path.name):
            with contextlib.suppress(Timeout), FileLock(path, blocking=False, fallback_to_soft=False):
                _remove(path.with_suffix(".new"))


def _remove(path: Path) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)
    # Last: without it nobody would know that the folder may go.
    with contextlib.suppress(OSError):
        path.with_suffix(".lock").unlink()

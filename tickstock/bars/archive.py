"""The archive of flat files: every file is an object of the bucket byte for byte, whole or absent.

``YYYY-MM-DD.csv.gz`` are days, ``minute/`` has the minutes, ``quarantine/`` objects that are faulty at the source. A
manifest (:mod:`tickstock.bars.manifest`) keeps their ETags; the files are the truth, the manifest follows them: files
put there by hand are taken up, with the MD5 of their bytes as ETag, as S3 gives plain objects.

Any number of processes and threads may work in one archive at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tickstock.bars.dataset import DATASETS, Dataset, file_name
from tickstock.bars.manifest import Manifest, Row
from tickstock.errors import BadInputError, TickstockError
from tickstock.output import replace_file, sweep

_FILE = re.compile(r"(\d{4}-\d\d-\d\d)\.csv\.gz")
_QUARANTINE = "quarantine"


class Entry(NamedTuple):
    """What the archive knows of a day. ETags have no quotes.

    ``etag`` and ``size`` are those of the file that lies here (``kept``), else of the object seen last. ``seen`` is
    the ETag of the object seen last; ``fault`` says why that one was set aside. A file of an older ETag stays in use
    beside a newer, faulty object: then ``kept`` is true, ``etag`` is the file's, ``seen`` the faulty object's.
    """

    etag: str
    size: int
    kept: bool
    fault: str | None
    seen: str


class Archive:
    """Flat files in a folder, which is created with the first file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifest = Manifest(folder)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know of: that a broken manifest was moved away."""
        return tuple(self._manifest.remarks)

    def path(self, dataset: Dataset, day: date) -> Path:
        """Where a day's file lies, or would lie."""
        return self.folder / dataset.folder / file_name(day)

    def quarantine_path(self, dataset: Dataset, day: date) -> Path:
        """Where a day's faulty object lies, or would lie."""
        return self.folder / _QUARANTINE / dataset.folder / file_name(day)

    def entries(self, dataset: Dataset) -> dict[date, Entry]:
        """All days that are known, in order. Files that came, changed or went are noticed.

        Raises:
            TickstockError: a folder or file cannot be read.
        """
        rows = self._manifest.rows(dataset.name)
        try:
            noticed = self._notice(dataset, rows)
        except OSError as error:
            raise TickstockError(f"cannot read the archive: {error}; expected a folder that you may read") from error
        if noticed:
            self._manifest.remember(dataset.name, noticed)
            rows |= noticed
        return {day: _entry(row) for day, row in sorted(rows.items())}

    def read(self, dataset: Dataset, day: date) -> bytes:
        """The bytes of a day's file.

        Raises:
            BadInputError: there is none, or it cannot be read.
        """
        path = self.path(dataset, day)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise BadInputError(f"the archive has no {path}; fetch the day first") from None
        except OSError as error:
            raise BadInputError(f"cannot read {path}: {error.strerror or error}") from error

    def keep(self, dataset: Dataset, day: date, content: bytes, etag: str) -> None:
        """Put an object into the archive, in place of an older one; a fault of the day is over.

        A kill before its end leaves the older state, or a file that :meth:`entries` takes up.

        Raises:
            TickstockError: there is no room, or no right to write; what was there is as it was.
        """
        modified = _write(self.path(dataset, day), content)
        row = Row(etag, len(content), None, etag, len(content), modified, _md5(content))
        self._manifest.put(dataset.name, day, row)
        self.quarantine_path(dataset, day).unlink(missing_ok=True)

    def set_aside(self, dataset: Dataset, day: date, content: bytes, etag: str, fault: str) -> None:
        """Put a faulty object into quarantine. A good file of an older ETag stays in its place and in use.

        Raises:
            TickstockError: there is no room, or no right to write.
        """
        _write(self.quarantine_path(dataset, day), content)
        self._manifest.put_seen(dataset.name, day, etag, len(content), fault)

    def sweep(self) -> None:
        """Remove what killed processes left half written. What is younger than an hour may still be at work."""
        for dataset in DATASETS.values():
            for folder in (self.folder / dataset.folder, self.folder / _QUARANTINE / dataset.folder):
                sweep(folder, 3600)

    def _notice(self, dataset: Dataset, rows: Mapping[date, Row]) -> dict[date, Row]:
        """Rows of the files that are not as the manifest says."""
        found = dict(_files(self.folder / dataset.folder))
        gone = {day: row.without_file() for day, row in rows.items() if row.file_etag is not None and day not in found}
        changed = {}
        for day, stat in found.items():
            row = rows.get(day)
            if row is None or (row.file_size, row.modified) != (stat.st_size, stat.st_mtime_ns):
                with contextlib.suppress(FileNotFoundError):
                    changed[day] = _taken_up(self.path(dataset, day), stat, row)
        return gone | changed


def _files(folder: Path) -> Iterator[tuple[date, os.stat_result]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if (match := _FILE.fullmatch(entry.name)) and entry.is_file():
                with contextlib.suppress(ValueError, FileNotFoundError):
                    yield date.fromisoformat(match[1]), entry.stat()


def _taken_up(path: Path, stat: os.stat_result, row: Row | None) -> Row:
    """The row of a file that nobody told of. The look at it came before the hash: a later change is noticed again."""
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    same = row is not None and row.md5 == md5
    etag = row.file_etag if row and same and row.file_etag else md5
    seen = row if row else Row(etag, stat.st_size)
    return Row(seen.etag, seen.size, seen.fault, etag, stat.st_size, stat.st_mtime_ns, md5)


def _entry(row: Row) -> Entry:
    if row.file_etag is None or row.file_size is None:
        return Entry(row.etag, row.size, False, row.fault, row.etag)
    return Entry(row.file_etag, row.file_size, True, row.fault, row.etag)


def _write(path: Path, content: bytes) -> int:
    """Write a file, whole or absent; give its time of modification in nanoseconds."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as file:
            file.write(content)
            file.flush()
            return os.fstat(file.fileno()).st_mtime_ns
    except OSError as error:
        raise TickstockError(
            f"cannot write {path}: {error.strerror or error}; expected a disk with room, and the right to write there"
        ) from error


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()

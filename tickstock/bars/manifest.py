"""The manifest of an archive: an SQLite file with the object seen last and the file that lies there, of each day.

It can be lost or broken without harm: it is made again from the files. What it alone knows (which objects are faulty)
costs one more download each.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tickstock.bars.dataset import DATASETS
from tickstock.errors import BusyError, TickstockError

NAME = "manifest.sqlite3"
_WAIT = 60.0
_BROKEN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS days (
    dataset TEXT NOT NULL,
    day TEXT NOT NULL,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    fault TEXT,
    file_etag TEXT,
    file_size INTEGER,
    modified INTEGER,
    md5 TEXT,
    PRIMARY KEY (dataset, day)
) WITHOUT ROWID
"""
_READ = "SELECT day, etag, size, fault, file_etag, file_size, modified, md5 FROM days WHERE dataset = ?"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE name = 'days'"
_PUT = "INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_SEEN = """
INSERT INTO days (dataset, day, etag, size, fault) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET etag = excluded.etag, size = excluded.size, fault = excluded.fault
"""
# SQLite's own waiting between threads is by sleeping; a lock wakes up at once.
_turn = threading.Lock()


class Row(NamedTuple):
    """The object seen last (``fault``: why it is not kept), and the file: None where there is none.

    ``modified`` is in nanoseconds. ``md5`` differs from ``file_etag`` where an object was uploaded in parts.
    """

    etag: str
    size: int
    fault: str | None = None
    file_etag: str | None = None
    file_size: int | None = None
    modified: int | None = None
    md5: str | None = None

    def without_file(self) -> Row:
        return Row(self.etag, self.size, self.fault)


class Manifest:
    """Rows by dataset and day, in ``folder``. A broken file is moved away; ``remarks`` then says so."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self.remarks: list[str] = []

    def rows(self, dataset: str) -> dict[date, Row]:
        """All rows; none where there is no manifest yet.

        Raises:
            BusyError: another process holds it for longer than a minute.
            TickstockError: it cannot be read.
        """
        for _ in range(2):
            if not self._path.exists():
                return {}
            try:
                with _turn, self._connection() as connection:
                    return _rows(connection, dataset)
            except (sqlite3.Error, ValueError, TypeError) as error:
                self._handle(error)
        return {}

    def put(self, dataset: str, day: date, row: Row) -> None:
        """Write a row in place of the day's older one.

        Raises:
            BusyError: as :meth:`rows`.
            TickstockError: it cannot be written.
        """
        self._write(_PUT, [(dataset, day.isoformat(), *row)])

    def put_seen(self, dataset: str, day: date, etag: str, size: int, fault: str | None) -> None:
        """Write which object was seen last; what is known of the day's file stays. Raises as :meth:`put`."""
        self._write(_PUT_SEEN, [(dataset, day.isoformat(), etag, size, fault)])

    def remember(self, dataset: str, rows: Mapping[date, Row]) -> None:
        """Write rows that the files tell anyway: where that is impossible, it is done without."""
        with contextlib.suppress(TickstockError):
            self._write(_PUT, [(dataset, day.isoformat(), *row) for day, row in rows.items()])

    def _write(self, statement: str, rows: list[tuple[object, ...]]) -> None:
        for _ in range(2):
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with _turn, self._connection() as connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute(_SCHEMA)
                    connection.executemany(statement, rows)
                    connection.execute("COMMIT")
                return
            except (sqlite3.Error, OSError) as error:
                self._handle(error)
        raise TickstockError(f"cannot write {self._path}: it is broken again as soon as it is made anew")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # A connection at a time: nothing stays open, and nothing is shared by threads or forked processes.
        with contextlib.closing(sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None)) as connection:
            # A killed process loses nothing by that. A power cut may, and the files tell it again; waiting for the disk
            # would let one file after the other through.
            connection.execute("PRAGMA synchronous = OFF")
            yield connection

    def _handle(self, error: Exception) -> None:
        """Move a broken manifest away, or raise."""
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in _BUSY:
            raise BusyError(f"{self._path} is held by another process; try again") from error
        if primary in _BROKEN or isinstance(error, (ValueError, TypeError)):
            self._move_away(error)
            return
        raise TickstockError(
            f"cannot use {self._path}: {error}; expected a disk with room, and the right to write there"
        ) from error

    def _move_away(self, error: Exception) -> None:
        from filelock import FileLock

        with FileLock(self._path.with_name(f".{NAME}.lock"), timeout=_WAIT):
            if self._is_sound():  # another process was faster
                return
            number = 1
            while (aside := self._path.with_name(f"{NAME}.broken-{number}")).exists():
                number += 1
            self._path.rename(aside)
            # A journal beside a new file would be played back into it.
            self._path.with_name(f"{NAME}-journal").unlink(missing_ok=True)
        self.remarks.append(f"{self._path} was broken ({error}); it is now {aside.name}, and made again from the files")

    def _is_sound(self) -> bool:
        try:
            with self._connection() as connection:
                for dataset in DATASETS:
                    _rows(connection, dataset)
        except (sqlite3.Error, ValueError, TypeError):
            return False
        return True


def _rows(connection: sqlite3.Connection, dataset: str) -> dict[date, Row]:
    # Another process may have made the file, and not its table yet.
    if connection.execute(_IS_THERE).fetchone() is None:
        return {}
    return {date.fromisoformat(day): Row(*values) for day, *values in connection.execute(_READ, (dataset,))}

"""Who uses the server: each client process holds a lock on a file of its own; the lock dies with the process.

filelock has a shared lock too (ReadWriteLock), but that is a transaction in an SQLite file and does not get
on with forks; one plain lock a client needs nothing but the operating system, also when a client is killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock.embedded.folder import Folder
from tickstock.errors import BusyError

if TYPE_CHECKING:
    from filelock import BaseFileLock

PATIENCE = 120.0  # seconds; a first start and a crash recovery, one after the other, on a slow disk


@contextmanager
def alone(folder: Folder) -> Iterator[None]:
    """One process at a time joins, leaves, starts or stops. Raises BusyError after PATIENCE."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder.lock, timeout=PATIENCE, mode=0o600, poll_interval=0.01, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"another process has been starting or stopping the embedded PostgreSQL in {folder.root} for "
            f"{PATIENCE:.0f} seconds: wait, or look into {folder.log}"
        ) from None
    try:
        yield
    finally:
        lock.release()


def join(folder: Folder) -> BaseFileLock:
    """Be counted as a client until :func:`leave`, or until this process ends in whatever way."""
    from filelock import FileLock

    # Any thread may leave: the lock belongs to the process.
    lock = FileLock(
        folder.clients / f"{os.getpid()}-{os.urandom(4).hex()}",
        mode=0o600,
        thread_local=False,
        fallback_to_soft=False,
    )
    lock.acquire(blocking=False)
    return lock


def leave(lock: BaseFileLock) -> None:
    """Be no client any longer."""
    lock.release()
    with suppress(OSError):  # Windows refuses while another client is looking at it; that client removes it
        Path(lock.lock_file).unlink()


def anybody(folder: Folder) -> bool:
    """Whether a client is left. Removes the files of dead ones; call it inside :func:`alone`."""
    from filelock import FileLock, Timeout

    for path in folder.clients.iterdir():
        lock = FileLock(path, fallback_to_soft=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return True
        leave(lock)
    return False

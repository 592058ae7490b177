"""A file of output is whole or absent."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from tickstock.errors import TickstockError

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")


def write_output(path: Path, content: Iterable[str | bytes]) -> None:
    """Write bytes, or text as UTF-8, to a file: under its name is, at any moment, what was there before or all of this.

    A link stays and its target is replaced; the rights of a replaced file are kept. What is no regular file
    (a pipe, a terminal, /dev/stdout) is written to as it is.

    Raises:
        TickstockError: it cannot be written. What was there before is as it was.
    """
    try:
        before = _found(path)
        if before and (not stat.S_ISREG(before.st_mode) or _is_own_stream(before)):
            with path.open("ab") as file:
                file.writelines(map(_encoded, content))
        else:
            _replace(Path(os.path.realpath(path)), content, before)
    except OSError as error:
        raise TickstockError(
            f"cannot write {path}: {error.strerror or error}; expected a file in a folder that exists, on a disk "
            "with room, that you may write to"
        ) from error


def _encoded(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


def _found(path: Path) -> os.stat_result | None:
    with contextlib.suppress(FileNotFoundError):
        return path.stat()
    return None


def _is_own_stream(found: os.stat_result) -> bool:
    """Whether this is the file that stdout or stderr goes to: it is not taken away from under them."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(found, os.fstat(descriptor)):
                return True
    return False


def _replace(target: Path, content: Iterable[str | bytes], before: os.stat_result | None) -> None:
    if before and not os.access(target, os.W_OK):
        raise PermissionError(0, "it is write-protected")
    with replace_file(target) as file:
        if before:
            _keep_rights(file.fileno(), before)
        file.writelines(map(_encoded, content))


@contextlib.contextmanager
def replace_file(target: Path) -> Iterator[BinaryIO]:
    """Give an open file that takes the place of ``target`` at the end, in one step and lasting.

    Whatever goes wrong before that, a kill included, leaves what was there. Other errors than OSError pass through.
    """
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sweep(folder: Path, seconds: float = 0) -> None:
    """Remove what killed writers left half written in a folder. Writers that may be at work need so many seconds."""
    before = time.time() - seconds
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                if _TEMPORARY.fullmatch(path.name) and path.stat().st_mtime <= before:
                    path.unlink()


def _keep_rights(descriptor: int, before: os.stat_result) -> None:
    if os.name == "posix":
        with contextlib.suppress(PermissionError):  # only root gives files away
            os.fchown(descriptor, before.st_uid, before.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system can."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

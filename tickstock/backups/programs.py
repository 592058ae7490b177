"""PostgreSQL's own pg_dump and pg_restore: which of those on this machine to run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.errors import UnavailableError
from tickstock.wheel import PROGRAMS, unpacked_wheel

if TYPE_CHECKING:
    from tickstock.db import Connection, Database

DEBIAN = Path("/usr/lib/postgresql")


class Program(NamedTuple):
    """A program and its version, as in ``18.6``."""

    path: Path
    version: str


def find_pg_dump(database: Database, connection: Connection) -> Program:
    """A pg_dump for the server of this connection: not older than it.

    Raises:
        UnavailableError: there is none.
    """
    # The server's own version first: who wants to read the dump without the suite has that one's pg_restore.
    folders = [database.binaries, *_installed()]
    if not connection.info.ssl_in_use:
        folders.append(_wheel())  # its programs cannot encrypt
    return _first("pg_dump", major(str(connection.info.server_version // 10000)), folders)


def find_pg_restore(database: Database, dump_version: str) -> Program:
    """A pg_restore for what that version of pg_dump wrote.

    Raises:
        UnavailableError: there is none.
    """
    return _first("pg_restore", major(dump_version), [database.binaries, _wheel(), *_installed()])


def major(version: str) -> int:
    """18 of ``18.6``, and of ``18.6 (Debian 18.6-1)``."""
    return int(re.split(r"\D", version)[0])


def _first(name: str, least: int, folders: Iterable[Path | None]) -> Program:
    seen = []
    for program in _programs(name, folders):
        if major(program.version) >= least:
            return program
        seen.append(f"{program.version} at {program.path}")
    raise UnavailableError(
        f"found no {name} that fits: expected version {least} or newer, found {', '.join(seen) or 'none'}; "
        f"install the client programs of PostgreSQL {least} (Debian: postgresql-client-{least})"
    )


def _programs(name: str, folders: Iterable[Path | None]) -> Iterator[Program]:
    for folder in folders:
        path = folder and folder / (f"{name}.exe" if os.name == "nt" else name)
        if path and os.access(path, os.X_OK) and (version := _version(path)):
            yield Program(path, version)


def _installed() -> Iterator[Path]:
    """Where distributions put the programs, the oldest version first, and then the folders of PATH.

    Debian's program on PATH is a script that looks for the right version itself, and takes its time.
    """
    yield from sorted(DEBIAN.glob("[0-9]*/bin"), key=lambda folder: major(folder.parent.name))
    yield from map(Path, filter(None, os.get_exec_path()))


def _wheel() -> Path | None:
    found = unpacked_wheel()
    return found and found / PROGRAMS


def _version(program: Path) -> str | None:
    import subprocess

    try:
        said = subprocess.run([program, "--version"], capture_output=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"\(PostgreSQL\) (\d[\w.]*)", said)
    return found[1].decode("ascii") if found else None

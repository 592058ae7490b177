"""The server as its users see it: a block of code during which it runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickstock.embedded import clients, cluster, postmaster
from tickstock.embedded.account import server_account
from tickstock.embedded.binaries import find_binaries, usable_binaries
from tickstock.embedded.folder import Folder, open_folder
from tickstock.errors import BusyError, TickstockError

if TYPE_CHECKING:
    from filelock import BaseFileLock


@dataclass(frozen=True)
class Server:
    """How to reach the running server. `password` is None unless it listens on TCP."""

    host: str
    port: int
    user: str
    database: str
    password: str | None = field(repr=False)
    binaries: Path
    started: bool

    def parameters(self) -> dict[str, Any]:
        """Keyword arguments for ``psycopg2.connect``."""
        known = {"host": self.host, "port": str(self.port), "user": self.user, "dbname": self.database}
        # The server has no certificate, whatever PGSSLMODE asks for.
        return known | ({"password": self.password, "sslmode": "disable"} if self.password else {})

    @property
    def uri(self) -> str:
        """The same as a ``postgresql://`` URI, *with* the password if there is one."""
        from urllib.parse import quote

        if self.password:
            address = f"{self.user}:{quote(self.password, '')}@{self.host}:{self.port}"
            return f"postgresql://{address}/{self.database}?sslmode=disable"
        return f"postgresql://{self.user}@/{self.database}?host={quote(self.host, '')}&port={self.port}"


@dataclass
class _Hold:
    """This process as a client of one folder: its lock, and how many blocks are open."""

    lock: BaseFileLock
    blocks: int = 0


# Keyed by process too: a forked child inherits the table, but is a client only once it enters a block itself.
_holds: dict[tuple[int, Path], _Hold] = {}
_holds_guard = threading.Lock()


@contextmanager
def running_server(folder: Path, *, transport: cluster.Transport | None = None) -> Iterator[Server]:
    """The server of this data folder, running while the block runs.

    It is shared by all processes of this OS user that are in such a block at the same time; whoever leaves
    last stops it. Blocks may be nested, also across threads. The first use makes the folder and the cluster.

    `transport` says how a server that is started here is reached: ``socket`` (UNIX socket, the default) or
    ``tcp`` (127.0.0.1, random port, password; the default on Windows). One that is running is used as it is.

    Raises BusyError where another process or a recovery takes too long, TickstockError where it cannot run.
    """
    home = _opened(folder)
    holder = (os.getpid(), home.root)
    server = _enter(holder, home, transport or ("tcp" if os.name == "nt" else "socket"))
    try:
        yield server
    finally:
        if holder[0] == os.getpid():
            _leave(holder, home)


def _opened(folder: Path) -> Folder:
    with _explained(folder):
        return open_folder(folder)


def _enter(holder: tuple[int, Path], home: Folder, transport: cluster.Transport) -> Server:
    with _holds_guard, _explained(home.root), clients.alone(home):
        hold = _holds.get(holder) or _Hold(clients.join(home))
        try:
            server = _running_or_started(home, transport)
        except BaseException:
            if hold.blocks == 0:
                clients.leave(hold.lock)
            raise
        hold.blocks += 1
        _holds[holder] = hold
        return server


def _leave(holder: tuple[int, Path], home: Folder) -> None:
    with _holds_guard:
        hold = _holds[holder]
        hold.blocks -= 1
        if hold.blocks:
            return
        del _holds[holder]
        clients.leave(hold.lock)
        # Should the lock stay taken for minutes, its owner, who is a client, stops the server at its own end.
        with suppress(BusyError), _explained(home.root), clients.alone(home):
            if not clients.anybody(home):
                postmaster.stop_server(home, server_account(home.data), find_binaries(home))


def _running_or_started(home: Folder, transport: cluster.Transport) -> Server:
    found = postmaster.running_server_of(home)
    if found:
        return _described(home, found, find_binaries(home), started=False)
    account = server_account(home.data)
    if not account.may_enter(home.root):
        raise TickstockError(
            f"PostgreSQL refuses to run as root, so it runs as OS user id {account.uid}, which may not enter "
            f"{home.root}: use a folder that it may enter, or set DATABASE_URI"
        )
    binaries = usable_binaries(home, account)
    cluster.create_cluster(home, account, binaries)
    if transport == "tcp" and not home.password.exists():
        cluster.set_password(home, account, binaries, home.data)
    found = postmaster.start_server(home, account, binaries, transport)
    return _described(home, found, binaries, started=True)


def _described(home: Folder, found: postmaster.PidFile, binaries: Path, *, started: bool) -> Server:
    password = None if found.host.startswith("/") else home.password.read_text("ascii")
    return Server(found.host, found.port, cluster.USER, cluster.DATABASE, password, binaries, started)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses into one line for people."""
    try:
        yield
    except OSError as error:
        raise TickstockError(
            f"the data folder {folder} of the embedded PostgreSQL cannot be used: "
            f"{error.strerror or error} ({error.filename or folder}). Mend that, or set DATABASE_URI"
        ) from error

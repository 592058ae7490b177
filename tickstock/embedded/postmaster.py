"""The server's process: found, verified, started, stopped.

A pid file proves nothing: its process may be long dead and the number somebody else's. Here a process counts
as a server's only if it is named postgres *and* works in the data folder.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.embedded.account import Account
from tickstock.embedded.cluster import Transport, last_lines, write_settings
from tickstock.embedded.folder import Folder
from tickstock.errors import BusyError, TickstockError

if TYPE_CHECKING:
    import psutil

SOCKET_PORT = 5432  # part of the socket's name; no network port
SLOW = 60.0  # seconds for a start or a shutdown
ORPHANS = 10.0  # seconds until backends notice that their postmaster died
LOG_LIMIT = 1_000_000  # bytes after which the log is begun anew
PORT_ATTEMPTS = 3
# The shortest request that any PostgreSQL answers before it knows us: a length and the code of SSLRequest.
ASK_FOR_TLS = bytes([0, 0, 0, 8, 4, 210, 22, 47])


class PidFile(NamedTuple):
    """What a postmaster says about itself. `host` is its socket's folder, or its address."""

    pid: int
    port: int
    host: str
    state: str


def read_pid_file(data: Path) -> PidFile | None:
    """What stands in ``postmaster.pid``; None if it is missing, torn or garbage."""
    try:
        lines = (data / "postmaster.pid").read_text("utf-8", "surrogateescape").splitlines()
        return PidFile(int(lines[0]), int(lines[3]), lines[4] or lines[5], lines[7].strip())
    except (OSError, ValueError, IndexError):
        return None


def running_server_of(folder: Folder) -> PidFile | None:
    """The server that works in `folder` and takes connections; None if nothing is running.

    Waits for one that is on its way up or down. Raises BusyError when that takes too long, or when processes
    of a dead server will not go.
    """
    begun = time.monotonic()
    while (folder.data / "postmaster.pid").exists():
        found = read_pid_file(folder.data)
        if found and found.state == "ready" and _answers(found, folder):
            return found
        pids = _server_processes(folder)
        if not pids:
            return None
        waited = time.monotonic() - begun
        if waited > (SLOW if found and found.pid in pids else ORPHANS):
            raise BusyError(
                f"PostgreSQL processes {', '.join(map(str, pids))} work in {folder.data}, but have taken no "
                f"connections for {waited:.0f} seconds (state: {found.state if found else 'unknown'}): "
                f"try again later, or look into {folder.log}"
            )
        time.sleep(0.05)
    return None


def start_server(folder: Folder, account: Account, binaries: Path, transport: Transport) -> PidFile:
    """Start the server, detached from our terminal and our pipes.

    Only for when :func:`running_server_of` has just said None: the pid file of a dead server is removed.
    Raises BusyError if it is still starting after SLOW seconds, TickstockError with the end of the log if it
    cannot start.
    """
    for _ in range(PORT_ATTEMPTS):
        (folder.data / "postmaster.pid").unlink(missing_ok=True)
        write_settings(folder, account, transport, SOCKET_PORT if transport == "socket" else _free_port())
        ended_well, said = _pg_ctl_start(folder, account, binaries)
        found = read_pid_file(folder.data)
        if ended_well and found:
            return found
        if found and _is_server(found.pid, folder):
            raise BusyError(f"PostgreSQL in {folder.root} is still starting, try later: {last_lines(said)}")
        if transport == "socket" or "could not bind" not in said:
            break
    raise TickstockError(
        f"the embedded PostgreSQL did not start; {folder.log} ends with: {last_lines(said)}. "
        "Mend what it names and run again, or set DATABASE_URI"
    )


def stop_server(folder: Folder, account: Account, binaries: Path) -> None:
    """Stop the server that runs in `folder`, if any: open transactions are rolled back, the data flushed.

    Returns when it has ended, or after SLOW seconds; it then goes on ending by itself.
    """
    found = read_pid_file(folder.data)
    if not found or not _is_server(found.pid, folder):
        return
    account.run([binaries / "pg_ctl", "kill", "INT", str(found.pid)], folder.root)
    deadline = time.monotonic() + SLOW
    while _is_server(found.pid, folder) and time.monotonic() < deadline:
        time.sleep(0.01)


def _pg_ctl_start(folder: Folder, account: Account, binaries: Path) -> tuple[bool, str]:
    """Whether ``pg_ctl start`` saw the server ready, and what was added to the log meanwhile."""
    if folder.log.exists() and folder.log.stat().st_size > LOG_LIMIT:
        folder.log.unlink()
    folder.log.touch(0o600)  # statements that failed stand in it, with their data
    with folder.log.open("ab") as log:
        begin = log.tell()
        # Relative paths, because pg_ctl puts what it is given between double quotes on a shell's line.
        options = f"-c config_file=../postgresql.conf -c cluster_name={folder.mark}"
        command = ["start", "-w", "-t", f"{SLOW:.0f}", "-D", ".", "-o", options]
        result = account.run([binaries / "pg_ctl", *command], folder.data, output=log)
    with folder.log.open("rb") as log:
        log.seek(begin)
        return result.returncode == 0, log.read().decode("utf-8", "replace")


def _free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(found: PidFile, folder: Folder) -> bool:
    """Whether the server takes a connection, and says so itself: a killed one is still connected to for a while.

    A socket lies in a folder that is closed to all others, so who answers there is our server. A port may
    have become another program's since, so there the process is looked at first.
    """
    by_socket = found.host.startswith("/")
    if not by_socket and not _is_server(found.pid, folder):
        return False
    address = f"{found.host}/.s.PGSQL.{found.port}" if by_socket else (found.host, found.port)
    try:
        with socket.socket(socket.AF_UNIX if by_socket else socket.AF_INET) as probe:
            probe.settimeout(1)
            probe.connect(address)
            probe.sendall(ASK_FOR_TLS)
            return probe.recv(1) == b"N"
    except OSError:
        return False


def _is_server(pid: int, folder: Folder) -> bool:
    import psutil

    try:
        return _works_in(psutil.Process(pid), folder)
    except (psutil.Error, ValueError):
        return False


def _server_processes(folder: Folder) -> list[int]:
    import psutil

    return [process.pid for process in psutil.process_iter() if _works_in(process, folder)]


def _works_in(process: psutil.Process, folder: Folder) -> bool:
    """Whether this is a living PostgreSQL process of the cluster in `folder`."""
    import psutil

    try:
        if process.name() not in ("postgres", "postgres.exe"):
            return False
        try:
            return Path(process.cwd()) == folder.data
        except psutil.AccessDenied:
            # Root in a container often may not see where another user's process works, but may read its
            # title, where PostgreSQL puts the name of the cluster.
            if process.status() == psutil.STATUS_ZOMBIE or process.uids().real != folder.data.stat().st_uid:
                return False
            return folder.mark in " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return False

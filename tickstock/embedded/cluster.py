"""The cluster on disk: made whole or not at all, and the server's settings, written before each start."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Literal

from tickstock.embedded.account import Account, invoking_user
from tickstock.embedded.folder import Folder, socket_folder
from tickstock.errors import TickstockError

Transport = Literal["socket", "tcp"]
USER = "tickstock"
DATABASE = "tickstock"


def create_cluster(folder: Folder, account: Account, binaries: Path) -> None:
    """Make the cluster with its role and database, where there is none.

    All of it happens in a folder of another name that is renamed at the end, so there is no half of a
    cluster; what an interrupted attempt left is removed. Raises TickstockError with what the programs said.
    """
    for left in folder.root.glob("data.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    if folder.data.exists():
        return
    fresh = folder.root / f"data.new-{os.urandom(4).hex()}"
    fresh.mkdir(0o700)
    account.own(fresh)
    # The settings of `write_settings` decide who may connect; started with those of initdb, nobody can.
    options = ["--username", USER, "--encoding=UTF8", "--no-locale", "--auth=reject", "--no-instructions"]
    _run(account, [binaries / "initdb", "-D", fresh, *options], fresh)
    _single_user(account, binaries, fresh, f"CREATE DATABASE {DATABASE}")
    set_password(folder, account, binaries, fresh)
    fresh.rename(folder.data)


def set_password(folder: Folder, account: Account, binaries: Path, data: Path) -> None:
    """Give the role a new random password, and write it to `folder.password`. No server may be running."""
    import secrets  # slow to import

    password = secrets.token_urlsafe(32)
    folder.password.unlink(missing_ok=True)
    _single_user(account, binaries, data, f"ALTER ROLE {USER} PASSWORD '{password}'")
    fresh = folder.password.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(0o600)
    fresh.write_text(password, "ascii")
    fresh.replace(folder.password)


def write_settings(folder: Folder, account: Account, transport: Transport, port: int) -> None:
    """Write the configuration, and the rules that let in the invoking OS user, or the password, alone."""
    if transport == "socket":
        place = _in_list(socket_folder(folder, account))
        listen = f"listen_addresses = ''\nunix_socket_directories = '{place}'\n"
        rule = "local all all peer map=tickstock\n"
        _write(folder, "pg_ident.conf", f'tickstock "{invoking_user()}" all\n')
    else:
        listen = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
        rule = "host all all 127.0.0.1/32 scram-sha-256\n"
        _write(folder, "pg_ident.conf", "")
    _write(folder, "pg_hba.conf", rule)
    # initdb's file comes first: it found out what kind of shared memory this machine has.
    _write(
        folder,
        "postgresql.conf",
        "# Written at each start; changes made here are lost.\n"
        "include 'data/postgresql.conf'\n"
        "hba_file = '../pg_hba.conf'\n"
        "ident_file = '../pg_ident.conf'\n"
        f"{listen}"
        f"port = {port}\n"
        "unix_socket_permissions = 0700\n"
        "max_connections = 100\n"
        "shared_buffers = 128MB\n"
        "max_wal_size = 1GB\n"
        "timezone = 'UTC'\n"
        "log_timezone = 'UTC'\n"
        "log_checkpoints = off\n",
    )


def _in_list(path: Path) -> str:
    """`path` as the one element of a list that stands between single quotes."""
    return '"' + str(path).replace('"', '""').replace("\\", "\\\\").replace("'", "''") + '"'


def _write(folder: Folder, name: str, text: str) -> None:
    path = folder.root / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)  # the server may run as another user; the folder around it decides who gets here


def _single_user(account: Account, binaries: Path, data: Path, statement: str) -> None:
    command: list[str | Path] = [binaries / "postgres", "--single", "-D", data]
    command += ["-c", "exit_on_error=on", "postgres"]
    _run(account, command, data, statement + "\n")


def _run(account: Account, command: list[str | Path], cwd: Path, feed: str = "") -> None:
    result = account.run(command, cwd, feed)
    if result.returncode != 0:
        raise TickstockError(
            f"the embedded PostgreSQL cannot be set up: {Path(command[0]).name} ended with status "
            f"{result.returncode}: {last_lines(result.stdout)}. Free what is missing, or set DATABASE_URI"
        )


def last_lines(text: str) -> str:
    """The last five lines of a program's output, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-5:]) or "(it said nothing)"

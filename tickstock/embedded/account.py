"""The OS user that the server runs as: whoever calls, but for root, as which PostgreSQL refuses to run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tickstock.errors import TickstockError

if TYPE_CHECKING:
    from subprocess import CompletedProcess

SERVER_USERS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """`uid` and `gid` of the server's processes (0 on Windows); `other`: it is not the invoking user."""

    uid: int
    gid: int
    other: bool

    def own(self, path: Path) -> None:
        """Give a file or folder that we made to this user."""
        if self.other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may_enter(self, folder: Path) -> bool:
        """Whether the permission bits let this user through to `folder`."""
        return not self.other or all(self._may(step, 0o1) for step in (folder, *folder.parents))

    def may_use(self, program: Path) -> bool:
        """Whether the permission bits let this user read and run `program`."""
        return not self.other or (self.may_enter(program.parent) and self._may(program, 0o5))

    def _may(self, path: Path, wanted: int) -> bool:
        found = path.stat()
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 0
        return (found.st_mode >> shift) & wanted == wanted

    def run(
        self, command: Sequence[str | Path], cwd: Path, feed: str = "", output: IO[bytes] | None = None
    ) -> CompletedProcess[str]:
        """Run a program of PostgreSQL to its end, with none of our secrets in its environment.

        Its stdout and stderr go to `output`, or else into the result's `stdout`. A program that leaves a
        daemon behind needs an `output` that is no pipe: the daemon keeps it open.
        """
        import subprocess

        if os.name == "nt":
            environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        else:
            environment = {"PATH": os.defpath, "LC_ALL": "C"}
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            input=feed,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            user=self.uid if self.other else None,
            group=self.gid if self.other else None,
            extra_groups=[] if self.other else None,
        )


def server_account(data: Path) -> Account:
    """Who runs the server of the cluster `data`: its owner, or, before it exists, the user it shall have.

    Raises TickstockError where root finds no user to run it as.
    """
    if os.name == "nt":
        return Account(0, 0, other=False)
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), other=False)
    if data.exists():
        return Account(data.stat().st_uid, data.stat().st_gid, other=True)
    import pwd

    for name in SERVER_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, other=True)
    raise TickstockError(
        "PostgreSQL refuses to run as root, and this machine has neither of the OS users "
        f"{' and '.join(SERVER_USERS)}: add one, run as an ordinary user, or set DATABASE_URI"
    )


def invoking_user() -> str:
    """The name of the OS user that runs this process. POSIX only."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise TickstockError(
            f"OS user id {os.geteuid()} has no name on this machine, and PostgreSQL knows its callers by "
            "name: add the user to the machine's list (/etc/passwd), or set DATABASE_URI"
        ) from None

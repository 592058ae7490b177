"""Settings: the only place that reads the environment and the ``.env`` file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from tickstock.errors import BadInputError

REPOSITORY = Path(__file__).resolve().parent.parent
EMBEDDED = "embedded"
ADMIN_URL = "http://localhost:5000"
_URI_NAMES = ("DATABASE_URI", "DATABASE_URL")

_URI = re.compile(
    r"^postgres(?:ql)?(?:\+\w+)?://"
    r"(?:(?P<user>[^:@/?]*)(?::(?P<password>.*))?@)?"
    r"(?P<rest>[^@]*)$",
    re.DOTALL,
)


class Settings(NamedTuple):
    """What the environment and ``.env`` say. Frozen; tests build their own.

    ``database`` holds the keyword arguments of ``psycopg2.connect``, or is None for the embedded server.
    ``holdings``, ``data`` and ``backups`` are absolute folders, ``admin`` is the address of the admin application.
    """

    database: Mapping[str, Any] | None
    holdings: Path
    data: Path | None
    admin: str = ADMIN_URL
    backups: Path = REPOSITORY / "backups"

    def __repr__(self) -> str:
        shown = {k: "***" if k == "password" else v for k, v in (self.database or {}).items()}
        return f"Settings(database={shown or EMBEDDED}, holdings={self.holdings}, data={self.data})"


def read_settings(environ: Mapping[str, str] | None = None, repository: Path = REPOSITORY) -> Settings:
    """Read the settings from ``environ`` (default: the process's own), then from ``repository/.env``.

    An empty value counts as not set. Relative folders in ``.env`` or the environment are taken from the
    current folder.

    Raises:
        BadInputError: ``DATABASE_URI`` is not a PostgreSQL address.
    """
    sources = (os.environ if environ is None else environ, _dotenv(repository / ".env"))
    uri = next((uri for source in sources for name in _URI_NAMES if (uri := source.get(name, "").strip())), None)
    values = {name: value for source in reversed(sources) for name, value in source.items() if value}
    data = values.get("TICKSTOCK_DATA_DIR")
    return Settings(
        database=None if uri is None or uri.casefold() == EMBEDDED else connection_parameters(uri),
        holdings=Path(values.get("HOLDINGS_DIR", repository / "holdings")).absolute(),
        data=Path(data).absolute() if data else None,
        admin=values.get("ADMIN_URL", ADMIN_URL),
        backups=Path(values.get("BACKUP_DIR", repository / "backups")).absolute(),
    )


def connection_parameters(uri: str) -> dict[str, Any]:
    """Turn a PostgreSQL URI into keyword arguments for ``psycopg2.connect``.

    The schemes ``postgres://``, ``postgresql://`` and ``postgresql+driver://`` are one. A password may hold
    any character, percent-encoded or as it is: it reaches to the last ``@``.

    Raises:
        BadInputError: the address has another form. The message does not repeat it: it may hold a password.
    """
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    match = _URI.match(uri.strip())
    if match is None:
        raise BadInputError(
            "DATABASE_URI is no PostgreSQL address; expected postgresql://user:password@host:5432/database "
            "(or 'embedded' for the server that comes with the suite)"
        )
    try:
        parameters: dict[str, Any] = parse_dsn("postgresql://" + match["rest"])
    except ProgrammingError:
        parameters = {"port": "unreadable"}
    if not re.fullmatch(r"[0-9,]*", parameters.get("port", "")):
        raise BadInputError(
            "DATABASE_URI cannot be read after the user's part; expected postgresql://user:password@host:5432/database"
        )
    if match["user"]:
        parameters["user"] = unquote(match["user"])
    if match["password"]:
        # A lone % is a character of the password; only real escapes are decoded.
        parameters["password"] = re.sub(r"(?:%[0-9A-Fa-f]{2})+", lambda m: unquote(m[0]), match["password"])
    return parameters


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}

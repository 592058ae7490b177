"""Settings: the only place that reads the environment and the ``.env`` file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from tickstock.errors import BadInputError
from tickstock.market_settings import Market, market_settings

REPOSITORY = Path(__file__).resolve().parent.parent
EMBEDDED = "embedded"
NOBODY = "none"
ADMIN_URL = "http://localhost:5000"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_URI_NAMES = ("DATABASE_URI", "DATABASE_URL")

_LOGIN = r"(?:(?P<user>[^:@/?]*)(?::(?P<password>.*))?@)?"
_URI = re.compile(rf"^postgres(?:ql)?(?:\+\w+)?://{_LOGIN}(?P<rest>[^@]*)$", re.DOTALL)
_REDIS = re.compile(rf"^(?P<scheme>rediss?|unix)://{_LOGIN}(?P<rest>[^@#]*)$", re.DOTALL)
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?(?:/\d*)?(?:\?.*)?")
_SOCKET = re.compile(r"/[^?]+(?:\?.*)?")


class Serve(NamedTuple):
    """How the admin application is served.

    ``folder`` keeps its password and sessions; ``trusted_hosts`` are the names that it may be called by; ``https``: a
    proxy in front of it encrypts; ``token`` is what our own programs send to it.
    """

    host: str = "127.0.0.1"
    port: int = 5000
    trusted_hosts: tuple[str, ...] = LOOPBACK_HOSTS
    https: bool = False
    folder: Path = REPOSITORY / ".admin"
    token: str | None = None

    def __repr__(self) -> str:
        return f"Serve({self.host}:{self.port}, token={'***' if self.token else None})"


class Settings(NamedTuple):
    """What the environment and ``.env`` say. Frozen; tests build their own.

    ``database`` holds the keyword arguments of ``psycopg2.connect``, or is None for the embedded server.
    ``holdings``, ``data`` and ``backups`` are absolute folders, ``admin`` is the address of the admin application,
    ``serve`` how to serve it; ``redis`` is the address of the Redis that is told of what was committed, as it was
    given, or None; ``market`` is about market data.
    """

    database: Mapping[str, Any] | None
    holdings: Path
    data: Path | None
    admin: str = ADMIN_URL
    backups: Path = REPOSITORY / "backups"
    serve: Serve = Serve()
    redis: str | None = None
    market: Market = market_settings({}, REPOSITORY, Path.home())

    def __repr__(self) -> str:
        shown = {k: "***" if k == "password" else v for k, v in (self.database or {}).items()}
        redis = "***" if self.redis else None
        return f"Settings(database={shown or EMBEDDED}, holdings={self.holdings}, data={self.data}, redis={redis})"


def read_settings(environ: Mapping[str, str] | None = None, repository: Path = REPOSITORY) -> Settings:
    """Read the settings from ``environ`` (default: the process's own), then from ``repository/.env``.

    An empty value counts as not set. Relative folders in ``.env`` or the environment are taken from the
    current folder.

    Raises:
        BadInputError: ``DATABASE_URI`` is not a PostgreSQL address, or ``PORT`` no port; for market data see
            :func:`tickstock.market_settings.market_settings`.
    """
    sources = (os.environ if environ is None else environ, _dotenv(repository / ".env"))
    uri = next((uri for source in sources for name in _URI_NAMES if (uri := source.get(name, "").strip())), None)
    values = {name: value for source in reversed(sources) for name, value in source.items() if value}
    data = values.get("TICKSTOCK_DATA_DIR")
    redis = values.get("REDIS_URL", "").strip()
    return Settings(
        database=None if uri is None or uri.casefold() == EMBEDDED else connection_parameters(uri),
        holdings=Path(values.get("HOLDINGS_DIR", repository / "holdings")).absolute(),
        data=Path(data).absolute() if data else None,
        admin=values.get("ADMIN_URL", ADMIN_URL),
        backups=Path(values.get("BACKUP_DIR", repository / "backups")).absolute(),
        serve=_serve(values, repository),
        redis=None if redis.casefold() in ("", NOBODY) else redis,
        market=market_settings(values, repository, Path.home()),
    )


def _serve(values: Mapping[str, str], repository: Path) -> Serve:
    port = values.get("PORT", "5000")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise BadInputError(f"PORT is {port!r}, expected a number up to 65535")
    hosts = tuple(filter(None, (name.strip() for name in values.get("TRUSTED_HOSTS", "").split(","))))
    return Serve(
        host=values.get("ADMIN_HOST", "127.0.0.1"),
        port=int(port),
        trusted_hosts=(*LOOPBACK_HOSTS, *hosts),
        https=values.get("ADMIN_HTTPS", "").casefold() in ("1", "true", "yes", "on"),
        folder=Path(values.get("ADMIN_DIR", repository / ".admin")).absolute(),
        token=values.get("ADMIN_TOKEN"),
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
        parameters["password"] = _decoded(match["password"])
    return parameters


def redis_parameters(url: str) -> dict[str, str]:
    """Turn the address of a Redis into keyword arguments for ``redis.Redis.from_url``.

    ``url`` in them has no user and no password, so that its part before ``?`` can be shown. For the password the rules
    of :func:`connection_parameters` hold.

    Raises:
        BadInputError: the address has another form. The message does not repeat it.
    """
    match = _REDIS.match(url)
    if match is None or not (_SOCKET if match["scheme"] == "unix" else _HOST).fullmatch(match["rest"]):
        raise BadInputError(
            "REDIS_URL is no address of a Redis; expected redis://user:password@host:6379/0, rediss:// for TLS, "
            "unix:///path/of/socket, or 'none'"
        )
    parameters = {"url": f"{match['scheme']}://{match['rest']}"}
    if match["user"]:
        parameters["username"] = unquote(match["user"])
    if match["password"]:
        parameters["password"] = _decoded(match["password"])
    return parameters


def _decoded(password: str) -> str:
    # A lone % is a character of the password; only real escapes are decoded.
    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", lambda m: unquote(m[0]), password)


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}

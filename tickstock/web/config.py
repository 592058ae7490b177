"""What the admin application is told when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from tickstock.errors import UsageError
from tickstock.settings import LOOPBACK_HOSTS, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tickstock.db import Database
    from tickstock.runtime_cache import RelationshipCache
    from tickstock.web.secrets_file import Secrets
    from tickstock.web.sessions import Sessions


@dataclass(frozen=True)
class WebConfig:
    """``trusted_hosts`` are the names that a request may call the application by (its ``Host``).

    ``secrets`` gives what holds now: they may be changed while it runs. ``holdings`` is the folder of input files,
    ``redis`` the address of who is told what was committed.
    """

    database: Database
    cache: RelationshipCache
    secrets: Callable[[], Secrets]
    sessions: Sessions
    holdings: Path = REPOSITORY / "holdings"
    environment: str = "DEFAULT"
    trusted_hosts: tuple[str, ...] = LOOPBACK_HOSTS
    secure_cookies: bool = False
    redis: str | None = None


def check_exposure(host: str, secrets: Secrets, trusted_hosts: tuple[str, ...]) -> None:
    """Refuse to listen where others can reach it, unless it is told how to keep them out.

    Raises:
        UsageError: what is missing.
    """
    if is_loopback(host):
        return
    missing = [
        what
        for what, there in (
            ("a password (make admin-password)", secrets.password_hash),
            ("a token (make admin-token)", secrets.token_hash),
            ("TRUSTED_HOSTS, the names that it is reached by", set(trusted_hosts) - set(LOOPBACK_HOSTS)),
        )
        if not there
    ]
    if missing:
        raise UsageError(f"ADMIN_HOST {host} can be reached by others; set {', and '.join(missing)} first")


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

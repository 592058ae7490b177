"""The application behind waitress."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from tickstock.errors import UsageError
from tickstock.web.app import create_app
from tickstock.web.config import WebConfig, check_exposure
from tickstock.web.secrets_file import KeptSecrets
from tickstock.web.sessions import Sessions
from tickstock.web.words import compile_templates

if TYPE_CHECKING:
    from tickstock.db import Database
    from tickstock.runtime_cache import RelationshipCache
    from tickstock.settings import Settings

THREADS = 8


def serve(settings: Settings, database: Database, cache: RelationshipCache, ready: Callable[[str], None]) -> None:
    """Serve until the process is told to end; ``ready`` is told the address, once it answers.

    Raises:
        UsageError: others could reach it and nothing keeps them out; or the port is taken.
    """
    from waitress import create_server

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that requests wait for each other is no news
    asked = settings.serve
    kept = KeptSecrets(asked.folder / "secrets.json")
    check_exposure(asked.host, kept(), asked.trusted_hosts)
    sessions = Sessions(asked.folder / "sessions.json", lambda: kept().session_key)
    config = WebConfig(
        database, cache, kept, sessions, settings.holdings, cache.environment, asked.trusted_hosts, asked.https,
        settings.redis,
    )  # fmt: skip
    app = create_app(config)
    compile_templates(app)
    try:
        server = create_server(app, host=asked.host, port=asked.port, threads=THREADS, ident=None)
    except OSError as error:
        taken = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise UsageError(f"cannot listen at {asked.host}:{asked.port} ({taken}); set ADMIN_HOST, or PORT") from error
    try:
        ready(f"http://{asked.host}:{server.effective_port}/admin/")
        server.run()
    finally:
        server.close()

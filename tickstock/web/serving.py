"""The application behind waitress."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from waitress.task import ThreadedTaskDispatcher

from tickstock.errors import UsageError
from tickstock.web.app import create_app
from tickstock.web.config import WebConfig, check_exposure
from tickstock.web.secrets_file import KeptSecrets
from tickstock.web.sessions import Sessions
from tickstock.web.streams import MOST
from tickstock.web.words import compile_templates

if TYPE_CHECKING:
    from flask import Flask
    from waitress.server import BaseWSGIServer

    from tickstock.db import Database
    from tickstock.runtime_cache import RelationshipCache
    from tickstock.settings import Settings

THREADS = 8 + MOST  # each stream of events holds one


class _Threads(ThreadedTaskDispatcher):  # type: ignore[misc]
    """The threads of the server. Streams of events end by themselves after minutes: at its end they are told to."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._streams = app.extensions["tickstock_streams"]
        self.set_thread_count(THREADS)

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:
        self._streams.stop()
        return bool(super().shutdown(cancel_pending, timeout))


def make_server(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """The application's server, which listens at once and answers when it runs. Raises OSError where it cannot."""
    from waitress import create_server

    # Nothing is done with the headers of a proxy, but that there are some tells who is no program on this machine.
    # The lookahead lets a stream know that its page is gone.
    return create_server(
        app, host=host, port=port, ident=None, clear_untrusted_proxy_headers=False, channel_request_lookahead=1,
        _dispatcher=_Threads(app),
    )  # fmt: skip


def serve(settings: Settings, database: Database, cache: RelationshipCache, ready: Callable[[str], None]) -> None:
    """Serve until the process is told to end; ``ready`` is told the address, once it answers.

    Raises:
        UsageError: others could reach it and nothing keeps them out; or the port is taken.
    """
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
        server = make_server(app, asked.host, asked.port)
    except OSError as error:
        taken = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise UsageError(f"cannot listen at {asked.host}:{asked.port} ({taken}); set ADMIN_HOST, or PORT") from error
    try:
        ready(f"http://{asked.host}:{server.effective_port}/admin/")
        server.run()
    finally:
        server.close()

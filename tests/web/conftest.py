"""The admin application on a small database, asked in this process or over a socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from waitress import wasyncore

from tests.runtime_cache.conftest import cache, make_cache, stored
from tickstock.db import Database
from tickstock.runtime_cache import RelationshipCache
from tickstock.web import create_app
from tickstock.web.config import WebConfig
from tickstock.web.secrets_file import KeptSecrets
from tickstock.web.serving import make_server
from tickstock.web.sessions import Sessions

__all__ = ["cache", "make_cache", "stored"]

MakeApp = Callable[..., Flask]


@pytest.fixture
def secrets_path(tmp_path: Path) -> Path:
    return tmp_path / "admin.json"


@pytest.fixture
def make_app(database: Database, cache: RelationshipCache, secrets_path: Path) -> MakeApp:
    """The application, as it starts with what the file of secrets holds by then."""

    def make(extend: Callable[[WebConfig], Blueprint] | None = None, **options: Any) -> Flask:
        kept = KeptSecrets(secrets_path)
        sessions = Sessions(secrets_path.with_name("sessions.json"), lambda: kept().session_key)
        config = WebConfig(database, cache, kept, sessions, **options)
        app = create_app(config)
        app.config["sessions_of_test"] = sessions
        if extend:
            app.register_blueprint(extend(config))
        return app

    return make


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    return make_app().test_client()


@pytest.fixture
def address(make_app: MakeApp) -> Iterator[str]:
    """Of the application behind its real server, on this machine."""
    with served(make_app()) as found:
        yield found


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of an application behind its real server, while the block runs."""
    server = make_server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.task_dispatcher.shutdown()
        # Its own thread closes what it waits for.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join()

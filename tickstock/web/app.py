"""The application, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from tickstock.web.asking import asking
from tickstock.web.assets import add_assets
from tickstock.web.cache_api import cache_api
from tickstock.web.dashboard import dashboard
from tickstock.web.events import events
from tickstock.web.funds import funds
from tickstock.web.groups import groups
from tickstock.web.health import health
from tickstock.web.historical_data import historical_data
from tickstock.web.loads import loads
from tickstock.web.login import login
from tickstock.web.organizing import organizing
from tickstock.web.preview import preview
from tickstock.web.problems import handle_problems
from tickstock.web.reading import read_only
from tickstock.web.search import search
from tickstock.web.stocks import stocks
from tickstock.web.streams import Streams
from tickstock.web.undoing import undoing
from tickstock.web.words import add_words

if TYPE_CHECKING:
    from flask import Response

    from tickstock.web.config import WebConfig

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LARGEST_BODY = 64 * 1024


def create_app(config: WebConfig) -> Flask:
    """Make the application. It opens no connection before the first request that needs one."""
    app = Flask(__name__)
    app.config.update(
        TRUSTED_HOSTS=list(config.trusted_hosts),
        MAX_CONTENT_LENGTH=_LARGEST_BODY,
    )
    add_words(app)
    add_assets(app)
    handle_problems(app)
    app.register_blueprint(health(config))
    app.register_blueprint(cache_api(config))
    app.register_blueprint(login(config))
    _add_pages(app, config)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def _add_pages(app: Flask, config: WebConfig) -> None:
    reading = read_only(config.database)
    ask = asking(reading, config.environment)
    app.register_blueprint(dashboard(config, reading, ask))
    for pages in (search, groups, funds, stocks, loads, historical_data):
        app.register_blueprint(pages(config, ask))
    app.register_blueprint(undoing(config))
    app.register_blueprint(preview(config))
    app.register_blueprint(organizing(config))
    streams = app.extensions["tickstock_streams"] = Streams(config.database)
    app.register_blueprint(events(config, streams))

    @app.context_processor
    def name_environment() -> dict[str, str]:
        return {"environment": config.environment}

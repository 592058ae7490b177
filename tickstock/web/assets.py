"""Static files, each under an address of its version, so that browsers ask for none of them twice."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, send_file

if TYPE_CHECKING:
    from flask import Flask

YEAR = 365 * 24 * 3600


def add_assets(app: Flask) -> None:
    """Serve the static files, and htmx with its extension for events, which lie in the package ``django-htmx``; nothing
    of Django is imported.
    """
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = YEAR
    htmx = _htmx()
    pages = Blueprint("assets", __name__)

    @pages.get("/static/<any(htmx, htmx_sse):name>.js")
    def script(name: str) -> Response:
        return send_file(htmx[name], mimetype="text/javascript", max_age=YEAR)

    if htmx:
        app.register_blueprint(pages)

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["v"] = _version(Path(current_app.static_folder or "") / values["filename"])
        elif endpoint == "assets.script":
            values["v"] = _version(htmx[values["name"]])

    @app.context_processor
    def tell() -> dict[str, bool]:
        return {"has_htmx": bool(htmx)}


def _htmx() -> dict[str, Path]:
    """The files by their names; none where the package is not installed: every page works without it."""
    spec = find_spec("django_htmx")
    if not spec or not spec.origin:
        return {}
    folder = Path(spec.origin).with_name("static") / "django_htmx"
    files = {"htmx": folder / "htmx-2.min.js", "htmx_sse": folder / "ext" / "hx-sse-2.min.js"}
    return files if all(path.is_file() for path in files.values()) else {}


@cache
def _version(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""

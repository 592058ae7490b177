"""Whether it lives, whether it can answer, and its counters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from tickstock.errors import TickstockError
from tickstock.web.problems import problem

if TYPE_CHECKING:
    from tickstock.web.config import WebConfig

_DOCUMENT = Path(__file__).with_name("openapi.json")
_COUNTERS = (
    ("hits", "counter", "questions answered from memory"),
    ("misses", "counter", "questions that had to wait for the data"),
    ("refreshes", "counter", "times that the data was read"),
    ("failures", "counter", "times that it could not be read"),
    ("stale", "gauge", "1 where nobody knows whether it is the newest state"),
    ("version", "gauge", "version of the data that is served"),
    ("age_seconds", "gauge", "since the data was read"),
    ("bytes", "gauge", "bytes of the data, without names"),
    ("etfs", "gauge", "funds"),
    ("symbols", "gauge", "symbols"),
    ("memberships", "gauge", "memberships"),
)


def health(config: WebConfig) -> Blueprint:
    """``/healthz``, ``/readyz``, ``/metrics`` and ``/openapi.json``: no secrets, so nobody has to say who they are."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @pages.get("/readyz")
    def readyz() -> Response | dict[str, object]:
        try:
            stats = config.cache.warm_cache()
        except TickstockError as error:
            return problem(503, str(error))
        return {"status": "ready", "version": stats.version, "stale": stats.stale}

    @pages.get("/metrics")
    def metrics() -> Response:
        stats = config.cache.get_stats()._asdict()
        lines = []
        for name, kind, text in _COUNTERS:
            if stats[name] is not None:
                full = f"tickstock_cache_{name}{'_total' if kind == 'counter' else ''}"
                lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}", f"{full} {_exact(stats[name])}"]
        return Response("\n".join([*lines, ""]), content_type="text/plain; version=0.0.4; charset=utf-8")

    @pages.get("/openapi.json")
    def openapi() -> Response:
        return Response(_DOCUMENT.read_bytes(), content_type="application/json")

    return pages


def _exact(value: float) -> str:
    return str(int(value) if isinstance(value, int) else value)

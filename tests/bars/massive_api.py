"""A stand-in for Massive's REST API on loopback: answers in its shape, wants the key, and can fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "a-key-of-the-tests"
SPLITS, DIVIDENDS = "/stocks/v1/splits", "/stocks/v1/dividends"


class MassiveApi:
    """What it answers: ``results`` by path, in pages of ``page``; ``failures`` come first, as status, headers, body.

    ``asked`` are the paths with their questions, in order.
    """

    def __init__(self) -> None:
        self.results: dict[str, list[dict[str, Any]]] = {}
        self.failures: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.page = 1000
        self.address = ""

    def answer(self, path: str, authorization: str | None) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query))
        if self.failures:
            return self.failures.pop(0)
        if authorization != f"Bearer {KEY}":
            return 401, {}, json.dumps({"status": "ERROR", "request_id": "1", "error": "Unknown API Key"}).encode()
        return 200, {}, json.dumps(self._page(parts.path, query)).encode()

    def _page(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        rows = self.results.get(path, [])
        if "ticker" in query:
            rows = [row for row in rows if row["ticker"] == query["ticker"]]
        start = int(query.get("cursor", 0))
        about: dict[str, Any] = {"status": "OK", "request_id": "1", "results": rows[start : start + self.page]}
        if start + self.page < len(rows):
            ticker = f"&ticker={query['ticker']}" if "ticker" in query else ""
            about["next_url"] = f"https://api.massive.com{path}?cursor={start + self.page}{ticker}"
        return about


@contextmanager
def massive_api() -> Iterator[MassiveApi]:
    """A running stand-in; its address is ``address``."""
    api = MassiveApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = api.answer(self.path, self.headers["Authorization"])
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A stand-in for Massive's REST API on loopback: answers in its shape, wants the key, and can fail, refuse and hang."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "a-key-of-the-tests"
SPLITS, DIVIDENDS = "/stocks/v1/splits", "/stocks/v1/dividends"
TICKERS = "/v3/reference/tickers"
GROUPED = "/v2/aggs/grouped/locale/us/market/stocks"


class MassiveApi:
    """What it answers: ``results`` by path, in pages of ``page``; ``failures`` come first, as status, headers, body.

    ``details`` by ticker; a ticker that is not there is not found. ``asked`` are the paths with their questions, in
    order. ``limit`` calls are answered in any ``period`` (seconds), the others are ``refused`` (429). Each
    ``fails_each``-th call is answered 500, and the next ``hangs`` calls not at all, until the stand-in ends.
    """

    def __init__(self) -> None:
        self.results: dict[str, list[dict[str, Any]]] = {}
        self.details: dict[str, dict[str, Any]] = {}
        self.failures: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.page = 1000
        self.limit: int | None = None
        self.period = 60.0
        self.refused = 0
        self.fails_each = 0
        self.hangs = 0
        self.address = ""
        self.ended = Event()
        self._lock = Lock()
        self._answered: list[float] = []

    def answer(self, path: str, authorization: str | None) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            self.asked.append((parts.path, query))
            hangs, self.hangs = self.hangs > 0, max(0, self.hangs - 1)
            failure = self._failure()
        if hangs:
            self.ended.wait()
        if failure:
            return failure
        if authorization != f"Bearer {KEY}":
            return 401, {}, json.dumps({"status": "ERROR", "request_id": "1", "error": "Unknown API Key"}).encode()
        if parts.path.startswith(f"{TICKERS}/"):
            return self._about(parts.path.removeprefix(f"{TICKERS}/"))
        return 200, {}, json.dumps(self._page(parts.path, query)).encode()

    def _failure(self) -> tuple[int, dict[str, str], bytes] | None:
        if self.failures:
            return self.failures.pop(0)
        now = time.monotonic()
        self._answered = [at for at in self._answered if at > now - self.period]
        if self.limit is not None and len(self._answered) >= self.limit:
            self.refused += 1
            left = str(int(self._answered[0] + self.period - now) + 1)
            return 429, {"Retry-After": left}, b'{"error": "exceeded the maximum requests per minute"}'
        self._answered.append(now)
        if self.fails_each and len(self.asked) % self.fails_each == 0:
            return 500, {}, b'{"status": "ERROR", "error": "internal"}'
        return None

    def _about(self, ticker: str) -> tuple[int, dict[str, str], bytes]:
        body: dict[str, Any]
        if ticker not in self.details:
            body = {"status": "NOT_FOUND", "request_id": "1", "message": "Ticker not found."}
            return 404, {}, json.dumps(body).encode()
        body = {"status": "OK", "request_id": "1", "results": {"ticker": ticker, **self.details[ticker]}}
        return 200, {}, json.dumps(body).encode()

    def _page(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        rows = self.results.get(path, [])
        if path.startswith(GROUPED) and not rows:  # a day without a session
            return {"status": "OK", "request_id": "1", "queryCount": 0, "resultsCount": 0, "adjusted": False}
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
            if api.ended.is_set():  # nobody listens any more
                return
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
        api.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()

"""A stand-in for Yahoo's chart API on loopback, with invented numbers; yfinance itself asks it, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

NEW_YORK = ZoneInfo("America/New_York")
OPEN = time(9, 30)


def stamp(day: date, at: time = OPEN) -> int:
    return int(datetime.combine(day, at, NEW_YORK).timestamp())


def chart(
    ticker: str, days: list[date], close: list[float | None], adjusted: list[float | None], volume: list[int | None],
    events: dict[str, dict[date, dict[str, float]]] | None = None, kind: str = "EQUITY", at: list[time] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """An answer: bars whose open is a dollar below the close, its high a dollar above, its low two below."""
    times = [stamp(day, hour) for day, hour in zip(days, at or [OPEN] * len(days), strict=True)]

    def moved(by: float) -> list[float | None]:
        return [None if price is None else price + by for price in close]

    quote = {"open": moved(-1), "high": moved(1), "low": moved(-2), "close": close, "volume": volume}
    last = days[-1]
    session = {"timezone": "EST", "start": stamp(last), "end": stamp(last, time(16)), "gmtoffset": -18000}
    meta = {
        "currency": "USD", "symbol": ticker, "instrumentType": kind, "exchangeTimezoneName": "America/New_York",
        "timezone": "EST", "gmtoffset": -18000, "firstTradeDate": stamp(date(2003, 9, 10)),
        "regularMarketTime": times[-1], "priceHint": 2, "dataGranularity": "1d" if at is None else "1m",
        "validRanges": ["1d", "5d", "1mo", "1y", "max"],
        "currentTradingPeriod": {"pre": session, "regular": session, "post": session},
    }  # fmt: skip
    if at is not None:
        meta["tradingPeriods"] = [[session]]
    indicators: dict[str, Any] = {"quote": [quote]}
    if at is None:
        indicators["adjclose"] = [{"adjclose": adjusted}]
    result: dict[str, Any] = {"meta": meta, "timestamp": times, "indicators": indicators}
    if events:
        result["events"] = {
            name: {str(stamp(day)): {"date": stamp(day), **about} for day, about in found.items()}
            for name, found in events.items()
        }
    return {"chart": {"result": [result], "error": None}}


def unknown(ticker: str) -> dict[str, Any]:
    reason = f"No data found, symbol may be delisted ({ticker})"
    return {"chart": {"result": None, "error": {"code": "Not Found", "description": reason}}}


class Chart:
    """``answers`` by ticker; ``status`` of all of them; ``asked`` the questions in order."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []


@contextmanager
def yahoo_chart(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chart]:
    """A running stand-in that yfinance takes for Yahoo. Only the host is another, and no cookie is fetched."""
    from yfinance import base
    from yfinance.data import YfData
    from yfinance.scrapers import history, quote

    yahoo = Chart()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            ticker = parts.path.rsplit("/", 1)[1]
            yahoo.asked.append((ticker, {name: values[0] for name, values in parse_qs(parts.query).items()}))
            found = yahoo.answers.get(ticker)
            body = json.dumps(found or unknown(ticker)).encode()
            self.send_response(yahoo.status if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    for module in (base, history):
        monkeypatch.setattr(module, "_BASE_URL_", address)
    monkeypatch.setattr(quote, "_QUOTE_SUMMARY_URL_", address)
    monkeypatch.setattr(quote, "_QUERY1_URL_", address)
    monkeypatch.setattr(YfData, "_get_cookie_and_crumb", lambda *args, **options: (None, "basic"))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield yahoo
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""Calls of Massive's REST API: at a pace, tried again where that may help, and with an error for what is no answer."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, Protocol

from tickstock.errors import BadInputError, BusyError, TickstockError, UnavailableError

FREE_PLAN = 5
LONGEST_WAIT = 60
# Trouble that may be over in a moment, and the seconds to wait before each further attempt unless the server says more.
_PASSING = (429, 500, 502, 503, 504)
_PAUSES = (0.5, 1.0, 2.0)
_DETAILS = "/v3/reference/tickers/"


class UnknownTickerError(BadInputError):
    """The API knows no ticker of this name."""


class Pacing(Protocol):
    """Who says when the next call may be made."""

    def wait(self, seconds: float = 0.0) -> None:
        """Return when the next call may be made, after ``seconds`` at the earliest, and count it."""


class Pace:
    """At most so many calls in any minute, counted over all clients and threads that share it."""

    def __init__(self, calls_per_minute: int = FREE_PLAN) -> None:
        self.calls_per_minute = calls_per_minute
        self._lock = threading.Lock()
        self._calls: list[float] = []

    def wait(self, seconds: float = 0.0) -> None:
        """Return when the next call may be made, after ``seconds`` at the earliest, and count it."""
        if seconds:
            time.sleep(seconds)
        with self._lock:
            if len(self._calls) == self.calls_per_minute:
                time.sleep(max(0.0, self._calls[0] + 60 - time.monotonic()))
            self._calls = [*self._calls, time.monotonic()][-self.calls_per_minute :]


class Judged:
    """A pool of urllib3's as Massive's package uses it. Every attempt counts as a call, also one that failed: so the
    server counts them.

    Raises (with the key left out of every message):
        BadInputError: the API takes the question for wrong; UnknownTickerError: it knows no such ticker.
        UnavailableError: the key is refused, or the plan does not have this.
        BusyError: the API is not reachable or has trouble, or we asked too often: worth a retry.
        TickstockError: the answer cannot be understood.
    """

    def __init__(self, pool: Any, key: str, pace: Pacing) -> None:
        self._pool, self._key, self._pace = pool, key, pace

    def request(self, method: str, url: str, **options: Any) -> Any:
        """An answer of the API that is one."""
        answer = self._answer(method, url, options)
        if answer.status != 200:
            raise self._error(answer.status, answer.data)
        told = _json(answer.data)
        if (status := told.get("status")) not in ("OK", "DELAYED"):
            raise TickstockError(
                f"Massive's REST API answers with status {status!r}, expected OK; is MASSIVE_API_URL right?"
            )
        # Massive's package trips over anything else. The details of a ticker are one object.
        results = told.get("results", [])
        rows = results if isinstance(results, list) else [results]
        if isinstance(results, dict) is not (_DETAILS in url) or not all(isinstance(row, dict) for row in rows):
            raise TickstockError(
                f"Massive's REST API answers with results that cannot be understood ({str(results)[:40]}); expected "
                "objects; is MASSIVE_API_URL right?"
            )
        return answer

    def _answer(self, method: str, url: str, options: dict[str, Any]) -> Any:
        from urllib3.exceptions import HTTPError
        from urllib3.util import Retry

        # urllib3 would try again by itself, past the pace. Redirections are left to it.
        retries = Retry(connect=0, read=0, status=0, other=0, redirect=3, respect_retry_after_header=False)
        once = {**options, "retries": retries}
        self._pace.wait()
        for pause in _PAUSES:
            asked = 0.0
            try:
                answer = self._pool.request(method, url, **once)
            except HTTPError:
                pass
            else:
                if answer.status not in _PASSING:
                    return answer
                asked = _retry_after(answer)
            self._pace.wait(max(pause, asked))
        try:
            return self._pool.request(method, url, **once)
        except HTTPError as error:
            raise self._not_reachable(error) from None

    def _not_reachable(self, error: Exception) -> BusyError:
        reason = str(getattr(error, "reason", error)).replace(self._key, "…")
        return BusyError(
            f"Massive's REST API is not reachable ({reason}); is MASSIVE_API_URL right, and the network up?"
        )

    def _error(self, status: int, content: bytes) -> TickstockError:
        told = _json(content)
        reason = str(told.get("error") or told.get("message") or "no reason told").replace(self._key, "…")
        said = f"Massive's REST API answers {status} ({reason})"
        if status == 401:
            return UnavailableError(f"{said}; expected a key that is valid: see MASSIVE_API_KEY")
        if status == 403:
            return UnavailableError(f"{said}; expected a plan that has this: see the account at massive.com")
        if status == 429:
            return BusyError(f"{said}; expected fewer calls a minute (the free plan has {FREE_PLAN}); try again later")
        if status >= 500:
            return BusyError(f"{said}; try again later")
        # A 404 without these words is of some other server: it says nothing about tickers.
        unknown = status == 404 and told.get("status") == "NOT_FOUND"
        return (UnknownTickerError if unknown else BadInputError)(f"{said}; expected a ticker and days that it knows")


def _retry_after(answer: Any) -> float:
    """The seconds that a server asks us to wait; no longer than we do."""
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    try:
        return Retry(retry_after_max=LONGEST_WAIT).get_retry_after(answer) or 0.0
    except InvalidHeader:
        return 0.0


def _json(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}

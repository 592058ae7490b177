"""Massive's REST API, through its own package: raw daily bars of one ticker, its splits and its dividends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tickstock.bars.actions import Action, Actions, merged
from tickstock.bars.sessions import NEW_YORK
from tickstock.errors import BadInputError, BusyError, TickstockError, UnavailableError
from tickstock.market_settings import Massive

if TYPE_CHECKING:
    import pandas as pd

NAME = "Massive REST"
FREE_PLAN = 5
LONGEST_WAIT = 60
_COLUMNS = ("open", "high", "low", "close", "volume")


class Pace:
    """At most so many calls in any minute, counted over all clients and threads that share it."""

    def __init__(self, calls_per_minute: int = FREE_PLAN) -> None:
        self.calls_per_minute = calls_per_minute
        self._lock = threading.Lock()
        self._calls: list[float] = []

    def wait(self) -> None:
        """Return when the next call may be made, and count it."""
        with self._lock:
            if len(self._calls) == self.calls_per_minute:
                time.sleep(max(0.0, self._calls[0] + 60 - time.monotonic()))
            self._calls = [*self._calls, time.monotonic()][-self.calls_per_minute :]


class MassiveRest:
    """The API at a settings' address, with its key.

    All questions raise the same:
        BadInputError: the API takes the question for wrong.
        UnavailableError: the key is missing or refused, or the plan does not have this.
        BusyError: the API is not reachable or has trouble, or we asked too often: worth a retry.
        TickstockError: the answer cannot be understood.
    """

    def __init__(self, massive: Massive, pace: Pace) -> None:
        from massive import RESTClient
        from urllib3.util import Retry

        if not massive.api_key:
            raise UnavailableError("MASSIVE_API_KEY is not set; expected the API key of a Massive.com account")
        # urllib3 honours Retry-After by itself, but would by default wait for hours.
        retries = Retry(
            3, status_forcelist=(429, 500, 502, 503, 504), backoff_factor=0.5, retry_after_max=LONGEST_WAIT,
            raise_on_status=False,
        )  # fmt: skip
        self._client = RESTClient(massive.api_key, base=massive.api, connection_pool_kw={"retries": retries})
        # The package takes an answer that it cannot read for an empty one, and has no status in its errors.
        self._client.client = _Judged(self._client.client, massive.api_key, pace)

    def bars(self, ticker: str, start: date, end: date) -> pd.DataFrame:
        """Raw daily bars from ``start`` on and before ``end``: Open, High, Low, Close, Volume (floats), naive Date."""
        import pandas as pd

        last = end - timedelta(days=1)
        found = list(self._client.list_aggs(ticker, 1, "day", start, last, adjusted=False, sort="asc", limit=50000))
        try:
            days = [datetime.fromtimestamp(bar.timestamp / 1000, UTC).astimezone(NEW_YORK).date() for bar in found]
            values = {name.title(): [float(getattr(bar, name)) for bar in found] for name in _COLUMNS}
        except (TypeError, ValueError) as error:
            raise TickstockError(f"Massive's bars of {ticker} have a gap: {error}; expected numbers") from error
        return pd.DataFrame(values, index=pd.DatetimeIndex(days, name="Date"), dtype="float64")

    def actions(self, ticker: str, today: date) -> Actions:
        """All splits and dividends with an ex-date up to ``today``; of announced ones nothing is told."""
        splits = list(self._client.list_stocks_splits(ticker=ticker, limit=5000))
        dividends = list(self._client.list_stocks_dividends(ticker=ticker, limit=5000))
        try:
            found = merged([*_splits(splits), *_dividends(dividends)])
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise TickstockError(
                f"Massive's corporate actions of {ticker} cannot be understood: {error}; expected dates and amounts"
            ) from error
        return Actions(ticker, tuple(action for action in found if action.day <= today), NAME, today)


class _Judged:
    """The package's connections: paced, and with an error for each answer that is none."""

    def __init__(self, pool: Any, key: str, pace: Pace) -> None:
        self._pool, self._key, self._pace = pool, key, pace

    def request(self, method: str, url: str, **options: Any) -> Any:
        from urllib3.exceptions import HTTPError

        self._pace.wait()
        try:
            answer = self._pool.request(method, url, **options)
        except HTTPError as error:
            reason = str(getattr(error, "reason", error)).replace(self._key, "…")
            raise BusyError(
                f"Massive's REST API is not reachable ({reason}); is MASSIVE_API_URL right, and the network up?"
            ) from None
        if answer.status != 200:
            raise self._error(answer.status, answer.data)
        if (status := _json(answer.data).get("status")) not in ("OK", "DELAYED"):
            raise TickstockError(
                f"Massive's REST API answers with status {status!r}, expected OK; is MASSIVE_API_URL right?"
            )
        return answer

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
        return BadInputError(f"{said}; expected a ticker and days that it knows")


def _json(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _splits(found: Iterable[Any]) -> list[Action]:
    """Each once: tables of vendors have rows twice."""
    rows = {(date.fromisoformat(row.execution_date), row.split_to / row.split_from) for row in found}
    return [Action(day, ratio) for day, ratio in sorted(rows)]


def _dividends(found: Iterable[Any]) -> list[Action]:
    """Dividends in dollars. The factor that the API tells counts all later dividends too, so each is its own share."""
    paid: dict[date, float] = {}
    cumulative: dict[date, float | None] = {}
    for row in {row.id or id(row): row for row in found}.values():
        day = date.fromisoformat(row.ex_dividend_date)
        if (row.currency or "USD") == "USD":
            paid[day] = paid.get(day, 0.0) + float(row.cash_amount)
        cumulative[day] = row.historical_adjustment_factor
    steps: dict[date, float | None] = {}
    later: float | None = 1.0
    for day in sorted(cumulative, reverse=True):
        step = None if later is None else (cumulative[day] or 0) / later
        steps[day] = step if step and 0 < step <= 1 else None
        later = cumulative[day]
    return [Action(day, dividend=amount, factor=steps[day]) for day, amount in paid.items()]

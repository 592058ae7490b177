"""The form that asks for a load job: what was filled in, what is wrong with it, and the job that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.bars.sessions import first_not_expected, period_start, sessions
from tickstock.errors import BadInputError
from tickstock.historical.job_orders import MOST_SYMBOLS, Ask
from tickstock.historical.universes import read_universe
from tickstock.symbols import read_ticker
from tickstock.web.asking import cleaned

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from tickstock.db import Connection

UNIVERSE, SYMBOLS = "universe", "symbols"
LOAD_TYPES = {UNIVERSE: "Stock Universe", SYMBOLS: "Specific Symbols"}
YEARS = {
    "1mo": "1 month", "3mo": "3 months", "6mo": "6 months", "1y": "1 year", "2y": "2 years", "3y": "3 years",
    "5y": "5 years",
}  # fmt: skip
TIMESPANS = {"day": "Daily (recommended)", "minute": "1-Minute"}
PRIORITIES = {"normal": "Normal", "high": "High", "low": "Low"}
_HINT = "expected symbols with commas between them, such as SPY, QQQ, BRK.B"
_TOLD = 5  # wrong words


class Form(NamedTuple):
    """What is filled in, as it was typed."""

    load_type: str = UNIVERSE
    universe: str = ""
    symbols: str = ""
    years: str = "1y"
    timespan: str = "day"
    priority: str = "normal"


class WrongFieldError(BadInputError):
    """What is wrong with the field of this name."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def read_form(sent: Mapping[str, str]) -> Form:
    """What a browser sent; a field that it did not send is as on the empty form."""
    return Form(**{name: cleaned(sent.get(name, default)) for name, default in Form()._asdict().items()})


def check(form: Form) -> None:
    """Raise WrongFieldError where a choice is none of those on the page."""
    for field, known in (
        ("load_type", LOAD_TYPES), ("years", YEARS), ("timespan", TIMESPANS), ("priority", PRIORITIES),
    ):  # fmt: skip
        if (word := getattr(form, field)) not in known:
            raise WrongFieldError(field, f"found {word[:40]!r}, expected one of {', '.join(known)}")


def chosen_symbols(connection: Connection, form: Form) -> tuple[str, ...]:
    """What is to be loaded, in the environment of the session. Raises WrongFieldError where that is nothing."""
    if form.load_type == SYMBOLS:
        return typed_symbols(form.symbols)
    try:
        return read_universe(connection, form.universe)
    except BadInputError as error:
        text = str(error) if form.universe else "choose a universe, or the load type Specific Symbols"
        raise WrongFieldError(UNIVERSE, text[:300]) from error


def typed_symbols(text: str) -> tuple[str, ...]:
    """Symbols that were typed with commas (or in lines), in the project's spelling, each once, in their order.

    Raises:
        WrongFieldError: some are no symbols, there are too many, or none.
    """
    words = [word.strip() for word in text.replace(";", ",").replace("\n", ",").split(",") if word.strip()]
    tickers = [(word, read_ticker(word)) for word in words]
    wrong = [f"{word[:40]} ({ticker.error or ticker.no_stock})" for word, ticker in tickers if not ticker.symbol]
    if wrong:
        more = f" and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        raise WrongFieldError(SYMBOLS, f"no symbol: {'; '.join(wrong[:_TOLD])}{more}; {_HINT}")
    found = tuple(dict.fromkeys(ticker.symbol for _, ticker in tickers))
    if not 0 < len(found) <= MOST_SYMBOLS:
        raise WrongFieldError(SYMBOLS, f"found {len(found)} symbols; {_HINT}, at most {MOST_SYMBOLS:,}")
    return found


def job_of(form: Form, symbols: tuple[str, ...], environment: str, now: datetime) -> Ask:
    """The job: bars up to the last session whose file is due at the time ``now``."""
    last = last_due(now)
    return Ask(
        environment, symbols, period_start(form.years, last), last,
        form.universe if form.load_type == UNIVERSE else None, form.timespan, form.priority,
    )  # fmt: skip


def last_due(now: datetime) -> date:
    """The last trading day whose file can be asked for at a time."""
    end = first_not_expected(now)
    return sessions(period_start("1mo", end), end)[-1]

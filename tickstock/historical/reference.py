"""Rows of ``symbols``: made and completed from what the groups know, from bars, and from Massive's REST API.

A symbol has a row once somebody knows it: a group of the environment, a bar that is stored, or Massive. So what was
mistyped leaves none. Massive tells type, name, exchange and market capitalisation, and the industry where no group
does; groups tell sector and industry, and that something is a fund. What is known never gives way to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.db import statement
from tickstock.errors import BadInputError, BusyError, TickstockError, UnavailableError
from tickstock.historical.funds import describe_funds

if TYPE_CHECKING:
    from tickstock.bars.massive_rest import Details, MassiveRest
    from tickstock.db import Connection

Tell = Callable[[int, int], None]

# Massive's codes of what the suite calls a fund.
FUND_TYPES = ("ETF", "ETN", "ETV", "ETS", "FUND")
# What Massive said holds so long.
DAYS = 7
# From so many symbols on that Massive told nothing of, the list of all tickers (a dozen calls) is asked for first.
LIST_FROM = 200
_PAGE = 1000
# So many details are asked for in one go; who comes after them is asked about the next time.
MOST_DETAILS = 500
# So many calls in a row that fail, each after its own attempts, and it is asked no more.
_PATIENCE = 3
NOT_TRADED = "not among the tickers that are traded now, says Massive"
NO_TICKER = "Massive knows no such ticker"


class Ensured(NamedTuple):
    """What came of it: the symbols that got a row now, those without one (nobody knows them), and for each of which
    Massive told nothing, why.
    """

    created: tuple[str, ...]
    unknown: tuple[str, ...]
    reasons: dict[str, str]


def ensure_symbols_exist(
    connection: Connection,
    symbols: Sequence[str],
    rest: MassiveRest | None = None,
    tell: Tell = lambda done, of: None,
    most: int = MOST_DETAILS,
) -> Ensured:
    """Make and complete the rows of these symbols (in the project's spelling) in the environment of the connection.

    With ``rest``, Massive is asked about those of which it said nothing for a week, a call each, those that weigh most
    in a fund first, and no more than ``most`` in one go: on the free plan 500 take 100 minutes (of many, the list of
    all tickers tells most in a dozen calls before). ``tell`` hears how many of them are done. Each answer is
    committed as it comes (the connection must be in no transaction), so whoever is killed loses nothing and goes on
    where he was. Massive's trouble is a reason, no error; what the pace raises ends the work.
    """
    before = _stored(connection, symbols)
    _execute(connection, "symbols/from_groups", symbols=list(symbols))
    describe_funds(connection, symbols)
    reasons = _ask(connection, rest, symbols, tell, most) if rest else {}
    after = _stored(connection, symbols)
    return Ensured(
        tuple(symbol for symbol in symbols if symbol in after - before),
        tuple(symbol for symbol in symbols if symbol not in after),
        reasons,
    )


def ensure_symbol_exists(connection: Connection, symbol: str, rest: MassiveRest | None = None) -> bool:
    """As :func:`ensure_symbols_exist`, for one; give whether it has a row."""
    return not ensure_symbols_exist(connection, [symbol], rest).unknown


def _ask(connection: Connection, rest: MassiveRest, symbols: Sequence[str], tell: Tell, most: int) -> dict[str, str]:
    rows = _execute(connection, "symbols/due", symbols=list(symbols), days=DAYS)
    due = [symbol for symbol, _ in rows]
    reasons: dict[str, str] = {}
    if sum(not told for _, told in rows) >= LIST_FROM:
        tell(0, len(due))
        reasons = _ask_for_list(connection, rest, due)
    left = [symbol for (symbol, _) in _execute(connection, "symbols/due", symbols=due, days=DAYS)]
    left = [symbol for symbol in left if symbol not in reasons]
    reasons |= dict.fromkeys(left[most:], f"Massive is asked about no more than {most:,} symbols in one go")
    settled = len(due) - len(left)
    left = left[:most]
    failures = 0
    for place, symbol in enumerate(left):
        tell(settled + place, settled + len(left))
        try:
            reason = _ask_for_details(connection, rest, symbol)
            failures = 0
        except TickstockError as error:
            reason = _reason(error)
            failures += not isinstance(error, BadInputError)
            if failures == _PATIENCE or isinstance(error, UnavailableError):
                reasons |= dict.fromkeys(left[place:], f"Massive was not asked: {reason}") | {symbol: reason}
                return reasons
        if reason:
            reasons[symbol] = reason
    tell(settled + len(left), settled + len(left))
    return reasons


def _ask_for_details(connection: Connection, rest: MassiveRest, symbol: str) -> str:
    """Store what Massive knows of a symbol; give the reason where that is nothing."""
    told = rest.details(symbol)
    if told and told.ticker == symbol:
        _store(connection, [told], whole=True)
        return ""
    _note_asked(connection, [symbol])
    return f"Massive answers with {told.ticker} instead" if told else NO_TICKER


def _ask_for_list(connection: Connection, rest: MassiveRest, due: Sequence[str]) -> dict[str, str]:
    """Store what the list of all tickers has, as its pages come; give the reasons for those that are not in it. Where
    it breaks off nothing is said of them.
    """
    wanted = set(due)
    found: list[Details] = []
    try:
        for number, one in enumerate(rest.tickers(), 1):
            if one.ticker in wanted:
                wanted.discard(one.ticker)
                found.append(one)
            if number % _PAGE == 0:
                _store(connection, found, whole=False)
                found = []
    except TickstockError as error:
        _reason(error)
        wanted = set()
    _store(connection, found, whole=False)
    _note_asked(connection, sorted(wanted))
    return dict.fromkeys(wanted, NOT_TRADED)


def _reason(error: TickstockError) -> str:
    """What an error of the API says. Another one is not of the API: whoever waits for the pace was cancelled."""
    if not isinstance(error, (BadInputError, BusyError, UnavailableError)) and type(error) is not TickstockError:
        raise error
    return str(error)


def _store(connection: Connection, told: Sequence[Details], *, whole: bool) -> None:
    if told:
        rows = json.dumps([one._asdict() for one in told])
        _execute(connection, "symbols/from_massive", told=rows, whole=whole, funds=list(FUND_TYPES))
        describe_funds(connection, [one.ticker for one in told])


def _note_asked(connection: Connection, symbols: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE symbols SET asked_at = now() WHERE symbol = ANY (%s)", (list(symbols),))


def _stored(connection: Connection, symbols: Sequence[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT symbol FROM symbols WHERE symbol = ANY (%s)", (list(symbols),))
        return {symbol for (symbol,) in cursor.fetchall()}


def _execute(connection: Connection, name: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), values)
        return cursor.fetchall() if cursor.description else []

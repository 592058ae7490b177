"""Companies that changed their ticker: which name a company had on a day, and which it has today.

A rename is dated by the first day of the new symbol. The dates on which a symbol was taken up or given up divide its
time into spans, and in each span it means one company at most. So a ticker that is used again is another stock, and
a company whose ticker another one took without its having moved on is traded no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tickstock.db import Connection


class Rename(NamedTuple):
    """A company traded as ``old_symbol`` up to the day before ``renamed_on``, and as ``new_symbol`` from then on."""

    old_symbol: str
    new_symbol: str
    renamed_on: date
    note: str | None = None


class Span(NamedTuple):
    """The company that a symbol means from a day on (None: always) to before another (None: still).

    ``company`` is the symbol that it has today; where it is ``gone``, a text that is no symbol.
    """

    symbol: str
    from_day: date | None
    to_day: date | None
    company: str
    gone: bool

    def covers(self, day: date) -> bool:
        return (self.from_day is None or self.from_day <= day) and (self.to_day is None or day < self.to_day)


def read_renames(connection: Connection) -> list[Rename]:
    """The accepted renames, the earliest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT old_symbol, new_symbol, renamed_on, note FROM symbol_renames ORDER BY renamed_on, old_symbol"
        )
        return [Rename._make(row) for row in cursor.fetchall()]


def now(connection: Connection, symbol: str, day: date) -> str | None:
    """The symbol that the company which traded as ``symbol`` on ``day`` has today.

    None where it has none: another company took the symbol over since, and no rename tells where it went.
    """
    return symbol_now(read_renames(connection), symbol, day)


def name_on(connection: Connection, symbol: str, day: date) -> str | None:
    """The symbol under which the company that trades as ``symbol`` today traded on ``day``.

    None where the symbol belonged to another company then, and no rename tells what this one was called.
    """
    return symbol_then(read_renames(connection), symbol, day)


def symbol_now(renames: Iterable[Rename], symbol: str, day: date) -> str | None:
    """As :func:`now`, from renames at hand."""
    for span in spans(renames):
        if span.symbol == symbol and span.covers(day):
            return None if span.gone else span.company
    return symbol


def symbol_then(renames: Iterable[Rename], symbol: str, day: date) -> str | None:
    """As :func:`name_on`, from renames at hand."""
    renamed = False
    for span in spans(renames):
        if span.company == symbol and span.covers(day):
            return span.symbol
        renamed = renamed or span.symbol == symbol
    return None if renamed else symbol


def spans(renames: Iterable[Rename]) -> list[Span]:
    """Every span of every symbol that was ever taken up or given up, the latest first."""
    becomes = {(each.old_symbol, each.renamed_on): each.new_symbol for each in renames}
    days: dict[str, set[date | None]] = defaultdict(lambda: {None})
    for (old, day), new in becomes.items():
        days[old].add(day)
        days[new].add(day)
    result: list[Span] = []
    company_from: dict[tuple[str, date | None], tuple[str, bool]] = {}
    # What a span leads to begins where it ends, and so ends later: it is known already.
    for symbol, start, end in sorted(_divide(days), key=lambda span: span[2] or date.max, reverse=True):
        if end is None:
            company = symbol, False
        elif (symbol, end) in becomes:
            company = company_from[becomes[symbol, end], end]
        else:
            company = f"{symbol} until {end}", True
        company_from[symbol, start] = company
        result.append(Span(symbol, start, end, *company))
    return result


def _divide(days: dict[str, set[date | None]]) -> Iterable[tuple[str, date | None, date | None]]:
    for symbol, several in days.items():
        starts = sorted(several, key=lambda day: day or date.min)
        yield from ((symbol, start, end) for start, end in zip(starts, [*starts[1:], None], strict=True))


def as_columns(every: Iterable[Span]) -> dict[str, list[str]]:
    """Spans for a statement that reads them as ``unnest(symbols, from_days, to_days, companies)``."""
    listed = list(every)
    return {
        "symbols": [span.symbol for span in listed],
        "from_days": [str(span.from_day or "-infinity") for span in listed],
        "to_days": [str(span.to_day or "infinity") for span in listed],
        "companies": [span.company for span in listed],
    }

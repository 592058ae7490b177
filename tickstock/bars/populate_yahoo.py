"""Fill the files of tracked tickers from Yahoo Finance, where there are no flat files."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.bars.actions import write_actions
from tickstock.bars.derive import Told
from tickstock.bars.local import rows_of
from tickstock.bars.populate import ACTIONS, alone
from tickstock.bars.sessions import FIRST_DAY, NEW_YORK, first_not_expected, sessions
from tickstock.bars.tracked import MASSIVE, YAHOO, Tracked, read_tracked, write_tracked
from tickstock.errors import BusyError, TickstockError

if TYPE_CHECKING:
    from tickstock.bars.yahoo import Yahoo


class YahooAsk(NamedTuple):
    """The tickers, and the days from ``start`` on and before ``end``; a day after ``now`` is passed over."""

    tickers: tuple[str, ...]
    start: date
    end: date
    now: datetime


def populate_from_yahoo(source: Yahoo, folder: Path, ask: YahooAsk, told: Told) -> dict[str, str]:
    """Ask for each ticker's bars and keep them as traded, with the splits and dividends, in ``folder``. Bars of other
    days that Yahoo told before stay.

    Gives what became of each ticker: "" where all is well, else why not.
    A file that stands on flat files is left alone. A source that does not answer is not asked for the rest.

    Raises:
        BusyError: another run derives.
        TickstockError: a file cannot be written.
    """
    result: dict[str, str] = {}
    silent = ""
    with alone(folder):
        for number, ticker in enumerate(ask.tickers, start=1):
            before = read_tracked(folder, ticker)
            if before and before.source == MASSIVE:
                result[ticker] = "its file stands on flat files, and is left alone"
            elif silent:
                result[ticker] = silent
            else:
                try:
                    _one(source, folder, ticker, ask)
                    result[ticker] = ""
                except BusyError as error:
                    result[ticker], silent = str(error), "not asked, since Yahoo does not answer"
                except TickstockError as error:
                    result[ticker] = str(error)
            told("tickers", number, len(ask.tickers))
    return result


def _one(source: Yahoo, folder: Path, ticker: str, ask: YahooAsk) -> None:
    """One question: what Yahoo tells of splits and dividends has to reach back to the first bar of any source."""
    import polars as pl

    today = ask.now.astimezone(NEW_YORK).date()
    # A bar of a session that goes on is no bar yet.
    end = min(ask.end, first_not_expected(ask.now))
    raw, actions = source.bars(ticker, FIRST_DAY, end, today)
    rows = rows_of(raw)
    # From its first bar on, days without one are known to have none.
    known = set(sessions(max(ask.start, rows["date"][0]), end)) if len(rows) else set()
    rows = rows.filter(pl.col("date").is_in(list(known)))
    if before := read_tracked(folder, ticker):
        kept = before.rows.filter(~pl.col("date").is_in(list(known)))
        rows, known = pl.concat([kept, rows]).sort("date"), known | set(before.objects)
    write_tracked(folder, Tracked(ticker, YAHOO, rows, dict.fromkeys(sorted(known), "")))
    write_actions(folder / ACTIONS, actions)

"""The corporate actions of a ticker as they are known today: kept, and asked for again once a day."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock.bars.action_sources import TABLE, Sources, ask, from_csv, over
from tickstock.bars.actions import DIVIDENDS, Action, Actions, read_actions, write_actions
from tickstock.bars.gather import rest, yahoo
from tickstock.bars.populate import ACTIONS
from tickstock.bars.split_check import suspected_splits
from tickstock.errors import BadInputError, TickstockError
from tickstock.market_settings import Market

if TYPE_CHECKING:
    import pandas as pd

_tables: dict[Path, tuple[int, Mapping[str, tuple[Action, ...]]]] = {}
# Tickers that nobody answered for, until when they are left alone: frames of one ticker are often read in a row.
_unanswered: dict[tuple[Path, str], tuple[float, tuple[str, ...]]] = {}
_PAUSE = 600.0


class UnknownActionsError(BadInputError):
    """Prices jump as by a split that nobody told of: a frame that is said to be adjusted would be wrong."""


def known_actions(market: Market, ticker: str, today: date) -> tuple[Actions, tuple[str, ...]]:
    """What is known up to today, and remarks. Kept answers are of today, or else nobody answered since.

    Raises:
        BadInputError: corporate_actions.csv cannot be used.
    """
    own = _table(market.tickers / TABLE)
    kept = read_actions(market.derived / ACTIONS, ticker)
    remarks: tuple[str, ...] = ()
    if kept is None or kept.known_until < today:
        found, remarks = _answer(market, ticker, today)
        kept = found or kept
    if kept is None:
        return Actions(ticker, own.get(ticker, ()), TABLE, today, ("splits",)), remarks
    if kept.known_until < today:
        remarks = (*remarks, f"splits and dividends of {ticker} are known up to {kept.known_until}")
    return kept._replace(actions=over(kept.actions, own.get(ticker, ()))), remarks


def check_splits(raw: pd.DataFrame, actions: Actions) -> tuple[str, ...]:
    """Remarks on jumps that look like splits which are not known.

    Raises:
        UnknownActionsError: there is such a jump, and nobody who knows of splits was asked.
    """
    suspects = suspected_splits(raw, actions)
    if suspects and DIVIDENDS not in actions.kinds:
        raise UnknownActionsError(
            f"{actions.ticker}: {suspects[0]}, and no source of splits answered; expected an answer of Yahoo or of "
            f"Massive (MASSIVE_API_KEY), or a line in tickers/{TABLE}; adjust='none' gives prices as traded"
        )
    return tuple(f"{actions.ticker}: {suspect}, of which {actions.source} knows nothing" for suspect in suspects)


def _answer(market: Market, ticker: str, today: date) -> tuple[Actions | None, tuple[str, ...]]:
    """What a source tells today, kept for later; None where none answers, which is tried again after ten minutes."""
    place = (market.derived, ticker)
    until, remarks = _unanswered.get(place, (0.0, ()))
    if time.monotonic() < until:
        return None, remarks
    massive = rest(market) if market.massive.api_key else None
    found, remarks = ask(ticker, Sources({}, massive, yahoo(market)), today)
    if DIVIDENDS not in found.kinds:
        _unanswered[place] = time.monotonic() + _PAUSE, remarks
        return None, remarks
    try:
        write_actions(market.derived / ACTIONS, found)
    except TickstockError as error:
        remarks = (*remarks, str(error))
    return found, remarks


def _table(path: Path) -> Mapping[str, tuple[Action, ...]]:
    """Our own table, read again once it has changed."""
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    known = _tables.get(path)
    if known is None or known[0] != changed:
        known = _tables[path] = changed, from_csv(path)
    return known[1]

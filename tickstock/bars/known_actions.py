"""The corporate actions of a ticker as they are known today: kept, and asked for again once a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock.bars.action_sources import TABLE, Sources, ask, from_csv, over
from tickstock.bars.actions import DIVIDENDS, SPLITS, Action, Actions, read_actions, write_actions
from tickstock.bars.gather import REST, YAHOO, note_silence, rest, silent, yahoo
from tickstock.bars.massive_rest import MassiveRest
from tickstock.bars.pauses import Pauses
from tickstock.bars.populate import ACTIONS
from tickstock.bars.split_check import suspected_splits
from tickstock.errors import BadInputError, TickstockError
from tickstock.market_settings import Market

if TYPE_CHECKING:
    import pandas as pd

    from tickstock.bars.yahoo import Yahoo

_tables: dict[Path, tuple[int, Mapping[str, tuple[Action, ...]]]] = {}
# Tickers that nobody knew actions of, by the folder of their answers.
unanswered: Pauses[tuple[Path, str], tuple[str, ...]] = Pauses(600)


class UnknownActionsError(BadInputError):
    """Prices jump as by a split that nobody told of: a frame that is said to be adjusted would be wrong."""


def known_actions(market: Market, ticker: str, today: date) -> tuple[Actions, tuple[str, ...]]:
    """What is known up to today, and remarks. Kept answers are of today, or else nobody answered since.

    Raises:
        BadInputError: corporate_actions.csv cannot be used.
    """
    own = _until(today, _table(market.tickers / TABLE).get(ticker, ()))
    kept = read_actions(market.derived / ACTIONS, ticker)
    remarks: tuple[str, ...] = ()
    if kept is None or kept.known_until < today:
        found, remarks = _answer(market, ticker, today)
        kept = found or kept
    if kept is None:
        return Actions(ticker, own, TABLE, today, (SPLITS,)), remarks
    if kept.known_until < today:
        remarks = (*remarks, f"splits and dividends of {ticker} are known up to {kept.known_until}")
    return kept._replace(actions=over(_until(today, kept.actions), own)), remarks


def _until(today: date, actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Without what is only announced: today's prices do not know of it."""
    return tuple(action for action in actions if action.day <= today)


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
    """What a source tells today, kept for later; None where none answers, which is not tried again at once."""
    place = (market.derived, ticker)
    if (before := unanswered.get(place)) is not None:
        return None, before
    massive = rest(market) if market.massive.api_key and not silent.get(REST) else None
    other = None if silent.get(YAHOO) else yahoo(market)

    def failed(source: MassiveRest | Yahoo, error: TickstockError) -> None:
        note_silence(REST if isinstance(source, MassiveRest) else YAHOO, error)

    found, remarks = ask(ticker, Sources({}, massive, other), today, failed)
    if DIVIDENDS not in found.kinds:
        quiet = [f"{name}: {said}" for name in (REST, YAHOO) if (said := silent.get(name))]
        if not quiet:
            unanswered.begin(place, remarks)
        return None, remarks or tuple(f"corporate actions of {ticker}: {said}" for said in quiet)
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

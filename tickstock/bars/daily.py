"""Frames of daily bars on one basis, which tell where they are from."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from tickstock.bars.actions import DIVIDENDS, Actions
from tickstock.bars.adjust import NEAR, Basis, adjust
from tickstock.bars.dataset import DAY
from tickstock.bars.gather import Gathered, NoBarsError, Question, gather
from tickstock.bars.known_actions import check_splits, known_actions
from tickstock.bars.local import read_held
from tickstock.bars.populate_text import ranges
from tickstock.bars.sessions import NEW_YORK, sessions
from tickstock.bars.split_check import confirm
from tickstock.errors import TickstockError
from tickstock.market_settings import Market

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_LOG = logging.getLogger("tickstock.bars")


def daily_frames(market: Market, question: Question, basis: Basis) -> dict[str, pd.DataFrame | TickstockError]:
    """A frame for each ticker, in floats and with naive days, or why there is none.

    ``attrs`` of a frame: ``ticker``, ``source``, ``sources`` (bars of each), ``adjustment`` (all, splits or none: what
    it is, also where more was asked for), ``actions`` (who told of them), ``coverage``, ``remarks``.

    Raises:
        TickstockError: the archive or the store cannot be read.
    """
    found: dict[str, pd.DataFrame | TickstockError] = {}
    for ticker, gathered in gather(market, question).items():
        try:
            found[ticker] = _frame(market, question, gathered, basis)
        except TickstockError as error:
            found[ticker] = error
    return found


def _frame(market: Market, question: Question, gathered: Gathered, basis: Basis) -> pd.DataFrame:
    if gathered.rows.is_empty():
        why = "; ".join(dict.fromkeys(gathered.remarks)) or "the days that are here have none"
        raise NoBarsError(
            f"no bar of {gathered.ticker} from {question.start} up to {question.end}: {why}; is the ticker right?"
        )
    raw = raw_frame(gathered.rows)
    frame, about = adjusted(market, gathered.ticker, raw, basis, question)
    remarks = list(dict.fromkeys([*gathered.remarks, *about.pop("remarks")]))
    missing = gathered.missing
    if missing:
        share = f"{len(missing):,} of {len(gathered.due):,} sessions"
        remarks.append(f"{gathered.ticker}: {share} missing: {ranges(missing)}")
    for remark in remarks:
        _LOG.warning("%s", remark)
    source = {"ticker": gathered.ticker, "source": ", ".join(gathered.sources), "sources": dict(gathered.sources)}
    frame.attrs.update({**source, **about, "coverage": coverage(gathered), "remarks": remarks})
    return frame


def adjusted(
    market: Market, ticker: str, raw: pd.DataFrame, basis: Basis, question: Question
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The bars on one basis, and what to say of it: ``adjustment``, ``actions``, ``remarks``.

    Raises:
        UnknownActionsError: they look as if split, and nobody could be asked.
    """
    if basis == "none":
        return raw, {"adjustment": "none", "actions": None, "remarks": ()}
    today = question.now.astimezone(NEW_YORK).date()
    actions, remarks = known_actions(market, ticker, today)
    actions, left_out = confirm(actions, _with_nights(market, ticker, raw, actions))
    remarks = (*remarks, *left_out)
    if _is_daily(raw):
        remarks = (*remarks, *check_splits(raw, actions))
    told = _told(actions, basis)
    if told != basis:
        remarks = (*remarks, f"{ticker}: nobody told of dividends, so prices are adjusted for splits alone")
    return adjust(raw, actions, told), {"adjustment": told, "actions": actions.source, "remarks": remarks}


def _with_nights(market: Market, ticker: str, raw: pd.DataFrame, actions: Actions) -> pd.DataFrame:
    """Daily bars to hold splits against: those of the frame, and the archive's around each later split.

    So a split that the prices contradict is left out of every frame of a ticker, whichever days it has.
    """
    import pandas as pd

    first, last = raw.index[0].date(), raw.index[-1].date()
    splits = [action.day for action in actions.actions if action.split != 1 and action.day > first]
    asked = [day for day in splits if day > last] if _is_daily(raw) else splits
    days = sorted({day for split in asked for day in sessions(split - NEAR, split + NEAR)})
    own = raw if _is_daily(raw) else raw.head(0).tz_localize(None)
    if not days:
        return own
    found = raw_frame(read_held(market, DAY, [ticker], days)[ticker].rows)
    return pd.concat([own, found[~found.index.isin(own.index)]]).sort_index()


def _is_daily(raw: pd.DataFrame) -> bool:
    return cast("pd.DatetimeIndex", raw.index).tz is None


def _told(actions: Actions, basis: Basis) -> Basis:
    return "splits" if basis == "all" and DIVIDENDS not in actions.kinds else basis


def raw_frame(rows: pl.DataFrame) -> pd.DataFrame:
    """Rows of the store as a frame: Open, High, Low, Close, Volume in floats, naive days."""
    import pandas as pd

    index = pd.DatetimeIndex(rows["date"].to_numpy().astype("datetime64[s]"), name="Date")
    columns = {name.title(): rows[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=index)


def coverage(gathered: Gathered) -> dict[str, Any]:
    """How many of the sessions that were asked for, and could be known by now, are known; and which are not."""
    due, missing = gathered.due, gathered.missing
    return {
        "from": str(due[0]) if due else None,
        "to": str(due[-1]) if due else None,
        "sessions": len(due),
        "known": len(due) - len(missing),
        "bars": gathered.rows.height,
        "missing": ranges(missing),
        "complete": not missing,
    }

"""Raw bars made comparable: prices and volumes as if every share had always been one of today's.

The rules are those of Yahoo's adjusted prices. A bar on the ex-date itself is already on the new basis. A split divides
earlier prices and multiplies earlier volumes; a dividend multiplies earlier prices by 1 - dividend / close of the
session before. Actions after the end of the frame count too, so all frames of a ticker are on one basis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from tickstock.bars.actions import Action, Actions
from tickstock.bars.sessions import NEW_YORK, is_half_day
from tickstock.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

Basis = Literal["all", "splits", "none"]
BASES: tuple[Basis, ...] = ("all", "splits", "none")
PRICES = ["Open", "High", "Low", "Close"]
# Longer than the exchange was ever closed in these years: a close this old is no longer that of the session before.
NEAR = timedelta(days=7)


def adjust(raw: pd.DataFrame, actions: Actions, basis: Basis = "all") -> pd.DataFrame:
    """A frame on one basis: for splits and dividends ("all"), for splits alone, or as it was traded ("none").

    ``raw``: Open, High, Low, Close, Volume (floats), by naive days or by times of New York, in order. Other columns and
    bars that no action is after come back bit for bit.

    A dividend is measured by the frame's close of the session before, or by ``Action.factor`` where the frame has
    none within a week (and for bars of minutes, where it is known), or else by the last close before it.

    Raises:
        BadInputError: the basis is unknown, or a dividend is as large as the price before it.
    """
    if basis not in BASES:
        raise BadInputError(f"basis {basis!r} is unknown; expected one of {', '.join(BASES)}")
    later = [(place, action) for action in actions.actions if (place := first_from(raw, action.day))]
    if basis == "none" or not later or raw.empty:
        return raw.copy(deep=False)
    shares = _before(len(raw), [(place, action.split) for place, action in later])
    paid = np.ones(len(raw))
    if basis == "all":
        steps = [(place, dividend_factor(raw, actions, action)) for place, action in later if action.dividend]
        paid = _before(len(raw), steps)
    result = raw.copy()
    result[PRICES] = raw[PRICES].to_numpy() * paid[:, None] / shares[:, None]
    result["Volume"] = raw["Volume"].to_numpy() * shares
    return result


def dividend_factor(raw: pd.DataFrame, actions: Actions, action: Action) -> float:
    """What a dividend multiplies the prices before it by, above 0 and at most 1.

    ``raw`` has a bar before the ex-date.

    Raises:
        BadInputError: the dividend is as large as the price before it.
    """
    if action.factor is not None and _index(raw).tz is not None:
        return action.factor
    day, close = close_before(raw, action.day)
    if action.factor is not None and action.day - day > NEAR:
        return action.factor
    # The close is brought to the ex-date's basis: a split may lie between, also on the ex-date itself.
    price = close / math.prod(other.split for other in actions.actions if day < other.day <= action.day)
    if not action.dividend < price:
        raise BadInputError(
            f"{actions.ticker}: a dividend of {action.dividend:g} on {action.day} is not below the close before it, "
            f"{price:g}; expected a dividend in dollars a share; correct it in corporate_actions.csv"
        )
    return 1 - action.dividend / price


def close_before(raw: pd.DataFrame, day: date) -> tuple[date, float]:
    """The last bar before ``day``, which must be there: its day and its close; of minutes, that of the regular session.

    Prices after the close (16:00, or 13:00 on a half day) set no close.
    """
    place = first_from(raw, day)
    found: date = _index(raw)[place - 1].date()
    if _index(raw).tz is not None:
        import pandas as pd

        end = pd.Timestamp(found, tz=NEW_YORK) + pd.Timedelta(hours=13 if is_half_day(found) else 16)
        place = int(_index(raw).searchsorted(end)) or place
        found = _index(raw)[place - 1].date()
    return found, float(raw["Close"].iloc[place - 1])


def _index(raw: pd.DataFrame) -> pd.DatetimeIndex:
    return cast("pd.DatetimeIndex", raw.index)


def first_from(raw: pd.DataFrame, day: date) -> int:
    """How many bars lie before a day: the place of the first bar on it or after."""
    import pandas as pd

    start = pd.Timestamp(day) if _index(raw).tz is None else pd.Timestamp(day, tz=NEW_YORK)
    return int(_index(raw).searchsorted(start))


def _before(rows: int, steps: Sequence[tuple[int, float]]) -> np.ndarray:
    """For each row the product of the steps that come after it; a step (place, value) comes after ``place`` rows."""
    values = np.ones(rows + 1)
    for place, value in steps:
        values[place] *= value
    product: np.ndarray = np.cumprod(values[::-1])[::-1][1:]
    return product

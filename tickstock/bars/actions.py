"""Corporate actions of a ticker, as values and as files: splits, and dividends with what they do to earlier prices."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tickstock.bars.tickers import file_stem
from tickstock.output import write_output

SPLITS = "splits"
DIVIDENDS = "dividends"
CAPITAL_GAINS = "capital gains"
_LOG = logging.getLogger("tickstock.bars")


class Action(NamedTuple):
    """What happens to a share at the open of ``day``, the ex-date.

    ``split``: new shares for one old (2.0 is two-for-one, 0.1 one-for-ten). ``dividend``: cash a share, in dollars, as
    paid on that day's own basis: after a split of the same day, before every later one. ``factor``: what the dividend
    multiplies earlier prices by, 1 - dividend / close of the session before (on the same basis); None if unknown.
    """

    day: date
    split: float = 1.0
    dividend: float = 0.0
    factor: float | None = None


class Actions(NamedTuple):
    """All that ``source``, asked on ``known_until``, told of a ticker: one action a day, in order.

    ``kinds`` is what the source tells at all; without DIVIDENDS, no dividend here does not mean that none was paid.
    CAPITAL_GAINS are told of funds alone, and are among the dividends.
    """

    ticker: str
    actions: tuple[Action, ...]
    source: str
    known_until: date
    kinds: tuple[str, ...] = (SPLITS, DIVIDENDS)


def merged(actions: Iterable[Action]) -> tuple[Action, ...]:
    """One action a day, in order: splits of a day are multiplied, its dividends added (the factor then is unknown).

    What does nothing is left out.
    """
    days: dict[date, Action] = {}
    for action in actions:
        days[action.day] = _both(days[action.day], action) if action.day in days else action
    return tuple(days[day] for day in sorted(days) if days[day].split != 1 or days[day].dividend)


def _both(one: Action, other: Action) -> Action:
    factors = [action.factor for action in (one, other) if action.dividend]
    factor = factors[0] if len(factors) == 1 else None
    return Action(one.day, one.split * other.split, one.dividend + other.dividend, factor)


def actions_path(folder: Path, ticker: str) -> Path:
    """The file of a ticker in a folder of actions."""
    return folder / f"{file_stem(ticker)}.json"


def read_actions(folder: Path, ticker: str) -> Actions | None:
    """What is kept of a ticker; None where nothing is. A file that is damaged counts as none, with a warning logged."""
    path = actions_path(folder, ticker)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _LOG.warning("%s cannot be read (%s): asking for the corporate actions again", path, error.strerror)
        return None
    try:
        return _from_json(json.loads(content), ticker)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _LOG.warning("%s is damaged (%s): asking for the corporate actions again", path, error)
        return None


def write_actions(folder: Path, actions: Actions) -> None:
    """Keep them: under the name is, at any moment, what was there before or all of this. The folder is made.

    Raises:
        TickstockError: the file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join(f"  {json.dumps(_row(action))}" for action in actions.actions)
    about = {
        "ticker": actions.ticker,
        "source": actions.source,
        "known_until": actions.known_until.isoformat(),
        "kinds": list(actions.kinds),
    }
    text = json.dumps(about, indent=1)[:-2]
    write_output(actions_path(folder, actions.ticker), [text, f',\n "actions": [\n{rows}\n ]\n}}\n'])


def _row(action: Action) -> dict[str, Any]:
    row: dict[str, Any] = {"day": action.day.isoformat()}
    if action.split != 1:
        row["split"] = action.split
    if action.dividend:
        row["dividend"] = action.dividend
    if action.factor is not None:
        row["factor"] = action.factor
    return row


def _from_json(about: dict[str, Any], ticker: str) -> Actions:
    if about["ticker"] != ticker:
        raise ValueError(f"it speaks of {about['ticker']!r}, expected {ticker!r}")
    actions = tuple(_action(row) for row in about["actions"])
    days = [action.day for action in actions]
    if any(day >= later for day, later in pairwise(days)):
        raise ValueError("its days are not in order")
    kinds = tuple(kind for kind in (SPLITS, DIVIDENDS, CAPITAL_GAINS) if kind in about["kinds"])
    return Actions(ticker, actions, str(about["source"]), date.fromisoformat(about["known_until"]), kinds)


def _action(row: dict[str, Any]) -> Action:
    factor = row.get("factor")
    action = Action(
        date.fromisoformat(row["day"]),
        float(row.get("split", 1)),
        float(row.get("dividend", 0)),
        None if factor is None else float(factor),
    )
    good = 0 < action.split < math.inf and 0 <= action.dividend < math.inf
    if not good or not (factor is None or 0 < float(factor) <= 1):
        raise ValueError(f"no such action is possible: {row}")
    return action

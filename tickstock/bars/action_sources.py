"""Where corporate actions come from: our own table, and Massive's REST API or Yahoo Finance."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tickstock.bars.actions import DIVIDENDS, SPLITS, Action, Actions, merged
from tickstock.bars.massive_rest import MassiveRest
from tickstock.bars.sessions import FIRST_DAY
from tickstock.bars.tickers import checked
from tickstock.bars.yahoo import Yahoo
from tickstock.errors import BadInputError, TickstockError

TABLE = "corporate_actions.csv"
COLUMNS = ("ticker", "date", "split", "dividend")
_RATIO = re.compile(r"(\d+(?:\.\d+)?)(?:\s*(?::|-for-)\s*(\d+(?:\.\d+)?))?")


class Sources(NamedTuple):
    """Who can be asked, the first one first; ``table`` is what :func:`from_csv` read."""

    table: Mapping[str, tuple[Action, ...]]
    massive: MassiveRest | None = None
    yahoo: Yahoo | None = None


def ask(
    ticker: str,
    sources: Sources,
    today: date,
    failed: Callable[[MassiveRest | Yahoo, TickstockError], None] = lambda source, error: None,
) -> tuple[Actions, tuple[str, ...]]:
    """What Massive, or else Yahoo, tells of a ticker up to ``today``, under what our table says, and remarks.

    The table wins on the same day and kind. Where nobody answers there is the table alone, which knows splits only.
    ``failed`` is told of each source that does not answer.
    """
    remarks = []
    own = tuple(action for action in sources.table.get(ticker, ()) if action.day <= today)
    for source in (sources.massive, sources.yahoo):
        if source is None:
            continue
        try:
            if isinstance(source, MassiveRest):
                found = source.actions(ticker, today)
            else:
                found = source.actions(ticker, FIRST_DAY, today)
        except TickstockError as error:
            failed(source, error)
            remarks.append(f"corporate actions of {ticker}: {error}")
            continue
        name = f"{found.source}, {TABLE}" if own else found.source
        return found._replace(actions=over(found.actions, own), source=name), tuple(remarks)
    return Actions(ticker, own, TABLE, today, (SPLITS,)), tuple(remarks)


def over(actions: tuple[Action, ...], own: tuple[Action, ...]) -> tuple[Action, ...]:
    """The actions with our own over them: on a day, our split replaces the split, our dividend the dividend."""
    days = {action.day: action for action in actions}
    for action in own:
        result = days.get(action.day, Action(action.day))
        if action.split != 1:
            result = result._replace(split=action.split)
        if action.dividend:
            result = result._replace(dividend=action.dividend, factor=None)
        days[action.day] = result
    return merged(days.values())


def from_csv(path: Path) -> dict[str, tuple[Action, ...]]:
    """The table of our own: columns ticker, date, split, dividend. No file is an empty table.

    Raises:
        BadInputError: the file or a line cannot be used; all such lines are told.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is None or not {"ticker", "date"} <= set(rows.fieldnames) <= set(COLUMNS):
                raise BadInputError(f"{path}: found the columns {rows.fieldnames}, expected {', '.join(COLUMNS)}")
            return _table(path, rows)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{path} cannot be read ({error}); expected CSV with {', '.join(COLUMNS)}") from error


def _table(path: Path, rows: csv.DictReader[str]) -> dict[str, tuple[Action, ...]]:
    found: dict[str, list[Action]] = {}
    seen: set[tuple[str, date, str]] = set()
    problems = []
    for row in rows:
        try:
            ticker, action = _row(row)
            for kind in ((SPLITS,) if action.split != 1 else ()) + ((DIVIDENDS,) if action.dividend else ()):
                if (ticker, action.day, kind) in seen:
                    raise BadInputError(f"{ticker} has {kind} on {action.day} twice, expected one line")
                seen.add((ticker, action.day, kind))
            found.setdefault(ticker, []).append(action)
        except BadInputError as error:
            problems.append(f"{path}:{rows.line_num}: {error}")
    if problems:
        raise BadInputError("\n".join(problems))
    return {ticker: merged(actions) for ticker, actions in found.items()}


def _row(row: dict[str, str]) -> tuple[str, Action]:
    if None in row or None in row.values():
        raise BadInputError(f"a line of other length than the header, expected {', '.join(COLUMNS)}")
    cells = {name: text.strip() for name, text in row.items()}
    try:
        day = date.fromisoformat(cells["date"])
    except ValueError:
        raise BadInputError(f"date {cells['date']!r}, expected such as 2025-12-05") from None
    split, dividend = _split(cells.get("split", "")), _dividend(cells.get("dividend", ""))
    if split == 1 and not dividend:
        raise BadInputError("neither a split nor a dividend, expected at least one of them")
    return checked(cells["ticker"]), Action(day, split, dividend)


def _split(text: str) -> float:
    if not text:
        return 1.0
    match = _RATIO.fullmatch(text)
    new, old = (float(match[1]), float(match[2] or 1)) if match else (0.0, 1.0)
    if not new or not old or new == old:
        raise BadInputError(f"split {text!r}, expected new shares for old ones: 2:1, 2-for-1 or 2, or 1:50")
    return new / old


def _dividend(text: str) -> float:
    try:
        dividend = float(text or 0)
    except ValueError:
        dividend = -1
    if not 0 <= dividend < math.inf:
        raise BadInputError(f"dividend {text!r}, expected dollars a share such as 0.25")
    return dividend

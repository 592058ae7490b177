"""All raw daily bars of a ticker that can be had, and from where: the archive first, then others for the days it lacks.

Bars of all sources are as traded, so that together they are on one basis; corporate actions are applied after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tickstock.bars.dataset import DAY, Dataset
from tickstock.bars.fetch import FAILED, NOT_ENTITLED, NOT_PUBLISHED, SET_ASIDE, Told
from tickstock.bars.local import Held, read_held, rows_of
from tickstock.bars.mapping import local_map
from tickstock.bars.pauses import Pauses
from tickstock.bars.populate import Ask, Means, populate
from tickstock.bars.populate_text import WORDS, ranges
from tickstock.bars.sessions import NEW_YORK, first_not_expected, sessions
from tickstock.errors import BusyError, TickstockError, UnavailableError
from tickstock.market_settings import Market, Massive

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from tickstock.bars.massive_calls import Pace
    from tickstock.bars.massive_rest import MassiveRest
    from tickstock.bars.yahoo import Yahoo

ARCHIVE, YAHOO, REST = "archive", "yfinance", "massive REST"
# Sources that are not reachable, and days that the bucket does not give.
silent: Pauses[str, str] = Pauses(60)
refused: Pauses[tuple[Massive, Dataset, date], str] = Pauses(60)
_pace: dict[int, Pace] = {}


class NoBarsError(TickstockError):
    """Nobody has a bar of this ticker in this time."""


@dataclass
class Gathered:
    """Raw bars of a ticker. ``rows``: date, open, high, low, close, volume; ``days``: the sessions that are known, with
    or without a bar; ``due``: those that could be; ``sources``: how many bars each gave; ``remarks``: what to know.
    """

    ticker: str
    rows: pl.DataFrame
    days: frozenset[date]
    due: tuple[date, ...]
    sources: dict[str, int]
    remarks: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[date]:
        """Sessions that could be known and are not."""
        return [day for day in self.due if day not in self.days]


class Question(NamedTuple):
    """Daily bars of tickers from ``start`` on and before ``end``, as of ``now``. Yahoo is the last to be asked, if
    ``fall_back``.
    """

    tickers: tuple[str, ...]
    start: date
    end: date
    data_source: str
    now: datetime
    fall_back: bool = True


def gather(market: Market, question: Question) -> dict[str, Gathered]:
    """The bars of each ticker; where nothing is found, ``rows`` is empty and the remarks say why.

    Raises:
        TickstockError: the archive or the store cannot be read.
    """
    today = question.now.astimezone(NEW_YORK).date()
    days = sessions(question.start, min(question.end, today + timedelta(days=1)))
    due = tuple(day for day in days if day < first_not_expected(question.now))
    held = read_held(market, DAY, question.tickers, days)
    remarks: list[str] = []
    if question.data_source == "massive" and (lacking := _lacking(held, due)):
        remarks += fetch_missing(market, DAY, lacking, question.now)
        held = read_held(market, DAY, question.tickers, days)
    result = {}
    for ticker, one in held.items():
        found = _from_here(ticker, one, due)
        found.remarks += remarks
        if found.missing or one.rows.is_empty():
            _complete(market, question, found)
        result[ticker] = found
    return result


def fetch_missing(
    market: Market, dataset: Dataset, days: Sequence[date], now: datetime, told: Told = lambda step, done, of: None
) -> list[str]:
    """Fetch these days from the bucket, for the archive and the store; remarks say what could not be had and why.

    What could not be had a moment ago is not asked for. ``told`` hears of each file; what it raises ends the work.
    """
    from tickstock.bars.credentials import credentials
    from tickstock.bars.provider import Provider

    place = market.massive
    try:
        keys = credentials(place)
    except TickstockError as error:  # nobody was asked, so nobody is left alone
        return [f"flat files: {error}"]
    asking = [day for day in days if refused.get((place, dataset, day)) is None]

    def work() -> list[str]:
        with Provider(place, keys) as provider:
            means = Means(market, provider, now, local_map, told)
            done = populate(means, Ask(dataset, asking[0], asking[-1] + timedelta(days=1), ()))
        for one in done.outcomes:
            if one.outcome in (NOT_PUBLISHED, NOT_ENTITLED, SET_ASIDE, FAILED):
                refused.begin((place, dataset, one.day), one.outcome)
        failed = [one.detail for one in done.outcomes if one.outcome == FAILED and one.detail]
        why = [failed[0]] if failed and not any(failed[0] in remark for remark in done.remarks) else []
        return [*done.remarks, *why]

    said = list(_asked("flat files", work)) if asking else []
    outcomes = {day: refused.get((place, dataset, day)) for day in days}
    for outcome in (NOT_PUBLISHED, NOT_ENTITLED, SET_ASIDE, FAILED):
        if these := [day for day, found in outcomes.items() if found == outcome]:
            said.append(f"{WORDS[outcome]}: {ranges(these)}")
    return said


def failed_days(market: Market, dataset: Dataset, days: Sequence[date]) -> list[date]:
    """Those of these days with which the bucket, or this disk, had trouble a moment ago."""
    return [day for day in days if refused.get((market.massive, dataset, day)) == FAILED]


def _asked(source: str, work: Callable[[], list[str]]) -> Iterator[str]:
    """What the work says, or why it failed. A source that is not reachable is not asked again for a minute."""
    if said := silent.get(source):
        yield f"{source}: {said}"
        return
    try:
        yield from work()
    except TickstockError as error:
        note_silence(source, error)
        yield f"{source}: {error}"


def note_silence(source: str, error: TickstockError) -> None:
    """Leave a source alone that is not reachable; a wrong question to it is no reason."""
    if isinstance(error, (UnavailableError, BusyError)):
        silent.begin(source, "could not be reached a moment ago, and is asked again a minute after that")


def _lacking(held: dict[str, Held], due: Sequence[date]) -> list[date]:
    return [day for day in due if any(day not in one.days for one in held.values())]


def _from_here(ticker: str, held: Held, due: Sequence[date]) -> Gathered:
    import polars as pl

    told = held.rows.filter(pl.col("date").is_in(list(held.from_yahoo))).height if held.from_yahoo else 0
    counts = {ARCHIVE: held.rows.height - told, YAHOO: told}
    return Gathered(ticker, held.rows, held.days, tuple(due), {name: count for name, count in counts.items() if count})


def _complete(market: Market, question: Question, found: Gathered) -> None:
    """Ask for what is missing: Massive's REST where it is the source and a key is set, then Yahoo."""
    if question.data_source == "massive" and market.massive.api_key:
        found.remarks += _asked(REST, lambda: _add(found, question, REST, rest(market).bars))
    if question.fall_back and (found.missing or found.rows.is_empty()):
        today = question.now.astimezone(NEW_YORK).date()

        def bars(ticker: str, start: date, end: date) -> pd.DataFrame:
            return yahoo(market).bars(ticker, start, end, today)[0]

        found.remarks += _asked(YAHOO, lambda: _add(found, question, YAHOO, bars))


def yahoo(market: Market) -> Yahoo:
    """Yahoo Finance, with its cookies beside the derived files."""
    from tickstock.bars.yahoo import Yahoo

    return Yahoo(market.derived / "yfinance")


def rest(market: Market) -> MassiveRest:
    """Massive's REST API, at the pace of the settings, which all of this process keeps together.

    Raises:
        UnavailableError: no key is set.
    """
    from tickstock.bars.massive_calls import Pace
    from tickstock.bars.massive_rest import MassiveRest

    calls = market.massive.calls_per_minute
    return MassiveRest(market.massive, _pace.setdefault(calls, Pace(calls)))


def _add(
    found: Gathered, question: Question, name: str, bars: Callable[[str, date, date], pd.DataFrame]
) -> list[str]:
    """Put the bars of a source on the days that are missing (all, if there is no bar at all)."""
    import polars as pl

    wanted = set(found.missing) if found.rows.height else set(sessions(question.start, question.end))
    if not wanted:
        return []
    raw = bars(found.ticker, min(wanted), max(wanted) + timedelta(days=1))
    rows = rows_of(raw).filter(pl.col("date").is_in(list(wanted)))
    if rows.is_empty():
        return [f"{name}: no bar of {found.ticker} on {ranges(sorted(wanted))}"]
    found.rows = pl.concat([found.rows, rows]).sort("date")
    found.sources[name] = found.sources.get(name, 0) + rows.height
    # What lies between the source's first and last bar is known to it, also where there was no trade.
    found.days |= {day for day in wanted if rows["date"][0] <= day <= rows["date"][-1]}
    return [f"{name}: {rows.height:,} bars of {found.ticker} that the archive lacks"]

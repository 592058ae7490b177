"""What the scripts of market data share: the provider that the settings describe, and a run of populating."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock import console
from tickstock.errors import TickstockError, UsageError

if TYPE_CHECKING:
    from tickstock.bars.populate import Ask, Means, Populated
    from tickstock.market_settings import Market


def months_before_today(months: int) -> tuple[date, date]:
    """The days of so many months, today's included: the first, and the day after the last."""
    from tickstock.bars.sessions import new_york_now, period_start

    today = new_york_now().date()
    return period_start(f"{months}mo", today), today + timedelta(days=1)


@contextmanager
def means(options: argparse.Namespace, market: Market) -> Iterator[Means]:
    """What populating works with. Without credentials there is no provider, and that is said.

    ``options.scheduler`` may name a Dask cluster.
    """
    from tickstock.bars.credentials import credentials
    from tickstock.bars.mapping import dask_map, local_map
    from tickstock.bars.populate import Means
    from tickstock.bars.provider import Provider
    from tickstock.bars.sessions import new_york_now
    from tickstock.errors import UnavailableError

    with ExitStack() as stack:
        provider = None
        try:
            keys = credentials(market.massive)
        except UnavailableError as error:
            console.say(options, f"nothing is fetched: {error}")
        else:
            provider = stack.enter_context(Provider(market.massive, keys))
        scheduler = getattr(options, "scheduler", None)
        run = stack.enter_context(dask_map(scheduler)) if scheduler else local_map
        told = stack.enter_context(console.progress_bar(options))
        yield Means(market, provider, new_york_now(), run, told)


def populate_and_show(options: argparse.Namespace, market: Market, ask: Ask) -> int:
    """Populate, print what came of it, and give the exit status: 1 where a day that was due failed, a file that is here
    cannot be used, or none is here.
    """
    from tickstock.bars.populate import populate
    from tickstock.bars.populate_text import as_json, as_text, tickers_text

    with means(options, market) as how:
        populated = populate(how, ask)
    for remark in populated.remarks:
        console.say(options, remark)
    if options.json:
        console.show(json.dumps(as_json(populated, market.derived, ask.tickers), indent=2))
    elif not options.quiet:
        console.show(as_text(populated))
        if ask.tickers:
            console.show("\n" + tickers_text(market.derived, ask.tickers))
    return _status(populated)


def populate_from_yahoo(options: argparse.Namespace, market: Market, ask: Ask) -> int:
    """Ask Yahoo for each ticker, print what came of it, and give the exit status: 1 where a ticker has no file now."""
    from tickstock.bars import populate_yahoo
    from tickstock.bars.gather import yahoo
    from tickstock.bars.populate_text import tickers_as_json, tickers_text
    from tickstock.bars.sessions import new_york_now
    from tickstock.bars.tracked import read_tracked

    asked = populate_yahoo.YahooAsk(ask.tickers, ask.start, ask.end, new_york_now())
    with console.progress_bar(options) as told, unseen_logs(options, "yfinance"):
        came = populate_yahoo.populate_from_yahoo(yahoo(market), market.derived, asked, told)
    for ticker, reason in came.items():
        if reason:
            console.warn(f"{ticker}: {reason}")
    if options.json:
        console.show(json.dumps({"tickers": tickers_as_json(market.derived, ask.tickers), "reasons": came}, indent=2))
    elif not options.quiet:
        console.show(tickers_text(market.derived, ask.tickers))
    return int(any(reason and read_tracked(market.derived, ticker) is None for ticker, reason in came.items()))


@contextmanager
def unseen_logs(options: argparse.Namespace, *names: str) -> Iterator[None]:
    """Keep what these libraries log from the terminal, unless ``--verbose``: what counts is told with the result."""
    loggers = [] if options.verbose else [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _status(populated: Populated) -> int:
    from tickstock.bars.fetch import FAILED, FETCHED, HELD, REPLACED
    from tickstock.bars.populate import NOT_ASKED
    from tickstock.bars.sessions import first_not_expected, new_york_now

    due = first_not_expected(new_york_now())
    if populated.outcomes and not any(one.outcome in (FETCHED, REPLACED, HELD) for one in populated.outcomes):
        raise TickstockError("none of these days is here or can be had; check_massive.py tells what can")
    failed = any(one.outcome in (FAILED, NOT_ASKED) and one.day < due for one in populated.outcomes)
    return int(failed or bool(populated.derived.faults))


def tickers_asked(options: argparse.Namespace, market: Market) -> tuple[str, ...]:
    """The tickers of the lists that -f names, or of all lists; which known lists are not there is said.

    Raises:
        BadInputError: a list is not there, or a word in it is no ticker.
    """
    from tickstock.bars.lists import read_all_lists, read_lists

    if options.file:
        lists = read_lists(options.file, market.tickers)
    else:
        lists = read_all_lists(market.tickers)
        if lists.absent:
            console.say(options, f"not in {market.tickers}: {', '.join(lists.absent)}")
    console.say(options, f"{len(lists.tickers)} tickers of {', '.join(path.name for path in lists.files)}")
    return lists.tickers


def add_lists(parser: argparse.ArgumentParser, needed: bool) -> None:
    """The options -f and --all; ``needed``: without either it is an error, and not all lists."""
    which = parser.add_mutually_exclusive_group(required=needed)
    text = "a list of tickers: a path, or a name in tickers/ (repeatable)"
    which.add_argument("-f", "--file", type=Path, metavar="FILE", action="append", help=text)
    default = "" if needed else " (the default)"
    which.add_argument("--all", action="store_true", help=f"every list in tickers/{default}")


def days_asked(options: argparse.Namespace) -> tuple[date, date]:
    """The days that --months, or --start and --end, ask for: the first, and the day after the last.

    Raises:
        UsageError: the start is after the end.
    """
    first, end = months_before_today(options.months)
    first = options.start or first
    last = options.end or end - timedelta(days=1)
    if first > last:
        raise UsageError(f"the start, {first}, is after the end, {last}; expected --start and --end in this order")
    return first, last + timedelta(days=1)

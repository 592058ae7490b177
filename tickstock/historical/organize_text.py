"""Organised entries in words: lines for people, values for JSON. Nothing here prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tickstock.historical.entry_rules import THEMES
from tickstock.historical.organize import ACTIONS, Entry, Organized
from tickstock.relationships.queries.text import counted
from tickstock.terminal import printable

if TYPE_CHECKING:
    from tickstock.historical.entry_checks import Stored


def lines(organized: Organized, verbose: bool = False) -> Iterator[str]:
    """A line for each category (verbose: for each entry), and the totals; those of a dry run are marked."""
    mark = "[DRY RUN] " if organized.options.dry_run else ""
    options = organized.options
    yield f"{mark}{options.environment}, {options.mode}: {organized.stocks:,} stocks, {organized.etfs:,} ETFs"
    if verbose:
        yield from (f"{mark}  {printable(_entry_line(entry))}" for entry in organized.entries)
    else:
        for place, entries in groupby(organized.entries, category):
            actions = Counter(entry.action for entry in entries)
            yield f"{mark}  {printable(place)}: {_counts(actions, [action for action in ACTIONS if actions[action]])}"
    yield f"{mark}{counted(len(organized.entries), 'entry')}: {_counts(organized.totals, ACTIONS)}"
    if options.dry_run:
        yield "[DRY RUN] No changes written to database"


def _entry_line(entry: Entry) -> str:
    before = f" (was {entry.before:,})" if entry.before not in (None, entry.count) else ""
    count = "" if entry.count is None else f"  {counted(entry.count, 'symbol')}"
    return f"{entry.action:<9}  {entry.place}{count}{before}"


def category(entry: Entry | Stored) -> str:
    """``stock_universe | market_cap``; of themes, whose names are many, the type alone."""
    return entry.type if entry.type == THEMES else f"{entry.type} | {entry.name}"


def _counts(totals: Mapping[str, int], actions: Sequence[str]) -> str:
    return ", ".join(f"{totals[action]:,} {action}" for action in actions)


def warnings(organized: Organized) -> list[str]:
    """What people should know of it, a sentence each."""
    found = []
    if organized.outdated:
        found.append(
            f"kept with another value than symbols and groups give: {counted(organized.outdated, 'entry')}; "
            "replaced without --no-delete"
        )
    if organized.stocks and not organized.stocks_with_market_cap:
        found.append(
            f"none of the {organized.stocks:,} stocks has a known market capitalisation, so no band and no leaders "
            "have members; load symbols with MASSIVE_API_KEY set, or fill in symbols.market_cap, and organise again"
        )
    return found


def as_json(organized: Organized) -> dict[str, Any]:
    """The JSON shape of ``run_cache_synchronization.py``; ``docs/json.md`` describes it."""
    options = organized.options
    return {
        "environment": options.environment,
        "mode": options.mode,
        "dry_run": options.dry_run,
        "at": organized.at.isoformat(),
        "stocks": organized.stocks,
        "stocks_with_market_cap": organized.stocks_with_market_cap,
        "etfs": organized.etfs,
        "totals": organized.totals,
        "outdated": organized.outdated,
        "entries": [
            {word: getattr(entry, word) for word in ("type", "name", "key", "action", "before", "count")}
            for entry in organized.entries
        ],
        "warnings": warnings(organized),
    }

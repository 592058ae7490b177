"""Organised entries in words: lines for people, values for JSON. Nothing here prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from tickstock.historical.organize import ACTIONS, Entry, Organized


def lines(organized: Organized, verbose: bool = False) -> Iterator[str]:
    """A line for each type and name (verbose: for each entry), and the totals; those of a dry run are marked."""
    mark = "[DRY RUN] " if organized.options.dry_run else ""
    options = organized.options
    yield f"{mark}{options.environment}, {options.mode}: {organized.stocks:,} stocks, {organized.etfs:,} ETFs"
    if verbose:
        yield from (f"{mark}  {_entry_line(entry)}" for entry in organized.entries)
    else:
        for (type_, name), entries in groupby(organized.entries, lambda entry: entry[:2]):
            actions = Counter(entry.action for entry in entries)
            yield f"{mark}  {type_} | {name}: {_counts(actions, (a for a in ACTIONS if actions[a]))}"
    yield f"{mark}{len(organized.entries):,} entries: {_counts(organized.totals, ACTIONS)}"
    if options.dry_run:
        yield "[DRY RUN] No changes written to database"


def _entry_line(entry: Entry) -> str:
    before = f" (was {entry.before:,})" if entry.before not in (None, entry.count) else ""
    count = "" if entry.count is None else f"  {entry.count:,} symbols"
    return f"{entry.action:<9}  {entry.place}{count}{before}"


def _counts(totals: dict[str, int], actions: Any) -> str:
    return ", ".join(f"{totals[action]:,} {action}" for action in actions)


def warnings(organized: Organized) -> list[str]:
    """What people should know of it, a sentence each."""
    found = []
    if organized.outdated:
        found.append(
            f"{organized.outdated:,} entries were kept with another value than symbols and groups give; "
            "without --no-delete they are replaced"
        )
    if organized.stocks and not organized.stocks_with_market_cap:
        found.append(
            f"none of the {organized.stocks:,} stocks has a known market capitalisation, so no band and no leaders "
            "have members; load symbols that have one, and organise again"
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

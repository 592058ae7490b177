"""An analysis of entries in words: lines for people, values for JSON. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from tickstock.historical.entry_checks import FAIL, PASS, WARN, Analysis, Check
from tickstock.historical.entry_rules import THEMES
from tickstock.historical.organize_text import category
from tickstock.relationships.queries.text import counted
from tickstock.terminal import printable

LISTED = 10
SIGNS = {PASS: "✓ PASS", WARN: "⚠ WARN", FAIL: "✗ FAIL"}


def lines(analysis: Analysis, verbose: bool = False) -> Iterator[str]:
    """Entries by category (verbose: each), what they are made from, the checks, and what to do."""
    counts = analysis.counts
    yield f"Cache entries of {analysis.environment}"
    yield from _entry_lines(analysis, verbose)
    yield ""
    yield f"Symbols:            {counts.stocks:,} stocks ({counts.loaded_stocks:,} in symbols, " \
          f"{counts.stocks_with_market_cap:,} with a market cap), {counts.etfs:,} ETFs " \
          f"({counts.loaded_etfs:,} in symbols)"  # fmt: skip
    yield f"Last organised:     {_time(counts.organized_at)}"
    yield ""
    for check in analysis.checks:
        yield f"Checking {check.title + '...':<22}{SIGNS[check.status]} ({check.summary})"
        yield from _finding_lines(check, verbose)
    if analysis.recommendations:
        yield ""
        yield "Recommendations:"
        yield from (f"  - {printable(each)}" for each in analysis.recommendations)
    yield ""
    passed = sum(check.status == PASS for check in analysis.checks)
    yield f"Overall Status:     {SIGNS[analysis.status]} ({passed}/{len(analysis.checks)} passed)"


def _entry_lines(analysis: Analysis, verbose: bool) -> Iterator[str]:
    for place, group in groupby(analysis.entries, category):
        entries = list(group)
        newest = _time(max((entry.updated_at for entry in entries if entry.updated_at), default=None))
        symbols = counted(sum(entry.count or 0 for entry in entries), "symbol")
        yield f"  {printable(place)}: {counted(len(entries), 'entry')}, {symbols}, {newest}"
        if verbose:
            for entry in entries:
                name = f"{entry.name} | " if entry.type == THEMES else ""
                size = "" if entry.count is None else f"{counted(entry.count, 'symbol')}, "
                since = _time(entry.updated_at)
                yield f"    {printable(name + entry.key)}: {size}{counted(entry.bytes, 'byte')}, since {since}"
    for type_, number in analysis.foreign.items():
        yield f"  {printable(type_)}: {counted(number, 'entry')} of others"
    if not analysis.entries:
        yield "  no organised entries"


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "never"


def _finding_lines(check: Check, verbose: bool) -> Iterator[str]:
    listed = check.findings if verbose else check.findings[:LISTED]
    for finding in listed:
        place = f"{finding.entry}: " if finding.entry else ""
        yield f"    {finding.severity}: {printable(place + finding.found)}"
    if len(listed) < check.count:
        yield f"    … and {check.count - len(listed):,} more{'' if verbose else ' (--verbose lists them)'}"


def as_json(analysis: Analysis) -> dict[str, Any]:
    """The JSON shape of ``maint_read_stock_cache_entries.py``; ``docs/json.md`` describes it."""
    counts = analysis.counts
    return {
        "environment": analysis.environment,
        "status": analysis.status,
        "organized_at": counts.organized_at and counts.organized_at.isoformat(),
        "symbols": {name: value for name, value in counts._asdict().items() if name != "organized_at"},
        "entries": [
            {**entry._asdict(), "updated_at": entry.updated_at and entry.updated_at.isoformat()}
            for entry in analysis.entries
        ],
        "foreign": analysis.foreign,
        "checks": [
            {
                "name": check.name,
                "status": check.status,
                "summary": check.summary,
                "count": check.count,
                "findings": [finding._asdict() for finding in check.findings],
            }
            for check in analysis.checks
        ],
        "recommendations": list(analysis.recommendations),
    }

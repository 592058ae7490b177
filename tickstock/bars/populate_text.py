"""What populating did, as text and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tickstock.bars.fetch import FAILED, FETCHED, HELD, NOT_ENTITLED, NOT_PUBLISHED, REPLACED, SET_ASIDE, DayOutcome
from tickstock.bars.populate import NOT_ASKED, Populated
from tickstock.bars.sessions import sessions
from tickstock.bars.tracked import Tracked, read_tracked

WORDS = {
    FETCHED: "fetched",
    REPLACED: "fetched again",
    HELD: "skipped, here already",
    NOT_PUBLISHED: "missing, not published yet",
    NOT_ENTITLED: "missing, not entitled",
    SET_ASIDE: "missing, no flat file",
    FAILED: "missing, failed",
    NOT_ASKED: "missing, no credentials",
}
_WITHOUT_DAYS = (FETCHED, HELD)


def as_text(populated: Populated) -> str:
    """The days by what came of them, and what was derived."""
    days = [one.day for one in populated.outcomes]
    span = f" from {days[0]} to {days[-1]}" if days else ""
    lines = [f"{len(days):,} sessions{span}"]
    for outcome, word in WORDS.items():
        these = [one for one in populated.outcomes if one.outcome == outcome]
        if these:
            shown = "" if outcome in _WITHOUT_DAYS else f"  {ranges([one.day for one in these])}"
            lines.append(f"  {word:<28}{len(these):>6,}{shown}")
            lines += [f"    {line}" for line in dict.fromkeys(_details(these)) if outcome not in _WITHOUT_DAYS]
    for day, reason in sorted(populated.derived.faults.items()):
        lines.append(f"  {day} cannot be used: {reason}")
    derived = populated.derived
    written = f"{derived.partitions} file(s) of the store, {len(derived.tickers)} tracked ticker(s)"
    lines.append(f"derived: {written} written")
    return "\n".join(lines)


def tickers_text(folder: Path, tickers: Sequence[str]) -> str:
    """A table of the files of tracked tickers."""
    from tabulate import tabulate

    rows = [(ticker, *_of_file(read_tracked(folder, ticker))) for ticker in tickers]
    headers = ("Symbol", "Records", "Date Range", "Source")
    return tabulate(rows, headers=headers, colalign=("left", "right", "left", "left"), disable_numparse=True)


def as_json(populated: Populated, folder: Path, tickers: Sequence[str]) -> dict[str, Any]:
    """The same as data; every day with its outcome."""
    return {
        "days": [{"day": str(one.day), "outcome": one.outcome, "detail": one.detail} for one in populated.outcomes],
        "unusable": {str(day): reason for day, reason in sorted(populated.derived.faults.items())},
        "partitions_written": populated.derived.partitions,
        "tickers_written": list(populated.derived.tickers),
        "tickers": tickers_as_json(folder, tickers),
        "derived_from": str(populated.since),
        "remarks": list(populated.remarks),
    }


def tickers_as_json(folder: Path, tickers: Sequence[str]) -> list[dict[str, Any]]:
    """What the files of tracked tickers hold."""
    return [_file_as_json(ticker, read_tracked(folder, ticker)) for ticker in tickers]


def _file_as_json(ticker: str, tracked: Tracked | None) -> dict[str, Any]:
    days = list(tracked.rows["date"]) if tracked else []
    return {
        "ticker": ticker,
        "records": len(days),
        "from": str(days[0]) if days else None,
        "to": str(days[-1]) if days else None,
        "source": tracked.source if tracked else None,
    }


def ranges(days: Sequence[date], most: int = 4) -> str:
    """Days in few words: ``2025-12-01 to 2025-12-05, 2025-12-09, and 3 more``; sessions in a row are one range."""
    found = [f"{first}" if first == last else f"{first} to {last}" for first, last in _runs(sorted(days))]
    more = [f"and {len(found) - most} more"] if len(found) > most else []
    return ", ".join(found[:most] + more)


def _runs(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    if not days:
        return
    wanted, first, last = set(days), None, None
    for day in (*sessions(days[0], days[-1]), days[-1]):
        if day in wanted:
            first, last = first or day, day
        elif first and last:
            yield first, last
            first = None
    if first and last:
        yield first, last


def _details(outcomes: Sequence[DayOutcome]) -> Iterator[str]:
    """Reasons, each once; what names its own day is told for the first of them."""
    reasons: dict[str, list[DayOutcome]] = {}
    for one in outcomes:
        if one.detail:
            reasons.setdefault(one.detail.replace(str(one.day), "…"), []).append(one)
    for same in reasons.values():
        yield same[0].detail


def _of_file(tracked: Tracked | None) -> tuple[str, str, str]:
    if tracked is None:
        return "0", "no file", ""
    days = tracked.rows["date"]
    return f"{len(days):,}", f"{days[0]} to {days[-1]}" if len(days) else "no bar", tracked.source

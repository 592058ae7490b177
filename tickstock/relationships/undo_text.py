"""The plan of an undo in words: lines for people, values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tickstock.relationships import text
from tickstock.relationships.plan import Outcome, RowChange
from tickstock.relationships.undo import Run


def lines(run: Run, outcome: Outcome, changes: Iterable[RowChange], verbose: bool) -> Iterator[str]:
    """What an undo does, a row a group, and the rows that it leaves alone; with ``verbose`` every row."""
    if outcome.plan.options.dry_run:
        yield f"[DRY RUN] Would undo load {run}"
        yield from (f"[DRY RUN] {line}" for line in text.sum_lines(outcome.plan))
    yield from text.plan_lines(outcome, verbose)
    for name, as_of in outcome.plan.past_again:
        yield f"{name}{f' as of {as_of}' if as_of else ''}: the past is told again as before run {run.id}"
    kept = outcome.plan.total("kept")
    if kept:
        yield f"changed since, left as they are: {kept:,} (--force puts back what was before)"
    if not (verbose or kept):
        return
    listed = 0
    for change in changes:
        if verbose or (change.action == "kept" and listed < text.LISTED_ROWS):
            listed += 1
            yield f"  {change.group} {change.symbol:<8} {change.action:<8} {_weights(change)}".rstrip()
    if not verbose and listed < kept:
        yield f"  … and {kept - listed:,} more (--verbose lists them)"


def as_json(run: Run, outcome: Outcome, changes: Iterable[RowChange] | None) -> dict[str, Any]:
    """The JSON shape of a loader, with the run that is taken back as ``undoes``, and ``past_again``."""
    again = [{"name": name, "as_of": as_of and as_of.isoformat()} for name, as_of in outcome.plan.past_again]
    return {"undoes": run.id, **text.as_json(outcome, changes), "past_again": again}


def ending(run: Run, outcome: Outcome) -> str:
    """How an undo ended, up to the name of the database."""
    if outcome.load_id is None:
        return f"nothing of load {run.id} to take back in"
    return f"load {run.id} undone: load {outcome.load_id} committed to"


def _weights(change: RowChange) -> str:
    now = "gone" if not change.stored else _weight(change.old_weight)
    before = _weight(change.new_weight) if change.in_file else "not there"
    if change.action == "kept":
        return f"{now} (before the load: {before})"
    return f"{now} -> {before}" if change.action == "changed" else (before if change.action == "added" else now)


def _weight(weight: object) -> str:
    return "there" if weight is None else f"{weight:f}"

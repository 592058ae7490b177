"""Differences, churn and renames in words: lines for people. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tickstock.relationships.queries.text import exact
from tickstock.terminal import aligned, printable, table

if TYPE_CHECKING:
    from decimal import Decimal

    from tickstock.relationships.history.churn import FundChurn
    from tickstock.relationships.history.diff import Diff, Member, Move
    from tickstock.relationships.history.groups import Side
    from tickstock.relationships.history.renames import Rename
    from tickstock.relationships.history.suggestions import Suggestion

LISTED = 20


def diff_lines(diff: Diff, suggestions: Sequence[Suggestion], verbose: bool = False) -> Iterator[str]:
    """A group on two days and what lies between; at most :data:`LISTED` lines of a kind unless ``verbose``."""
    changes = diff.changes
    yield printable(f"{diff.kind.noun} {diff.name} from {diff.before.day} to {diff.after.day}")
    yield from aligned([_side(diff.before), _side(diff.after)], right=[1])
    yield (
        f"{len(changes.added):,} added, {len(changes.removed):,} removed, {len(changes.renamed):,} renamed, "
        f"{len(changes.moved):,} moved, {changes.unchanged:,} unchanged"
    )
    if changes.turnover is not None:
        yield f"one-way turnover {_percent(changes.turnover)} %"
    most = None if verbose else LISTED
    yield from _section("added", [_member(each) for each in changes.added], most, right=[1])
    yield from _section("removed", [_member(each) for each in changes.removed], most, right=[1])
    renamed = [
        [f"renamed {each.symbol} -> {each.new_symbol}", f"on {each.renamed_on}", *_move(each)]
        for each in changes.renamed
    ]
    yield from _section("renamed", renamed, most, right=[2, 4, 5])
    moved = [[each.symbol, *_move(each)] for each in changes.moved]
    yield from _section("moved (percentage points)", moved, most, right=[1, 3, 4])
    yield from _suggestion_lines(suggestions)


def fund_churn_lines(fund: FundChurn) -> Iterator[str]:
    """A fund, a line a snapshot."""
    header = ["as of", "members", "added", "removed", "moved", "one-way turnover %"]
    yield printable(f"ETF {fund.etf}")
    rows = [
        [
            str(step.as_of),
            f"{step.members:,}",
            *(("", "", "") if step.before is None else (f"{step.added:,}", f"{step.removed:,}", f"{step.moved:,}")),
            _percent(step.turnover),
        ]
        for step in fund.steps
    ]
    yield from table(header, rows, right=range(1, 6))


def churn_lines(funds: Sequence[FundChurn]) -> Iterator[str]:
    """A line a fund, in the order given."""
    header = ["ETF", "snapshots", "from", "to", "added", "removed", "moved", "turnover % a year"]
    rows = [
        [
            fund.etf,
            f"{len(fund.steps):,}",
            str(fund.steps[0].before or fund.steps[0].as_of),
            str(fund.steps[-1].as_of),
            *(f"{fund.total(word):,}" for word in ("added", "removed", "moved")),
            _percent(fund.turnover_a_year),
        ]
        for fund in funds
    ]
    yield from table(header, rows, right=[1, 4, 5, 6, 7])


def renames_lines(renames: Sequence[Rename]) -> Iterator[str]:
    """The accepted renames, or that there are none."""
    header = ["old", "new", "first day of the new", "note"]
    rows = [[each.old_symbol, each.new_symbol, str(each.renamed_on), each.note or ""] for each in renames]
    yield from table(header, rows) if rows else ["no rename is accepted yet"]


def _side(side: Side) -> list[str]:
    file = side.snapshot
    told = "no file tells of it"
    if file:
        name = file.path.replace("\\", "/").rpartition("/")[2]
        told = f"{name}, {'as of' if file.dated else 'without a date, loaded on'} {file.as_of} (run {file.load_id})"
    return [f"{side.day}:", f"{len(side.members):,}", "member" if len(side.members) == 1 else "members", told]


def _section(title: str, rows: Sequence[list[str]], most: int | None, right: Sequence[int]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", title)
    yield from (f"  {line}" for line in aligned(rows[:most], right))
    if most is not None and most < len(rows):
        yield f"  … and {len(rows) - most:,} more (--verbose lists them)"


def _member(member: Member) -> list[str]:
    return [member.symbol, exact(member.weight)]


def _move(move: Move) -> list[str]:
    points = "" if move.points is None else f"{move.points:+f}"
    return [exact(move.before) or "none", "->", exact(move.after) or "none", points]


def _suggestion_lines(suggestions: Sequence[Suggestion]) -> Iterator[str]:
    if not suggestions:
        return
    yield from ("", "renames that the funds suggest")
    rows = [
        [f"{each.old_symbol} -> {each.new_symbol}", f"on {each.day}", f"as {', '.join(each.funds)} say"]
        for each in suggestions
    ]
    yield from (f"  {line}" for line in aligned(rows))
    yield "a swap of two stocks of one size looks the same; put the true ones into a file for history.py renames:"
    yield from (printable(each.line) for each in suggestions)


def _percent(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"

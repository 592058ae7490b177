"""History as JSON documents; ``docs/json.md`` describes them. Weights are numbers, unknown ones null."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

    from tickstock.relationships.history.churn import FundChurn
    from tickstock.relationships.history.diff import Diff, Move
    from tickstock.relationships.history.groups import Side
    from tickstock.relationships.history.renames import Rename
    from tickstock.relationships.history.runs import Run
    from tickstock.relationships.history.story import File, Group, Keys, Row, Story
    from tickstock.relationships.history.suggestions import Suggestion

Document = dict[str, Any]


def run_document(run: Run) -> Document:
    return {
        "load_id": run.id,
        "what": run.what,
        "kind": run.kind,
        "type": run.type,
        "mode": run.mode,
        "started_at": _iso(run.started_at),
        "committed_at": _iso(run.committed_at),
        "who": run.database_user,
        "program": run.program,
        "undoes": run.undoes,
        "note": run.note,
        **{word: getattr(run, word) for word in ("added", "changed", "removed", "files", "past_files")},
        "undone": [{"load_id": each.by_run, "groups": each.groups, "whole": each.whole} for each in run.undone],
    }


def story_document(story: Story, rows: Iterable[Row]) -> Document:
    """``rows`` are all memberships, in the order of the story's groups."""
    by_group = {group_id: [_row(row) for row in own] for group_id, own in groupby(rows, key=lambda row: row.group_id)}
    return {
        **run_document(story.run),
        "environment": story.environment,
        "tool_version": story.tool_version,
        "forced": story.forced,
        "entered": story.entered,
        "files": [_file(file) for file in story.files],
        "groups": [{**_group(group), "rows": by_group.get(group.id, [])} for group in story.groups],
    }


def diff_document(diff: Diff, suggestions: Iterable[Suggestion]) -> Document:
    changes = diff.changes
    return {
        "type": diff.kind.type,
        "name": diff.name,
        "before": _side(diff.before),
        "after": _side(diff.after),
        "counts": {
            **{word: len(getattr(changes, word)) for word in ("added", "removed", "renamed", "moved")},
            "unchanged": changes.unchanged,
        },
        "turnover": _number(changes.turnover),
        "added": [{"symbol": each.symbol, "weight": _number(each.weight)} for each in changes.added],
        "removed": [{"symbol": each.symbol, "weight": _number(each.weight)} for each in changes.removed],
        "renamed": [
            {"new_symbol": each.new_symbol, "renamed_on": _iso(each.renamed_on), **_move(each)}
            for each in changes.renamed
        ],
        "moved": [_move(each) for each in changes.moved],
        "suggested_renames": [
            {"old": each.old_symbol, "new": each.new_symbol, "date": _iso(each.day), "funds": each.funds}
            for each in suggestions
        ],
    }


def fund_churn_document(fund: FundChurn) -> Document:
    return {
        "etf": fund.etf,
        "turnover_a_year": _number(fund.turnover_a_year),
        "snapshots": [
            {
                **step._asdict(),
                "as_of": _iso(step.as_of),
                "before": _iso(step.before),
                "turnover": _number(step.turnover),
            }
            for step in fund.steps
        ],
    }


def churn_document(funds: Iterable[FundChurn]) -> Document:
    return {
        "funds": [
            {
                "etf": fund.etf,
                "snapshots": len(fund.steps),
                "from": _iso(fund.steps[0].before or fund.steps[0].as_of),
                "to": _iso(fund.steps[-1].as_of),
                **{word: fund.total(word) for word in ("added", "removed", "moved")},
                "turnover_a_year": _number(fund.turnover_a_year),
            }
            for fund in funds
        ]
    }


def rename_document(rename: Rename) -> Document:
    return {
        "old": rename.old_symbol,
        "new": rename.new_symbol,
        "date": rename.renamed_on.isoformat(),
        "note": rename.note,
    }


def _side(side: Side) -> Document:
    file = side.snapshot
    return {
        "day": side.day.isoformat(),
        "members": len(side.members),
        "snapshot": file and {**file._asdict(), "as_of": file.as_of.isoformat()},
    }


def _move(move: Move) -> Document:
    numbers = {"before": move.before, "after": move.after, "points": move.points}
    return {"symbol": move.symbol, **{word: _number(value) for word, value in numbers.items()}}


def _file(file: File) -> Document:
    document = {**file._asdict(), "as_of": _iso(file.as_of)}
    del document["group_id"]
    return document


def _group(group: Group) -> Document:
    words = ("type", "name", "environment", "added", "changed", "removed", "past")
    return {
        **{word: getattr(group, word) for word in words},
        "action": group.action,
        "known_from": _iso(group.known_from),
        "before": group.before,
        "after": group.after,
        "keys": _keys(group.keys),
    }


def _row(row: Row) -> Document:
    return {
        "symbol": row.symbol,
        "action": row.action,
        "member": row.action != "removed" and row.new_metadata is not None,
        "old_weight": _number(row.old_weight),
        "new_weight": _number(row.new_weight),
        "metadata": _keys(row.keys),
        "from": _iso(row.from_day),
        "to": _iso(row.to_day),
    }


def _keys(keys: Keys) -> Document:
    return {key: {"before": before, "after": after} for key, (before, after) in keys.items()}


def _iso(moment: date | datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _number(value: Decimal | None) -> float | None:
    """A number with at most six decimals, as weights are stored."""
    return None if value is None else float(round(value, 6))

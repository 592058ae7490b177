"""The ledger, and the story of one run, in words: lines for people. Nothing here prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tickstock.relationships.queries.text import counted, exact
from tickstock.terminal import printable, table

if TYPE_CHECKING:
    from datetime import datetime

    from tickstock.relationships.history.runs import Run, Undone
    from tickstock.relationships.history.story import File, Group, Keys, Row, Story

LISTED = 20
_WORDS = ("added", "changed", "removed")


def runs_lines(runs: list[Run], verbose: bool = False) -> Iterator[str]:
    """A line a run, the latest first; ``verbose`` adds notes."""
    header = ["run", "committed (UTC)", "what", *_WORDS, "files", "by", "undone"]
    rows = [
        [
            str(run.id),
            _time(run.committed_at),
            f"{run.what} ({run.note})" if verbose and run.note else run.what,
            *("" if count is None else f"{count:,}" for count in (run.added, run.changed, run.removed)),
            f"{run.files} ({run.past_files} of the past)" if run.past_files else f"{run.files or ''}",
            f"{run.program or 'no name'}, {run.database_user}",
            "; ".join(map(_undone, run.undone)),
        ]
        for run in runs
    ]
    yield from table(header, rows, right=[0, 3, 4, 5, 6])


def story_lines(story: Story, rows: Iterable[Row], verbose: bool = False) -> Iterator[str]:
    """A run from its beginning to what became of it, group by group; ``verbose`` adds the warnings of its files.

    ``rows`` come in the order of the story's groups, at most :data:`LISTED` of each unless ``verbose``.
    """
    run = story.run
    place = f" in {story.environment}" if story.environment else ""
    yield printable(f"Run {run.id}: {run.what}{place}")
    yield printable(f"committed {_time(run.committed_at)} UTC by {run.program or 'no name'}, user {run.database_user}")
    if run.note:
        yield printable(f"note: {run.note}")
    yield from (printable(f"forced: {guard}") for guard in story.forced)
    yield from (f"undone {_undone(undone)}" for undone in run.undone)
    yield f"in all: {', '.join(f'{getattr(run, word) or 0:,} {word}' for word in _WORDS)}"
    yield from _file_lines(story.files, verbose)
    by_group = groupby(rows, key=lambda row: row.group_id)
    id_, own = next(by_group, (None, iter(())))
    for group in story.groups:
        if group is story.groups[0] or _rows(group):
            yield ""
        yield from _group_lines(story, group)
        if id_ == group.id:
            lines = 0
            for row in own:
                yield f"  {_row_line(row)}"
                lines += 1
            if more := _rows(group) - lines:
                yield f"  … and {more:,} more (--verbose lists them)"
            id_, own = next(by_group, (None, iter(())))


def _file_lines(files: list[File], verbose: bool) -> Iterator[str]:
    if files:
        yield ""
    header = ["file of", "as of", "lines", "members", "split off", "checksum", "path"]
    rows = [
        [
            f"{file.group} (of the past)" if file.scope == "past" else file.group,
            "no date" if file.as_of is None else str(file.as_of),
            f"{file.rows:,}",
            f"{file.members:,}",
            ", ".join(f"{count} {reason}" for reason, count in file.split_off.items()),
            file.checksum,
            file.path,
        ]
        for file in files
    ]
    yield from table(header, rows, right=[2, 3])
    for file in files:
        if file.kept:
            yield printable(f"{file.group}: left as a hand made them: {', '.join(file.kept)}")
        if file.missing:
            yield printable(f"{file.group}: {counted(file.missing, 'row')} gone from the file left by --keep-missing")
        if verbose:
            yield from (printable(f"{file.group}: warning: {warning}") for warning in file.warnings)


def _group_lines(story: Story, group: Group) -> Iterator[str]:
    counts = [f"{count:,} {word}" for word in (*_WORDS, "past") if (count := getattr(group, word))]
    facts = ", ".join([f"group {group.action}"] * bool(group.action) + counts)
    if story.entering(group):
        facts = f"{counted(group.added, 'stock')} entered" + (f", {group.removed:,} left" if group.removed else "")
    where = f" in {group.environment}" if story.environment != group.environment else ""
    yield printable(f"{group.type} {group.name}{where}: {facts or 'the past'}")
    yield from (f"  {text}" for text in _key_texts(group.keys))
    if group.known_from:
        yield f"  known from {group.known_from} on"


def _rows(group: Group) -> int:
    return group.added + group.changed + group.removed + group.past


def _row_line(row: Row) -> str:
    if row.action == "past":
        state = "no member" if row.new_metadata is None else exact(row.new_weight) or "member"
        return printable(f"{row.symbol:<8} past     {state} from {row.from_day} to before {row.to_day}")
    if row.action == "changed":
        weight = f"{exact(row.old_weight) or 'none'} -> {exact(row.new_weight) or 'none'}"
        facts = [weight] * (row.old_weight != row.new_weight) + _key_texts(row.keys)
        return printable(f"{row.symbol:<8} changed  {'; '.join(facts) or 'deleted and made again as it was'}")
    weighed, metadata = (
        (row.new_weight, row.new_metadata) if row.action == "added" else (row.old_weight, row.old_metadata)
    )
    reason = metadata.get("reason") if isinstance(metadata, dict) else None
    return printable(f"{row.symbol:<8} {row.action:<8} {exact(weighed) or reason or ''}".rstrip())


def _key_texts(keys: Keys) -> list[str]:
    return [printable(f"{key or 'metadata'}: {_value(old)} -> {_value(new)}") for key, (old, new) in keys.items()]


def _value(value: Any) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _undone(undone: Undone) -> str:
    groups = "" if undone.whole else f" for {', '.join(map(printable, undone.groups))}"
    return f"by {undone.by_run}{groups}"

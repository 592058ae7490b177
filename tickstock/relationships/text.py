"""A plan in words: lines for people, values for JSON. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from tickstock.relationships.plan import Coverage, GroupPlan, Outcome, Plan, RowChange

WORDS = ("added", "changed", "removed", "unchanged", "kept")
MEMBER_NOUNS = {"ETF": "holdings"}
LISTED_GROUPS = 40
LISTED_ROWS = 20


def dry_run_lines(outcome: Outcome) -> Iterator[str]:
    """What a load would do: a line a file, then the sums over all files."""
    plan = outcome.plan
    kind = plan.options.type
    noun = MEMBER_NOUNS.get(kind, "members")
    for past in (past for past in plan.past if past.news):
        yield f"Would correct the past of {kind}: {past.name} as of {past.as_of} ({past.members:,} {noun})"
    for group in plan.groups:
        if group.read:
            yield f"Would load {kind}: {group.name} ({group.members:,} {noun})"
        elif group.action in ("added", "changed"):
            yield f"Would {'create' if group.action == 'added' else 'update'} {kind}: {group.name}"
    for group in plan.groups:
        if group.action == "removed":
            yield f"Would remove {kind}: {group.name} ({group.removed:,} members; it has no file)"
    yield from sum_lines(plan)


def sum_lines(plan: Plan) -> Iterator[str]:
    """What a dry run comes to, over all groups."""
    yield f"Would create {plan.total('added'):,} new relationships"
    yield f"Would update {plan.total('changed'):,} existing relationships"
    if plan.total("removed"):
        yield f"Would remove {plan.total('removed'):,} relationships"
    yield "No changes written to database"


def plan_lines(outcome: Outcome, verbose: bool = False) -> Iterator[str]:
    """The plan as a table, a row a group that is of interest, and a total. Up to 40 groups unless verbose."""
    plan = outcome.plan
    shown = [group for group in plan.groups if verbose or group.changes or group.kept or group.put_back]
    listed = shown if verbose else shown[:LISTED_GROUPS]
    dates = {file.name: file.as_of for file in plan.files}
    width = max([len("group"), *(len(group.name) for group in listed)])
    yield f"{'group':<{width}}" + "".join(f"{word:>10}" for word in WORDS)
    for group in listed:
        counts = "".join(f"{getattr(group, word):>10,}" for word in WORDS)
        yield f"{group.name:<{width}}{counts}{_remark(group, dates.get(group.name))}"
    if len(listed) < len(shown):
        yield f"… and {len(shown) - len(listed):,} more groups that change (--verbose lists them)"
    if len(shown) < len(plan.groups):
        yield f"{'… and ' if shown else ''}{len(plan.groups) - len(shown):,} group(s) in which nothing changes"
    yield f"{'total':<{width}}" + "".join(f"{plan.total(word):>10,}" for word in WORDS)
    yield from _past_lines(plan)
    yield from _split_lines(plan, verbose)
    if plan.coverage:
        yield from _coverage_lines(plan.coverage)
    if outcome.entered:
        verb = "would enter" if plan.options.dry_run else "entered"
        yield f"{outcome.entered:,} new stock(s) {verb} the sector unknown; enrich_sectors.py classifies them"


def _past_lines(plan: Plan) -> Iterator[str]:
    """What files that are older than the stored rows change: days of the past."""
    for group in plan.past:
        if not group.news:
            yield f"{group.name} as of {group.as_of} is older than what is stored, and on record: nothing changes"
            continue
        until = f" to before {group.until}" if group.until else ""
        yield (
            f"{group.name} as of {group.as_of} is older than what is stored: its past from then{until} "
            f"({group.added:,} added, {group.changed:,} changed, {group.removed:,} removed); the present stays"
        )


def _coverage_lines(coverage: Coverage) -> Iterator[str]:
    """How many stocks have a sector, and from which source."""
    stocks, unknown = coverage.stocks, coverage.stocks - coverage.classified
    share = f" ({coverage.classified / stocks:.2%})" if stocks else ""
    yield f"{stocks:,} stocks: {coverage.classified:,} classified{share}, {unknown:,} unknown"
    if stocks:
        yield "by source: " + ", ".join(f"{source} {count:,}" for source, count in coverage.sources.items())
    if coverage.conflicts:
        yield f"{coverage.conflicts:,} stock(s) have evidence against their sector (generate_report.py --detail)"


def _split_lines(plan: Plan, verbose: bool) -> Iterator[str]:
    """What in the files is no stock, so that every line of every file is accounted for."""
    for file in plan.files:
        if file.split_off:
            reasons = ", ".join(f"{count} {reason}" for reason, count in file.split_reasons.items())
            yield f"{file.name}: {len(file.split_off)} of {file.rows} lines are no stock: {reasons}"
        for split in file.split_off if verbose else ():
            yield f"  {file.path.name}:{split.line} {split.text} ({split.reason})"


def _remark(group: GroupPlan, as_of: date | None) -> str:
    remarks = [f"as of {as_of}"] if as_of else []
    if group.action == "added":
        remarks.append("new")
    elif group.action in ("changed", "removed"):
        remarks.append(f"group {group.action}")
    if group.put_back:
        remarks.append(f"{group.put_back:,} by hand, put back to the file")
    return "  " + ", ".join(remarks) if remarks else ""


def row_lines(plan: Plan, changes: Iterable[RowChange], verbose: bool) -> Iterator[str]:
    """A line a row: with ``verbose`` all that are not plainly unchanged, else the first that were kept."""
    kept = plan.total("kept")
    if not verbose and not kept:
        return
    if kept:
        yield f"kept by hand: {kept:,} (--mode full puts them back to the file)"
    listed = 0
    for change in changes:
        if verbose or (change.action == "kept" and listed < LISTED_ROWS):
            listed += 1
            yield f"  {change.group} {change.symbol:<8} {change.action:<8} {_weights(change)}".rstrip()
    if not verbose and listed < kept:
        yield f"  … and {kept - listed:,} more (--verbose lists them)"


def _weights(change: RowChange) -> str:
    old = "" if change.old_weight is None else f"{change.old_weight:f}"
    new = "" if change.new_weight is None else f"{change.new_weight:f}"
    hand = "  (by hand)" if change.by_hand else ""
    if change.action == "kept":
        stored = (old or "stored") if change.stored else "deleted"
        return f"{stored} (the file says {new or 'so too'})" if change.in_file else f"{stored} (not in the file)"
    if change.reason:
        return f"{change.reason}{hand}"
    if change.action == "changed":
        return f"{old} -> {new}{hand}"
    return f"{new if change.action == 'added' else old}{hand}"


def ending(outcome: Outcome) -> str:
    """How a load ended, up to the name of the database."""
    if outcome.load_id is None:
        return "nothing to do in"
    if outcome.plan.empty and any(past.news for past in outcome.plan.past):
        return f"no stored row changed, the past did: load {outcome.load_id} committed to"
    if outcome.plan.empty:
        return f"no row changed, the files are on record: load {outcome.load_id} committed to"
    return f"load {outcome.load_id} committed to"


def as_json(outcome: Outcome, changes: Iterable[RowChange] | None = None) -> dict[str, Any]:
    """The JSON shape of every loader; ``docs/json.md`` describes it. Rows only where asked for."""
    plan = outcome.plan
    result: dict[str, Any] = {
        "type": plan.options.type,
        "environment": plan.options.environment,
        "mode": plan.options.mode,
        "dry_run": plan.options.dry_run,
        "load_id": outcome.load_id,
        "totals": {word: plan.total(word) for word in WORDS},
        "entered": outcome.entered,
        "groups": [
            {
                "name": group.name,
                "action": group.action,
                "read": group.read,
                "members": group.members,
                **{word: getattr(group, word) for word in (*WORDS, "missing", "put_back")},
            }
            for group in plan.groups
        ],
        "files": [
            {
                "group": file.name,
                "path": str(file.path),
                "format": file.format,
                "checksum": file.checksum,
                "as_of": file.as_of.isoformat() if file.as_of else None,
                "rows": file.rows,
                "members": file.members,
                "split_off": file.split_reasons,
            }
            for file in plan.files
        ],
        "warnings": list(plan.warnings),
        "refusals": list(plan.refusals),
        "overridden": list(plan.overridden),
    }
    if plan.past:
        result["past"] = [
            {
                "name": group.name,
                "as_of": group.as_of.isoformat(),
                "until": group.until.isoformat() if group.until else None,
                "added": group.added,
                "changed": group.changed,
                "removed": group.removed,
                "members": group.members,
            }
            for group in plan.past
        ]
    if plan.coverage:
        result["coverage"] = {
            "stocks": plan.coverage.stocks,
            "classified": plan.coverage.classified,
            "unknown": plan.coverage.stocks - plan.coverage.classified,
            "conflicts": plan.coverage.conflicts,
            "sources": plan.coverage.sources,
        }
    if changes is not None:
        result["rows"] = [
            {
                "group": change.group,
                "symbol": change.symbol,
                "action": change.action,
                "old_weight": None if change.old_weight is None else float(change.old_weight),
                "new_weight": None if change.new_weight is None else float(change.new_weight),
                "by_hand": change.by_hand,
            }
            for change in changes
        ]
    return result

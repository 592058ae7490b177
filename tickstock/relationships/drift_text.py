"""Drift in words: lines for people, values for JSON. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Any

from tickstock.relationships.drift import BOTH, DATABASE, FILE, Drift, DriftRow, Event, Record, State
from tickstock.relationships.mends import Origin, reload
from tickstock.terminal import printable, table

LISTED_GROUPS = 40
LISTED_NAMES = 5
LISTED_COMMANDS = 10
WORDS = {FILE: "file changed", DATABASE: "database changed", BOTH: "both changed"}
_COUNTS = ("file", "database", "both", "kept")
_WHAT = {"file_older": "older file", "file_unreadable": "cannot be loaded"}


def row_text(record: Record, row: DriftRow, file: str) -> str:
    """A sentence on a row whose file changed; ``sql/checks/integrity.sql`` has those on the database."""
    base, says, stored = map(_state_text, (row.base, row.file, row.stored))
    left = f"load {record.load_id} left {base}"
    if row.changed == BOTH:
        return f"{WORDS[BOTH]}: {row.symbol} in {record.name}: {left}, stored is {stored}, {file} has {says}"
    return f"{WORDS[FILE]}: {row.symbol} in {record.name}: {left}, {file} has {says}"


def event_text(event: Event) -> str:
    """A sentence on what happened to a group, or a file, as a whole."""
    return f"{WORDS[DATABASE] if event.database else _WHAT[event.event]}: {event.found}"


def row_lines(record: Record, rows: Sequence[DriftRow]) -> Iterator[str]:
    """A line a row: what changed, what the load left, what the file says now, and what is stored."""
    for row in rows:
        accounts = (("left", row.base), ("file", row.file), ("stored", row.stored))
        three = "  ".join(f"{word} {_state_text(state):<10}" for word, state in accounts)
        line = f"  {record.name} {row.symbol:<8} {WORDS[row.changed]:<16}  {three}{_remark(row)}"
        yield printable(line).rstrip()


def lines(drift: Drift, verbose: bool = False) -> Iterator[str]:
    """The groups that drifted as a table, the events, and what to do about it. Up to 40 groups unless verbose."""
    listed = drift.groups if verbose else drift.groups[:LISTED_GROUPS]
    cells = [[g.record.name, g.record.type, *(f"{getattr(g, word):,}" for word in _COUNTS)] for g in listed]
    yield from table(["group", "type", *WORDS.values(), "kept"], cells, right=(2, 3, 4, 5))
    if len(listed) < len(drift.groups):
        yield f"… and {len(drift.groups) - len(listed):,} more groups (--verbose lists them)"
    yield from map(printable, _event_lines(drift.events, verbose))
    yield from map(printable, _advice(drift))


def commands(drift: Drift) -> tuple[list[str], list[str]]:
    """The loads that bring what the files say and leave the hands, and those that put the hands back too."""
    origin = drift.origin
    if folder := drift.scope.folder:
        origin = Origin(origin.environment, dict.fromkeys(("ETF", "UNIVERSE", "THEME"), folder / "files"))
    bring, put_back = _bringing(drift), _putting_back(drift)
    return [origin.complete(each) for each in bring], [origin.complete(each) for each in put_back]


def _bringing(drift: Drift) -> Iterator[str]:
    waiting = [(group.record.type, group.record.name) for group in drift.groups if group.file + group.both]
    waiting += [(event.type, event.name) for event in drift.events if event.event == "file_new"]
    for type_ in dict.fromkeys(type_ for type_, _ in waiting):
        names = {name for other, name in waiting if other == type_}
        yield reload(type_, "incremental", names.pop() if len(names) == 1 else None)


def _putting_back(drift: Drift) -> Iterator[str]:
    """A load for each fund, and one for all universes, or themes: they have no option that limits it."""
    loads: dict[str, list[str]] = {}
    for group in drift.groups:
        if group.database + group.both and not group.record.renamed:
            forced = loads.setdefault(reload(group.record.type, "full", group.record.name), [])
            forced += [quote(group.record.name)] if group.force else []
    for event in drift.events:
        if event.event in ("group_removed", "rows_hidden"):
            loads.setdefault(reload(event.type, "full", event.name), [])
    yield from (" ".join([load, *(["--force", *forced] if forced else [])]) for load, forced in loads.items())


def as_json(drift: Drift, rows: dict[int, list[DriftRow]] | None = None) -> dict[str, Any]:
    """The JSON shape of ``drift.py``; ``docs/json.md`` describes it. ``rows``: of each group, by its id."""
    bring, put_back = commands(drift)
    return {
        "environment": drift.scope.environment,
        "database_changed": drift.database_changed,
        "files_wait": drift.files_wait,
        "totals": {
            "compared": drift.compared,
            "drifted": len(drift.groups),
            **{word: sum(getattr(group, word) for group in drift.groups) for word in _COUNTS},
        },
        "groups": [
            {
                "group": group.record.name,
                "type": group.record.type,
                "load_id": group.record.load_id,
                "path": group.record.path,
                **{word: getattr(group, word) for word in _COUNTS},
                **({} if rows is None else {"rows": [_row_json(row) for row in rows[group.record.group_id]]}),
            }
            for group in drift.groups
        ],
        "events": [
            {
                "event": event.event,
                "type": event.type,
                "group": event.name or None,
                "database": event.database,
                "found": event.found,
            }
            for event in drift.events
        ],
        "commands": {"bring": bring, "put_back": put_back},
    }


def _row_json(row: DriftRow) -> dict[str, Any]:
    accounts = {"base": row.base, "file": row.file, "stored": row.stored}
    return {
        "symbol": row.symbol,
        "changed": row.changed,
        **{name: _state_json(state) for name, state in accounts.items()},
        "same": row.same,
        "kept": row.kept,
        "run": row.run,
    }


def _state_json(state: State) -> dict[str, Any]:
    return {"member": state.member, "weight": None if state.weight is None else float(state.weight)}


def _state_text(state: State) -> str:
    if state.member is None:
        return "not known"
    if not state.member:
        return "no member"
    return "no weight" if state.weight is None else f"{state.weight:.6f}"


def _remark(row: DriftRow) -> str:
    remarks = [f"run {row.run}"] if row.run else []
    remarks += ["kept by the last load"] if row.kept else []
    remarks += ["to the same"] if row.same else []
    return f"  ({', '.join(remarks)})" if remarks else ""


def _event_lines(events: Sequence[Event], verbose: bool) -> Iterator[str]:
    """A line an event; of files that are new or gone, a line for each place."""
    places: dict[str, list[str]] = {}
    for event in events:
        if event.event in ("file_gone", "file_new"):
            places.setdefault(event.found, []).append(event.name)
        else:
            yield event_text(event)
    for found, names in places.items():
        listed = names if verbose else names[:LISTED_NAMES]
        more = f" and {len(names) - len(listed):,} more" if len(listed) < len(names) else ""
        yield f"{found}: {', '.join(listed)}{more}"


def _advice(drift: Drift) -> Iterator[str]:
    bring, put_back = commands(drift)
    hands = sum(group.by_hand for group in drift.groups)
    kept = sum(group.kept for group in drift.groups)
    if put_back and drift.database_changed:
        rows = f": {_rows(hands + kept)} by hand{f', {kept:,} of them kept by the last load' if kept else ''}"
        yield f"the database changed{rows if hands else ''}; this puts it back to the files:"
    elif put_back:
        yield f"{_rows(kept)} by hand, kept by the last load; this puts them back to the files:"
    yield from _listed(put_back)
    if bring:
        waiting = sum(group.file + group.both for group in drift.groups)
        yield f"files wait{f': {_rows(waiting)}' if waiting else ''}; this brings them, and leaves what a hand changed:"
    yield from _listed(bring)
    if not (drift.groups or drift.database_changed or drift.files_wait):
        if drift.compared:
            yield f"no drift: {drift.compared:,} groups are what the last loads left"
        else:
            yield f"nothing to compare: no file was loaded into {drift.scope.environment} yet"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _listed(commands: Sequence[str]) -> Iterator[str]:
    yield from (f"  {command}" for command in commands[:LISTED_COMMANDS])
    if len(commands) > LISTED_COMMANDS:
        yield f"  … and {len(commands) - LISTED_COMMANDS:,} more (--json lists them)"

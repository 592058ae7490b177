"""The old entries in words and as JSON: what becomes of each. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tickstock.historical.old_entries import COMPUTED, FOREIGN, UNCLEAR, OldEntries, OldGroup

_ASIDE = {
    COMPUTED: "computed from the groups and not migrated",
    FOREIGN: "an application's own and not looked at",
    UNCLEAR: "not understood and not migrated",
}


def lines(entries: OldEntries, kept: Sequence[OldGroup], verbose: bool) -> Iterator[str]:
    """What is in the old entries, each of them counted once; those not understood one by one (``verbose``: all)."""
    total = sum(len(group.places) for group in entries.groups) + len(entries.left)
    yield f"{total:,} old entries"
    new = [group for group in entries.groups if group not in kept]
    yield f"  {_places(new):,} make {len(new):,} groups"
    if verbose:
        yield from map(_group_line, new)
    if kept:
        yield f"  {_places(kept):,} are of {len(kept):,} groups that have members already and stay as they are"
        yield from map(_group_line, kept)
    for kind, words in _ASIDE.items():
        left = entries.left_as(kind)
        if left:
            yield f"  {len(left):,} {words}"
        for each in left if verbose or kind == UNCLEAR else ():
            yield f"    {each.place}: {each.reason}"


def as_json(entries: OldEntries, kept: Sequence[OldGroup]) -> dict[str, Any]:
    """``groups`` with the entries that each comes from, and ``left`` with a reason each."""
    return {
        "groups": [
            {
                "type": group.target.type,
                "name": group.target.name,
                "entries": [list(place) for place in group.places],
                "members": len(group.source.holdings),
                "kept": group in kept,
            }
            for group in entries.groups
        ],
        "left": [{"entry": list(each.place), "kind": each.kind, "reason": each.reason} for each in entries.left],
    }


def _places(groups: Sequence[OldGroup]) -> int:
    return sum(len(group.places) for group in groups)


def _group_line(group: OldGroup) -> str:
    return f"    {group.target.type} {group.target.name}: {', '.join(map(str, group.places))}"

"""Answers about the past as JSON documents: those of today, with what they stand on; ``docs/json.md`` has them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tickstock.relationships.queries import shapes
from tickstock.relationships.queries.names import ETF, SECTOR
from tickstock.relationships.queries.past_stock import LISTS
from tickstock.relationships.queries.states import KNOWN, NOT_KNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tickstock.relationships.queries.groups import Fund, Group, Sector
    from tickstock.relationships.queries.holders import Holders
    from tickstock.relationships.queries.moment import Moment
    from tickstock.relationships.queries.past_group import PastGroup
    from tickstock.relationships.queries.past_stats import PastStats
    from tickstock.relationships.queries.past_stock import FirstMembership, PastStock
    from tickstock.relationships.queries.standing import Snapshot
    from tickstock.relationships.queries.states import First, GroupState, Removal

Document = dict[str, Any]


def group_document(past: PastGroup) -> Document:
    noun = past.kind.noun.lower()
    rows = "holdings" if past.kind is ETF else "members"
    if past.group is None:
        document: Document = {noun: past.name, "count": None, rows: None}
    else:
        document = _present(past, past.group)
        for row in document[rows]:
            row["now"] = past.now.get(row["symbol"], row["symbol"])
    return {
        **document,
        **_moment(past.moment),
        "status": past.status,
        "known_since": _time(_known_since(past)),
        "snapshot": _snapshot(past.snapshot),
        "by_hand": past.by_hand,
        "first": _first(past.state.first) if past.state else None,
        "removed": _removal(past.state.removal) if past.state else None,
    }


def _present(past: PastGroup, group: Fund | Group | Sector) -> Document:
    if past.kind is ETF:
        return shapes.etf_document(group)  # type: ignore[arg-type]
    if past.kind is SECTOR:
        return shapes.sector_document(group)  # type: ignore[arg-type]
    return shapes.group_document(past.kind.noun, group)  # type: ignore[arg-type]


def _known_since(past: PastGroup) -> datetime | None:
    if past.state:
        told = past.state.removal or past.state.first
        return told.known_since if told else None
    return past.snapshot.known_since if past.snapshot else None


def stock_document(past: PastStock) -> Document:
    document = shapes.stock_document(past.stock)
    for row, source in zip(document["etfs"], (each for each in past.sources if each.type == "ETF"), strict=True):
        row["listed_as"] = source.symbol
    first = past.first
    return {
        **document,
        **_moment(past.moment),
        "status": past.status,
        "known_since": _time(past.known_since or (first.first.known_since if first else None)),
        "snapshots": [
            {"type": each.type, "group": each.group, **(_snapshot(each.snapshot) or {})} for each in past.sources
        ],
        "now": past.now,
        "names": [
            {"symbol": name.symbol, "since": _limit(name.since), "until": _limit(name.until)} for name in past.names
        ],
        "remark": past.remark,
        "first": None if first is None else _first_membership(first),
        "groups": _groups(past.states),
    }


def stats_document(past: PastStats) -> Document:
    return {
        **shapes.stats_document(past.stats),
        **_moment(past.moment),
        "status": past.status,
        "known_since": _time(past.known_since),
        "groups": _groups(past.states),
    }


def where_document(past: PastStock, holders: Holders) -> Document:
    known_since = past.known_since or (past.first.first.known_since if past.first else None)
    return {
        **shapes.where_document(holders),
        **_moment(past.moment),
        "status": past.status,
        "known_since": _time(known_since),
        "now": past.now,
        "groups": _groups(past.states),
    }


def on_day(moment: Moment, document: Document) -> Document:
    """The document of another answer, with the day."""
    return {**document, **_moment(moment)}


def _groups(states: Sequence[GroupState]) -> Document:
    return {
        kind: {
            "known": sum(state.type == kind and state.status == KNOWN for state in states),
            "not_known": [
                {"name": state.name, **(_first(state.first) or {})}
                for state in states
                if state.type == kind and state.status == NOT_KNOWN
            ],
        }
        for kind in LISTS
    }


def _moment(moment: Moment) -> Document:
    return {"as_of": moment.day.isoformat(), "known_on": moment.known_on.isoformat() if moment.known_on else None}


def _snapshot(snapshot: Snapshot | None) -> Document | None:
    if snapshot is None:
        return None
    return {
        "as_of": snapshot.as_of.isoformat(),
        "dated": snapshot.dated,
        "known_since": _time(snapshot.known_since),
        "load_id": snapshot.load_id,
        "file": snapshot.path,
    }


def _first(first: First | None) -> Document | None:
    if first is None:
        return None
    return {"as_of": first.as_of.isoformat(), "known_since": _time(first.known_since), "load_id": first.load_id}


def _first_membership(first: FirstMembership) -> Document:
    return {
        **(_first(first.first) or {}),
        "symbol": first.symbol,
        "type": first.type,
        "group": first.group,
        "last_until": first.until.isoformat() if first.until else None,
    }


def _removal(removal: Removal | None) -> Document | None:
    if removal is None:
        return None
    return {
        "on": removal.removed_on.isoformat(),
        "known_since": _time(removal.known_since),
        "load_id": removal.load_id,
    }


def _limit(day: date) -> str | None:
    return None if day in (date.min, date.max) else day.isoformat()


def _time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None

"""Who watches is told what became of entries and of load jobs: by NOTIFY with the commit, then by Redis likewise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tickstock.historical.entry_rules import STATISTICS
from tickstock.notify import ADMIN, CACHE, SENTENCE, UNIVERSES, Message, publish

if TYPE_CHECKING:
    from tickstock.db import Cursor
    from tickstock.historical.jobs import Job
    from tickstock.historical.organize import Entry, Organized

LISTED = 100
# Bytes: PostgreSQL takes no payload of 8,000 or more.
LONGEST = 7900


def messages(organized: Organized) -> list[Message]:
    """What is told of organised entries, in this order; nothing where nothing changed."""
    changes = organized.changes
    if not changes:
        return []
    universes = [entry for entry in changes if entry.type != STATISTICS]
    about = {
        "event": "organize",
        "environment": organized.options.environment,
        "mode": organized.options.mode,
        **organized.totals,
        "at": organized.at.isoformat(),
        "who": organized.who,
        "program": organized.program,
    }
    told = [Message(CACHE, {**about, **_listed(changes)}), Message(ADMIN, {**about, "entry_count": len(changes)})]
    if universes:
        told.insert(1, Message(UNIVERSES, {**about, **_listed(universes)}))
    return told


def end_message(job: Job) -> Message:
    """What is told of a load job that has ended."""
    about = {
        "event": "historical_load",
        "environment": job.environment,
        "job": job.id,
        "state": job.state,
        "universe": job.universe,
        "symbol_count": len(job.symbols),
        "timeframe": job.timeframe,
        "first_day": job.first_day.isoformat(),
        "last_day": job.last_day.isoformat(),
        "bars": job.bars,
        "reason": job.reason and job.reason[:SENTENCE],
        "at": job.finished_at and job.finished_at.isoformat(),
        "who": job.asked_by,
    }
    return Message(ADMIN, about)


def _listed(entries: Sequence[Entry]) -> dict[str, Any]:
    listed = [
        {"type": entry.type, "name": entry.name, "key": entry.key, "action": entry.action, "count": entry.count}
        for entry in entries[:LISTED]
    ]
    return {"entry_count": len(entries), "entries": listed}


def payload(message: Message) -> str:
    """The message as JSON of less than 7,900 bytes: with as many of its entries, from the first on, as there is room
    for; ``entry_count`` counts them all."""
    content = dict(message.content)
    entries = content.pop("entries", None)
    if entries is None:
        return _json(content)
    room = LONGEST - len(_json({**content, "entries": []}).encode())
    return _json({**content, "entries": list(_fitting(entries, room))})


def _fitting(entries: Sequence[dict[str, Any]], room: int) -> Iterator[dict[str, Any]]:
    for entry in entries:
        room -= len(_json(entry).encode()) + len(", ")
        if room <= 0:
            return
        yield entry


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False)


def notify(cursor: Cursor, told: Sequence[Message]) -> None:
    """NOTIFY on the message's channels: heard when the transaction commits, and only then."""
    for message in told:
        cursor.execute("SELECT pg_notify(%s, %s)", (message.channel, payload(message)))


def publish_changes(url: str, organized: Organized) -> str:
    """Tell the Redis at ``url``, after the commit; give a warning, or '' where all went well or nothing changed."""
    told = [] if organized.options.dry_run else messages(organized)
    return publish(url, told) if told else ""

"""What the channels tell, in words for who watches a page."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tickstock.notify import ADMIN, CACHE, UNIVERSES
from tickstock.relationships.queries.text import counted

_TITLES = {CACHE: "Cache", UNIVERSES: "Universes", ADMIN: "Administration"}
_COUNTS = ("added", "changed", "removed")
_LISTED = 5
_LONGEST = 300


class Notice(NamedTuple):
    """A message of a channel."""

    title: str
    text: str


def read_notice(channel: str, payload: str, environment: str) -> Notice | None:
    """A message in words; None where it is of another environment. What is no message of ours is told as it is."""
    title = _TITLES.get(channel, channel)
    try:
        content = json.loads(payload)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return Notice(title, payload[:_LONGEST])
    if content.get("environment") not in (None, environment):
        return None
    return Notice(title, _sentence(content)[:_LONGEST])


def _sentence(content: dict[str, Any]) -> str:
    event, run = content.get("event", "changed"), content.get("load_id")
    if event == "failed":
        return f"{content.get('run')} run failed at {content.get('step')}: {content.get('error')}"
    if event == "historical_load":
        return _load_job(content)
    organized = f"entries organized ({content.get('mode')})"
    what = organized if event == "organize" else f"{event} {run or ''}".strip()
    return "; ".join([what, *_parts(content)])


def _load_job(content: dict[str, Any]) -> str:
    symbols, bars = content.get("symbol_count"), content.get("bars")
    parts = [content.get("universe") or (counted(symbols, "symbol") if isinstance(symbols, int) else "")]
    parts += [counted(bars, "bar")] if isinstance(bars, int) else []
    return f"load job {content.get('job')} {content.get('state')}: {', '.join(filter(None, parts))}"


def _parts(content: dict[str, Any]) -> list[str]:
    """How much changed, and the first names of what did."""
    parts = []
    if counts := ", ".join(f"{content[word]} {word}" for word in _COUNTS if content.get(word)):
        parts.append(counts)
    for noun, plural in (("entry", "entries"), ("group", "groups"), ("universe", "universes")):
        count, found = content.get(f"{noun}_count"), content.get(plural)
        if isinstance(count, int) and isinstance(found, list):
            names = ", ".join(_name(each) for each in found[:_LISTED])
            what = f"{count:,} {noun if count == 1 else plural}"
            parts.append(f"{what}{f': {names}' if names else ''}{' …' if count > _LISTED else ''}")
    if overridden := content.get("overridden_count"):
        parts.append(f"{counted(overridden, 'guard')} overridden")
    if who := content.get("who"):
        parts.append(f"by {who}")
    return parts


def _name(thing: object) -> str:
    if not isinstance(thing, dict):
        return str(thing)
    return str(thing.get("key") or thing.get("name"))

"""``/admin/events``: what happens, as Server-Sent Events, for the pages that show it live."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, request

from tickstock.web.guard import COOKIE, guard
from tickstock.web.notices import read_notice
from tickstock.web.words import clock, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tickstock.web.config import WebConfig
    from tickstock.web.streams import Events, Stream, Streams


class Pace(NamedTuple):
    """Seconds: how long a stream lasts, how often it looks after its page, how much lies between two of its events, and
    when at least it says something.
    """

    longest: float = 300
    look: float = 1
    between: float = 0.5
    beat: float = 15


COME_AGAIN = 1000  # milliseconds: when a page comes again after the end of its stream
POLL = 5000  # the same, where there are too many streams: it asks every few seconds, and is told to look again
ALL = "event: all\ndata: look again\n\n"


def events(config: WebConfig, streams: Streams, pace: Pace | None = None) -> Blueprint:
    """The stream: ``all`` (look at everything again), ``jobs``, ``job-N``, and ``notice`` with an element of a list."""
    pages = Blueprint("events", __name__, url_prefix="/admin/events")
    guard(pages, config)

    @pages.get("")
    def stream() -> Response:
        cookie = request.cookies[COOKIE]
        opened = streams.open(cookie)
        if opened is None:
            # A browser never comes again after an error; this it takes for a stream that ended, and asks once more.
            return Response(f"retry: {POLL}\n{ALL}", content_type="text/event-stream")
        gone = request.environ.get("waitress.client_disconnected", lambda: False)
        # Outside of a request nothing is known of it: what the stream needs is looked up before.
        told = tell(
            opened,
            lambda: config.sessions.holds(cookie),
            lambda: opened.ended or gone(),
            lambda found: _text(found, config.environment),
            pace or Pace(),
        )
        response = Response(told, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        response.call_on_close(lambda: streams.close(opened))
        return response

    return pages


def tell(
    stream: Stream, holds: Callable[[], bool], gone: Callable[[], bool], text: Callable[[Events], str], pace: Pace
) -> Iterator[str]:
    """The lines of a stream until its page is ``gone``, its session ``holds`` no more, or it is old enough."""
    yield f"retry: {COME_AGAIN}\n{ALL}"
    last = time.monotonic()
    end = last + pace.longest
    while not gone() and time.monotonic() < end:
        found = stream.wait(pace.look)
        if not holds():
            yield ALL  # it looks once more, and is led to the login
            return
        lines = text(found)
        if not lines and time.monotonic() - last >= pace.beat:
            lines = ": still there\n\n"
        if lines:
            yield lines
            last = time.monotonic()
            stream.rest(pace.between)


def _text(found: Events, environment: str) -> str:
    lines = [ALL] if found.everything else []
    if found.jobs and not found.everything:
        lines += [f"event: {name}\ndata: changed\n\n" for name in ("jobs", *(f"job-{job}" for job in found.jobs))]
    for channel, payload in found.notices:
        if notice := read_notice(channel, payload, environment):
            item = f"<li>{clock(datetime.now(UTC))} <b>{shown_text(notice.title)}</b> {shown_text(notice.text)}</li>"
            lines.append("event: notice\ndata: " + " ".join(item.split()) + "\n\n")
    return "".join(lines)

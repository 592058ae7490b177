"""Events reach the pages that are open, and no page costs more than its share."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.stored import query
from tests.web.conftest import served
from tests.web.pages import LogIn, Somebody, desk, log_in
from tests.web.test_pages_historical import EVIL, add_job, add_line
from tickstock.db import Connection, Database
from tickstock.web.events import ALL, Pace, tell
from tickstock.web.guard import BACKGROUND, COOKIE
from tickstock.web.notices import Notice, read_notice
from tickstock.web.sessions import IDLE, Sessions
from tickstock.web.streams import Events, Stream, Streams

__all__ = ["desk", "log_in"]

STREAM = {"Accept": "text/event-stream"}
LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^LISTEN admin'"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace.__new__, "__defaults__", (10, 0.05, 0.05, 60))


@contextmanager
def opened(somebody: Somebody) -> Iterator[TestResponse]:
    answer = somebody.client.get("/admin/events", headers=STREAM)
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    try:
        yield answer
    finally:
        answer.close()


def until(lines: Iterator[bytes], wanted: str) -> str:
    """What a stream says up to some words."""
    said = ""
    for each in lines:
        said += each.decode()
        if wanted in said:
            return said
    raise AssertionError(f"it ended without {wanted!r}: {said}")


def test_a_page_hears_of_jobs_and_of_what_is_told(stored: Connection, desk: Somebody) -> None:
    with opened(desk) as answer:
        lines = answer.iter_encoded()
        assert until(lines, ALL).startswith("retry: 1000\n")
        assert until(lines, ALL) == ALL  # from here on it listens
        job = add_job(stored)
        assert until(lines, f"event: job-{job}\ndata: changed\n\n").startswith("event: jobs\ndata: changed\n\n")
        told = {"event": "organize", "mode": "append", "environment": "DEFAULT", "added": 2, "changed": 0,
                "entry_count": 2, "entries": [{"key": EVIL}, {"key": "b"}]}  # fmt: skip
        query(stored, "SELECT pg_notify('cache_updates', %s)", json.dumps({**told, "environment": "TEST"}))
        query(stored, "SELECT pg_notify('cache_updates', %s)", json.dumps(told))
        notice = until(lines, "event: notice")
        assert notice.count("data:") == 1
        assert "<b>Cache</b> entries organized (append); 2 added; 2 entries: &lt;img src=x" in notice
        assert "<img" not in notice


def test_a_line_of_a_log_is_an_event_too(stored: Connection, desk: Somebody) -> None:
    job = add_job(stored)
    with opened(desk) as answer:
        lines = answer.iter_encoded()
        until(lines, ALL)
        until(lines, ALL)
        add_line(stored, job, "read")
        until(lines, f"event: job-{job}\n")


def test_nobody_listens_for_nobody(stored: Connection, desk: Somebody) -> None:
    with opened(desk) as answer, opened(desk) as another:
        for each in (answer, another):
            until(each.iter_encoded(), ALL)
        deadline = time.monotonic() + 5
        while query(stored, LISTENING) == [(0,)] and time.monotonic() < deadline:
            time.sleep(0.02)
        assert query(stored, LISTENING) == [(1,)]  # one connection for both
    while query(stored, LISTENING) != [(0,)] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert query(stored, LISTENING) == [(0,)]


def test_after_a_lost_connection_everything_is_looked_at_again(stored: Connection, desk: Somebody) -> None:
    with opened(desk) as answer:
        lines = answer.iter_encoded()
        until(lines, ALL)
        until(lines, ALL)
        query(stored, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ '^LISTEN'"
                      " AND datname = current_database()")  # fmt: skip
        assert until(lines, ALL) == ALL
        job = add_job(stored)
        until(lines, f"job-{job}")


def test_a_stream_too_many_is_told_to_ask_every_few_seconds(stored: Connection, log_in: LogIn) -> None:
    desk = log_in()
    with opened(desk), opened(desk), opened(desk), opened(desk) as last:
        with opened(desk) as fifth:
            assert fifth.text == f"retry: 5000\n{ALL}"
        assert len(desk.client.application.extensions["tickstock_streams"]) == 4
        last.close()
        with opened(desk) as again:
            assert until(again.iter_encoded(), ALL).startswith("retry: 1000")


def test_all_together_they_hold_no_more_than_their_threads(database: Database) -> None:
    streams = Streams(database, most=2, of_one=1)
    first, second = streams.open("a"), streams.open("b")
    assert first
    assert second
    assert streams.open("a") is streams.open("c") is None
    streams.close(first)
    streams.close(first)
    third = streams.open("c")
    assert third
    streams.stop()
    assert third.ended
    assert second.ended
    streams.close(second)
    streams.close(third)
    assert streams.open("d") is None


def test_it_is_behind_the_login(stored: Connection, desk: Somebody) -> None:
    desk.client.delete_cookie(COOKIE, path="/admin")
    assert desk.client.get("/admin/events").status_code == 303
    answer = desk.client.get("/admin/events", headers=STREAM)
    assert (answer.status_code, answer.data) == (204, b"")


def test_a_logout_ends_it(stored: Connection, desk: Somebody) -> None:
    with opened(desk) as answer:
        lines = answer.iter_encoded()
        until(lines, ALL)
        desk.post("/admin/logout")
        assert "".join(each.decode() for each in lines).endswith(ALL)


def test_what_a_page_asks_for_by_itself_is_no_sign_of_life(
    stored: Connection, desk: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(desk.client.application.config["sessions_of_test"], "_clock", lambda: now)
    background = {BACKGROUND: "1", "HX-Request": "true"}
    assert desk.client.get("/admin/historical-data").status_code == 200
    now += IDLE - 10
    assert desk.client.get("/admin/historical-data/jobs", headers=background).status_code == 200
    with opened(desk):
        pass
    now += 20
    for seen, then in (
        ("http://localhost/admin/historical-data/7?all=1#log", "/admin/login?next=/admin/historical-data/7?all%3D1"),
        ("http://[", "/admin/login"),
        ("", "/admin/login"),
    ):
        answer = desk.client.get("/admin/historical-data/jobs", headers={**background, "HX-Current-URL": seen})
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, then)


def test_who_only_looks_whether_a_session_holds_does_not_prolong_it(tmp_path: Path) -> None:
    now = 1000.0
    sessions = Sessions(tmp_path / "sessions.json", lambda: "key", lambda: now)
    cookie = sessions.start()
    now += IDLE - 1
    assert sessions.holds(cookie)
    now += 1
    assert not sessions.holds(cookie)
    assert not sessions.holds("another")


def test_events_are_told_together() -> None:
    stream = Stream("one")
    for number in range(1000):
        stream.tell(Events(jobs=(str(number % 3),)))
    said = list(tell(stream, lambda: True, iter([False, True]).__next__, lambda found: ",".join(found.jobs), Pace()))
    assert said[1:] == ["0,1,2"]


def test_a_page_that_hears_too_much_looks_at_everything() -> None:
    stream = Stream("one")
    stream.tell(Events(jobs=tuple(map(str, range(1000)))))
    stream.tell(Events(notices=tuple(("cache_updates", str(number)) for number in range(1000))))
    found = stream.wait(0)
    assert found.everything
    assert len(found.jobs) == 20
    assert found.notices[-1] == ("cache_updates", "999")
    assert stream.wait(0) == Events()


def test_a_silent_stream_shows_that_it_lives_and_ends_some_day() -> None:
    said = list(tell(Stream("one"), lambda: True, lambda: False, lambda found: "", Pace(0.2, 0.01, 0, 0.05)))
    assert said[0].endswith(ALL)
    assert 1 <= len(said[1:]) <= 4
    assert set(said[1:]) == {": still there\n\n"}


def test_a_page_that_is_gone_frees_its_thread(stored: Connection, desk: Somebody) -> None:
    cookie = desk.client.get_cookie(COOKIE, path="/admin")
    assert cookie
    app = desk.client.application
    streams = app.extensions["tickstock_streams"]
    with served(app) as address:
        ask = "\r\n".join([
            "GET /admin/events HTTP/1.1", "Host: localhost", "Accept: text/event-stream",
            f"Cookie: {COOKIE}={cookie.value}", "", "",
        ])  # fmt: skip
        with socket.create_connection(("127.0.0.1", urlsplit(address).port or 0)) as page:
            page.sendall(ask.encode())
            assert page.recv(100).startswith(b"HTTP/1.1 200 OK")
            assert len(streams) == 1
        deadline = time.monotonic() + 5
        while len(streams) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(streams) == 0


@pytest.mark.parametrize(
    ("channel", "payload", "notice"),
    [
        ("cache_updates", {"event": "load", "load_id": 7, "group_count": 1, "groups": [{"name": "SPY"}]},
         Notice("Cache", "load 7; 1 group: SPY")),
        ("universe_updates", {"event": "undo", "load_id": 8, "universe_count": 6,
                              "universes": [{"name": name} for name in "abcdef"]},
         Notice("Universes", "undo 8; 6 universes: a, b, c, d, e …")),
        ("admin_notifications", {"event": "forced", "load_id": 9, "overridden_count": 2, "who": "ann"},
         Notice("Administration", "forced 9; 2 guards overridden; by ann")),
        ("admin_notifications", {"event": "failed", "run": "weekly", "step": "load", "error": "no file"},
         Notice("Administration", "weekly run failed at load: no file")),
        ("admin_notifications", {"event": "historical_load", "job": 7, "state": "done", "universe": "UNIVERSE dow30",
                                 "symbol_count": 30, "bars": 1887, "who": "admin page"},
         Notice("Administration", "load job 7 done: UNIVERSE dow30, 1,887 bars")),
        ("admin_notifications", {"event": "historical_load", "job": 8, "state": "failed", "universe": None,
                                 "symbol_count": 1, "bars": 0},
         Notice("Administration", "load job 8 failed: 1 symbol, 0 bars")),
        ("cache_updates", {"event": "restore", "groups": None, "group_count": None}, Notice("Cache", "restore")),
        ("cache_updates", {"event": "load", "environment": "TEST"}, None),
        ("cache_updates", [1], Notice("Cache", "[1]")),
        ("cache_updates", {"groups": [3, None], "group_count": 2}, Notice("Cache", "changed; 2 groups: 3, None")),
        ("elsewhere", {}, Notice("elsewhere", "changed")),
        ("cache_updates", {"event": "load", "load_id": 3, "added": 2, "group_count": 1, "groups": [{"name": "SPY"}],
                           "who": "me"}, Notice("Cache", "load 3; 2 added; 1 group: SPY; by me")),
    ],
)  # fmt: skip
def test_messages_in_words(channel: str, payload: object, notice: Notice | None) -> None:
    assert read_notice(channel, json.dumps(payload), "DEFAULT") == notice


def test_what_is_no_message_is_told_as_it_is() -> None:
    assert read_notice("cache_updates", "x" * 1000, "DEFAULT") == Notice("Cache", "x" * 300)

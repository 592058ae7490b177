"""SQL in every parameter, and paths that lead elsewhere: data like any other, or refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.stored import everything
from tests.web.pages import Somebody, desk, log_in
from tests.web.test_pages_loads import Loaded, loaded
from tickstock.db import Connection
from tickstock.web.load_form import Form

__all__ = ["desk", "loaded", "log_in"]

HOSTILE = [
    "'; DROP TABLE group_memberships; --", "' OR '1'='1", "$$ || pg_sleep(5) || $$", "%(symbol)s", "{0}", "\\", "\0",
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%00", "é\u202eb", "A" * 300, "-1", "9" * 40, "1e309", "NaN",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_asked_for_nothing_breaks_and_nothing_changes(
    desk: Somebody, stored: Connection, loaded: Loaded, text: str
) -> None:
    rules = [
        rule
        for rule in desk.client.application.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint != "events.stream"  # it takes nothing, and has no end
    ]
    before, asked = everything(stored), quote(text, safe="")
    names = ("q", "as_of", "from", "to", "group", "page", "force", "done", "started", "all", "after")
    queries = [f"?{name}={asked}" for name in names]
    for rule in rules:
        path = rule.rule
        for name in rule.arguments:
            for kind in (f"<{name}>", f"<int:{name}>", f"<path:{name}>"):
                path = path.replace(kind, asked)
        for query in ("", *queries) if rule.endpoint != "organizing.preview" else (f"?keep={asked}",):
            answer = desk.client.get(path + query, headers={"Accept": "text/html"})
            with answer:
                assert answer.status_code < 500, (path, query)
                assert "root:" not in answer.text
                assert "psycopg2" not in answer.text
    for path in (f"/admin/loads/{loaded.second}/undo", "/admin/preview"):
        page = desk.post(path, version=text, force=text, mode=text)
        assert page.status < 500
    assert desk.post("/admin/historical-data/organize", seen=text, keep=text).status == 409
    fields = Form("symbols", "UNIVERSE sp500", "SPY")._asdict()
    for name in fields:
        page = desk.post("/admin/historical-data", **{**fields, name: text})
        # The universe is not looked at where symbols are typed, and NAN is a ticker.
        assert page.status == (200 if name == "universe" or (name, text) == ("symbols", "NaN") else 400), name
    page = desk.post("/admin/historical-data", load_type="universe", universe=text)
    assert page.status == 400
    assert everything(stored) == before


@pytest.mark.parametrize("path", [
    "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/....//app.py", "/static//etc/passwd",
    "/admin/../static/../app.py", "/static/%00", "/static/templates/base.html",
])  # fmt: skip
def test_static_files_are_those_of_their_folder(desk: Somebody, path: str) -> None:
    with desk.client.get(path) as answer:
        assert answer.status_code in (302, 303, 308, 400, 404)
        assert "create_app" not in answer.get_data(as_text=True)

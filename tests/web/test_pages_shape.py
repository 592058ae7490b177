"""Every page: whole HTML that assistive programs can read, nothing inline, nothing from elsewhere, no dead link."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from tests.past_loads import load, rename
from tests.put import put_group
from tests.stored import query
from tests.web.pages import LogIn, Page, Somebody, desk, log_in
from tests.web.test_pages_historical import add_job
from tickstock.db import Connection

__all__ = ["desk", "log_in"]

EVIL = '<img src=x onerror="alert(1)">'
FIRST_PAGES = (
    "/admin/", "/admin/checks", "/admin/groups", "/admin/loads", "/admin/preview", "/admin/search?q=a",
    "/admin/search?q=nothing+like+that", "/admin/stocks/NOPE", "/admin/funds/NOPE", "/admin/groups/theme/nope",
    "/admin/loads/4711", "/admin/loads/4711/undo", "/admin/funds/QQQ?as_of=2025-01-05", "/admin/historical-data",
    "/admin/historical-data/organize", "/admin/historical-data/organize?keep=1",
)  # fmt: skip


@pytest.fixture
def much(stored: Connection) -> Connection:
    load(stored, "2025-01-06", "2025-01-03", {"QQQ": {"FB": 2, "AAPL": 7}})
    load(stored, "2025-01-13", "2025-01-10", {"QQQ": {"META": 3, "NVDA": 6}})
    rename(stored, "FB", "META", "2025-01-08")
    put_group(stored, "THEME", f"a {EVIL}", ["NVDA"], f"about {EVIL}")
    put_group(stored, "ETF", "A&B", {"NVDA": 1, "SPY": 2}, f"fund {EVIL}")
    query(stored, "UPDATE group_memberships SET metadata = jsonb_build_object('name', %s::text, 'reason', %s::text,"
                  " 'source', 'override', 'conflicts', jsonb_build_array(jsonb_build_object('sector', %s::text)))"
                  " WHERE symbol = 'AAPL' AND group_id IN (SELECT id FROM definition_groups WHERE type = 'SECTOR')",
          EVIL, EVIL, EVIL)  # fmt: skip
    add_job(stored, "running", universe=f"UNIVERSE {EVIL}")
    add_job(stored, "failed", reason=f"because of {EVIL}")
    return stored


def crawl(somebody: Somebody, *first: str) -> dict[str, Page]:
    """Every page that can be reached by links."""
    pages: dict[str, Page] = {}
    waiting = list(first)
    while waiting:
        path = waiting.pop()
        if path not in pages:
            pages[path] = somebody.get(path)
            links = [urljoin(path, link) for link in pages[path].links()]
            waiting += [link.partition("#")[0] for link in links if link.partition("#")[0] not in pages]
    return pages


def test_every_page_is_sound_and_every_link_leads_somewhere(much: Connection, log_in: LogIn, tmp_path: Path) -> None:
    pages = crawl(log_in(holdings=tmp_path), *FIRST_PAGES)
    assert len(pages) > 40
    for path, page in pages.items():
        assert page.status == (200 if path not in FIRST_PAGES[7:12] else 404), path
        check(path, page)


def check(path: str, page: Page) -> None:
    assert page.html.startswith("<!doctype html>"), path
    assert [each.get("lang") for each in page.all("html")] == ["en"], path
    assert [len(page.all(tag)) for tag in ("h1", "title", "main", "nav")][:3] == [1, 1, 1], path
    assert page.titles["title"].strip() not in ("", "· TickStock"), path
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(ids) == len(set(ids)), path
    labelled = {each.get("for") for each in page.all("label")}
    for each in [*page.all("input"), *page.all("select")]:
        assert each.get("type") == "hidden" or each["id"] in labelled, (path, each)
    for _, each in page.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert each.get(name) is None or each[name] in ids, (path, each)
        assert not any(name == "style" or name.startswith("on") for name in each), (path, each)
    assert all("src" in each for each in page.all("script")), path
    assert page.all("style") == page.all("img") == [], path
    for tag in ("a", "link", "script", "form"):
        for each in page.all(tag):
            address = urlsplit(each.get("href") or each.get("src") or each.get("action") or "")
            assert address.netloc == "" and address.scheme in ("", "data"), (path, each)  # noqa: PT018
    for each in page.all("table"):
        assert "</caption>" in page.html, (path, each)
    for each in page.all("th"):
        assert each.get("scope") in ("row", "col"), (path, each)
    for each in page.all("form"):
        if each.get("method") == "post":
            assert 'name="form_token"' in page.html, path


def test_stored_text_is_text(much: Connection, desk: Somebody) -> None:
    stock = desk.get("/admin/stocks/AAPL")
    assert stock.titles["h1"] != ""
    assert EVIL in stock.text
    assert [row for row in desk.get("/admin/groups").rows if row[0] == "A&B"][0][1] == f"fund {EVIL}"  # noqa: RUF015
    for path in ("/admin/stocks/AAPL", "/admin/groups", "/admin/funds/A&B", f"/admin/search?q={EVIL}"):
        assert "<img" not in desk.get(path).html


@pytest.mark.parametrize("path", ["/admin/stocks/%00", "/admin/funds/a%00b", "/admin/search?q=%00", "/admin/stocks/'",
                                  "/admin/groups/theme/%25", "/admin/search?q=%25%5C_", "/admin/stocks/%F0%9F%92%A9",
                                  "/admin/loads/99999999999999999999999", "/admin/loads/9999999999999999999999/undo",
                                  "/admin/groups/nonsense/x", "/admin/stocks/" + "A" * 3000])  # fmt: skip
def test_nonsense_is_no_error_of_ours(desk: Somebody, path: str) -> None:
    assert desk.get(path, Accept="text/html").status in (200, 404)


@pytest.mark.parametrize("path", ["/admin/stocks/AAPL?as_of=yesterday", "/admin/funds/SPY?as_of=2025-02-30",
                                  "/admin/loads?page=0", "/admin/loads?page=x",
                                  f"/admin/loads?page=00000000010{30 * '0'}", f"/admin/loads?page=000001{5000 * '1'}",
                                  "/admin/funds/changes/SPY?from=1"])  # fmt: skip
def test_what_is_no_day_or_number_is_told(desk: Somebody, path: str) -> None:
    page = desk.get(path, Accept="text/html")
    assert page.status == 400
    assert "expected" in page.text


@pytest.mark.parametrize("path", [*FIRST_PAGES, "/admin/stocks/AAPL", "/admin/loads/2/undo"])
def test_nobody_sees_a_page_without_logging_in(log_in: LogIn, path: str) -> None:
    client = log_in().client
    client.delete_cookie("admin_session", path="/admin")
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"][:12]) == (303, "/admin/login")


def test_static_files_are_asked_for_once(desk: Somebody) -> None:
    page = desk.get("/admin/")
    ours = [each["href"] for each in page.all("link") if each.get("rel") == "stylesheet"]
    for address in [*ours, *(each["src"] for each in page.all("script"))]:
        assert address is not None
        assert "?v=" in address
        with desk.client.get(address) as answer:
            assert answer.status_code == 200
            assert "max-age=31536000" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Type"].startswith("text/")


@pytest.mark.parametrize(("accept", "type_"), [("text/html", "text/html"), ("*/*", "application/problem+json")])
def test_a_database_that_takes_too_long_is_told(
    stored: Connection, desk: Somebody, monkeypatch: pytest.MonkeyPatch, accept: str, type_: str
) -> None:
    def slow(connection: Connection) -> None:
        query(connection, "SET statement_timeout = '10ms'; SELECT pg_sleep(5)")

    monkeypatch.setattr("tickstock.web.groups.read_lines", slow)
    answer = desk.client.get("/admin/groups", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (503, type_)
    assert "the database took too long to answer; wait until" in answer.text

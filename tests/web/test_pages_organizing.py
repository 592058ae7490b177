"""The cache is organized as the plan that was looked at says, and the page of the result tells all of it."""

from __future__ import annotations

import re

import pytest

from tests.historical.entries import entries, put_entry, put_stock, rows
from tests.put import put_group
from tests.stored import query
from tests.web.pages import Page, Somebody, desk, log_in
from tickstock.db import Connection
from tickstock.historical.organize import Options, organize
from tickstock.web.organizing import Results, fingerprint

__all__ = ["desk", "log_in"]

PAGE = "/admin/historical-data"
ORGANIZE = f"{PAGE}/organize"
MINE, MEGA = "stock_universe | custom | mine", "stock_universe | market_cap | mega_cap"
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
def filled(witness: Connection) -> Connection:
    """Two stocks, a theme, an entry of ours that no rule asks for, and one of somebody else."""
    put_stock(witness, "AAPL", 3_000_000_000_000, sector="information_technology")
    put_stock(witness, "XOM", 400_000_000_000, sector="energy")
    put_group(witness, "THEME", "ai", ["AAPL"])
    put_entry(witness, "stock_universe", "custom", "mine", ["TSLA", "F"])
    put_entry(witness, "app_settings", "display", "theme", {"dark": True})
    return witness


def confirm(desk: Somebody, page: Page) -> Page:
    """Press the button of the page that shows the plan."""
    return desk.post(ORGANIZE, seen=page.field("seen"), keep=page.field("keep"))


def tiles(page: Page) -> dict[str, str]:
    return dict(re.findall(r"<dt>(\w+)</dt><dd>([\d,]+)</dd>", page.html))


def test_the_page_has_the_words_of_the_guide(filled: Connection, desk: Somebody) -> None:
    text = desk.get(PAGE).text
    for words in ("Cache Organization", "Preserve existing entries", "Update and Organize Cache", "Replace", "Append"):
        assert words in text


def test_the_plan_is_shown_and_nothing_is_written(filled: Connection, desk: Somebody) -> None:
    before = rows(filled)
    page = desk.get(ORGANIZE)
    assert page.titles["h1"] == "Organize the cache?"
    assert tiles(page)["Removed"] == "1"
    assert page.row(MINE)[1:] == ["removed", "2", "–"]
    assert page.row(MEGA)[1:] == ["added", "–", "2"]
    page = desk.get(f"{ORGANIZE}?keep=1")
    assert (tiles(page)["Removed"], tiles(page)["Kept"], page.row(MINE)[1]) == ("0", "1", "kept")
    assert rows(filled) == before


def test_replace_is_done_and_told_in_detail(filled: Connection, desk: Somebody) -> None:
    query(filled, "LISTEN cache_updates")
    plan = desk.get(ORGANIZE)
    page = confirm(desk, plan)
    assert (page.status, page.titles["h1"]) == (200, "Cache organized")
    assert re.fullmatch(f"{ORGANIZE}/[0-9a-f]{{16}}", page.path)
    assert (tiles(page), page.rows) == (tiles(plan), plan.rows)
    stored = entries(filled)
    assert ("stock_universe", "custom", "mine") not in stored
    assert stored["themes", "AI", "list"] == ["AAPL"]
    assert stored["app_settings", "display", "theme"] == {"dark": True}
    assert [each.channel for each in filled.notifies] == ["cache_updates"]
    again = desk.get(ORGANIZE)
    assert "Nothing would change" in again.text
    assert "Organize the cache" not in [each.get("value") for each in again.all("button")]
    assert desk.get(page.path).status == 200  # it can be looked at again


def test_append_keeps_what_is_there(filled: Connection, desk: Somebody) -> None:
    page = confirm(desk, desk.get(f"{ORGANIZE}?keep=1"))
    assert page.row(MINE)[1:] == ["kept", "2", "2"]
    assert entries(filled)["stock_universe", "custom", "mine"] == ["TSLA", "F"]
    assert "in append mode" in page.text


def test_what_changed_meanwhile_is_looked_at_again(filled: Connection, desk: Somebody) -> None:
    plan = desk.get(ORGANIZE)
    put_stock(filled, "MSFT", 2_900_000_000_000)
    before = rows(filled)
    page = confirm(desk, plan)
    assert page.status == 409
    assert "The data has changed since this was shown" in page.text
    assert page.row(MEGA)[1:] == ["added", "–", "3"]
    assert rows(filled) == before
    assert confirm(desk, page).status == 200
    assert desk.post(ORGANIZE, keep="1", seen=page.field("seen")).status == 409  # another mode is another plan


def test_it_says_why_it_cannot_be_done(witness: Connection, desk: Somebody) -> None:
    query(witness, "DELETE FROM group_memberships")
    query(witness, "DELETE FROM definition_groups")
    page = desk.get(ORGANIZE)
    assert (page.status, page.titles["h1"]) == (409, "Nothing to organize")
    assert "load some first" in page.text
    assert desk.post(ORGANIZE, seen="x").status == 409


def test_another_that_organizes_is_waited_for_in_vain(filled: Connection, desk: Somebody) -> None:
    plan = desk.get(ORGANIZE)
    query(filled, "SELECT pg_advisory_lock(hashtextextended('tickstock organize', 0))")
    page = confirm(desk, plan)
    assert (page.status, page.titles["h1"]) == (503, "Busy")
    assert "is being organised by another session" in page.text


@pytest.mark.parametrize("token", ["", "another"])
def test_it_needs_the_token(filled: Connection, desk: Somebody, token: str) -> None:
    before, seen = rows(filled), desk.get(ORGANIZE).field("seen")
    assert desk.post(ORGANIZE, token, seen=seen, keep="0").status == 403
    foreign = {"form_token": desk.token, "seen": seen, "keep": "0"}
    answer = desk.client.post(ORGANIZE, data=foreign, headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert rows(filled) == before


def test_a_result_that_is_not_kept_any_more(filled: Connection, desk: Somebody) -> None:
    page = desk.get(f"{ORGANIZE}/{EVIL}")
    assert (page.status, page.titles["h1"]) == (404, "No such result")
    results, organized = Results(2), organize(filled, Options(dry_run=True))
    first, second, third = [results.keep(organized) for _ in range(3)]
    assert results.find(first) is None
    assert results.find(second) is results.find(third) is organized


def test_stored_text_is_text(filled: Connection, desk: Somebody) -> None:
    put_group(filled, "THEME", EVIL, ["AAPL"])
    put_entry(filled, "themes", EVIL, EVIL, [EVIL])
    page = desk.get(ORGANIZE)
    assert EVIL in page.text
    assert "<img" not in page.html
    page = confirm(desk, page)
    assert EVIL in page.text
    assert "<img" not in page.html


def test_plans_that_do_something_else_have_another_fingerprint(filled: Connection) -> None:
    plan = organize(filled, Options(dry_run=True))
    same = organize(filled, Options(dry_run=True))
    assert fingerprint(plan) == fingerprint(same)
    first = plan.entries[0]
    for other in (first._replace(count=99), first._replace(action="kept"), first._replace(key="x")):
        assert fingerprint(plan._replace(entries=(other, *plan.entries[1:]))) != fingerprint(plan)
    assert fingerprint(organize(filled, Options(mode="append", dry_run=True))) != fingerprint(plan)

"""A person loads bars and organizes the cache in Chromium, while the test plays the worker over SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.historical.entries import put_stock
from tests.stored import query
from tests.web import historical_page as steps
from tests.web.conftest import MakeApp, served
from tests.web.test_browser import PASSWORD, PICTURES, browser, page
from tests.web.test_pages_historical import add_line, add_result
from tickstock.db import Connection
from tickstock.web.secrets_file import set_password

__all__ = ["browser", "page"]


@pytest.fixture
def address(make_app: MakeApp, secrets_path: Path, stored: Connection) -> Iterator[str]:
    set_password(secrets_path, PASSWORD)
    with served(make_app()) as found:
        yield found


def log_in(page: Page) -> None:
    page.goto(steps.PATH)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Historical data")


def work(stored: Connection, job: int, **columns: object) -> None:
    """What a worker does to a job."""
    names = ", ".join(f"{name} = %s" for name in columns)
    query(stored, f"UPDATE load_jobs SET {names} WHERE id = %s", *columns.values(), job)


def test_the_way_of_a_load(page: Page, request: pytest.FixtureRequest, stored: Connection) -> None:
    scheme = request.node.callspec.params["page"]

    def picture(name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{scheme}-historical-{name}.png", full_page=True)

    log_in(page)
    steps.type_symbols(page, "SPY, two words")
    page.get_by_role("button", name="Start Load Job").click()
    expect(page.get_by_role("alert")).to_contain_text("no symbol: two words")
    picture("wrong")
    steps.type_symbols(page, "spy,BRK-B", years="1mo")
    typed = steps.start(page)
    steps.choose_universe(page, "UNIVERSE sp500", years="5y", priority="high")
    job = steps.start(page)

    active = page.get_by_role("article", name=f"Job {job}")
    expect(active).to_contain_text("waits for a worker")
    work(stored, job, state="running", started_at="now", step="bars of the archive", steps=1250, attempts=1)
    expect(active).to_contain_text("bars of the archive: 0 of 1,250")
    log = page.get_by_role("log", name=f"Log of job {job}")
    for number in range(1, 41):
        add_line(stored, job, f"read 2025-01-{number}")
    expect(log).to_contain_text("read 2025-01-40")
    work(stored, job, steps_done=400, bars=1200)
    expect(active).to_contain_text("400 of 1,250, 1,200 bars stored")
    add_line(stored, job, "no file of 2025-02-30", "warning")
    expect(log).to_contain_text("warning no file of 2025-02-30")
    expect(log.locator("li:visible")).to_have_count(42)  # what was asked for, and each line once
    assert log.evaluate("each => Math.abs(each.scrollTop) < 2")  # the newest line is in sight
    told = {"event": "organize", "mode": "replace", "environment": "DEFAULT", "added": 39, "entry_count": 39,
            "entries": [{"key": "mega_cap"}]}  # fmt: skip
    query(stored, "SELECT pg_notify('cache_updates', %s)", json.dumps(told))
    expect(page.locator("#notices")).to_contain_text("entries organized (replace); 39 added")
    picture("running")

    add_result(stored, job, "AAPL", 1250, "2020-11-30T05:00Z", "2025-11-28T05:00Z", None)
    add_result(stored, job, "NVDA", 0, None, None, "no bars of it in the archive")
    work(stored, job, state="done", bars=1250, steps_done=1250, finished_at="now")
    steps.wait_for_state(page, job, "done")
    page.get_by_role("article", name=f"Job {typed}").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Job {typed}")
    expect(page.locator("main")).to_contain_text("cancelled while it waited")
    page.get_by_role("link", name="Historical data").click()
    picture("done")
    page.locator("#jobs").get_by_role("link", name=str(job), exact=True).click()
    expect(page.get_by_role("row", name=re.compile("NVDA"))).to_contain_text("no bars of it in the archive")
    picture("job")


def test_a_page_of_a_job_follows_it(page: Page, stored: Connection) -> None:
    log_in(page)
    steps.type_symbols(page, "SPY")
    job = steps.start(page)
    page.get_by_role("link", name=f"job {job}").click()
    expect(page.locator("#job")).to_contain_text("waits for a worker")
    work(stored, job, state="running", step="bars of the archive", steps=20, steps_done=3)
    add_line(stored, job, "read a day")
    expect(page.locator("#job")).to_contain_text("3 of 20")
    expect(page.get_by_role("log")).to_contain_text("read a day")
    work(stored, job, state="failed", reason="Massive refuses the key", finished_at="now")
    expect(page.locator("#job .problem")).to_have_text("Massive refuses the key")
    page.get_by_role("button", name="Try it again").click()
    expect(page.locator("#job")).to_contain_text("waiting")


def test_the_cache_is_organized(page: Page, request: pytest.FixtureRequest, stored: Connection) -> None:
    put_stock(stored, "AAPL", 3_000_000_000_000, sector="information_technology")
    log_in(page)
    other = page.context.new_page()
    other.goto(steps.PATH)
    steps.organise(page, keep=True)
    expect(page.locator("main")).to_contain_text("in append mode")
    page.screenshot(path=PICTURES / f"{request.node.callspec.params['page']}-historical-organized.png", full_page=True)
    expect(other.locator("#notices")).to_contain_text("entries organized (append)")


def test_a_page_that_is_left_open_goes_to_the_login_and_comes_back(page: Page) -> None:
    log_in(page)
    other = page.context.new_page()
    other.goto("/admin/")
    other.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Historical data")


def test_it_fits_on_a_phone(page: Page, request: pytest.FixtureRequest, stored: Connection) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    log_in(page)
    steps.choose_universe(page, "UNIVERSE sp500")
    job = steps.start(page)
    work(stored, job, state="running", step="bars of the archive", steps=20, steps_done=3)
    expect(page.locator("progress")).to_have_attribute("value", "3")
    add_line(stored, job, "a line that is long enough for a phone " * 3)
    for path in (steps.PATH, f"{steps.PATH}/{job}", f"{steps.PATH}/organize"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        places = page.locator(".top nav a").evaluate_all("all => all.map(each => each.offsetTop)")
        assert len(set(places)) == 1, "the navigation needs more than a line"
        name = path.rpartition("/")[2]
        page.screenshot(path=PICTURES / f"{request.node.callspec.params['page']}-phone-{name}.png", full_page=True)

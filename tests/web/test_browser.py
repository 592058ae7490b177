"""The way of a person through the pages, in Chromium, in light and in dark. Pictures are left in build/screenshots."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.stored import members, query
from tests.web.conftest import MakeApp, served
from tests.web.test_pages_loads import Loaded, loaded
from tickstock.db import Connection
from tickstock.settings import REPOSITORY
from tickstock.web.secrets_file import set_password

__all__ = ["loaded"]

PASSWORD = "correct horse battery"
PICTURES = REPOSITORY / "build" / "screenshots"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium that TEST_BROWSER names, else the one on the PATH."""
    program = os.environ.get("TEST_BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on the PATH (Debian: apt-get install chromium), and TEST_BROWSER names none")
    expect.set_options(timeout=20_000)  # several browsers at once, and a password takes its time to check
    with sync_playwright() as playwright:
        # Root has no namespaces to lock it into, a container little shared memory; it sees our own pages alone.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture
def address(make_app: MakeApp, secrets_path: Path, loaded: Loaded) -> Iterator[str]:
    set_password(secrets_path, PASSWORD)
    with served(make_app(holdings=loaded.folder)) as found:
        yield found


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """A page that must not complain, nor ask any other host for anything."""
    context = browser.new_context(color_scheme=request.param, base_url=address, viewport={"width": 1280, "height": 900})
    page, complaints, foreign = context.new_page(), [], []

    def hear(message: ConsoleMessage) -> None:
        # What was refused is told as such, and so is the end of a stream of events, which is an ordinary one.
        expected = re.search(r"status of 40[01]|^\[object Event\]$", message.text)
        if message.type in ("error", "warning") and not expected:
            complaints.append(message.text)

    def see(asked: Request) -> None:
        if urlsplit(asked.url).netloc != urlsplit(address).netloc and not asked.url.startswith("data:"):
            foreign.append(asked.url)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", see)
    yield page
    context.close()
    assert (complaints, foreign) == ([], [])


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_the_way_through_the_pages(
    page: Page, request: pytest.FixtureRequest, loaded: Loaded, stored: Connection
) -> None:
    scheme = request.node.callspec.params["page"]

    def picture(name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{scheme}-{name}.png", full_page=True)

    page.goto("/admin/")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    picture("login")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    heading(page, "Dashboard")
    picture("dashboard")

    page.get_by_role("searchbox").fill("BRK-B")
    expect(page.locator("#quick")).to_contain_text("BRK.B")
    page.keyboard.press("Enter")
    heading(page, re.compile("BRK.B"))
    picture("stock")
    page.get_by_role("link", name="SPY").first.click()
    heading(page, re.compile("SPY"))
    expect(page.get_by_role("cell", name="NVDA").or_(page.get_by_role("rowheader", name="NVDA")).first).to_be_visible()
    picture("fund")

    page.get_by_role("link", name="Preview").click()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#result")).to_contain_text("To load it")
    picture("preview")

    page.get_by_role("link", name="Loads").click()
    page.get_by_role("link", name=str(loaded.second), exact=True).first.click()
    page.get_by_role("link", name=re.compile("[Tt]ake")).first.click()
    heading(page, f"Take back load {loaded.second}?")
    picture("undo")
    assert members(stored, "NEW") == {"AA": "60.000000", "BB": "30.000000", "DD": "10.000000"}
    page.get_by_role("button", name=f"Take load {loaded.second} back").click()
    heading(page, re.compile(r"Load \d+"))
    assert members(stored, "NEW") == {"AA": "50.000000", "BB": "30.000000", "CC": "20.000000"}
    picture("load")

    page.get_by_role("link", name="Dashboard").click()
    page.get_by_role("button", name="Read the data again").click()
    heading(page, "Dashboard")
    ((version,),) = query(stored, "SELECT max(version) FROM data_version")
    expect(page.locator("main")).to_contain_text(str(version))

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_label("Password")).to_be_visible()


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    """From the address to a fund, without a mouse: the first tab leads past the navigation."""
    page.goto("/admin/groups")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    heading(page, "Groups")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    first = page.locator("main :focus")
    expect(first).to_be_visible()
    assert first.evaluate("each => getComputedStyle(each).outlineStyle") != "none"


@pytest.mark.parametrize("width", [390])
def test_a_phone_scrolls_tables_and_not_pages(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/admin/funds/SPY")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    heading(page, re.compile("SPY"))
    for path in ("", "groups", "funds/SPY", "stocks/NVDA", "loads", "preview"):
        page.goto(f"/admin/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path

"""The way of a person through the page of the load jobs, in steps, for the tests in Chromium."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

PATH = "/admin/historical-data"


def choose_universe(page: Page, universe: str, **more: str) -> None:
    """Fill in the form: a universe as its option names it (``UNIVERSE sp500``), and by label what else is chosen."""
    page.get_by_label("Stock Universe").check()
    page.get_by_label("Universe", exact=True).select_option(universe)
    _choose(page, more)


def type_symbols(page: Page, symbols: str, **more: str) -> None:
    """Fill in the form: symbols as somebody types them."""
    page.get_by_label("Specific Symbols").check()
    page.get_by_label("Symbols", exact=True).fill(symbols)
    _choose(page, more)


def _choose(page: Page, more: dict[str, str]) -> None:
    for name, option in more.items():
        page.locator(f"select[name={name}]").select_option(option)


def start(page: Page) -> int:
    """Press the button; give the number of the job."""
    page.get_by_role("button", name="Start Load Job").click()
    link = page.get_by_role("link", name=re.compile(r"^job \d+$"))
    expect(link).to_be_visible()
    return int((link.text_content() or "").split()[1])


def wait_for_state(page: Page, job: int, state: str, seconds: float = 10) -> None:
    """Wait until the history shows the job so, without touching the page."""
    row = page.locator("#jobs tr", has=page.get_by_role("rowheader", name=str(job), exact=True))
    expect(row).to_contain_text(state, timeout=1000 * seconds)


def organise(page: Page, *, keep: bool = False) -> None:
    """Ask for the organisation of the cache, look at the plan, and confirm it."""
    box = page.get_by_label("Preserve existing entries")
    box.set_checked(keep)
    page.get_by_role("button", name="Update and Organize Cache").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Organize the cache?")
    page.get_by_role("button", name="Organize the cache").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cache organized")

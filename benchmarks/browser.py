"""When Chromium shows the first of a page."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING

from benchmarks.measure import BenchmarkError

if TYPE_CHECKING:
    from playwright.sync_api import Page

WARM = 3
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Root has no namespaces to lock it into, a container little shared memory; and it asks nobody but the application.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
PAINT = """() => new Promise(found => new PerformanceObserver(list => {
    for (const each of list.getEntries())
        if (each.name === "first-contentful-paint") found(each.startTime);
}).observe({type: "paint", buffered: true}))"""


def first_paints(address: str, cookie: str, pages: Mapping[str, str], loads: int) -> dict[str, float | None]:
    """Milliseconds from asking for a page to its first contentful paint: medians of ``loads``, after a few others.

    ``pages`` are names and paths, ``cookie`` is ``name=value``. All None where there is no Chromium, neither one that
    TEST_BROWSER names nor one on the PATH.
    """
    program = os.environ.get("TEST_BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        return dict.fromkeys(pages)
    from playwright.sync_api import sync_playwright

    name, _, value = cookie.partition("=")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.add_cookies([{"name": name, "value": value, "url": f"{address}/admin"}])
            page = context.new_page()
            return {title: _median(page, address + path, loads) for title, path in pages.items()}
        finally:
            browser.close()


def _median(page: Page, address: str, loads: int) -> float:
    painted = []
    for _ in range(WARM + loads):
        answer = page.goto(address, wait_until="load")
        if answer is None or answer.status != 200 or page.get_by_label("Password").count():
            found = answer.status if answer else "no answer"
            raise BenchmarkError(f"{address}: found {found}, or the login; expected its page")
        painted.append(float(page.evaluate(PAINT)))
    return statistics.median(painted[WARM:])

"""The preview of the files: the plan of the weekly and of the monthly run, and nothing is written."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.files import write_fund, write_universe
from tests.stored import everything
from tests.web.pages import LogIn, log_in
from tickstock.db import Connection
from tickstock.web import preview

__all__ = ["log_in"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "holdings"
    folder.mkdir()
    write_fund(folder, "SPY", {"AAPL": 60, "NVDA": 30, "NEWCO": 10})
    write_universe(folder, "dow30", ["AAPL", "NVDA", "<b>"])
    return folder


def test_it_shows_the_plan_and_writes_nothing(stored: Connection, folder: Path, log_in: LogIn) -> None:
    desk, before = log_in(holdings=folder), everything(stored)
    assert str(folder) in desk.get("/admin/preview").text
    page = desk.post("/admin/preview", mode="full")
    assert page.status == 200
    spy, qqq = page.row("SPY"), page.row("QQQ")
    assert (spy[1:6], qqq[3], qqq[6][:13]) == (["1", "2", "1", "0", "0"], "2", "group removed")
    assert ["NEWCO", "added", "–", "10.000000"] in [row[:4] for row in page.rows]
    assert "This would be refused" in page.text  # half of the funds would go
    assert "dow30.csv:4" in page.text  # what is no symbol
    assert "1 new stock would enter the sector unknown" in page.text
    assert "refresh.py monthly" in page.text
    assert everything(stored) == before


def test_the_weekly_run_leaves_what_has_no_file(stored: Connection, folder: Path, log_in: LogIn) -> None:
    page = log_in(holdings=folder).post("/admin/preview", mode="incremental")
    assert [row for row in page.rows if row[0] == "QQQ"] == []
    assert "refresh.py weekly" in page.text


def test_it_needs_the_token(stored: Connection, folder: Path, log_in: LogIn) -> None:
    assert log_in(holdings=folder).post("/admin/preview", token="another").status == 403


def test_an_empty_folder_and_none_at_all(stored: Connection, tmp_path: Path, log_in: LogIn) -> None:
    page = log_in(holdings=tmp_path).post("/admin/preview", mode="full")
    assert "Nothing to load, what is stored stays" in page.text
    page = log_in(holdings=tmp_path / "nowhere").post("/admin/preview", mode="full")
    assert page.status == 200
    assert "found no such folder" in page.text


def test_a_second_preview_waits_for_the_first(
    stored: Connection, folder: Path, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(config: object, mode: str) -> list[preview.Part]:
        begun.set()
        assert go_on.wait(10)
        return []

    desk = log_in(holdings=folder)
    monkeypatch.setattr(preview, "dry_run", hold)
    client = desk.client.application.test_client()
    cookie = desk.client.get_cookie("admin_session", path="/admin")
    assert cookie
    client.set_cookie("admin_session", cookie.value, path="/admin")
    thread = threading.Thread(target=desk._replace(client=client).post, args=("/admin/preview",))
    thread.start()
    assert begun.wait(10)
    page = desk.post("/admin/preview")
    go_on.set()
    thread.join()
    assert page.status == 503
    assert "another preview is being made" in page.text
    monkeypatch.undo()
    assert desk.post("/admin/preview").status == 200

"""Drift of files as a whole: gone, not loadable, older, another fund's, twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.relationships.drift.made import FILE, Look, by_hand, events
from tickstock.db import Connection


def test_a_file_that_is_gone_is_told_and_no_drift(load_etfs: Load, folder: Path, drift: Look) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    folder.rename(folder.parent / "elsewhere")
    found, rows = drift()
    assert ([event.found for event in found.events], rows) == ([f"no file any more in {folder}"], {})
    assert not found.database_changed


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "spy_holdings.csv: found an empty file"),
        ("symbol,weight\nAAPL,x\nMSFT,y\n", "spy_holdings.csv:2: found weight 'x'"),
        (None, "spy_holdings.csv: found a pipe, device or folder"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_and_does_not_stop_the_rest(
    load_etfs: Load, folder: Path, drift: Look, content: str | None, found: str
) -> None:
    path = write_fund(folder, "SPY", FILE)
    write_fund(folder, "QQQ", FILE)
    load_etfs()
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    write_fund(folder, "QQQ", {**FILE, "AAPL": 41})
    told, rows = drift()
    assert rows == {"QQQ": ["AAPL file: 40 41 40"]}
    assert events(told) == [("file_unreadable", "SPY")]
    assert told.events[0].found.startswith(found)
    assert told.events[0].found.endswith("(and 1 more problems)") == (content is not None and "MSFT" in content)


def test_what_the_file_of_another_fund_holds_is_not_compared(load_etfs: Load, folder: Path, drift: Look) -> None:
    (folder / "funds.csv").write_text("etf,name\nSPY,Big Fund\nQQQ,Other Fund\n")
    ishares = "{}\nFund Holdings as of,\"Nov 18, 2025\"\n\nTicker,Name,Asset Class,Weight (%)\nAAPL,Apple,Equity,100\n"
    path = folder / "spy_holdings.csv"
    path.write_text(ishares.format("Big Fund"))
    load_etfs()
    path.write_text(ishares.format("Other Fund").replace("AAPL", "MSFT"))
    found, rows = drift()
    assert (events(found), rows) == ([("file_unreadable", "SPY")], {})
    assert "Other Fund (QQQ) inside" in found.events[0].found


def test_an_older_file_waits_for_nobody(load_etfs: Load, folder: Path, drift: Look) -> None:
    ssga = "Fund Name:,Big Fund\nTicker Symbol:,SPY\nHoldings:,As of {}\n\nName,Ticker,Weight\nApple,{},100\n"
    path = folder / "spy_holdings.csv"
    path.write_text(ssga.format("18-Nov-2025", "AAPL"))
    load_etfs()
    path.write_text(ssga.format("17-Nov-2025", "MSFT"))
    found, rows = drift()
    assert (rows, found.files_wait) == ({}, False)
    assert [(event.event, event.found) for event in found.events] == [
        ("file_older", "spy_holdings.csv is as of 2025-11-17, older than the 2025-11-18 that was loaded")
    ]
    path.write_text(ssga.format("19-Nov-2025", "MSFT"))
    assert drift()[1] == {"SPY": ["AAPL file: 100 - 100", "MSFT file: - 100 -"]}


def test_a_folder_is_read_as_the_loaders_read_it(
    load_etfs: Load, folder: Path, tmp_path: Path, witness: Connection, drift: Look
) -> None:
    for etf in ("DIA", "QQQ", "SPY", "XLK"):
        write_fund(folder, etf, FILE)
    load_etfs()
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    write_fund(downloads, "DIA", FILE)
    write_fund(downloads, "SPY", {**FILE, "AAPL": 41})
    write_fund(downloads, "IVV", FILE)
    (downloads / "xlk_holdings.csv").write_text("<html>")
    by_hand(witness, "XLK", AAPL=42)
    found, rows = drift(folder=downloads)
    assert rows == {"SPY": ["AAPL file: 40 41 40"], "XLK": ["AAPL database: 40 ? 42"]}
    assert [(event.event, event.name) for event in found.events if event.type == "ETF"] == [
        ("file_new", "IVV"), ("file_gone", "QQQ"), ("file_unreadable", "XLK"),
    ]  # fmt: skip
    assert found.files_wait


def test_a_folder_without_a_fund_says_so_once(load_etfs: Load, folder: Path, tmp_path: Path, drift: Look) -> None:
    write_fund(folder, "SPY", FILE)
    write_fund(folder, "QQQ", FILE)
    load_etfs()
    (tmp_path / "empty").mkdir()
    found, rows = drift(folder=tmp_path / "empty")
    assert [event.found for event in found.events if event.type == "ETF"] == [
        f"{tmp_path / 'empty'}: found no file for any fund, expected {{etf}}_holdings.csv"
    ]
    assert rows == {}


def test_two_files_for_a_fund_are_a_problem_of_that_fund_alone(
    load_etfs: Load, folder: Path, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    write_fund(folder, "QQQ", FILE)
    load_etfs()
    (folder / "SPY_holdings_2025-11-18.csv").write_text("symbol,weight\nAAPL,100\n")
    write_fund(folder, "QQQ", {**FILE, "AAPL": 41})
    found, rows = drift(folder=folder)
    assert rows == {"QQQ": ["AAPL file: 40 41 40"]}
    assert [event for event in events(found) if event[1] in ("SPY", "QQQ")] == [("file_unreadable", "SPY")]

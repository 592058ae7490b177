"""vol_analysis.py as the person at the terminal meets it."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.bars.volume.frames import walk
from tickstock.errors import TickstockError
from tickstock.settings import REPOSITORY

Run = Callable[..., int]
# First the reader of frames, then the arguments.
RunWith = Callable[..., int]


@pytest.fixture
def run_with() -> RunWith:
    """Run the script's main on frames of our own."""
    path = REPOSITORY / "scripts" / "market_data" / "vol_analysis.py"
    spec = importlib.util.spec_from_file_location("vol_analysis", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda read, *arguments: int(module.main([str(each) for each in arguments], read))


@pytest.fixture
def run(run_with: RunWith) -> Run:
    def read(ticker: str, period: str, source: str) -> pd.DataFrame:
        if ticker == "BAD":
            raise TickstockError("BAD: no bars\u001b[31m")
        frame = walk(80, seed=sum(map(ord, ticker)))
        frame.attrs = {"source": source, "adjustment": "splits", "coverage": f"all of {period}"}
        return frame

    return lambda *arguments: run_with(read, *arguments)


def test_one_ticker_is_told_in_detail(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("AAPL", "-p", "6mo", "--data-source", "massive") == 0
    out = capsys.readouterr().out
    assert "AAPL: volume study, 2025-01-02" in out
    assert "Source: massive; adjusted for splits; coverage: all of 6mo" in out


def test_the_defaults_are_a_year_of_yfinance(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("AAPL") == 0
    assert "Source: yfinance; adjusted for splits; coverage: all of 12mo" in capsys.readouterr().out


def test_one_failure_of_several_is_a_line_and_status_1(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    names = tmp_path / "list.txt"
    names.write_text("MSFT, BRK-B # two\nAAPL\n", encoding="utf-8")
    assert run("AAPL", "BAD", "-f", names, "--json") == 1
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert sorted(one["ticker"] for one in found["studies"]) == ["AAPL", "BRK.B", "MSFT"]
    scores = [one["accumulation"]["score"] for one in found["studies"]]
    assert scores == sorted(scores, reverse=True)
    assert captured.err == "error: BAD: no bars\ufffd[31m\n"


def test_several_tickers_get_a_chart_each(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("AAPL", "BRK.B", "--chart", tmp_path / "out.png") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out-AAPL.png", "out-BRK%2EB.png"]
    assert run("AAPL", "--chart", tmp_path / "one.html", "--anchor", "2025-02-03") == 0
    assert "VWAP, anchored 2025-02-03 (as asked)" in (tmp_path / "one.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [([], "no ticker", 2), (["AAPL", "--chart", "x.gif"], "ends in .png or .html", 2), (["../x"], "is no ticker", 1),
     (["AAPL", "-p", "18m"], "period '18m' is unknown", 1)],
)  # fmt: skip
def test_wrong_arguments_are_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, status: int
) -> None:
    assert run(*arguments) == status
    assert message in capsys.readouterr().err


def test_a_list_is_also_found_by_its_name(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-f", "sector_etfs.txt") == 0
    assert "XLK" in capsys.readouterr().out


def noisy(ticker: str, period: str, source: str) -> pd.DataFrame:
    if ticker in ("BAD", "WORSE"):
        raise TickstockError(f"no bar of {ticker}: Yahoo does not answer\n(curl: 6)")
    remarks = ["flat files: no keys", f"yfinance: 3 bars of {ticker} that the archive lacks",
               f"{ticker}: 2 of 80 sessions missing: 2025-01-02 to 2025-01-03"]  # fmt: skip
    if ticker == "AAPL":
        remarks.append("AAPL: a split of AAPL is left out")
    for remark in remarks:
        logging.getLogger("tickstock.bars").warning(remark)
    logging.getLogger("yfinance").error("Cookie/crumb fetch failed")
    frame = walk(80, seed=sum(map(ord, ticker)))
    frame.attrs = {"source": source, "adjustment": "splits", "remarks": remarks, "coverage": {
        "from": "2025-01-02", "to": "2025-04-25", "sessions": 80, "known": 78, "bars": 78,
        "missing": "2025-01-02 to 2025-01-03", "complete": False}}  # fmt: skip
    return frame


def test_remarks_of_several_are_told_once(run_with: RunWith, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_with(noisy, "AAPL", "MSFT") == 0
    captured = capsys.readouterr()
    assert captured.out.partition("VWAP\n")[2].splitlines() == [
        "all: Source: yfinance; adjusted for splits; coverage: 78 of 80 sessions, missing 2025-01-02 to 2025-01-03",
        "all: flat files: no keys",
        "all: yfinance: 3 bars of the ticker that the archive lacks",
        "AAPL: a split of AAPL is left out",
    ]
    assert captured.err == ""


def test_failures_for_one_reason_are_one_line(run_with: RunWith, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_with(noisy, "AAPL", "BAD", "WORSE") == 1
    expected = "error: BAD, WORSE: no bar of the ticker: Yahoo does not answer (curl: 6)\n"
    assert capsys.readouterr().err == expected


def test_what_libraries_log_is_shown_with_verbose_alone(run_with: RunWith, caplog: pytest.LogCaptureFixture) -> None:
    run_with(noisy, "AAPL")
    assert caplog.text == ""
    run_with(noisy, "AAPL", "--verbose")
    assert "Cookie/crumb fetch failed" in caplog.text


def test_programs_get_the_coverage_in_figures(run_with: RunWith, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_with(noisy, "AAPL", "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)["studies"]
    assert (one["basis"]["coverage"]["known"], one["basis"]["coverage"]["complete"]) == (78, False)
    assert one["remarks"] == ["flat files: no keys", "yfinance: 3 bars of AAPL that the archive lacks",
                              "a split of AAPL is left out"]  # fmt: skip

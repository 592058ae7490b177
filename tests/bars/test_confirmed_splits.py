"""A split that the prices contradict is left out of every frame, whichever days the frame has."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from tests.bars.flat_files import day_file, minute_file, put
from tickstock.bars.data_manager import load_bars
from tickstock.bars.sessions import NEW_YORK, sessions
from tickstock.market_settings import Market, market_settings

SPLIT = date(2025, 12, 5)
DAYS = sessions(date(2025, 11, 17), date(2025, 12, 20))
NOW = datetime(2025, 12, 20, 12, tzinfo=NEW_YORK)


@pytest.fixture(autouse=True)
def _nobody_at_yahoos_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")


def market(tmp_path: Path, after: float) -> Market:
    """XLK at 280 until its split, and at ``after`` from then on; the day before in minutes too."""
    for day in DAYS:
        price = 280.0 if day < SPLIT else after
        put(tmp_path / "massive_cache", day, day_file(day, {"XLK": (1000, price, price, price + 1, price - 1)}))
    minutes = minute_file(DAYS[0], [("XLK", 10, 0, (10, 280.0, 280.0, 281.0, 279.0))])
    put(tmp_path / "massive_cache" / "minute", DAYS[0], minutes)
    return market_settings({"TICKERS_DIR": str(Path(__file__).parents[2] / "tickers")}, tmp_path, tmp_path)


@pytest.mark.parametrize("end", [date(2025, 11, 22), date(2025, 12, 5), date(2025, 12, 6), date(2025, 12, 20)])
@pytest.mark.parametrize(("after", "adjusted"), [(140.0, 140.0), (281.0, 280.0)])
def test_frames_of_all_ends_are_on_one_basis(tmp_path: Path, end: date, after: float, adjusted: float) -> None:
    frame = load_bars("XLK", DAYS[0], end, market=market(tmp_path, after), now=NOW)
    assert frame["Close"].iloc[0] == adjusted
    assert frame["Close"].pct_change().abs().max() < 0.2


@pytest.mark.parametrize(("after", "adjusted"), [(140.0, 140.0), (281.0, 280.0)])
def test_so_are_frames_of_minutes(tmp_path: Path, after: float, adjusted: float) -> None:
    frame = load_bars("XLK", DAYS[0], DAYS[1], "minute", market=market(tmp_path, after), now=NOW)
    assert frame["Close"].iloc[0] == adjusted

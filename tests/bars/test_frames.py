"""Our frames are those of yfinance: each attribute of what it made of the same bars, which is on record."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.bars.yfinance_shapes import CLOSE, DAYS, FOLDER, MINUTES, VOLUME, asked, described
from tickstock.bars.actions import Action, Actions
from tickstock.bars.adjust import adjust
from tickstock.bars.frames import download, download_one, flat, history, with_adjusted_close


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def bars(close: list[Any], volume: list[Any], index: pd.DatetimeIndex) -> pd.DataFrame:
    prices = np.array(close, dtype="float64")
    columns = {"Open": prices - 1, "High": prices + 1, "Low": prices - 2, "Close": prices}
    return pd.DataFrame(columns | {"Volume": np.array(volume, dtype="float64")}, index=index)


ACTIONS = Actions(
    "XLK",
    (Action(DAYS[1], dividend=2.0), Action(DAYS[2], 2.0), Action(DAYS[3], dividend=1.0)),
    "test",
    date(2026, 1, 5),
)
NONE = ACTIONS._replace(actions=())


def xlk(basis: Any = "all") -> pd.DataFrame:
    """As it was traded: before the split at twice the price, half the shares; then adjusted by us."""
    raw = bars(CLOSE, VOLUME, pd.DatetimeIndex(DAYS))
    before = raw.index < pd.Timestamp(DAYS[2])
    raw.loc[before, ["Open", "High", "Low", "Close"]] *= 2
    raw.loc[before, "Volume"] /= 2
    return adjust(raw, ACTIONS, basis)


def aapl() -> pd.DataFrame:
    return bars(CLOSE[1:], VOLUME[1:], pd.DatetimeIndex(DAYS[1:]))


def both() -> pd.DataFrame:
    return with_adjusted_close(xlk("splits"), xlk())


def minutes() -> pd.DataFrame:
    times = [pd.Timestamp.combine(DAYS[0], minute) for minute in MINUTES]
    return bars([100.0, 101.0, 102.0], [1, 2, 3], pd.DatetimeIndex(times, tz="America/New_York"))


OURS: dict[str, Callable[[], pd.DataFrame]] = {
    "history_fund": lambda: history(xlk(), ACTIONS, fund=True),
    "history_stock": lambda: history(aapl(), NONE),
    "history_not_adjusted": lambda: history(both(), ACTIONS, fund=True),
    "download_one": lambda: download({"XLK": xlk()}),
    "download_flat": lambda: download_one(xlk()),
    "download_flat_not_adjusted": lambda: download_one(both()),
    "download_ragged": lambda: download({"XLK": xlk(), "AAPL": aapl()}),
    "download_by_ticker": lambda: download({"XLK": xlk(), "AAPL": aapl()}, "ticker"),
    "download_not_adjusted": lambda: download({"XLK": both(), "AAPL": with_adjusted_close(aapl(), aapl())}),
    "download_failed": lambda: download({"XLK": xlk(), "NOSUCH": None}),
    "download_all_failed": lambda: download({"NOSUCH": None}),
    "minutes_history": lambda: history(minutes(), NONE),
    "minutes_download": lambda: download({"XLK": minutes()}),
}


@pytest.mark.parametrize("name", OURS)
def test_ours_are_what_yfinance_gives(name: str) -> None:
    ours, theirs = described(OURS[name]()), recorded(name)
    values, expected = ours.pop("values"), theirs.pop("values")
    assert ours == theirs
    np.testing.assert_allclose(np.array(values, dtype=float), np.array(expected, dtype=float), rtol=1e-12)


def test_the_records_are_what_the_installed_yfinance_gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = asked(monkeypatch, tmp_path)
    assert sorted(found) == sorted(path.stem for path in FOLDER.iterdir())
    for name, about in found.items():
        assert about == recorded(name), name


def test_the_flat_frame_is_the_history_by_naive_days_without_events() -> None:
    frame = flat(xlk())
    assert list(frame.columns) == ["Open", "High", "Low", "Close", "Volume"]
    assert str(frame.index.dtype) == "datetime64[s]"
    assert frame.index.name == "Date"
    assert frame["Volume"].dtype == "int64"


def test_parts_of_shares_are_rounded() -> None:
    frame = aapl()
    frame["Volume"] = [10.4, 10.6, 1_000_000.5, np.nan]
    assert flat(frame)["Volume"].tolist() == [10, 11, 1_000_000, 0]


def test_events_outside_of_the_frame_are_in_no_row() -> None:
    actions = NONE._replace(actions=(Action(date(2025, 1, 2), 4.0), Action(date(2026, 1, 2), 2.0, 1.0)))
    frame = history(aapl(), actions)
    assert (frame[["Dividends", "Stock Splits"]] == 0).all(axis=None)

"""What yfinance's own code makes of invented answers of Yahoo. ``python -m tests.bars.yfinance_shapes`` records it."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.bars.yahoo_chart import Chart, chart, yahoo_chart

FOLDER = Path(__file__).parents[1] / "data" / "bars" / "yfinance"
# A holiday is among them, so that no index has a frequency.
DAYS = [date(2025, 11, 26), date(2025, 11, 28), date(2025, 12, 1), date(2025, 12, 2), date(2025, 12, 3)]
START, END = date(2025, 11, 26), date(2025, 12, 4)
# XLK is split 2:1 on the third day, and pays a dollar a share of today's on the second and the fourth.
EVENTS = {
    "splits": {DAYS[2]: {"numerator": 2.0, "denominator": 1.0}},
    "dividends": {DAYS[1]: {"amount": 1.0}, DAYS[3]: {"amount": 1.0}},
}
CLOSE: list[float | None] = [100.0, 101.0, 100.0, 99.0, 102.0]
ADJUSTED: list[float | None] = [98.01, 99.99, 99.0, 99.0, 102.0]
VOLUME: list[int | None] = [10, 20, 30, 40, 50]
MINUTES = [time(9, 30), time(9, 31), time(15, 59)]


def answers(yahoo: Chart) -> None:
    """XLK is a fund that does everything; AAPL is a stock that begins a day later."""
    later = CLOSE[1:]
    yahoo.answers = {
        "XLK": chart("XLK", DAYS, CLOSE, ADJUSTED, VOLUME, EVENTS, "ETF"),
        "AAPL": chart("AAPL", DAYS[1:], later, later, VOLUME[1:]),
    }


def minutes(yahoo: Chart) -> None:
    yahoo.answers = {"XLK": chart("XLK", [DAYS[0]] * 3, [100.0, 101.0, 102.0], [], [1, 2, 3], at=MINUTES)}


def _history(**options: Any) -> Callable[[], pd.DataFrame]:
    import yfinance

    return lambda: yfinance.Ticker(options.pop("ticker", "XLK")).history(start=START, end=END, **options)


def _download(tickers: list[str], **options: Any) -> Callable[[], pd.DataFrame]:
    import yfinance

    return lambda: yfinance.download(tickers, start=START, end=END, progress=False, threads=False, **options)


def questions() -> dict[str, Callable[[], pd.DataFrame]]:
    return {
        "history_fund": _history(),
        "history_stock": _history(ticker="AAPL"),
        "history_not_adjusted": _history(auto_adjust=False),
        "download_one": _download(["XLK"]),
        "download_flat": _download(["XLK"], multi_level_index=False),
        "download_flat_not_adjusted": _download(["XLK"], multi_level_index=False, auto_adjust=False),
        "download_ragged": _download(["XLK", "AAPL"]),
        "download_by_ticker": _download(["XLK", "AAPL"], group_by="ticker"),
        "download_not_adjusted": _download(["XLK", "AAPL"], auto_adjust=False),
        "download_failed": _download(["XLK", "NOSUCH"]),
        "download_all_failed": _download(["NOSUCH"]),
        "minutes_history": _history(interval="1m"),
        "minutes_download": _download(["XLK"], interval="1m"),
    }


def described(frame: pd.DataFrame) -> dict[str, Any]:
    """All that code can see of a frame. Of frames by ticker the tickers are sorted: yfinance has no order of them."""
    if frame.columns.names == ["Ticker", "Price"]:
        frame = frame[sorted(frame.columns.levels[0])]  # type: ignore[attr-defined]
    return {
        "columns": [list(name) if isinstance(name, tuple) else name for name in frame.columns],
        "column_names": list(frame.columns.names),
        "dtypes": [str(dtype) for dtype in frame.dtypes],
        "index_type": type(frame.index).__name__,
        "index_dtype": str(frame.index.dtype),
        "index_name": frame.index.name,
        "index": [stamp.isoformat() for stamp in frame.index],
        "values": json.loads(json.dumps(frame.astype(object).where(frame.notna(), None).to_numpy().tolist())),
    }


def asked(monkeypatch: pytest.MonkeyPatch, cache: Path) -> dict[str, dict[str, Any]]:
    """What the installed yfinance answers now."""
    import yfinance
    from pandas.errors import Pandas4Warning

    yfinance.set_tz_cache_location(str(cache))
    found = {}
    with yahoo_chart(monkeypatch) as yahoo, warnings.catch_warnings():
        warnings.simplefilter("ignore", Pandas4Warning)
        for name, question in questions().items():
            (minutes if name.startswith("minutes") else answers)(yahoo)
            found[name] = described(question())
    return found


def _text(about: dict[str, Any]) -> str:
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in about.items())
    return f"{{\n{lines}\n}}\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        for name, about in asked(patch, Path(folder)).items():
            (FOLDER / f"{name}.json").write_text(_text(about))

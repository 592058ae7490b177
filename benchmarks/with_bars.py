"""A piece of work on bars in a process of its own; the settings come from the environment. Writes JSON.

    python benchmarks/with_bars.py RESULT.json WORK [ARGUMENT ...]

What is timed is the work, not the start of Python and its modules.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3  # noqa: F401 - what takes long comes before the clock starts
import pandas as pd
import polars  # noqa: F401

from benchmarks.bars_inputs import END, NOW, START
from tickstock.bars.actions import Actions, write_actions
from tickstock.bars.archive import Archive
from tickstock.bars.credentials import credentials
from tickstock.bars.data_manager import get_smart_data, load_day_file, load_multiple_tickers
from tickstock.bars.dataset import DATASETS, DAY
from tickstock.bars.fetch import FETCHED, fetch
from tickstock.bars.flat_file import inflate
from tickstock.bars.mapping import local_map
from tickstock.bars.populate import ACTIONS, Ask, Means, populate
from tickstock.bars.provider import Provider
from tickstock.bars.sessions import sessions
from tickstock.settings import read_settings

TIMES = 15
COLUMNS = {"ticker": str}

Found = dict[str, Any]


def inflate_all() -> Found:
    """The floor of whatever reads all files: from disk through ISA-L, one core, nothing else."""
    files = sorted(_market().archive.glob("*.csv.gz"))
    begun = time.perf_counter()
    size = sum(len(inflate(path.read_bytes())) for path in files)
    return {"seconds": time.perf_counter() - begun, "files": len(files), "bytes": size}


def read_with_pandas(ticker: str, number: str) -> Found:
    """A ticker's bars out of so many files, as one reads them without a store."""
    files = sorted(_market().archive.glob("*.csv.gz"))[-int(number) :]
    begun = time.perf_counter()
    parts = []
    for path in files:
        rows = pd.read_csv(path, dtype=COLUMNS, keep_default_na=False)
        parts.append(rows[rows["ticker"] == ticker])
    bars = pd.concat(parts)
    return {"seconds": time.perf_counter() - begun, "bars": len(bars)}


def fill(dataset: str, everybody: str, *tickers: str) -> Found:
    """Populate from the archive as it lies there: the files of the tickers, and everybody's bars or none."""
    ask = Ask(DATASETS[dataset], START, END, tickers, everybody == "everybody")
    means = Means(_market(), None, NOW, local_map, lambda step, done, of: None)
    begun = time.perf_counter()
    done = populate(means, ask)
    seconds = time.perf_counter() - begun
    derived = done.derived
    return {
        "seconds": seconds, "partitions": derived.partitions, "tickers": len(derived.tickers),
        "faults": len(derived.faults),
    }  # fmt: skip


def get_all() -> Found:
    """Fetch all days of the bucket into an archive that is empty."""
    market = _market()
    days = sessions(START, END)
    begun = time.perf_counter()
    with Provider(market.massive, credentials(market.massive)) as provider:
        fetched = fetch(provider, Archive(market.archive), DAY, days)
    return {"seconds": time.perf_counter() - begun, "days": len(fetched.days(FETCHED))}


def ask_warm(own: str, *others: str) -> Found:
    """Milliseconds of a question that was asked before, medians; and what the answers hold."""
    market = _market()
    for ticker in (own, *others):
        write_actions(market.derived / ACTIONS, Actions(ticker, (), "benchmark", NOW.date()))
    year = END.replace(year=END.year - 1)
    newest = sessions(START, END)[-1]
    two_years: dict[str, Any] = {"period": "24mo", "adjust": "all", "market": market, "now": NOW}
    found: Found = {}
    questions: dict[str, Callable[[], Any]] = {
        "tracked": lambda: get_smart_data(own, **two_years),
        "other": lambda: get_smart_data(others[0], **two_years),
        "ten": lambda: load_multiple_tickers(others, year, END, data_source="yfinance", market=market, now=NOW),
        "day": lambda: load_day_file(newest, market=market, now=NOW),
    }
    for name, ask in questions.items():
        found[name] = {"ms": _median(ask) * 1e3, **_about(ask())}
    return found


def _about(answer: Any) -> Found:
    if isinstance(answer, dict):
        return {"frames": len(answer), "rows": sum(map(len, answer.values())), "sources": _sources(answer.values())}
    return {"rows": len(answer), "sources": _sources([answer])}


def _sources(frames: Any) -> list[str]:
    return sorted({name for frame in frames for name in frame.attrs.get("sources", ())})


def _median(ask: Callable[[], object]) -> float:
    ask()
    seconds = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def _market() -> Any:
    return read_settings().market


WORKS: dict[str, Callable[..., Found]] = {
    "inflate": inflate_all, "pandas": read_with_pandas, "fill": fill, "get": get_all, "ask": ask_warm,
}  # fmt: skip


def main(result: str, work: str, arguments: Sequence[str]) -> None:
    Path(result).write_text(json.dumps(WORKS[work](*arguments)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

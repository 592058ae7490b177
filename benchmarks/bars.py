"""Market data: two years of flat files read, derived, fetched and asked for."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import bars_inputs
from benchmarks.bars_inputs import Size
from benchmarks.databases import Databases
from benchmarks.measure import BenchmarkError, Figure, Samples, run
from tests.bars.s3_server import running_s3
from tests.http_proxy import HttpProxy, Trouble
from tickstock.bars.dataset import file_name
from tickstock.settings import REPOSITORY

HERE = Path(__file__).parent
BULK = REPOSITORY / "scripts" / "market_data" / "populate_cache_bulk.py"
FULL = Size()
# So many files are read with pandas; all of them would take ten times as long and tell the same.
WITH_PANDAS = 50
TEN = 10
DELAY = 0.08
FLOOR, PANDAS = "bars: inflate all files", "bars: pandas"
ALONE, ALL = "bars: tracked files alone", "bars: tracked files and store"
SCRIPT, BEFORE = "bars: populate_cache_bulk.py", "bars: all days but one"
APPEND, MINUTES = "bars: append a day", "bars: a file of minutes"
ASK, GET = "bars: warm questions", "bars: fetch all files"


def measure(
    databases: Databases | None, folder: Path, repeat: int, say: Callable[[str], None], size: Size = FULL
) -> tuple[list[Figure], Samples]:
    """Measure in ``folder``, which has to exist. (No database is needed.)"""
    say("bars: inputs")
    bench = _Bench(folder, size)
    for _ in range(repeat):
        say("bars: bulk")
        bench.bulk()
        say("bars: a day, minutes, questions")
        bench.append()
        bench.minutes()
        bench.ask()
    with running_s3() as server:
        bucket = server.new_bucket()
        for day in bars_inputs.days(size.sessions):
            bucket.put(day, (bench.archive / file_name(day)).read_bytes())
        server.client.close()
        with HttpProxy(server.port, Trouble(delay=DELAY)) as proxy:
            for _ in range(repeat):
                say(GET)
                bench.get(bucket.environment(port=proxy.port))
    return list(_figures(bench)), bench.samples


class _Bench:
    """The folders, and what the processes found, by name."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.size, self.folder, self.archive = size, folder, folder / "archive"
        self.samples = Samples()
        self.found: dict[str, list[dict[str, Any]]] = {}
        numbers = map(str, size)
        run([sys.executable, HERE / "bars_inputs.py", self.archive, *numbers], {"PYTHONPATH": str(REPOSITORY)})
        self.tracked, self.others = bars_inputs.tracked(size), bars_inputs.others(size, TEN)
        (folder / "tickers").mkdir()
        (folder / "tickers" / "tracked.txt").write_text("".join(f"{ticker}\n" for ticker in self.tracked))
        # Who fetched the files noted their ETags; nobody had to hash them for that.
        self._work("(notes)", "fill", "day", "everybody")
        self.samples.runs.clear()
        self.months = self._last("(notes)")["partitions"]

    def bulk(self) -> None:
        """Inflating, and the four ways of deriving, by turns; then the script."""
        self._expect(self._work(FLOOR, "inflate"), files=self.size.sessions)
        for name, tickers in (("", self.tracked), (f", {self.size.few} tickers", self.tracked[: self.size.few])):
            made = self._work(ALONE + name, "fill", "day", "alone", *tickers)
            self._expect(made, partitions=0, tickers=len(tickers), faults=0)
            made = self._work(ALL + name, "fill", "day", "everybody", *tickers)
            self._expect(made, partitions=self.months, tickers=len(tickers), faults=0)
        self._empty()
        of = bars_inputs.days(self.size.sessions)
        span = ["--start", str(of[0]), "--end", str(of[-1])]
        command: list[str | Path] = [sys.executable, BULK, *span, "-f", "tracked.txt", "--quiet"]
        # Its clock is today's, by which these days may be too old to be kept.
        self.samples.add(SCRIPT, run(command, self._environment() | {"DATA_CACHE_CLEANUP_ENABLED": "false"}))

    def append(self) -> None:
        """The newest day comes to a store of all days before."""
        newest = self.archive / file_name(bars_inputs.days(1)[0])
        aside = newest.with_suffix(".aside")
        newest.rename(aside)
        try:
            self._work(BEFORE, "fill", "day", "everybody", *self.tracked)
        finally:
            aside.rename(newest)
        made = self._work(APPEND, "fill", "day", "everybody", *self.tracked, empty=False)
        self._expect(made, partitions=1, tickers=len(self.tracked), faults=0)

    def minutes(self) -> None:
        """One file of minutes becomes a partition."""
        self._expect(self._work(MINUTES, "fill", "minute", "everybody", empty=False), partitions=1, faults=0)

    def ask(self) -> None:
        """Questions to what :meth:`append` made, and the same of pandas."""
        number = min(WITH_PANDAS, self.size.sessions)
        self._expect(self._work(PANDAS, "pandas", self.tracked[-1], str(number), empty=False), bars=number)
        told = self._work(ASK, "ask", self.tracked[-1], *self.others, empty=False)
        for name, rows in (("tracked", self.size.sessions), ("other", self.size.sessions), ("day", self.size.tickers)):
            self._expect(told[name], rows=rows)
        self._expect(told["ten"], frames=len(self.others))
        for name in ("tracked", "other", "ten"):
            self._expect(told[name], sources=["archive"])

    def get(self, environment: Mapping[str, str]) -> None:
        """All files through a line that is slow to answer."""
        empty = self.folder / "fetched"
        shutil.rmtree(empty, ignore_errors=True)
        found = self._work(GET, "get", environment={**environment, "MASSIVE_CACHE_DIR": str(empty)})
        self._expect(found, days=self.size.sessions)

    def seconds(self, name: str) -> float:
        """The median of the work alone."""
        return float(statistics.median(one["seconds"] for one in self.found[name]))

    def milliseconds(self, question: str) -> float:
        """The median of the medians that the processes found."""
        return float(statistics.median(one[question]["ms"] for one in self.found[ASK]))

    def _work(
        self, name: str, *arguments: str, empty: bool = True, environment: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A process of with_bars.py, with nothing derived yet if ``empty``."""
        if empty:
            self._empty()
        result = self.folder / "result.json"
        command: list[str | Path] = [sys.executable, HERE / "with_bars.py", result, *arguments]
        self.samples.add(name, run(command, {**self._environment(), **(environment or {})}))
        self.found.setdefault(name, []).append(json.loads(result.read_text()))
        return self._last(name)

    def _last(self, name: str) -> dict[str, Any]:
        return self.found[name][-1]

    def _empty(self) -> None:
        shutil.rmtree(self.folder / "derived", ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        """The settings of this folder; no key of anybody's, so that nobody on the network is asked."""
        nobody = ("MASSIVE_ACCESS_KEY", "MASSIVE_SECRET_KEY", "MASSIVE_API_KEY", "AWS_ACCESS_KEY_ID", "BARS_STORE")
        return {
            **dict.fromkeys(nobody, ""),
            "PYTHONPATH": str(REPOSITORY),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "none"),
            "MASSIVE_CACHE_DIR": str(self.archive),
            "DATA_CACHE_DIR": str(self.folder / "derived"),
            "TICKERS_DIR": str(self.folder / "tickers"),
        }

    @staticmethod
    def _expect(found: Mapping[str, Any], **wanted: Any) -> None:
        if wrong := {name: found[name] for name, value in wanted.items() if found[name] != value}:
            raise BenchmarkError(f"bars: {wrong} came of it, expected {wanted}")


def _figures(bench: _Bench) -> Iterator[Figure]:
    size, seconds = bench.size, bench.seconds
    few = f", {size.few} tickers"
    yield Figure(f"{FLOOR}, ISA-L, one core", None, seconds(FLOOR), "s")
    yield Figure(f"{ALONE} / {FLOOR}", 8, seconds(ALONE) / seconds(FLOOR), "x")
    yield Figure(f"{ALL} / {FLOOR}", 16, seconds(ALL) / seconds(FLOOR), "x")
    for name in (ALONE, ALL):
        yield Figure(f"{name}, {size.tracked} tickers / {size.few}", 2, seconds(name) / seconds(name + few), "x")
    yield Figure(f"{SCRIPT}, start to exit", None, bench.samples.seconds(SCRIPT), "s")
    yield Figure(f"{GET}, each answer {DELAY * 1000:.0f} ms late", 4, seconds(GET), "s")
    with_pandas = seconds(PANDAS) * size.sessions / min(WITH_PANDAS, size.sessions)
    yield Figure(f"{PANDAS}, one ticker out of all files", None, with_pandas, "s")
    for question, limit, least, name in (("tracked", 20, 1000, "a tracked ticker"), ("other", 50, 150, "any other")):
        took = bench.milliseconds(question)
        yield Figure(f"bars: {name}, 2 years", limit, took, "ms")
        yield Figure(f"bars: {least:,} times {name}, 2 years / pandas", 1, least * took / 1000 / with_pandas, "x")
    yield Figure("bars: 10 tickers, 1 year", 100, bench.milliseconds("ten"), "ms")
    yield Figure("bars: all tickers of a day", 50, bench.milliseconds("day"), "ms")
    yield Figure(APPEND, 1, seconds(APPEND), "s")
    yield Figure(f"{MINUTES} to a sorted partition", 3, seconds(MINUTES), "s")
    yield Figure("bars: peak memory", 1000, bench.samples.peak_mb(*bench.samples.runs), "MB")

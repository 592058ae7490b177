"""Market data in folders of a test's own: flat files in the bucket, settings that lead there, and the scripts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path

from tests.bars.flat_files import bars, day_file
from tests.bars.s3_server import ALL, FlatFiles, Keys
from tests.http_proxy import HttpProxy, Trouble
from tickstock.bars.credentials import credentials
from tickstock.bars.dataset import DAY, Dataset
from tickstock.bars.mapping import local_map
from tickstock.bars.populate import Ask, Means, Populated, populate
from tickstock.bars.provider import Provider
from tickstock.bars.sessions import NEW_YORK, sessions
from tickstock.market_settings import Market
from tickstock.settings import REPOSITORY

NAMES = ("AAPL", "BCPC", "BCpC", "NA", "NULL", "TRUE", "XLK", "ZVZZT")
TRACKED = ("XLK", "NA")
START, END = date(2025, 11, 17), date(2025, 12, 11)
DAYS = sessions(START, END)
# Noon of Thursday: the files of Wednesday, the last day, are due.
NOW = datetime.combine(END, time(12), NEW_YORK)


@dataclass(frozen=True)
class Scene:
    """The folders archive/, derived/ and tickers/ in ``folder``, and flat files in ``bucket``, reached at ``port``."""

    folder: Path
    bucket: FlatFiles
    keys: Keys | None = ALL
    port: int | None = None

    def market(self, **settings: object) -> Market:
        derived = self.folder / "derived"
        massive = self.bucket.massive(self.keys, self.port)
        store, tickers = str(derived / "bars"), self.folder / "tickers"
        plain = Market(self.folder / "archive", derived, store, tickers, massive=massive)
        return plain._replace(**settings)  # type: ignore[arg-type]

    def environment(self, **more: str) -> dict[str, str]:
        """The same for scripts; nothing of this machine's own settings reaches in."""
        found = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "TZ": "UTC",
            "MASSIVE_CACHE_DIR": str(self.folder / "archive"), "DATA_CACHE_DIR": str(self.folder / "derived"),
            "TICKERS_DIR": str(self.folder / "tickers"),
            "DATA_CACHE_CLEANUP_ENABLED": "false",  # the days of these tests grow old
            **self.bucket.environment(self.keys or ALL, self.port),
        }  # fmt: skip
        if self.keys is None:
            del found["MASSIVE_ACCESS_KEY"], found["MASSIVE_SECRET_KEY"]
        return {**found, **more}

    def with_keys(self, keys: Keys | None) -> Scene:
        return replace(self, keys=keys)

    def elsewhere(self, name: str) -> Scene:
        """The same bucket, and folders of its own."""
        other = replace(self, folder=self.folder / name)
        other.track(*TRACKED)
        return other

    @contextmanager
    def proxied(self, trouble: Trouble = Trouble()) -> Iterator[tuple[HttpProxy, Scene]]:  # noqa: B008 - immutable
        with HttpProxy(self.bucket.server.port, trouble) as proxy:
            yield proxy, replace(self, port=proxy.port)

    def track(self, *tickers: str, name: str = "mine.txt") -> None:
        (self.folder / "tickers").mkdir(parents=True, exist_ok=True)
        (self.folder / "tickers" / name).write_text("".join(f"{ticker}\n" for ticker in tickers))

    def publish(self, days: Sequence[date] = tuple(DAYS), names: Sequence[str] = NAMES, base: float = 20) -> None:
        """Bars whose prices rise by a dollar a session; the close of XLK is base + 8 on the first day."""
        contents = [day_file(day, bars(day, base + number, *names)) for number, day in enumerate(days)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.bucket.put, days, contents))

    def populate(
        self, tickers: Sequence[str] = TRACKED, start: date = START, end: date = END, dataset: Dataset = DAY,
        save_others: bool = True, now: datetime = NOW, **settings: object,
    ) -> Populated:  # fmt: skip
        market = self.market(**settings)
        ask = Ask(dataset, start, end, tuple(tickers), save_others)
        if self.keys is None:
            return populate(Means(market, None, now, local_map, lambda step, done, of: None), ask)
        with Provider(market.massive, credentials(market.massive)) as provider:
            return populate(Means(market, provider, now, local_map, lambda step, done, of: None), ask)

    def start(self, script: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """A script in a process of its own."""
        path = REPOSITORY / "scripts" / "market_data" / f"{script}.py"
        return self.start_python(str(path), *arguments, **more)

    def start_python(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=self.environment(**more), cwd=REPOSITORY,
        )  # fmt: skip

    def files(self) -> dict[str, bytes]:
        """What lies in archive and derived folders; locks, the manifest (it has times) and Yahoo's cookies aside."""
        return {
            name: path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
            and (name := str(path.relative_to(self.folder))).startswith(("archive/", "derived/"))
            and not path.name.endswith(".lock") and "manifest.sqlite3" not in name and "yfinance" not in name
        }  # fmt: skip


def words(populated: Populated) -> Mapping[str, int]:
    """How many days had which outcome."""
    found: dict[str, int] = {}
    for one in populated.outcomes:
        found[one.outcome] = found.get(one.outcome, 0) + 1
    return found


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, output and errors of a process that has come, or comes, to its end."""
    watchdog = threading.Timer(90, process.kill)
    watchdog.start()
    out, error = process.communicate()
    watchdog.cancel()
    return process.returncode, out, error

"""The cache of an application, and the admin application, at seed and at market scale."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from benchmarks import browser, inputs
from benchmarks.databases import MIGRATED, Databases
from benchmarks.loading import load
from benchmarks.measure import BenchmarkError, Figure, Samples, run
from tickstock.settings import REPOSITORY
from tickstock.web.guard import COOKIE
from tickstock.web.secrets_file import KeptSecrets, set_password
from tickstock.web.sessions import Sessions

HERE = Path(__file__).parent
SEED, MARKET = "cache, seed scale", "cache, market scale"
PORT = 5077
SECONDS = 3
LOADS = 15
LARGEST_FUND = """
    SELECT group_name FROM environment_memberships WHERE type = 'ETF' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"""
TOUCH = "UPDATE group_memberships SET weight = weight + 0.000001 WHERE id = (SELECT min(id) FROM group_memberships)"


def measure(
    databases: Databases,
    folder: Path,
    repeat: int,
    say: Callable[[str], None],
    sizes: tuple[Sequence[int], Sequence[int]] = (inputs.SEED_SIZES, inputs.MARKET_SIZES),
) -> tuple[list[Figure], Samples]:
    """Measure in ``folder``, which has to exist."""
    samples = Samples()
    figures: list[Figure] = []
    for name, of_sizes, symbols in (
        (SEED, sizes[0], inputs.SEED_SYMBOLS),
        (MARKET, sizes[1], inputs.MARKET_SYMBOLS),
    ):
        say(name)
        database = databases.fresh(MIGRATED)
        made = inputs.funds(of_sizes, inputs.symbols(symbols))
        load(databases, database, inputs.write_folder(made, folder / name.replace(" ", "_")))
        databases.settle(database)
        figures += _cache_figures(databases.uri(database), samples, name, folder / "cache.json", repeat)
        if name == SEED:
            say("admin application")
            figures += _web_figures(databases, database, folder, repeat)
        databases.drop(database)
    return figures, samples


def _cache_figures(uri: str, samples: Samples, name: str, result: Path, repeat: int) -> Iterator[Figure]:
    found: list[dict[str, Any]] = []
    for _ in range(repeat):
        command: list[str | Path] = [sys.executable, HERE / "with_cache.py", uri, result]
        samples.add(name, run(command, {"PYTHONPATH": str(REPOSITORY)}))
        found.append(json.loads(result.read_text()))
        if not found[-1]["refreshes"]:
            raise BenchmarkError(f"{name}: nothing was refreshed while threads were reading")
    middle = {key: statistics.median(each[key] for each in found) for key in ("build", "hit", "p99")}
    yield Figure(f"{name}: a hit", 1, middle["hit"] * 1e6, "µs")
    yield Figure(f"{name}: a hit with 16 threads and refreshes, 99 %", 1000, middle["p99"] * 1e6, "µs")
    yield Figure(f"{name}: reading the data", 0.3 if name == SEED else 6, middle["build"], "s")
    if name == MARKET:
        yield Figure(f"{name}: peak memory of the process that read it", 300, found[-1]["peak"], "MB")
        yield Figure(f"{name}: peak memory, the old state and the new", None, samples.peak_mb(name), "MB")


def _web_figures(databases: Databases, database: str, folder: Path, repeat: int) -> Iterator[Figure]:
    (symbol,) = databases.execute(database, "SELECT min(symbol) FROM environment_stocks")
    (etf,) = databases.execute(database, LARGEST_FUND)
    with _served(databases.uri(database), folder / "admin", one_core=True) as (address, cookie):
        yield Figure("visible in a running application after a change in psql", 1,
                     max(_seconds_to_see(databases, database, address) for _ in range(repeat)), "s")  # fmt: skip
        for path, least in (("/admin/cache/stats", 1500), (f"/admin/stocks/{symbol}", 200)):
            name = f"GET {path.replace(str(symbol), 'SYMBOL')}, one core"
            yield Figure(name, 1000 / least, _milliseconds(address, path, cookie, repeat), "ms/request")
    with _served(databases.uri(database), folder / "admin", one_core=False) as (address, cookie):
        pages = {
            "dashboard": "/admin/", "stock": f"/admin/stocks/{symbol}", "fund": f"/admin/funds/{etf}",
            "historical data": "/admin/historical-data",
        }  # fmt: skip
        for page, painted in browser.first_paints(address, cookie, pages, LOADS).items():
            yield Figure(f"first paint in Chromium: {page}", 100, painted, "ms")


@contextmanager
def _served(uri: str, folder: Path, *, one_core: bool) -> Iterator[tuple[str, str]]:
    """The admin application; its address, and the cookie of somebody who is logged in."""
    set_password(folder / "secrets.json", "for this benchmark alone")
    kept = KeptSecrets(folder / "secrets.json")
    cookie = Sessions(folder / "sessions.json", lambda: kept().session_key).start()
    environment = {**os.environ, "DATABASE_URI": uri, "ADMIN_DIR": str(folder), "PORT": str(PORT)}
    program: list[str | Path] = [sys.executable, REPOSITORY / "scripts" / "maintenance" / "serve.py", "--quiet"]
    process = subprocess.Popen(program, env=environment, stdin=subprocess.DEVNULL)
    try:
        if one_core and hasattr(psutil.Process, "cpu_affinity"):
            psutil.Process(process.pid).cpu_affinity([0])
        address = f"http://127.0.0.1:{PORT}"
        _wait_for(f"{address}/readyz", process)
        yield address, f"{COOKIE}={cookie}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise BenchmarkError(f"{address} does not answer")


def _seconds_to_see(databases: Databases, database: str, address: str) -> float:
    databases.execute(database, TOUCH)
    (version,) = databases.execute(database, "SELECT max(version) FROM data_version")
    begun = time.perf_counter()
    while time.perf_counter() < begun + 10:
        with urlopen(f"{address}/admin/cache/stats", timeout=5) as answer:
            if json.load(answer)["version"] == version:
                return time.perf_counter() - begun
        time.sleep(0.005)
    raise BenchmarkError(f"version {version} was not seen within 10 s")


def _milliseconds(address: str, path: str, cookie: str, repeat: int) -> float | None:
    """What a request takes, the requests of eight connections one after the other; None without wrk."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return None
    found = []
    for _ in range(repeat):
        headers = ["--header", f"Cookie: {cookie}"] if path.startswith("/admin/stocks") else []
        said = subprocess.run(
            [wrk, "--threads", "1", "--connections", "8", "--duration", f"{SECONDS}s", *headers, address + path],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
        if not rate or "Non-2xx" in said:
            raise BenchmarkError(f"GET {path}: {said}")
        found.append(1000 / float(rate[1]))
    return statistics.median(found)

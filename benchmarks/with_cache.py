"""The cache of an application in a process of its own: what it costs to build and to ask. Writes JSON.

    python benchmarks/with_cache.py URI RESULT.json
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import threading
import time
from pathlib import Path

from benchmarks.measure import PEAK_UNITS_PER_MB
from tickstock.db import Database
from tickstock.runtime_cache import RelationshipCache
from tickstock.settings import connection_parameters

BATCH, BATCHES, THREADS, SECONDS = 1000, 300, 16, 3.0


def main(uri: str, result: str) -> None:
    cache = RelationshipCache(Database(connection_parameters(uri), "bench"))
    begun = time.perf_counter()
    cache.warm_cache()
    built = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PEAK_UNITS_PER_MB
    symbol = cache.get_etf_holdings(cache.get_all_etfs()[0])[0].symbol
    hits = _hit_seconds(cache, symbol)
    slow, refreshes = _while_refreshing(cache, symbol)
    measured = {"build": built, "peak": peak, "hit": hits, "p99": slow, "refreshes": refreshes}
    found = {**cache.get_stats()._asdict(), **measured}
    cache.close()
    Path(result).write_text(json.dumps(found), encoding="utf-8")


def _hit_seconds(cache: RelationshipCache, symbol: str) -> float:
    """The median of batches, a question of each kind by turns."""
    batches = []
    for _ in range(BATCHES):
        begun = time.perf_counter()
        for _ in range(BATCH // 2):
            cache.get_stock_etfs(symbol)
            cache.get_stock_sector(symbol)
        batches.append((time.perf_counter() - begun) / BATCH)
    return statistics.median(batches)


def _while_refreshing(cache: RelationshipCache, symbol: str) -> tuple[float, int]:
    """The 99th percentile of single questions of 16 threads, and how often the data was read meanwhile."""
    until = time.perf_counter() + SECONDS
    taken: list[list[int]] = [[] for _ in range(THREADS)]

    def ask(times: list[int]) -> None:
        while time.perf_counter() < until:
            for _ in range(100):
                begun = time.perf_counter_ns()
                cache.get_stock_etfs(symbol)
                times.append(time.perf_counter_ns() - begun)
            time.sleep(0.001)  # an application has other things to do

    threads = [threading.Thread(target=ask, args=(times,)) for times in taken]
    for thread in threads:
        thread.start()
    before = cache.get_stats().refreshes
    while time.perf_counter() < until:
        cache.refresh()
    for thread in threads:
        thread.join()
    every = sorted(one for times in taken for one in times)
    return every[len(every) * 99 // 100] / 1e9, cache.get_stats().refreshes - before


if __name__ == "__main__":
    main(*sys.argv[1:])

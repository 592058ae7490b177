"""Reading cache entries in a process of its own: each by itself, and all at once. Writes JSON.

    python benchmarks/with_entries.py URI RESULT.json
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tickstock.db import Database, closing
from tickstock.historical.cache_control import CacheControl
from tickstock.settings import connection_parameters

TURNS = 21
ONE = "SELECT value FROM cache_entries WHERE type = %s AND name = %s AND key = %s"


def main(uri: str, result: str) -> None:
    database = Database(connection_parameters(uri), "bench")
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT type, name, key FROM cache_entries ORDER BY 1, 2, 3")
        read = []
        for place in cursor.fetchall():
            taken = []
            for _ in range(TURNS):
                begun = time.perf_counter()
                cursor.execute(ONE, place)
                cursor.fetchall()
                taken.append((time.perf_counter() - begun) * 1000)
            read.append({"key": place[-1], "ms": taken})
    loads = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        CacheControl(database).load()
        loads.append((time.perf_counter() - begun) * 1000)
    Path(result).write_text(json.dumps({"entries": read, "load": loads}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

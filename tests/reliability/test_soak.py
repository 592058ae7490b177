"""One process that loads for a long time: memory, files, sessions and tables stay as they are."""

from __future__ import annotations

import json
import random
import sys
from itertools import pairwise
from pathlib import Path
from statistics import linear_regression
from typing import Any

import psutil

from tests.files import write_fund
from tests.reliability.commands import SYMBOLS
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.processes import Running
from tests.reliability.stage import Stage
from tests.stored import query
from tickstock.db import Database, closing

SEEDS: dict[str, tuple[int, ...]] = {}
CHANGED = 3
FUNDS = ("SPY", "QQQ", "IWM")
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ 'soak'"
SIZES = "SELECT pg_table_size('definition_groups') + pg_table_size('group_memberships')"
VERSIONS = "SELECT count(*) FROM membership_versions"


def keep_loading(parameters: dict[str, Any], folder: Path, loads: int, seed: int) -> int:
    """Change a few weights, load, and say what there is; a line of JSON each. Every tenth time rows come and go."""
    from tickstock.relationships.inputs import etf_inputs
    from tickstock.relationships.load import load
    from tickstock.relationships.plan import Options

    chance, database, process = random.Random(seed), Database(parameters, "soak"), psutil.Process()
    funds = {fund: dict.fromkeys(SYMBOLS[:30], 300) for fund in FUNDS}
    for turn in range(loads):
        fund = chance.choice(FUNDS)
        for symbol in chance.sample(sorted(funds[fund]), CHANGED):
            funds[fund][symbol] = 250 + (funds[fund][symbol] - 249) % 100
        if turn % 10 == 9:
            comes = chance.choice(sorted(set(SYMBOLS) - set(funds[fund])))
            del funds[fund][chance.choice(sorted(funds[fund]))]
            funds[fund][comes] = 300
        for name, rows in funds.items():
            write_fund(folder, name, {symbol: weight / 100 for symbol, weight in rows.items()})
        mode = "full" if turn % 20 == 0 else "incremental"
        with closing(database.connect()) as connection:
            outcome = load(database, connection, etf_inputs(folder), Options("ETF", mode=mode, force=True))
            plan = outcome.plan
            sessions = query(connection, SESSIONS)[0][0]
            if turn % 100 == 99:
                query(connection, "VACUUM definition_groups, group_memberships")
            found = {
                "rows": [plan.total(word) for word in ("added", "changed", "removed")],
                "entered": outcome.entered,
                "memory": process.memory_info().rss,
                "files": process.num_fds(),
                "sessions": sessions,
                "size": query(connection, SIZES)[0][0],
                "versions": query(connection, VERSIONS)[0][0],
            }
        sys.stdout.write(json.dumps(found) + "\n")
    return 0


def slope(values: list[int]) -> float:
    """By how much it grows in a load."""
    return linear_regression(range(len(values)), values).slope


def test_a_process_that_loads_all_the_time_stays_as_it_is(
    stage: Stage, tmp_path: Path, rounds: Rounds, tell: Tell, seed: int
) -> None:
    stage.call("load_etf_holdings --force")
    loads = rounds(20, 2000)
    ended = Running(keep_loading, dict(stage.database.parameters), tmp_path, loads, seed).wait(3600)
    assert ended.status == 0, ended.err
    found = [json.loads(line) for line in ended.out.splitlines()]
    settled = found[len(found) // 4 :]
    assert {each["sessions"] for each in found} == {1}
    assert {each["files"] for each in settled} == {settled[0]["files"]}
    for before, after in pairwise(found):
        added, changed, _ = after["rows"]
        assert after["versions"] - before["versions"] == added + changed + after["entered"]
    memory = slope([each["memory"] for each in settled])
    assert memory < 100_000 if loads < 100 else memory < 1_000, "bytes a load"
    assert max(each["size"] for each in settled) <= 2 * found[0]["size"]
    changes = sum(sum(each["rows"]) for each in found[1:])
    tell(f"{loads:,} loads with {changes:,} changed rows: memory {memory:+.0f} bytes a load "
         f"({found[-1]['memory'] / 1e6:.0f} MB at the end), 1 session, {settled[0]['files']} files, "
         f"two tables {found[0]['size'] // 1024} kB -> {found[-1]['size'] // 1024} kB, "
         f"{found[-1]['versions'] - found[0]['versions']:,} versions more, as many as changes")  # fmt: skip

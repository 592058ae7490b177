"""Several loaders at once, and readers beside them: as if everything had happened one after the other."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

import pytest

from tests.reliability.commands import write_week
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.processes import Ended, run, start
from tests.reliability.stage import Stage
from tests.reliability.states import state
from tests.stored import query
from tickstock.db import Connection, closing

SEEDS: dict[str, tuple[int, ...]] = {}

# Who takes part, and the week whose files it loads.
RACERS = (
    ("load_etf_holdings --force", 1),
    ("load_etf_holdings --mode incremental --force", 2),
    ("enrich_sectors --force", 1),
    ("load_universes --force", 2),
    ("load_etf_holdings --force", 3),
    ("build_stock_metadata --rebuild --force", 2),
    ("organize_universe --force", 3),
    ("enrich_sectors --mode incremental --force", 3),
    ("undo_load 2 --force", 1),
    ("undo_load 3 --force", 1),
)
Racer = tuple[str, int]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    place = tmp_path_factory.mktemp("races")
    return {week: write_week(place / f"week{week}", week) for week in range(1, 4)}


def race(stage: Stage, folders: dict[int, Path], racers: list[Racer], chance: random.Random) -> list[Ended]:
    running = []
    for command, week in racers:
        running.append(start(stage.database, folders[week], f"{command} --json"))
        time.sleep(chance.uniform(0, 0.02))
    return [each.wait() for each in running]


def explained(stage: Stage, folders: dict[int, Path], racers: list[Racer], ends: list[Ended]) -> None:
    """Check that the runs one after the other, in the order of their commits, lead to what is stored. Whoever found
    nothing to do finds nothing to do at some place in that order.
    """
    found = state(stage.witness)
    committed = [load for (load,) in query(stage.witness, "SELECT load_id FROM data_version ORDER BY version")]
    loads = {json.loads(ended.out)["load_id"]: racer for ended, racer in zip(ends, racers, strict=True) if ended.out}
    idle = {racer for racer, ended in zip(racers, ends, strict=True) if ended.out and not load_of(ended)}
    order = [loads[load] for load in committed if load in loads]
    assert len(order) + len(idle) == sum(ended.status == 0 for ended in ends)
    stage.put_back()
    for racer in [None, *order]:
        if racer:
            assert run(stage.database, folders[racer[1]], racer[0]).status == 0
        idle -= {(command, week) for command, week in idle
                 if not writes(run(stage.database, folders[week], f"{command} --dry-run --json"))}  # fmt: skip
    assert state(stage.witness) == found, order
    assert idle == set()


def load_of(ended: Ended) -> int | None:
    load: int | None = json.loads(ended.out)["load_id"]
    return load


def writes(ended: Ended) -> bool:
    assert ended.status == 0, ended
    return any(json.loads(ended.out)["totals"][word] for word in ("added", "changed", "removed"))


@pytest.mark.parametrize(("loaders", "short"), [(2, 2), (8, 1)], ids=["2", "8"])
def test_loaders_at_once_end_as_one_after_the_other(
    stage: Stage, folders: dict[int, Path], rounds: Rounds, tell: Tell, seed: int, loaders: int, short: int
) -> None:
    chance = random.Random(seed)
    busy = runs = 0
    for _ in range(rounds(short, 100)):
        stage.put_back()
        racers = chance.sample(RACERS, loaders)
        ends = race(stage, folders, racers, chance)
        assert [ended for ended in ends if ended.status not in (0, 4) or "Traceback" in ended.err] == []
        busy += sum(ended.status == 4 for ended in ends)
        runs += loaders
        assert query(stage.witness, "SELECT symbol FROM stock_sectors GROUP BY symbol HAVING count(*) <> 1") == []
        assert query(
            stage.witness, "SELECT symbol FROM environment_stocks EXCEPT SELECT symbol FROM stock_sectors"
        ) == []
        explained(stage, folders, racers, ends)
    tell(f"{rounds(short, 100)} rounds, {runs} runs, {busy} of them told to come again; 0 other errors, 0 duplicates, "
         "every end explained by the order of the commits")  # fmt: skip


CONTENT = """
    SELECT string_agg(g.name || ' ' || symbol || ' ' || weight::float, ',' ORDER BY g.name, symbol)
      FROM group_memberships m JOIN definition_groups g ON g.id = m.group_id
     WHERE g.type = 'ETF'"""


def content(connection: Connection) -> str:
    ((text,),) = query(connection, CONTENT)
    return str(text)


@pytest.fixture
def two_contents(stage: Stage, folders: dict[int, Path]) -> tuple[str, str]:
    """The only two contents that a reader may see: of week 2 and of week 1, which is stored now."""
    contents = []
    for week in (2, 1):
        assert run(stage.database, folders[week], "load_etf_holdings --force").status == 0
        contents.append(content(stage.witness))
    return contents[0], contents[1]


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_readers_see_no_torn_or_empty_group_while_loads_go_on(
    stage: Stage, folders: dict[int, Path], two_contents: tuple[str, str], rounds: Rounds, tell: Tell, isolation: str
) -> None:
    seen: set[str] = set()
    done = threading.Event()

    def read() -> list[float]:
        times = []
        with closing(stage.database.connect()) as reader:
            while not done.is_set():
                query(reader, f"BEGIN ISOLATION LEVEL {isolation}")
                begun = time.monotonic()
                first, second = content(reader), content(reader)
                times.append((time.monotonic() - begun) / 2)
                query(reader, "COMMIT")
                assert isolation == "READ COMMITTED" or first == second
                seen.update((first, second))
                time.sleep(0.005)
        return times

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(8)]
        try:
            for number in range(rounds(6, 100)):
                ended = run(stage.database, folders[2 - number % 2], "load_etf_holdings --force")
                assert ended.status == 0, ended
        finally:
            done.set()
        times = [seconds for reader in readers for seconds in reader.result()]
    assert seen == set(two_contents)
    cuts = quantiles(times, n=100)
    tell(f"{2 * len(times):,} reads by 8 readers during {rounds(6, 100)} loads: 0 torn, 0 empty; "
         f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms")  # fmt: skip


def test_a_snapshot_older_than_the_load_keeps_the_old_state(
    stage: Stage, folders: dict[int, Path], two_contents: tuple[str, str]
) -> None:
    query(stage.witness, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    assert run(stage.database, folders[2], "load_etf_holdings --force").status == 0
    assert content(stage.witness) == two_contents[1]
    query(stage.witness, "COMMIT")
    assert content(stage.witness) == two_contents[0]

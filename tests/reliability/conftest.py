"""The fault campaign: how long it is, its seeds, its database, and its summary.

In ``make test`` each of these tests runs in a short form, the same each time; ``--campaign 100`` (``make reliability``)
runs the whole of it, each time another. A random test has its seed in its name, and ``--seed N`` repeats it. One that
failed once goes into ``SEEDS`` of its module, {"test_…": (seed, …)}, and is run every time from then on.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import count
from typing import Any

import pytest

from tests.reliability.commands import write_week
from tests.reliability.stage import Stage
from tests.stored import query
from tickstock.db import Database

_SEED = random.SystemRandom().randrange(10**6)
_SHORT_SEED = 510000
_TOLD: dict[str, str] = {}
_numbers = count(1)

Rounds = Callable[[int, int], int]
Tell = Callable[[str], None]


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Rounds:
    """How often: rounds(in the short form, in the whole campaign)."""
    percent = request.config.getoption("--campaign")
    return lambda short, full: max(short, full * percent // 100)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Say for the summary what was done how often, and what came of it."""

    def note(text: str) -> None:
        _TOLD[request.node.nodeid] = text

    return note


@pytest.fixture(scope="session")
def kept_stage(
    server: Mapping[str, Any], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("weeks")
    name = f"tickstock_test_stage_{os.getpid()}_{next(_numbers)}"
    with closing(Database(server, "test").connect()) as maintenance:
        query(maintenance, f"CREATE DATABASE {name} TEMPLATE {template}")
        weeks = write_week(place / "old", 0), write_week(place / "new", 1)
        stage = Stage(Database({**server, "dbname": name}, "test"), *weeks)
        yield stage
        stage.witness.close()
        query(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def stage(kept_stage: Stage) -> Stage:
    """The database of the campaign, in its old state."""
    kept_stage.put_back()
    return kept_stage


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        given = metafunc.config.getoption("--seed")
        kept = getattr(metafunc.module, "SEEDS", {}).get(metafunc.function.__name__, ())
        drawn = _SEED if metafunc.config.getoption("--campaign") else _SHORT_SEED
        seeds = [*kept, drawn] if given is None else [given]
        metafunc.parametrize("seed", seeds, ids=[f"seed {seed}" for seed in seeds])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--campaign"):
        return
    ends = [
        report
        for outcome in ("passed", "failed", "error")
        for report in terminalreporter.getreports(outcome)
        if "reliability/" in report.nodeid and (report.when == "call" or outcome == "error")
    ]
    terminalreporter.section("the campaign")
    for report in ends:
        name = report.nodeid.split("::")[-1].removeprefix("test_").replace("_", " ")
        terminalreporter.write_line(f"{report.outcome:<7}{report.duration:7.1f} s  {name}")
        if told := _TOLD.get(report.nodeid):
            terminalreporter.write_line(f"{'':18}{told}")
    failures = sum(report.outcome != "passed" for report in ends)
    seed = _SEED if config.getoption("--seed") is None else config.getoption("--seed")
    terminalreporter.write_line(f"{len(ends)} tests, {failures} failures; the seed was {seed}")

"""Loading a small folder in a test takes one line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.files import write_fund
from tickstock.db import Database, closing
from tickstock.relationships.change import carry_out
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options, Outcome, RowChange, row_changes
from tickstock.relationships.undo import Undo, read_run

Load = Callable[..., Outcome]
UndoRun = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for input files."""
    result = tmp_path / "holdings"
    result.mkdir()
    return result


@pytest.fixture
def load_etfs(database: Database, folder: Path) -> Load:
    """Load the funds of the test's folder: load_etfs(mode="incremental", dry_run=True, …)."""

    def run(**options: Any) -> Outcome:
        with closing(database.connect()) as connection:
            return load(database, connection, etf_inputs(folder, options.get("only")), Options("ETF", **options))

    return run


@pytest.fixture
def plan_rows(database: Database, folder: Path) -> Callable[..., list[RowChange]]:
    """The rows of the plan that a dry run makes."""

    def run(**options: Any) -> list[RowChange]:
        with closing(database.connect()) as connection:
            load(database, connection, etf_inputs(folder), Options("ETF", dry_run=True, **options))
            return list(row_changes(connection))

    return run


@pytest.fixture
def undo(database: Database) -> UndoRun:
    """Undo a run: undo(12, dry_run=True, only="SPY", force=True)."""

    def run(number: int | None, **options: Any) -> Outcome:
        assert number
        with closing(database.connect()) as connection:
            run = read_run(connection, number, "DEFAULT")
            return carry_out(database, connection, Undo(run, Options(run.type, mode="undo", **options)))

    return run


@pytest.fixture
def load_dated(database: Database, folder: Path) -> Load:
    """Load one file of a fund as of a day: load_dated(FRIDAYS[0], {"AA": 100}, mode="incremental")."""

    def run(day: date | None, rows: dict[str, int], etf: str = "SPY", **options: Any) -> Outcome:
        for path in folder.iterdir():
            path.unlink()
        write_fund(folder, etf, rows)
        with closing(database.connect()) as connection:
            inputs = etf_inputs(folder, as_of=day)
            return load(database, connection, inputs, Options("ETF", **{"force": True, **options}))

    return run

"""Loading a small folder in a test takes one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tickstock.db import Database, closing
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options, Outcome, RowChange, row_changes

Load = Callable[..., Outcome]


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

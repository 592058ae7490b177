"""A history in a test takes a few lines: load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 40})."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.relationships.conftest import Load
from tests.relationships.history.made import write_dated
from tickstock.relationships.plan import Outcome

LoadFunds = Callable[..., Outcome]


@pytest.fixture
def load_funds(load_etfs: Load, folder: Path) -> LoadFunds:
    """Put files of one date into the folder and load it: load_funds("2025-01-03", SPY={...}, IVV={...})."""

    def run(day: str, mode: str = "incremental", **funds: Mapping[str, object]) -> Outcome:
        for etf, weights in funds.items():
            write_dated(folder, etf, day, weights)
        return load_etfs(mode=mode, force=True)

    return run

"""Reading the drift in a test takes one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.relationships.drift.made import Look, line
from tickstock.db import Connection
from tickstock.relationships.drift import Drift, Scope
from tickstock.relationships.drift_read import read_drift


@pytest.fixture
def drift(connection: Connection) -> Look:
    """Read the drift: all of it, and the rows of each group as lines."""

    def run(only: str | None = None, folder: Path | None = None) -> tuple[Drift, dict[str, list[str]]]:
        rows: dict[str, list[str]] = {}
        found = read_drift(
            connection,
            Scope("DEFAULT", only, folder),
            lambda changes: rows.update({changes.record.name: [line(row) for row in changes.rows]}),
        )
        return found, rows

    return run

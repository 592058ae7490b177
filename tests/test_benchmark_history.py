"""The benchmark of the history runs: a small fund or two, a few weeks."""

from __future__ import annotations

import pytest

from benchmarks import history
from benchmarks.databases import temporary_databases, temporary_folder


def test_the_history_is_written_asked_and_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "WEEKS", 3)
    with temporary_folder() as folder, temporary_databases(folder) as databases:
        databases.prepare_migrated()
        figures, samples = history.measure(databases, folder, 1, lambda text: None, (600, 500))
    assert {name: len(runs) for name, runs in samples.runs.items()} == {
        f"{history.FEW}: pg_restore --data-only": 1,
        f"{history.FEW}: restore.py": 1,
    }
    assert all(figure.measured is not None and figure.measured > 0 for figure in figures)
    limits = {figure.name: figure.limit for figure in figures}
    assert limits[f"{history.FEW}: record / present state"] == 4
    assert limits[f"{history.ALL}: --etf SPY --as-of, in the server"] == 20
    assert limits[f"{history.ALL}: --stock AAPL --as-of --known-on, all statements / today's"] == 3
    assert len(limits) == len(figures) == 2 * (len(history.QUESTIONS) * 6 + 4) + 1

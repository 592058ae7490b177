"""The benchmark of the cache organisation runs: a small fund or two."""

from __future__ import annotations

import pytest

from benchmarks import historical, inputs
from benchmarks.databases import temporary_databases, temporary_folder


def test_entries_are_organised_read_and_analysed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(historical, "SYMBOLS", 400)
    monkeypatch.setattr(inputs, "MARKET_SYMBOLS", 500)
    with temporary_folder() as folder, temporary_databases(folder) as databases:
        databases.prepare_migrated()
        figures, samples = historical.measure(databases, folder, 1, lambda text: None, ((300, 20), (200, 100)))
    assert all(figure.measured is not None and figure.measured > 0 for figure in figures)
    limits = {figure.name: figure.limit for figure in figures}
    assert limits["organise, 5,000 symbols: all added"] == 2
    assert limits["organise, market scale: every capitalisation changed"] == 6
    assert sorted(limit or 0 for limit in limits.values()) == [1, 1, 2, 2, 2, 5, 5, 6, 6, 6, 50, 50]
    assert len(samples.runs) == 2 * 5

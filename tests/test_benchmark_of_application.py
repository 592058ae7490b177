"""The benchmark of the cache and of the admin application runs, on a fund or two."""

from __future__ import annotations

import pytest

from benchmarks import application
from benchmarks.databases import temporary_databases, temporary_folder


def test_cache_and_application_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "PORT", 5078)
    monkeypatch.setattr(application, "SECONDS", 1)
    monkeypatch.setattr(application, "LOADS", 2)
    with temporary_folder() as folder, temporary_databases(folder) as databases:
        databases.prepare_migrated()
        figures, samples = application.measure(databases, folder, 1, lambda text: None, ((600, 500), (400, 300)))
    assert {name: len(runs) for name, runs in samples.runs.items()} == {application.SEED: 1, application.MARKET: 1}
    assert len(figures) == 3 + 3 + 3 + 4 + 2
    assert all(figure.measured is None or figure.measured > 0 for figure in figures)
    missing = [figure.name for figure in figures if figure.measured is None]
    assert [name for name in missing if "one core" not in name and "first paint" not in name] == []

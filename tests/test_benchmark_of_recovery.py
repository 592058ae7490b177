"""The benchmark of backup and restore runs: small sizes, one repetition."""

from __future__ import annotations

from benchmarks import recovery
from benchmarks.databases import temporary_databases, temporary_folder


def test_recovery_runs() -> None:
    with temporary_folder() as folder, temporary_databases(folder) as databases:
        databases.prepare_migrated()
        figures, samples = recovery.measure(databases, folder, 1, lambda text: None, (60, 30))
    assert [(figure.limit, figure.measured is not None) for figure in figures] == [(2, True), (2, True)]
    assert {name: len(runs) for name, runs in samples.runs.items()} == dict.fromkeys(
        [
            "seed: pg_dump --data-only",
            "seed: backup.py",
            "seed: pg_restore --data-only",
            "seed: restore.py",
            "seed: DELETE and pg_restore --data-only, after a Monday",
            "seed: restore.py, after a Monday",
        ],
        1,
    )

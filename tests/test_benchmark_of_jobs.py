"""The benchmark of load jobs runs, on a month of few tickers."""

from __future__ import annotations

from benchmarks import jobs
from benchmarks.bars_inputs import Size
from benchmarks.databases import temporary_databases, temporary_folder


def test_the_jobs_are_of_50_symbols_and_a_year_and_of_500_and_five_years() -> None:
    assert jobs.FULL.loads == ((50, 252, 5), (500, 1260, 60))
    assert jobs.FULL.market.tickers == 11_500


def test_jobs_are_measured() -> None:
    market = Size(sessions=24, tickers=60, tracked=6, few=2, minute_rows=60)
    small = jobs.Scale(market, (jobs.Load(5, 20, 9),))
    with temporary_folder() as folder, temporary_databases(folder) as databases:
        databases.prepare_migrated()
        figures, samples = jobs.measure(databases, folder, 1, lambda text: None, small)
    ((name, limit, seconds, unit),) = figures
    assert (name, limit, unit) == ("jobs: 5 symbols, 20 sessions", 9, "s")
    assert seconds is not None
    assert seconds > 0
    assert list(samples.runs) == [name]

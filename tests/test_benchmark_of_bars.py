"""The benchmark of bars runs, on a month of few tickers, and its files are what they say."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from benchmarks import bars, bars_inputs
from benchmarks.bars_inputs import NOW, Size
from benchmarks.databases import temporary_folder
from tickstock.bars.dataset import DAY, MINUTE
from tickstock.bars.flat_file import read_flat_file
from tickstock.bars.sessions import first_not_expected, period_start, sessions

SMALL = Size(sessions=24, tickers=60, tracked=6, few=2, minute_rows=3_000)


def test_there_are_500_sessions_of_11_500_tickers_53_of_them_tracked() -> None:
    size = bars.FULL
    assert (len(set(bars_inputs.days(size.sessions))), len(set(bars_inputs.tracked(size)))) == (500, 53)
    assert len(set(bars_inputs.others(size, 10)) - set(bars_inputs.tracked(size))) == 10
    assert (size.tickers, size.minute_rows) == (11_500, 2_000_000)


def test_two_years_that_end_now_are_exactly_those_500_sessions() -> None:
    due = sessions(period_start("24mo", NOW.date()), first_not_expected(NOW))
    assert due == bars_inputs.days(500)
    assert (due[0], due[-1]) == (date(2023, 11, 3), date(2025, 10, 31))


def test_the_files_are_flat_files_and_the_same_every_time(tmp_path: Path) -> None:
    bars_inputs.write(tmp_path / "one", SMALL)
    bars_inputs.write(tmp_path / "other", SMALL)
    names = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.gz")]
    assert len(names) == SMALL.sessions + 1
    for name in names:
        content = (tmp_path / "one" / name).read_bytes()
        assert content == (tmp_path / "other" / name).read_bytes()
        dataset = MINUTE if name.parent.name else DAY
        rows = read_flat_file(content, dataset, date.fromisoformat(name.name[:10]))
        assert len(rows) == (SMALL.minute_rows if dataset == MINUTE else SMALL.tickers)


def test_a_file_of_full_size_is_as_large_as_a_real_one() -> None:
    (frame,) = bars_inputs.day_frames(bars_inputs.days(1), bars.FULL.tickers)
    assert len(gzip.compress(frame.write_csv().encode(), bars_inputs.LEVEL)) == pytest.approx(245_000, rel=0.1)


def test_bars_are_measured() -> None:
    with temporary_folder() as folder:
        figures, samples = bars.measure(None, folder, 1, lambda text: None, SMALL)
    assert all(figure.measured is not None and figure.measured > 0 for figure in figures)
    limits = [figure.limit for figure in figures if figure.limit is not None]
    assert limits == [8, 16, 2, 2, 4, 20, 1, 50, 1, 100, 50, 1, 3, 1000]
    ones = {name: len(runs) for name, runs in samples.runs.items()}
    assert ones == dict.fromkeys(
        [
            bars.FLOOR, bars.ALONE, bars.ALL, f"{bars.ALONE}, 2 tickers", f"{bars.ALL}, 2 tickers", bars.SCRIPT,
            bars.BEFORE, bars.APPEND, bars.MINUTES, bars.PANDAS, bars.ASK, bars.GET,
        ],
        1,
    )  # fmt: skip

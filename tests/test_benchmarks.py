"""The benchmarks' inputs are what they say, and a benchmark runs: small sizes, one repetition."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks import inputs, market_scale, seed_scale
from benchmarks.databases import Databases, temporary_databases, temporary_folder
from benchmarks.measure import BenchmarkError, Figure, Samples, figure_table, ratio, run

UNIVERSE = inputs.symbols(500)


def test_the_seed_scale_is_24_funds_of_about_15_600_rows() -> None:
    assert len(inputs.SEED_SIZES) == 24
    assert sum(inputs.SEED_SIZES) == 15_600
    assert max(inputs.SEED_SIZES) <= inputs.SEED_SYMBOLS


def test_the_market_scale_is_4_000_funds_of_1_2_million_rows_and_12_000_symbols() -> None:
    assert len(inputs.MARKET_SIZES) == 4_000
    assert market_scale.ROWS == 1_200_000
    assert len(set(inputs.symbols(inputs.MARKET_SYMBOLS))) == 12_000


def test_a_fund_has_its_size_and_weighs_exactly_100_percent() -> None:
    for fund, size in zip(inputs.funds((300, 31, 2, 1), UNIVERSE), (300, 31, 2, 1), strict=True):
        symbols, weights = zip(*fund.holdings, strict=True)
        assert len(set(symbols)) == size
        assert sum(weights) == 100_000_000
        assert min(weights) > 0


def test_the_same_funds_come_every_time() -> None:
    """Written down, so that another machine or version of Python cannot measure other funds unnoticed."""
    (fund,) = inputs.funds((3,), UNIVERSE)
    assert fund.name == "FUND0001"
    assert fund.holdings == (("MXRG", 36922513), ("WMTM", 33131064), ("JPUP", 29946423))
    assert inputs.monday(fund, 1, UNIVERSE) == inputs.monday(fund, 1, UNIVERSE)


@pytest.mark.parametrize("size", [2, 3, 300, 301])
def test_every_weight_moves_and_the_sum_stays(size: int) -> None:
    (fund,) = inputs.funds((size,), UNIVERSE)
    moved = inputs.moved(fund, 1)
    assert [symbol for symbol, _ in moved.holdings] == [symbol for symbol, _ in fund.holdings]
    assert all(new != old for (_, new), (_, old) in zip(moved.holdings, fund.holdings, strict=True))
    assert sum(weight for _, weight in moved.holdings) == 100_000_000


def test_on_a_monday_nearly_every_weight_moves_and_one_member_in_a_hundred_is_replaced() -> None:
    (fund,) = inputs.funds((400,), UNIVERSE)
    old, new = dict(fund.holdings), dict(inputs.monday(fund, 1, UNIVERSE).holdings)
    stayed = old.keys() & new.keys()
    assert len(new) == 400
    assert len(stayed) == 396
    assert sum(old[symbol] != new[symbol] for symbol in stayed) >= 385
    assert sum(new.values()) == 100_000_000


def test_files_hold_six_decimals_that_sum_to_100(tmp_path: Path) -> None:
    folder = inputs.write_folder(inputs.funds((30,), UNIVERSE), tmp_path / "funds")
    with (folder / "fund0001_holdings.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert sum(Decimal(row["weight"]) for row in rows) == 100
    assert {Decimal(row["weight"]).as_tuple().exponent for row in rows} == {-6}


def test_the_copy_file_is_in_key_order(tmp_path: Path) -> None:
    path = inputs.write_copy_file(inputs.funds((30, 20), UNIVERSE), tmp_path / "rows.txt")
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    keys = [(int(group), symbol) for group, symbol, _, _ in rows]
    stocks = {symbol for group, symbol in keys if group != 3}
    assert len(keys) == 50 + len(stocks)
    assert keys == sorted(keys)
    assert [symbol for group, symbol in keys if group == 3] == sorted(stocks)


def test_a_figure_above_its_limit_is_a_miss() -> None:
    assert Figure("load", 2, 2.0, "s").verdict == "ok"
    assert "MISS" in figure_table([Figure("load", 2, 2.1, "s")])
    assert "not installed" in figure_table([ratio(Samples(), "load", 3, "dlt")])


def test_what_does_not_run_is_an_error_with_its_output() -> None:
    with pytest.raises(BenchmarkError, match="no such thing"):
        run(["sh", "-c", "echo no such thing >&2; exit 3"])


@pytest.fixture
def databases() -> Iterator[tuple[Databases, Path]]:
    with temporary_folder() as folder, temporary_databases(folder) as made:
        made.prepare_migrated()
        yield made, folder


def test_the_seed_scale_runs(databases: tuple[Databases, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed_scale, "DLT_PYTHON", Path("not-installed"))
    server, folder = databases
    figures, samples = seed_scale.measure(server, folder, 1, lambda text: None, (400, 200))
    absent = {figure.name for figure in figures if figure.measured is None}
    assert absent - {f"{seed_scale.STOCK} / {seed_scale.PSQL}"} == {"seed: full load / seed: dlt merge"}
    assert {name: len(runs) for name, runs in samples.runs.items() if name != seed_scale.PSQL} == dict.fromkeys(
        [
            "seed: psql \\copy",
            "seed: full load",
            "seed: incremental, nothing changed",
            "seed: pandas.to_sql",
            "seed: enrich_sectors.py, first run",
            "seed: enrich_sectors.py, nothing new",
            "seed: psql -c, the bare program",
            "seed: query_relationships.py --stock",
            "seed: validate_relationships.py",
            "seed: generate_report.py --summary",
            "seed: incremental, a Monday",
            "seed: undo_load.py of a full load",
            "seed: undo_load.py of a Monday",
        ],
        1,
    )

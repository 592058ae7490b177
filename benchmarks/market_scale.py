"""Market scale: 4,000 funds of 300 stocks, against psql and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import inputs
from benchmarks.databases import BASELINE, MIGRATED, Databases
from benchmarks.loading import RECORDED, STORED, copy, load
from benchmarks.measure import Figure, Samples, ratio
from benchmarks.reading import enrich, script, write_classification

COPY = "market: psql \\copy"
FULL = "market: full load"
EVERY = "market: incremental, every weight changed"
SAME = "market: incremental, nothing changed"
FEW = "market: incremental, 1 % of the funds changed"
ENRICH = "market: enrich_sectors.py, first run"
STOCK = "market: query_relationships.py --stock"
VALIDATE = "market: validate_relationships.py"
SUMMARY = "market: generate_report.py --summary"
DETAIL = "market: generate_report.py --detail --format html"
READERS = (ENRICH, STOCK, VALIDATE, SUMMARY, DETAIL)

ROWS = sum(inputs.MARKET_SIZES)
STORED_ROWS = ROWS + inputs.MARKET_SYMBOLS  # every stock is in a sector
CHANGED_FUNDS = len(inputs.MARKET_SIZES) // 100


def measure(
    databases: Databases, folder: Path, repeat: int, say: Callable[[str], None]
) -> tuple[list[Figure], Samples]:
    """Measure the market scale in ``folder``, which has to exist."""
    say("market scale: writing 1.2 million rows, three times")
    inputs.write_folder(_funds(), folder / "first")
    inputs.write_folder(_every_weight_moved(), folder / "every")
    inputs.write_folder(_few_moved_again(), folder / "few")
    rows = inputs.write_copy_file(_funds(), folder / "rows.txt")
    write_classification(inputs.symbols(inputs.MARKET_SYMBOLS), folder)
    databases.prepare_baseline(folder, _funds())
    samples = Samples()
    for turn in range(1, repeat + 1):
        say(f"market scale: {turn} of {repeat}")
        _copied(databases, samples, rows)
        _loaded(databases, samples, folder)
    figures = [
        ratio(samples, FULL, 2.5, COPY),
        ratio(samples, EVERY, 4, COPY),
        Figure(SAME, 2, samples.seconds(SAME), "s"),
        Figure(FEW, 4, samples.seconds(FEW), "s"),
        Figure("market: peak memory of the loader", 400, samples.peak_mb(FULL, EVERY, SAME, FEW), "MB"),
        Figure(VALIDATE, 10, samples.seconds(VALIDATE), "s"),
        Figure(SUMMARY, 5, samples.seconds(SUMMARY), "s"),
        Figure("market: peak memory of the other scripts", 500, samples.peak_mb(*READERS), "MB"),
    ]
    return figures, samples


def _copied(databases: Databases, samples: Samples, rows: Path) -> None:
    name = databases.fresh(BASELINE)
    samples.add(COPY, copy(databases, name, rows))
    databases.expect(name, STORED, (STORED_ROWS,))
    databases.drop(name)


def _loaded(databases: Databases, samples: Samples, folder: Path) -> None:
    name = databases.fresh(MIGRATED)
    samples.add(FULL, load(databases, name, folder / "first"))
    databases.expect(name, RECORDED, (STORED_ROWS, STORED_ROWS, ROWS, 0))
    databases.settle(name)
    samples.add(SAME, load(databases, name, folder / "first", "incremental"))
    databases.expect(name, RECORDED, (STORED_ROWS, STORED_ROWS, ROWS, 0))
    samples.add(EVERY, load(databases, name, folder / "every", "incremental"))
    databases.expect(name, RECORDED, (STORED_ROWS, STORED_ROWS, 0, ROWS))
    databases.settle(name)
    few = CHANGED_FUNDS * inputs.MARKET_SIZES[0]
    samples.add(FEW, load(databases, name, folder / "few", "incremental"))
    databases.expect(name, RECORDED, (STORED_ROWS, STORED_ROWS, 0, few))
    databases.settle(name)
    _read(databases, samples, name, folder)
    databases.drop(name)


def _read(databases: Databases, samples: Samples, name: str, folder: Path) -> None:
    samples.add(ENRICH, enrich(databases, name, folder / "few", folder / "classification.csv"))
    databases.settle(name)
    symbol = inputs.symbols(inputs.MARKET_SYMBOLS)[0]
    samples.add(STOCK, script(databases, name, "query_relationships", "--stock", symbol))
    samples.add(VALIDATE, script(databases, name, "validate_relationships"))
    samples.add(SUMMARY, script(databases, name, "generate_report", "--summary"))
    samples.add(DETAIL, script(databases, name, "generate_report", "--detail", "--format", "html"))


def _funds() -> Iterator[inputs.Fund]:
    return inputs.funds(inputs.MARKET_SIZES, inputs.symbols(inputs.MARKET_SYMBOLS))


def _every_weight_moved() -> Iterator[inputs.Fund]:
    return (inputs.moved(fund, 1) for fund in _funds())


def _few_moved_again() -> Iterator[inputs.Fund]:
    """One fund in a hundred, spread over all of them."""
    for number, fund in enumerate(_every_weight_moved()):
        yield inputs.moved(fund, 2) if number % 100 == 0 else fund

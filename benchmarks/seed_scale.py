"""Seed scale: a desk's 24 funds, against psql, pandas and dlt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import inputs
from benchmarks.databases import BASELINE, MIGRATED, Databases
from benchmarks.loading import RECORDED, STORED, copy, load
from benchmarks.measure import BenchmarkError, Figure, Samples, ratio, run
from benchmarks.reading import enrich, installed_psql, psql_stock, script, write_classification
from tickstock.settings import REPOSITORY

HERE = Path(__file__).parent
DLT_PYTHON = REPOSITORY / ".venv-bench" / "bin" / "python"

COPY = "seed: psql \\copy"
FULL = "seed: full load"
SAME = "seed: incremental, nothing changed"
MONDAY = "seed: incremental, a Monday"
PANDAS = "seed: pandas.to_sql"
DLT = "seed: dlt merge"
PSQL = "seed: psql -c, as installed"
BARE_PSQL = "seed: psql -c, the bare program"
STOCK = "seed: query_relationships.py --stock"
VALIDATE = "seed: validate_relationships.py"
SUMMARY = "seed: generate_report.py --summary"
UNDO = "seed: undo_load.py of a full load"
UNDO_MONDAY = "seed: undo_load.py of a Monday"
FIRST = "seed: enrich_sectors.py, first run"
AGAIN = "seed: enrich_sectors.py, nothing new"


def measure(
    databases: Databases,
    folder: Path,
    repeat: int,
    say: Callable[[str], None],
    sizes: Sequence[int] = inputs.SEED_SIZES,
) -> tuple[list[Figure], Samples]:
    """Measure the seed scale in ``folder``, which has to exist."""
    universe = inputs.symbols(inputs.SEED_SYMBOLS)
    made = list(inputs.funds(sizes, universe))
    files = inputs.write_folder(made, folder / "week_0")
    rows = inputs.write_copy_file(made, folder / "rows.txt")
    databases.prepare_baseline(folder, made)
    count, stocks = sum(sizes), inputs.count_stocks(made)
    samples = Samples()
    with_dlt = _has_dlt()
    for turn in range(1, repeat + 1):
        say(f"seed scale: {turn} of {repeat}")
        _copied(databases, samples, rows, count + stocks)
        name = _loaded(databases, samples, files, count, stocks)
        _undone(databases, samples, name, UNDO, 0)
        _with_pandas(databases, samples, files, count)
        if with_dlt:
            _with_dlt(databases, samples, files, folder / f"dlt_{turn}", count)
        if turn < repeat:
            databases.drop(name)
    classification = write_classification(universe, folder)
    for _ in range(repeat):
        _read(databases, samples, name, files, classification)
    for week in range(1, repeat + 1):
        say(f"seed scale: Monday {week} of {repeat}")
        made = [inputs.monday(fund, week, universe) for fund in made]
        _on_monday(databases, samples, name, inputs.write_folder(made, folder / f"week_{week}"), count)
        _undone(databases, samples, name, UNDO_MONDAY, count)
    databases.drop(name)
    figures = [
        ratio(samples, FULL, 3, COPY),
        ratio(samples, FULL, 1 / 3, PANDAS),
        ratio(samples, FULL, 1 / 3, DLT),
        ratio(samples, SAME, 1 / 2, FULL),
        ratio(samples, MONDAY, 1.5, FULL),
        ratio(samples, UNDO, 1, FULL),
        ratio(samples, UNDO_MONDAY, 1, MONDAY),
        ratio(samples, STOCK, 4, PSQL),
        ratio(samples, STOCK, 4, BARE_PSQL),
        Figure(VALIDATE, 1, samples.seconds(VALIDATE), "s"),
        Figure(SUMMARY, 1, samples.seconds(SUMMARY), "s"),
        ratio(samples, AGAIN, 1 / 2, FIRST),
    ]
    return figures, samples


def _copied(databases: Databases, samples: Samples, rows: Path, count: int) -> None:
    name = databases.fresh(BASELINE)
    samples.add(COPY, copy(databases, name, rows))
    databases.expect(name, STORED, (count,))
    databases.drop(name)


def _loaded(databases: Databases, samples: Samples, files: Path, count: int, stocks: int) -> str:
    name = databases.fresh(MIGRATED)
    samples.add(FULL, load(databases, name, files))
    databases.expect(name, RECORDED, (count + stocks, count + stocks, count, 0))
    samples.add(SAME, load(databases, name, files, "incremental"))
    databases.expect(name, "SELECT count(*) FROM load_files", (len(list(files.iterdir())),))
    return name


def _undone(databases: Databases, samples: Samples, loaded: str, sample: str, count: int) -> None:
    """Take the last load back, on a copy. What is left of the funds then is counted."""
    name = databases.fresh(loaded)
    (load_id,) = databases.execute(name, "SELECT max(id) FROM load_runs")
    samples.add(sample, script(databases, name, "undo_load", str(load_id), "--quiet"))
    databases.expect(name, "SELECT count(*) FROM group_memberships WHERE weight IS NOT NULL", (count,))
    databases.drop(name)


def _read(databases: Databases, samples: Samples, loaded: str, files: Path, classification: Path) -> None:
    """Classify the stocks of a copy of a loaded database, and read it."""
    name = databases.fresh(loaded)
    samples.add(FIRST, enrich(databases, name, files, classification))
    databases.settle(name)
    samples.add(AGAIN, enrich(databases, name, files, classification))
    # The migration was the other: the second run wrote nothing.
    databases.expect(name, "SELECT count(*) FROM load_runs WHERE type = 'SECTOR'", (2,))
    (symbol,) = databases.execute(name, "SELECT min(symbol) FROM environment_stocks")
    if psql := installed_psql():
        samples.add(PSQL, psql_stock(psql, databases, name, str(symbol)))
    samples.add(BARE_PSQL, psql_stock(databases.psql, databases, name, str(symbol)))
    samples.add(STOCK, script(databases, name, "query_relationships", "--stock", str(symbol)))
    samples.add(VALIDATE, script(databases, name, "validate_relationships"))
    samples.add(SUMMARY, script(databases, name, "generate_report", "--summary"))
    databases.drop(name)


def _on_monday(databases: Databases, samples: Samples, name: str, files: Path, count: int) -> None:
    samples.add(MONDAY, load(databases, name, files, "incremental"))
    stored, versions, added, changed = databases.execute(name, RECORDED)
    if stored != versions or added + changed < 0.97 * count:
        raise BenchmarkError(f"a Monday stored {stored} rows, {versions} versions, and changed {added + changed}")
    databases.settle(name)


def _with_pandas(databases: Databases, samples: Samples, files: Path, count: int) -> None:
    name = databases.fresh(BASELINE)
    samples.add(PANDAS, run([sys.executable, HERE / "with_pandas.py", files, databases.uri(name)]))
    databases.expect(name, STORED, (count,))
    databases.drop(name)


def _with_dlt(databases: Databases, samples: Samples, files: Path, work: Path, count: int) -> None:
    name = databases.fresh("template1")
    # dlt would report its use over the network.
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(work)}
    samples.add(DLT, run([DLT_PYTHON, HERE / "with_dlt.py", files, databases.uri(name), work], quiet))
    databases.expect(name, "SELECT count(*) FROM holdings.group_memberships", (count,))
    databases.drop(name)


def _has_dlt() -> bool:
    """Whether ``make bench`` could install dlt beside the suite."""
    try:
        run([DLT_PYTHON, "-c", "import dlt"])
    except (OSError, BenchmarkError):
        return False
    return True

"""Seed scale: a desk's 24 funds, against psql, pandas and dlt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import inputs
from benchmarks.databases import BASELINE, MIGRATED, Databases
from benchmarks.loading import RECORDED, STORED, copy, load
from benchmarks.measure import BenchmarkError, Figure, Samples, ratio, run
from tickstock.settings import REPOSITORY

HERE = Path(__file__).parent
DLT_PYTHON = REPOSITORY / ".venv-bench" / "bin" / "python"

COPY = "seed: psql \\copy"
FULL = "seed: full load"
SAME = "seed: incremental, nothing changed"
MONDAY = "seed: incremental, a Monday"
PANDAS = "seed: pandas.to_sql"
DLT = "seed: dlt merge"


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
        _with_pandas(databases, samples, files, count)
        if with_dlt:
            _with_dlt(databases, samples, files, folder / f"dlt_{turn}", count)
        if turn < repeat:
            databases.drop(name)
    for week in range(1, repeat + 1):
        say(f"seed scale: Monday {week} of {repeat}")
        made = [inputs.monday(fund, week, universe) for fund in made]
        _on_monday(databases, samples, name, inputs.write_folder(made, folder / f"week_{week}"), count)
    databases.drop(name)
    figures = [
        ratio(samples, FULL, 3, COPY),
        ratio(samples, FULL, 1 / 3, PANDAS),
        ratio(samples, FULL, 1 / 3, DLT),
        ratio(samples, SAME, 1 / 2, FULL),
        ratio(samples, MONDAY, 1.5, FULL),
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

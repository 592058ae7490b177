"""Measure the figures that the suite promises, and compare them with their limits.

    python -m benchmarks.bench
    python -m benchmarks.bench --scale seed --repeat 9
    python -m benchmarks.bench --json results.json

A missed limit is reported and is no failure; the exit status is 1 where something did not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import application, bars, historical, history, jobs, market_scale, recovery, seed_scale, startup
from benchmarks.databases import temporary_databases, temporary_folder
from benchmarks.measure import BenchmarkError, Figure, Samples, as_json, figure_table, median_table, ratio
from tickstock.errors import TickstockError

MODULES: dict[str, Any] = {
    "seed": seed_scale, "recovery": recovery, "history": history, "market": market_scale, "application": application,
    "bars": bars, "jobs": jobs, "historical": historical,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(argv)
    if options.repeat < 1:
        parser.error(f"--repeat {options.repeat}: expected at least 1")
    try:
        figures, samples = _measure(options.scale, options.repeat)
    except (BenchmarkError, TickstockError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(figure_table(figures), median_table(samples), sep="\n\n")
    if options.json:
        options.json.write_text(json.dumps(as_json(figures, samples), indent=2) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", choices=[*MODULES, "all"], default="all", help="what to measure (all)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="runs of each; the median counts (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and all runs to this file too")
    return parser


def _measure(scale: str, repeat: int) -> tuple[list[Figure], Samples]:
    figures, samples = startup.measure(repeat, _say)
    with temporary_folder() as folder, temporary_databases(folder) as databases:
        databases.prepare_migrated()
        for name, module in MODULES.items():
            if scale in (name, "all"):
                work = folder / name
                work.mkdir()
                more, runs = module.measure(databases, work, repeat, _say)
                figures += more
                samples.runs.update(runs.runs)
    if scale == "all":
        figures.append(ratio(samples, market_scale.STOCK, 2, seed_scale.STOCK))
    return figures, samples


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

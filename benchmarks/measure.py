"""Timing of whole processes, medians, and the table that compares them with their limits."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

# ru_maxrss counts kilobytes, but bytes on macOS.
PEAK_UNITS_PER_MB = 1 << 20 if sys.platform == "darwin" else 1 << 10


class BenchmarkError(Exception):
    """Something that was to be measured did not run, or did not do what it was measured for."""


class Run(NamedTuple):
    """One process from start to exit."""

    seconds: float
    peak_mb: float


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Run:
    """Run a process to its end and measure it.

    ``environment`` is added to this process's own, less the variables that steer Python: one of them forbids it
    to keep compiled modules. A child counts the pages of the process that started it as its own first peak, so
    this process has to stay small. Raises BenchmarkError for a non-zero status.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={**_plain_environment(), "REDIS_URL": "none", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            raise BenchmarkError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said[-2000:]}")
    return Run(seconds, usage.ru_maxrss / PEAK_UNITS_PER_MB)


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@dataclass
class Samples:
    """The runs of everything that is measured, by name, in the order of the first run."""

    runs: dict[str, list[Run]] = field(default_factory=dict)

    def add(self, name: str, one: Run) -> None:
        self.runs.setdefault(name, []).append(one)

    def seconds(self, name: str) -> float | None:
        """The median; None for what was not run."""
        return statistics.median(one.seconds for one in self.runs[name]) if name in self.runs else None

    def peak_mb(self, *names: str) -> float:
        """The highest peak of all runs of these names."""
        return max(one.peak_mb for name in names for one in self.runs[name])


class Figure(NamedTuple):
    """A measured figure and its limit, if it has one; ``measured`` is None where something is not installed."""

    name: str
    limit: float | None
    measured: float | None
    unit: str

    @property
    def verdict(self) -> str:
        if self.measured is None or self.limit is None:
            return "-"
        return "ok" if self.measured <= self.limit else "MISS"


def ratio(samples: Samples, name: str, limit: float, of: str) -> Figure:
    """The median of ``name`` in units of the median of ``of``."""
    one, other = samples.seconds(name), samples.seconds(of)
    return Figure(f"{name} / {of}", limit, one / other if one and other else None, "x")


def figure_table(figures: Sequence[Figure]) -> str:
    """The figures against their limits."""
    rows = [("figure", "limit", "measured", "")]
    for figure in figures:
        measured = "not installed" if figure.measured is None else _number(figure.measured, figure.unit)
        limit = "" if figure.limit is None else _number(figure.limit, figure.unit)
        rows.append((figure.name, limit, measured, figure.verdict))
    return _table(rows)


def median_table(samples: Samples) -> str:
    """What the figures were computed from."""
    rows: list[tuple[str, ...]] = [("process, start to exit", "median", "fastest", "slowest", "runs")]
    for name, runs in samples.runs.items():
        seconds = [one.seconds for one in runs]
        numbers = (_number(value, "s") for value in (statistics.median(seconds), min(seconds), max(seconds)))
        rows.append((name, *numbers, str(len(runs))))
    return _table(rows)


def as_json(figures: Sequence[Figure], samples: Samples) -> dict[str, Any]:
    """The same as data: seconds, megabytes, ratios."""
    return {
        "figures": [{**figure._asdict(), "verdict": figure.verdict} for figure in figures],
        "runs": {name: [one._asdict() for one in runs] for name, runs in samples.runs.items()},
    }


def _number(value: float, unit: str) -> str:
    decimals = {"x": 2, "s": 3, "ms": 1, "µs": 2, "ms/request": 2, "MB": 0, "B": 0, "%": 0}[unit]
    return f"{value:.{decimals}f} {unit}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    from tabulate import tabulate

    align = ("left", *["right"] * (len(rows[0]) - 2), "left" if rows[0][-1] == "" else "right")
    return tabulate(rows[1:], headers=rows[0], tablefmt="github", colalign=align, disable_numparse=True)

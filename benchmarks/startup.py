"""Start-up: every script's --help against a Python that imports psycopg2."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.measure import Figure, Samples, ratio, run
from tickstock.settings import REPOSITORY

FEWEST = 15
IMPORT = 'python -c "import psycopg2"'


def measure(repeat: int, say: Callable[[str], None]) -> tuple[list[Figure], Samples]:
    """Measure all scripts, in turns; at least 15 runs of each, since each is short."""
    commands = {IMPORT: [sys.executable, "-c", "import psycopg2"]}
    for path in sorted((REPOSITORY / "scripts").glob("*/*.py")):
        commands[f"{path.name} --help"] = [sys.executable, str(path), "--help"]
    say(f"start-up: {len(commands) - 1} scripts")
    samples = Samples()
    for command in commands.values():
        run(command)  # compiles what it imports, and warms the disk's cache
    for _ in range(max(repeat, FEWEST)):
        for name, command in commands.items():
            samples.add(name, run(command))
    return [ratio(samples, name, 2, IMPORT) for name in commands if name != IMPORT], samples

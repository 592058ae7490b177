"""Recovery at seed scale: backup and restore, against pg_dump and pg_restore alone, which check nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import inputs
from benchmarks.databases import MIGRATED, Databases
from benchmarks.loading import STORED, load
from benchmarks.measure import Figure, Run, Samples, ratio, run
from benchmarks.reading import script
from tickstock.backups.contents import TABLES

PG_DUMP = "seed: pg_dump --data-only"
BACKUP = "seed: backup.py"
PG_RESTORE = "seed: pg_restore --data-only"
RESTORE = "seed: restore.py"
DELETE_AND_PG_RESTORE = "seed: DELETE and pg_restore --data-only, after a Monday"
RESTORE_OVER = "seed: restore.py, after a Monday"

# The triggers would keep a record of it.
EMPTY = f"SET session_replication_role = replica; TRUNCATE {', '.join(TABLES)}"
DELETE = f"SET session_replication_role = replica; {'; '.join(f'DELETE FROM {table}' for table in TABLES)}"


def measure(
    databases: Databases,
    folder: Path,
    repeat: int,
    say: Callable[[str], None],
    sizes: Sequence[int] = inputs.SEED_SIZES,
) -> tuple[list[Figure], Samples]:
    """Measure in ``folder``, which has to exist."""
    universe = inputs.symbols(inputs.SEED_SYMBOLS)
    made = list(inputs.funds(sizes, universe))
    count = sum(sizes) + inputs.count_stocks(made)
    source = databases.fresh(MIGRATED)
    load(databases, source, inputs.write_folder(made, folder / "funds"))
    databases.settle(source)
    samples = Samples()
    for turn in range(1, repeat + 1):
        say(f"backup: {turn} of {repeat}")
        samples.add(PG_DUMP, _pg_dump(databases, source, folder / "bare.dump"))
        samples.add(BACKUP, script(databases, source, "backup", "--to", folder / "backups", "--keep", "1", "--quiet"))
    (backup,) = (path for path in (folder / "backups").iterdir() if not path.name.startswith("."))
    monday = databases.fresh(source)
    load(databases, monday, inputs.write_folder([inputs.monday(fund, 1, universe) for fund in made], folder / "monday"))
    for turn in range(1, repeat + 1):
        say(f"restore: {turn} of {repeat}")
        for template, bare, own in ((MIGRATED, PG_RESTORE, RESTORE), (monday, DELETE_AND_PG_RESTORE, RESTORE_OVER)):
            name = databases.fresh(template)
            samples.add(bare, _pg_restore(databases, name, backup / "data.dump", template == MIGRATED))
            _restored(databases, name, count)
            name = databases.fresh(template)
            samples.add(own, script(databases, name, "restore", backup, "--force", "--quiet"))
            _restored(databases, name, count)
    databases.drop(source)
    databases.drop(monday)
    return [ratio(samples, RESTORE, 2, PG_RESTORE), ratio(samples, RESTORE_OVER, 2, DELETE_AND_PG_RESTORE)], samples


def measure_years(
    databases: Databases, source: str, folder: Path, repeat: int, history: str
) -> tuple[Figure, Samples]:
    """The restore of a database with years of history, into an empty one, against pg_restore alone."""
    (count,) = databases.execute(source, STORED)
    samples, bare, own = Samples(), f"{history}: pg_restore --data-only", f"{history}: restore.py"
    script(databases, source, "backup", "--to", folder / "years", "--keep", "1", "--quiet")
    (backup,) = (path for path in (folder / "years").iterdir() if not path.name.startswith("."))
    for _ in range(repeat):
        name = databases.fresh(MIGRATED)
        samples.add(bare, _pg_restore(databases, name, backup / "data.dump", fresh=True))
        _restored(databases, name, count)
        name = databases.fresh(MIGRATED)
        samples.add(own, script(databases, name, "restore", backup, "--force", "--quiet"))
        _restored(databases, name, count)
    return ratio(samples, own, 2, bare), samples


def _restored(databases: Databases, name: str, count: int) -> None:
    databases.expect(name, STORED, (count,))
    databases.drop(name)


def _pg_dump(databases: Databases, name: str, path: Path) -> Run:
    tables = [f"--table={table}" for table in TABLES]
    options = ["--data-only", "--format=custom", "--compress=1", f"--file={path}", f"--dbname={databases.uri(name)}"]
    return run([databases.psql.with_name("pg_dump"), *options, *tables])


def _pg_restore(databases: Databases, name: str, dump: Path, fresh: bool) -> Run:
    """pg_restore, with all triggers off. It cannot put rows over others: these go first, in time that counts."""
    uri = databases.uri(name)
    before = Run(0, 0)
    if fresh:
        databases.execute(name, EMPTY)
    else:
        before = run([databases.psql, "--no-psqlrc", "--quiet", "--dbname", uri, "--command", DELETE])
    program = databases.psql.with_name("pg_restore")
    after = run([program, "--data-only", "--disable-triggers", "--dbname", uri, dump])
    return Run(before.seconds + after.seconds, max(before.peak_mb, after.peak_mb))

"""Five years of weekly loads of a desk's 24 funds: questions about the past, and how much it takes to keep it.

Two histories: every week one row in a hundred changes, and every week every weight does.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2
from psycopg2 import extensions

from benchmarks import inputs, recovery
from benchmarks.databases import Databases
from benchmarks.measure import BenchmarkError, Figure, Samples
from benchmarks.weeks import EVERYWHERE, FIRST_DAY, first_load, friday, write_weeks
from tickstock.relationships.queries.ask import Question, ask

if TYPE_CHECKING:
    from tickstock.db import Connection

WEEKS = 260
FEW, ALL = "1 % of the rows a week", "every weight a week"
SHARES = {FEW: 0.01, ALL: 1.0}
QUESTIONS = (
    ("etf", "SPY"), ("etf", "VTI"), ("stock", EVERYWHERE), ("where", EVERYWHERE), ("sector", "energy"), ("stats", None),
)  # fmt: skip
LIMITED = ("etf", "stock")
MS, TIMES_TODAY, GROWTH = 20, 3, 4


def measure(
    databases: Databases,
    folder: Path,
    repeat: int,
    say: Callable[[str], None],
    sizes: Sequence[int] = inputs.SEED_SIZES,
) -> tuple[list[Figure], Samples]:
    """Measure both histories in ``folder``, which has to exist, and the restore of one."""
    first = first_load(databases, folder, sizes)
    figures: list[Figure] = []
    samples = Samples()
    for name, share in SHARES.items():
        say(f"history: {WEEKS} weeks, {name}")
        database = databases.fresh(first)
        write_weeks(databases, database, WEEKS, share)
        databases.settle(database)
        figures += _question_figures(databases, database, name, 3 * repeat)
        figures += _growth_figures(databases, database, name)
        if name == FEW:
            figure, samples = recovery.measure_years(databases, database, folder, repeat, name)
            figures.append(figure)
        databases.drop(database)
    databases.drop(first)
    return figures, samples


class _Times(NamedTuple):
    """Milliseconds in the server, planning and execution: of all statements, and of the one that takes longest."""

    whole: float
    longest: float


def _question_figures(databases: Databases, name: str, history: str, runs: int) -> Iterator[Figure]:
    """For each question the slowest of three days, without and with --known-on; today takes turns with them."""
    days = [FIRST_DAY + timedelta(5), friday(WEEKS // 2) + timedelta(5), friday(WEEKS) + timedelta(5)]
    with closing(psycopg2.connect(databases.uri(name), cursor_factory=_Recorder)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off; SET TIME ZONE 'UTC'")
        for kind, about in QUESTIONS:
            today, *past = _measured(
                connection,
                [
                    Question(kind, about, "DEFAULT"),
                    *(Question(kind, about, "DEFAULT", None, day) for day in days),
                    *(Question(kind, about, "DEFAULT", None, day, day) for day in days),
                ],
                runs,
            )
            asked = f"{history}: --{kind}{f' {about}' if about else ''}"
            limits = (MS, TIMES_TODAY) if kind in LIMITED else (None, None)
            for option, times in (("--as-of", past[:3]), ("--as-of --known-on", past[3:])):
                slowest = max(each.whole for each in times)
                ratio = max(each.longest for each in times) / today.longest
                yield Figure(f"{asked} {option}, in the server", limits[0], slowest, "ms")
                yield Figure(f"{asked} {option}, longest statement / today's", None, ratio, "x")
                yield Figure(f"{asked} {option}, all statements / today's", limits[1], slowest / today.whole, "x")


def _measured(connection: Connection, questions: Sequence[Question], runs: int) -> list[_Times]:
    statements = []
    for question in questions:
        _Recorder.record = []
        ask(connection, question)
        statements.append(_Recorder.record)
    _Recorder.record = None
    times: list[list[_Times]] = [[] for _ in questions]
    for _ in range(runs):
        for several, taken in zip(statements, times, strict=True):
            each = [_server_time(connection, statement) for statement in several]
            taken.append(_Times(sum(each), max(each)))
    return [_Times(*map(statistics.median, zip(*taken, strict=True))) for taken in times]


def _server_time(connection: Connection, statement: bytes) -> float:
    with connection.cursor() as cursor:
        first = next(line for line in statement.decode().splitlines() if line and not line.startswith("--"))
        if not first.lstrip().startswith(("SELECT", "WITH")):
            cursor.execute(statement)
            return 0.0
        cursor.execute(b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement)
        (((plan,),),) = cursor.fetchall()
        return float(plan["Planning Time"] + plan["Execution Time"])


class _Recorder(extensions.cursor):
    """Keeps the statements that a question consists of, with their values."""

    record: list[bytes] | None = None

    def execute(self, query: Any, vars: Any = None) -> None:
        if self.record is not None:
            self.record.append(self.mogrify(query, vars))
        super().execute(query, vars)


_PRESENT = ("definition_groups", "group_memberships")
_PAST = ("membership_versions", "load_runs", "load_files", "data_version", "removed_memberships")


def _bytes(databases: Databases, name: str, tables: Sequence[str]) -> int:
    """With their indexes."""
    return sum(databases.execute(name, f"SELECT pg_total_relation_size('{table}')")[0] for table in tables)


def _growth_figures(databases: Databases, name: str, history: str) -> Iterator[Figure]:
    """What the record takes beside the present state, and what a change of a row adds to it."""
    past, now = _bytes(databases, name, _PAST), _bytes(databases, name, _PRESENT)
    closed = databases.execute(name, "SELECT count(*) FROM membership_versions WHERE closed_by IS NOT NULL")[0]
    if not closed:
        raise BenchmarkError(f"{history}: {WEEKS} weeks changed nothing")
    yield Figure(f"{history}: record / present state", GROWTH if history == FEW else None, past / now, "x")
    yield Figure(f"{history}: bytes a change", None, past / closed, "B")
    heap = databases.execute(name, "SELECT pg_relation_size('membership_versions')")[0]
    indexes = databases.execute(name, "SELECT pg_indexes_size('membership_versions')")[0]
    yield Figure(f"{history}: of it the versions themselves", None, heap / past * 100, "%")
    yield Figure(f"{history}: of it their indexes", None, indexes / past * 100, "%")

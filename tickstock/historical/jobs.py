"""Jobs that load bars, as they are stored: what was asked for, how far each is, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.errors import TickstockError

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

PRIORITIES = {"high": 10, "normal": 0, "low": -10}
TIMEFRAMES = ("day", "minute")
WAITING, RUNNING, DONE, FAILED, CANCELLED = STATES = ("waiting", "running", "done", "failed", "cancelled")
ACTIVE = (WAITING, RUNNING)
# Seconds without a sign of life after which a worker is called gone; its heart beats every two.
SILENT = 12
NO_BAR = "no bar was loaded"  # so begins the reason of a job that has looked everywhere


class Job(NamedTuple):
    """A row of ``load_jobs``. ``steps_done`` of ``steps`` is its progress in the ``step`` that it is at."""

    id: int
    environment: str
    universe: str | None
    symbols: tuple[str, ...]
    timeframe: str
    first_day: date
    last_day: date
    priority: str
    state: str
    cancel_asked: bool
    attempts: int
    step: str | None
    steps_done: int
    steps: int
    done_through: date | None
    missing_days: tuple[date, ...]
    asked_days: tuple[date, ...]
    bars: int
    reason: str | None
    asked_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


class LogLine(NamedTuple):
    """``level`` is info, warning or error."""

    id: int
    at: datetime
    level: str
    line: str


class SymbolResult(NamedTuple):
    """What a job brought for a symbol; ``reason`` says why there is nothing."""

    symbol: str
    bars: int
    first_bar: datetime | None
    last_bar: datetime | None
    reason: str | None


class ResultCounts(NamedTuple):
    """How many symbols a job has told of; ``lacking`` of them with a reason why bars are not there."""

    symbols: int
    lacking: int


class Workers(NamedTuple):
    """How many workers are ``alive``, and when the last sign of life was (of those that did not say goodbye)."""

    alive: int
    last_seen: datetime | None


def read_job(connection: Connection, job: int) -> Job:
    """The job.

    Raises:
        TickstockError: there is none with this number.
    """
    with connection.cursor() as cursor:
        return _job(cursor, "WHERE id = %s", job)


def read_active_jobs(connection: Connection, environment: str) -> list[Job]:
    """The jobs that wait or run: as the queue takes them."""
    order = "ORDER BY state <> 'running', array_position(ARRAY['high', 'normal', 'low'], priority), id"
    return _jobs(connection, f"WHERE environment = %s AND state IN ('waiting', 'running') {order}", environment)


def read_past_jobs(connection: Connection, environment: str, most: int = 20) -> list[Job]:
    """The jobs that ended, the last one first."""
    rest = "state NOT IN ('waiting', 'running') ORDER BY finished_at DESC, id DESC LIMIT %s"
    return _jobs(connection, f"WHERE environment = %s AND {rest}", environment, most)


def read_log(connection: Connection, job: int, after: int = 0, most: int = 200) -> list[LogLine]:
    """The newest lines of a job's log, in order; ``after`` the line with this id only."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, at, level, line FROM load_job_log WHERE job_id = %s AND id > %s ORDER BY id DESC LIMIT %s",
            (job, after, most),
        )
        return [LogLine(*row) for row in reversed(cursor.fetchall())]


def read_results(connection: Connection, job: int, most: int | None = None) -> list[SymbolResult]:
    """What a job brought for each symbol; those that lack bars come first. With ``most`` no more than so many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT symbol, bars, first_bar, last_bar, reason FROM load_job_symbols WHERE job_id = %s"
            " ORDER BY reason IS NULL, symbol LIMIT %s",
            (job, most),
        )
        return [SymbolResult(*row) for row in cursor.fetchall()]


def count_results(connection: Connection, job: int) -> ResultCounts:
    """Of how many symbols :func:`read_results` tells, and how many lack bars."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(reason) FROM load_job_symbols WHERE job_id = %s", (job,))
        return ResultCounts._make(cursor.fetchall()[0])


def read_workers(connection: Connection) -> Workers:
    """Who could take a job now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE last_heartbeat > now() - %s * interval '1 second'), max(last_heartbeat)"
            " FROM procrastinate.procrastinate_workers",
            (SILENT,),
        )
        ((alive, last_seen),) = cursor.fetchall()
    return Workers(alive, last_seen)


def add_line(cursor: Cursor, job: int, line: str, level: str = "info") -> None:
    """Add a line to the log of a job."""
    cursor.execute("INSERT INTO load_job_log (job_id, level, line) VALUES (%s, %s, %s)", (job, level, line))


def locked_job(cursor: Cursor, job: int) -> Job:
    """The job, which nobody else changes until the transaction ends. Raises as :func:`read_job`."""
    return _job(cursor, "WHERE id = %s FOR UPDATE", job)


def _job(cursor: Cursor, where: str, job: int) -> Job:
    found = _found(cursor, where, (job,))
    if not found:
        raise TickstockError(f"there is no job {job}")
    return found[0]


def _jobs(connection: Connection, where: str, *values: object) -> list[Job]:
    with connection.cursor() as cursor:
        return _found(cursor, where, values)


def _found(cursor: Cursor, where: str, values: Sequence[object]) -> list[Job]:
    cursor.execute(f"SELECT {', '.join(Job._fields)} FROM load_jobs {where}", values)  # noqa: S608 - constants
    return [Job(*map(_frozen, row)) for row in cursor.fetchall()]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

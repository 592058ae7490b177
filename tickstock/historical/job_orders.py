"""What can be asked of jobs: start one, cancel it, try it again. The queue decides which worker takes it, and when."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.errors import BadInputError, TickstockError
from tickstock.historical.jobs import DONE, NO_BAR, PRIORITIES, TIMEFRAMES, WAITING, add_line, locked_job
from tickstock.queue_schema import schema_first

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

QUEUE = TASK = "load_bars"
MOST_SYMBOLS = 20_000
LONGEST_SYMBOL = 50  # as its column
LAST_DAY = date(9999, 12, 30)  # there is a day after it


class Ask(NamedTuple):
    """What a job is to load: the bars of ``symbols`` (in the project's spelling; one that is there twice counts once)
    from ``first_day`` to ``last_day``, both included.

    ``universe`` is what was chosen (see :func:`read_choices`); None where the symbols were typed.
    """

    environment: str
    symbols: tuple[str, ...]
    first_day: date
    last_day: date
    universe: str | None = None
    timeframe: str = "day"
    priority: str = "normal"
    asked_by: str | None = None


def start_job(connection: Connection, ask: Ask) -> int:
    """Put a job into the queue; give its id.

    Raises:
        BadInputError: it has no symbol or too many, or one that is none; it ends before it begins; or a word is none of
            those known.
    """
    ask = ask._replace(symbols=tuple(dict.fromkeys(ask.symbols)))
    _check(ask)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("jobs/start"), {**ask._asdict(), "symbols": list(ask.symbols)})
        ((job,),) = cursor.fetchall()
        add_line(cursor, job, f"asked for: {len(ask.symbols)} symbols, {ask.first_day} to {ask.last_day}")
        _defer(cursor, job, ask.priority)
    return int(job)


def cancel_job(connection: Connection, job: int) -> None:
    """Cancel a job: at once where it waits; one that runs ends before its next step, and what is stored stays.

    Raises:
        TickstockError: there is no such job, or it has ended already.
    """
    with connection, connection.cursor() as cursor:
        found = locked_job(cursor, job)
        if not found.active:
            raise TickstockError(f"job {job} cannot be cancelled: it is {found.state}")
        cursor.execute("UPDATE load_jobs SET cancel_asked = true WHERE id = %s", (job,))
        add_line(cursor, job, "asked to cancel")
        if found.state == WAITING:
            cursor.execute(
                "UPDATE load_jobs SET state = 'cancelled', finished_at = clock_timestamp(),"
                " reason = 'cancelled while it waited' WHERE id = %s",
                (job,),
            )
            with schema_first(cursor):
                cursor.execute(
                    "SELECT procrastinate_cancel_job_v1(id, false, true) FROM procrastinate_jobs"
                    " WHERE lock = %s AND status = 'todo'",
                    (lock_of(job),),
                )


def retry_job(connection: Connection, job: int) -> None:
    """Put a job that failed, was cancelled or lacks bars into the queue again: it goes on after its last good day,
    or where it had looked everywhere looks for all days again.

    Raises:
        TickstockError: there is no such job, or it is still active.
    """
    with connection, connection.cursor() as cursor:
        found = locked_job(cursor, job)
        if found.active:
            raise TickstockError(f"job {job} cannot be tried again: it is {found.state}")
        # What REST could not tell then it may tell now; a job that has looked everywhere looks for all days again.
        again = found.state == DONE or (found.reason or "").startswith(NO_BAR)
        cursor.execute(
            "UPDATE load_jobs SET state = 'waiting', cancel_asked = false, attempts = 0, reason = NULL,"
            " finished_at = NULL, asked_days = '{}',"
            " done_through = CASE WHEN %s THEN NULL ELSE done_through END WHERE id = %s",
            (again, job),
        )
        cursor.execute("UPDATE load_job_symbols SET asked = false, reason = NULL WHERE job_id = %s", (job,))
        add_line(cursor, job, "asked to try again")
        _defer(cursor, job, found.priority)


def lock_of(job: int) -> str:
    """The queue never lets two workers run what has the same lock."""
    return f"load job {job}"


def _check(ask: Ask) -> None:
    if not 0 < len(ask.symbols) <= MOST_SYMBOLS:
        raise BadInputError(f"found {len(ask.symbols)} symbols, expected 1 to {MOST_SYMBOLS}")
    if wrong := [symbol for symbol in ask.symbols if not (symbol and len(symbol) <= LONGEST_SYMBOL)]:
        raise BadInputError(f"found {wrong[0]!r} as a symbol, expected 1 to {LONGEST_SYMBOL} characters")
    if ask.first_day > ask.last_day:
        raise BadInputError(f"the first day, {ask.first_day}, is after the last, {ask.last_day}")
    if ask.last_day > LAST_DAY:
        raise BadInputError(f"the last day, {ask.last_day}, is beyond {LAST_DAY}")
    for what, word, known in (("timeframe", ask.timeframe, TIMEFRAMES), ("priority", ask.priority, PRIORITIES)):
        if word not in known:
            raise BadInputError(f"found the {what} {word!r}, expected {', '.join(known)}")


def _defer(cursor: Cursor, job: int, priority: str) -> None:
    """Hand the job to the queue, in this transaction."""
    values = (QUEUE, TASK, PRIORITIES[priority], lock_of(job), json.dumps({"job": job}))
    with schema_first(cursor):
        cursor.execute(
            "SELECT procrastinate_defer_jobs_v1("
            "ARRAY[ROW(%s, %s, %s, %s, NULL, %s, NULL)::procrastinate_job_to_defer_v1])",
            values,
        )

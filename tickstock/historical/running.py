"""One job, from being taken by a worker to its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import errors

from tickstock import migrations
from tickstock.bars.dataset import DATASETS
from tickstock.bars.massive_rest import MassiveRest
from tickstock.bars.populate_text import ranges
from tickstock.bars.sessions import first_not_expected, sessions
from tickstock.db import was_cut
from tickstock.errors import BusyError, TickstockError
from tickstock.historical.bars_table import bars_table, count_bars, days_without
from tickstock.historical.from_archive import load_from_archive
from tickstock.historical.from_rest import load_from_rest
from tickstock.historical.jobs import CANCELLED, DONE, FAILED, NO_BAR, Job
from tickstock.historical.pace import SharedPace
from tickstock.historical.progress import CancelledError, Progress, forget_old_jobs
from tickstock.historical.reference import Ensured, ensure_symbols_exist
from tickstock.historical.work import Means, StoppedError, Work
from tickstock.notify import publish

if TYPE_CHECKING:
    from tickstock.db import Connection

_METADATA = "what Massive knows of the symbols"
_TOLD = 10  # symbols whose reasons are said one by one
_REMARKS = 4  # of a job's reason; the log has all
# What another session is in the way of may be done in a moment.
_IN_THE_WAY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)


def run_job(means: Means, job: int) -> str:
    """Do what is left of a job; give how that ended, in words. It may have been begun by another worker, and be ended
    already.

    Raises:
        BusyError: something that it needs does not answer; a later attempt goes on.
        StoppedError: the worker is told to end; another goes on.
    """
    try:
        with closing(migrations.connect(means.database)) as connection, _alone(connection, job):
            progress = Progress(connection, job)
            found = progress.begin()
            return _run(means, progress, found) if found else "nothing is left to do"
    except psycopg2.Error as error:
        if was_cut(error):
            raise BusyError(f"the connection to the database was cut ({' '.join(str(error).split())})") from error
        raise


def _run(means: Means, progress: Progress, job: Job) -> str:
    try:
        state, reason, bars = _load(means, progress, job)
    except CancelledError:
        state, reason, bars = CANCELLED, "what is stored by now stays", _so_far(progress, job)
    except StoppedError:
        progress.wait_again("the worker was told to end", failures=0)
        raise
    except BusyError as error:
        progress.wait_again(str(error))
        raise
    except _IN_THE_WAY as error:
        reason = f"another session was in the way ({error.diag.message_primary})"
        progress.wait_again(reason)
        raise BusyError(reason) from error
    except TickstockError as error:
        state, reason, bars = FAILED, str(error), None
    except psycopg2.Error as error:
        if not was_cut(error):
            progress.end(FAILED, " ".join(str(error).split()))
        raise
    except Exception as error:
        progress.end(FAILED, f"{type(error).__name__}: {error}; the worker's log has more")
        raise
    told = progress.end(state, reason, bars)
    if means.redis and (warning := publish(means.redis, [told])):
        progress.say(warning, "warning")
    with suppress(psycopg2.Error):  # the job has ended, whatever becomes of older ones
        forget_old_jobs(progress.connection)
    return "; ".join(filter(None, [f"{state}, {told.content['bars']:,} bars", reason]))


def _load(means: Means, progress: Progress, job: Job) -> tuple[str, str | None, int]:
    dataset = DATASETS[job.timeframe]
    end = min(job.last_day + timedelta(days=1), first_not_expected(means.now()))
    work = Work(means, progress, job, bars_table(dataset), tuple(sessions(job.first_day, end)))
    with progress.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tickstock.environment', %s, false)", (job.environment,))
    _ensure_symbols(work)
    missing = load_from_archive(work)
    with _rest(work) as rest:
        if missing and rest:
            load_from_rest(work, missing, rest)
        if bars := _count(work, missing):
            _describe(work, rest)
    if not bars:
        return FAILED, f"{NO_BAR}: {_shortened(work.remarks) or _why(work)}", 0
    return DONE, _shortened(work.remarks) or None, bars


@contextmanager
def _rest(work: Work) -> Iterator[MassiveRest | None]:
    """Massive's REST API, at the pace that all workers keep together; None where no key is set."""
    massive = work.means.market.massive
    if not massive.api_key:
        yield None
        return
    with closing(SharedPace(work.means.database, massive.calls_per_minute, work.check)) as pace:
        yield MassiveRest(massive, pace)


def _count(work: Work, missing: list[date]) -> int:
    """The bars that are stored now; what is missing is said."""
    counts = _stored(work.progress, work.job)
    with work.progress.connection.cursor() as cursor:
        left = days_without(cursor, work.place, work.job.symbols, missing)
    if not left:
        work.remarks.clear()  # why the archive had none of them is no matter any more
    elif not work.means.market.massive.api_key:
        work.lacks(f"not in the archive: {ranges(left)}; MASSIVE_API_KEY would let the REST API be asked")
    without = sorted(symbol for symbol, bars in counts.items() if not bars)
    if 0 < len(without) < len(counts):
        more = ", …" if len(without) > _TOLD else ""
        work.lacks(f"{len(without)} of {len(counts)} symbols have no bar: {', '.join(without[:_TOLD])}{more}")
    return sum(counts.values())


def _so_far(progress: Progress, job: Job) -> int:
    """The bars of a job that goes no further: none, where the table is not ours."""
    try:
        return sum(_stored(progress, job).values())
    except TickstockError:
        return 0


def _stored(progress: Progress, job: Job) -> dict[str, int]:
    """The bars that are stored of each symbol, which are written down too."""
    with progress.connection as connection, connection.cursor() as cursor:
        return count_bars(cursor, bars_table(DATASETS[job.timeframe]), job)


def _describe(work: Work, rest: MassiveRest | None) -> None:
    """Rows of ``symbols`` for what has bars now, too. It comes last: the bars are what was asked for."""
    ensured = _ensure_symbols(work, rest)
    if rest is None:
        work.progress.say("market capitalisation, type and exchange are asked for where MASSIVE_API_KEY is set")
    if ensured.created:
        work.progress.say(f"{len(ensured.created)} symbols are new")
    for symbol, reason in list(ensured.reasons.items())[:_TOLD]:
        work.progress.say(f"{symbol}: {reason}", "warning")
    if len(ensured.reasons) > _TOLD:
        work.progress.say(f"nothing new is known of {len(ensured.reasons) - _TOLD} more symbols", "warning")


def _ensure_symbols(work: Work, rest: MassiveRest | None = None) -> Ensured:
    """A table of symbols that takes no row of ours is worth a remark; bars are stored nevertheless."""
    try:
        return ensure_symbols_exist(
            work.progress.connection, work.job.symbols, rest, lambda done, of: work.step(_METADATA, done, of)
        )
    except (psycopg2.DataError, psycopg2.IntegrityError, psycopg2.ProgrammingError) as error:
        work.remark(
            f"symbols takes no rows ({error.diag.message_primary or error}); expected a table with a unique symbol in "
            "which no other column is required, and rights to write it: see docs/historical_data.md"
        )
        return Ensured((), (), {})


def _shortened(remarks: Sequence[str]) -> str:
    """The first remarks, which tell what is missing, and some of why."""
    more = len(remarks) - _REMARKS
    return "; ".join([*remarks[:_REMARKS], *([f"… ({more} more in the log)"] if more > 0 else [])])


def _why(work: Work) -> str:
    if not work.days:
        return f"no session from {work.job.first_day} to {work.job.last_day} whose data is due"
    return f"nobody has a bar of {', '.join(work.job.symbols[:5])} on these days; is it spelt right?"


@contextmanager
def _alone(connection: Connection, job: int) -> Iterator[None]:
    """Never two workers at one job, also where the queue took one for dead that was asleep.

    Raises:
        BusyError: another has it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('tickstock load job', %s))", (job,))
        if cursor.fetchall() != [(True,)]:
            raise BusyError(f"another worker is still at job {job}")
    try:
        yield
    finally:
        # The server would notice the end of the session only a moment after the next attempt may have begun.
        with suppress(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('tickstock load job', %s))", (job,))

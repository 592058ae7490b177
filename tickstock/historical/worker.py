"""The worker: takes jobs from the queue, one at a time, until it is told to end.

procrastinate keeps the queue: which job is next, who has it, and when one that failed for a while is tried again. It
notices a worker that was killed by its missing heartbeat; what that worker had is put back into the queue here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from tickstock.errors import BusyError
from tickstock.historical.job_orders import QUEUE, TASK
from tickstock.historical.running import run_job
from tickstock.historical.work import StoppedError
from tickstock.queue_schema import SCHEMA

if TYPE_CHECKING:
    from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision
    from procrastinate.jobs import Job

    from tickstock.historical.work import Means

_LOG = logging.getLogger("tickstock.worker")
# Seconds until a job is tried again for which something did not answer: from the first time to the last.
_SOON, _LATEST = 5, 600
_FREE = "SELECT pg_try_advisory_xact_lock(hashtextextended('tickstock load job', %(job)s)) AS free"
_AGAIN = 5  # seconds until a database that went away is looked for


class Beat(NamedTuple):
    """Seconds: how often a worker says that it lives, and after how many without that it is taken for dead."""

    every: float = 2.0
    dead_after: float = 10.0


def work(means: Means, tell: Callable[[str], None], beat: Beat = Beat(), wait: bool = True) -> None:  # noqa: B008
    """Work on jobs until SIGINT or SIGTERM; a job under way is given back then. Without ``wait``: until none is left.

    ``tell`` hears when it begins and ends, what becomes of each job, and when the database went away and came back.
    """
    asyncio.run(_work(means, tell, beat, wait))
    tell("ended")


async def _work(means: Means, tell: Callable[[str], None], beat: Beat, wait: bool) -> None:
    import psycopg
    from procrastinate.exceptions import ConnectorException

    while True:
        app = queue(means, tell)
        try:
            async with app.open_async():
                sweeper = asyncio.create_task(_sweep(app, beat))
                try:
                    tell("waiting for jobs")
                    await app.run_worker_async(
                        queues=[QUEUE], wait=wait, concurrency=1, update_heartbeat_interval=beat.every,
                        stalled_worker_timeout=beat.dead_after, fetch_job_polling_interval=beat.every,
                        shutdown_graceful_timeout=0, delete_jobs="always",  # load_jobs tells what became of it
                    )  # fmt: skip
                finally:
                    sweeper.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await sweeper
            return
        except (ConnectorException, psycopg.OperationalError) as error:
            reason = " ".join(str(error.__cause__ or error).split())  # procrastinate says no more than "Database error"
            tell(f"the database does not answer ({reason}); looking again in {_AGAIN} s")
            await asyncio.sleep(_AGAIN)


def queue(means: Means, tell: Callable[[str], None]) -> App:
    """procrastinate's application: its tables in their schema, and the one task."""
    from procrastinate import App, PsycopgConnector
    from procrastinate.exceptions import JobAborted

    parameters = dict(means.database.parameters)
    options = f"{parameters.pop('options', '')} -c search_path={SCHEMA}".strip()
    connector = PsycopgConnector(
        kwargs={**parameters, "options": options, "application_name": "tickstock worker"}, min_size=1, max_size=4
    )
    app = App(connector=connector)

    @app.task(name=TASK, queue=QUEUE, pass_context=True, retry=_again())
    def load_bars(context: JobContext, job: int) -> None:
        tell(f"job {job} begins")
        try:
            outcome = run_job(means._replace(stopped=lambda: means.stopped() or context.should_abort()), job)
        except StoppedError as stopped:
            tell(f"job {job} is given back")
            raise JobAborted from stopped
        except BusyError as error:
            tell(f"job {job} waits: {error}")
            raise
        tell(f"job {job}: {outcome}")

    return app


def _again() -> BaseRetryStrategy:
    """When a job is tried again: at once where its worker was told to end, later where something did not answer."""
    from procrastinate import BaseRetryStrategy, RetryDecision
    from procrastinate.exceptions import JobAborted

    class Again(BaseRetryStrategy):
        def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
            if isinstance(exception, JobAborted):
                return RetryDecision(retry_in={"seconds": 0})
            if isinstance(exception, BusyError):
                return RetryDecision(retry_in={"seconds": min(_SOON * 2**job.attempts, _LATEST)})
            return None

    return Again()


async def _sweep(app: App, beat: Beat) -> None:
    """Put the jobs of dead workers back into the queue, for whoever is free.

    One that is about to end has no heartbeat either: it still holds its job's lock, and lets go of it a moment before
    the queue knows that it ended. So a job is put back that was found without both twice.
    """
    before: set[int | None] = set()
    while True:
        with contextlib.suppress(Exception):  # a database that is away is the worker's own matter
            found = [job for job in await _stalled(app, beat) if await _is_free(app, job)]
            for job in found:
                if job.id in before:
                    _LOG.warning("job %s of a worker that is gone is put back", job.task_kwargs["job"])
                    await app.job_manager.retry_job(job)
            before = {job.id for job in found}
        await asyncio.sleep(beat.every)


async def _stalled(app: App, beat: Beat) -> Iterable[Job]:
    return await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=beat.dead_after)


async def _is_free(app: App, job: Job) -> bool:
    found = await app.connector.execute_query_one_async(_FREE, job=job.task_kwargs["job"])
    return bool(found["free"])

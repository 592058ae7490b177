"""What a running job writes down: that it began, how far it is, what it has to say, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.historical.announce import end_message, notify
from tickstock.historical.jobs import FAILED, Job, add_line, read_job

if TYPE_CHECKING:
    from tickstock.db import Connection
    from tickstock.notify import Message

# A job that ends its worker each time is not tried for ever.
MOST_ATTEMPTS = 20
# How long a job that has ended is kept, with its log and its results; its bars stay.
KEPT_DAYS = 90


class CancelledError(Exception):
    """Somebody asked to cancel the job that runs."""


class Progress(NamedTuple):
    """The record of one job, on the connection of its worker."""

    connection: Connection
    job: int

    def begin(self) -> Job | None:
        """Take the job; None where there is nothing left to do, because it has ended, or ended its worker too often."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE load_jobs SET state = 'running', attempts = attempts + 1,"
                " started_at = COALESCE(started_at, clock_timestamp())"
                " WHERE id = %s AND state IN ('waiting', 'running') RETURNING attempts, reason",
                (self.job,),
            )
            found = cursor.fetchall()
        if not found:
            return None
        attempt, reason = found[0]
        if attempt > MOST_ATTEMPTS:
            self.end(FAILED, f"given up after {MOST_ATTEMPTS} attempts: {reason or 'each time its worker was gone'}")
            return None
        if attempt > 1:
            self.say(f"goes on: attempt {attempt}")
        return read_job(self.connection, self.job)

    def step(self, name: str, done: int, of: int) -> None:
        """Tell what is being done, and how far that is.

        Raises:
            CancelledError: somebody asked for that.
        """
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE load_jobs SET step = %s, steps_done = %s, steps = %s WHERE id = %s RETURNING cancel_asked",
                (name, done, of, self.job),
            )
            if cursor.fetchall() == [(True,)]:
                raise CancelledError

    def check(self) -> None:
        """Raise CancelledError if somebody asked for that."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT cancel_asked FROM load_jobs WHERE id = %s", (self.job,))
            if cursor.fetchall() == [(True,)]:
                raise CancelledError

    def say(self, line: str, level: str = "info") -> None:
        """Add a line to the job's log."""
        with self.connection.cursor() as cursor:
            add_line(cursor, self.job, line, level)

    def end(self, state: str, reason: str | None, bars: int | None = None) -> Message:
        """Write down how the job ended, and tell it with the commit; give the message."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE load_jobs SET state = %s, reason = %s, bars = COALESCE(%s, bars),"
                " finished_at = clock_timestamp() WHERE id = %s",
                (state, reason, bars, self.job),
            )
            level = "error" if state == FAILED else "info"
            line = state if reason is None else f"{state}: {reason}"
            add_line(cursor, self.job, line, level)
            told = end_message(read_job(self.connection, self.job))
            notify(cursor, [told])
        return told

    def wait_again(self, reason: str, failures: int = 1) -> None:
        """Give the job back to the queue. A worker that was only told to end is no failure of the job's (0)."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE load_jobs SET state = 'waiting', reason = %s, attempts = attempts - 1 + %s WHERE id = %s",
                (reason, failures, self.job),
            )
            add_line(cursor, self.job, f"given back to the queue: {reason}", "warning")


def forget_old_jobs(connection: Connection) -> None:
    """Delete jobs that ended long ago, some at a time: those that are left are deleted the next time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM load_jobs WHERE state NOT IN ('waiting', 'running') AND id IN (SELECT id FROM load_jobs"
            " WHERE finished_at < now() - %s * interval '1 day' AND state NOT IN ('waiting', 'running') LIMIT 100)",
            (KEPT_DAYS,),
        )

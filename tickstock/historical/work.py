"""What a worker carries from step to step of a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from tickstock.historical.bars_table import BarsTable
from tickstock.historical.jobs import Job
from tickstock.historical.progress import Progress

if TYPE_CHECKING:
    from tickstock.db import Database
    from tickstock.market_settings import Market


class StoppedError(Exception):
    """The worker is told to end; the job goes on elsewhere."""


class Means(NamedTuple):
    """What a worker works with. ``stopped`` tells whether it is to end; ``redis``: who is told beside the database."""

    database: Database
    market: Market
    now: Callable[[], datetime]
    stopped: Callable[[], bool]
    redis: str | None = None


@dataclass
class Work:
    """A job under way: its sessions that are due, and the remarks of its sources."""

    means: Means
    progress: Progress
    job: Job
    place: BarsTable
    days: tuple[date, ...]
    remarks: list[str] = field(default_factory=list)

    def step(self, name: str, done: int, of: int) -> None:
        """Tell how far it is. Raises CancelledError and StoppedError, as :meth:`check`."""
        if self.means.stopped():
            raise StoppedError
        self.progress.step(name, done, of)

    def check(self) -> None:
        """Raise CancelledError or StoppedError where somebody asked for that."""
        if self.means.stopped():
            raise StoppedError
        self.progress.check()

    def lacks(self, line: str) -> None:
        """Say what is missing: before the remarks, which tell why."""
        self.remarks.insert(0, line)
        self.progress.say(line, "warning")

    def remark(self, line: str) -> None:
        """Say a thing once that whoever looks at the job should know."""
        if line not in self.remarks:
            self.remarks.append(line)
            self.progress.say(line, "warning")

"""One interface for work that falls apart into days: here on this machine's cores, or on a Dask cluster."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from tickstock.errors import BusyError, TickstockError, UsageError

T = TypeVar("T")
R = TypeVar("R")

# Two months of daily bars, or two days of minutes, are in memory at a time for each worker.
MOST_WORKERS = 4


class Map(Protocol):
    """Calls ``work`` with each task and gives the results as they come, in any order. The first error ends it."""

    def __call__(self, work: Callable[[T], R], tasks: Sequence[T], /) -> Iterator[R]:
        ...


def local_map(work: Callable[[T], R], tasks: Sequence[T], /) -> Iterator[R]:
    """On threads of this process: inflating, reading and writing all happen outside of Python's lock."""
    from concurrent.futures import ThreadPoolExecutor, as_completed

    with ThreadPoolExecutor(max(1, min(MOST_WORKERS, os.cpu_count() or 1))) as pool:
        waiting = [pool.submit(work, task) for task in tasks]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def dask_map(scheduler: str) -> Iterator[Map]:
    """On the workers of a Dask cluster (``tcp://host:8786``), which must see the same archive and store as we do.

    Work of a worker that dies is done by another.

    Raises:
        UsageError: dask is not installed.
        BusyError: no scheduler answers there, or it goes while there is work.
        TickstockError: worker after worker died over the same work.
    """
    try:
        from distributed import CancelledError, Client, KilledWorker, as_completed
    except ImportError as error:
        raise UsageError("--scheduler needs Dask, which is not there; try: pip install 'dask[distributed]'") from error
    try:
        client = Client(scheduler, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise BusyError(
            f"no Dask scheduler answers at {scheduler}; expected an address such as tcp://host:8786, as dask-scheduler "
            "prints it"
        ) from error

    def run(work: Callable[[T], R], tasks: Sequence[T], /) -> Iterator[R]:
        # Each task is asked for once: it writes files, so it is no pure function whose result may be kept.
        waiting = client.map(work, tasks, pure=False)
        try:
            for done in as_completed(waiting, loop=client.loop):  # type: ignore[no-untyped-call]
                yield done.result()
        except CancelledError as error:
            raise BusyError(
                f"the Dask cluster at {scheduler} has gone; what is done stays, the same call goes on from there"
            ) from error
        except KilledWorker as error:
            raise TickstockError(
                f"{error.allowed_failures + 1} Dask workers died over the same work; expected workers with 2 GB of "
                "memory each"
            ) from error

    log = logging.getLogger("distributed.client")
    before = log.level
    log.setLevel(logging.CRITICAL)  # a cluster that goes is told by what we raise
    try:
        with client:
            yield run
    finally:
        log.setLevel(before)

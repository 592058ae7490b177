"""Scripts as processes of their own, forked from one that has their modules loaded: a start takes milliseconds.

A trap in such a process counts the points at which it talks to the database, and sends it a signal at one of them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import psutil
import psycopg2
from psycopg2.extensions import cursor

from tests.conftest import load_script, uri_with_password
from tickstock.db import Database

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "tests.reliability.processes", "tickstock.loaders", "tickstock.migrations", "tickstock.embedded",
        "tickstock.relationships.load", "tickstock.relationships.text", "tickstock.relationships.inputs",
        "tickstock.relationships.evidence", "tickstock.sources.folder", "tickstock.sources.plain",
        "tickstock.sources.themes", "tickstock.sources.universe", "random", "json",
    ]
)  # fmt: skip


class Trap(NamedTuple):
    """Sends the process ``signal`` at the ``at``-th point. Points are before each statement (or ``after`` it) and
    each time that COPY asks for more.
    """

    at: int
    signal: signal.Signals
    after: bool = False


class Ended(NamedTuple):
    """How a process ended: its exit status (negative: the signal that killed it), what it wrote, its points."""

    status: int
    out: str
    err: str
    points: int


class Running:
    """A process at work on a function."""

    def __init__(self, work: Callable[..., int], *arguments: Any) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="tickstock-run-"))
        self._process = _CONTEXT.Process(target=_redirected, args=(self._place, work, arguments))
        self._process.start()
        self._known: psutil.Process | None = None
        with suppress(psutil.NoSuchProcess):  # it has ended already
            self._known = psutil.Process(self._process.pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, but to nobody who has got the process's number since it ended."""
        with suppress(psutil.NoSuchProcess):
            if self._known:
                self._known.send_signal(number)

    def alive(self) -> bool:
        return self._process.is_alive()

    def wait(self, seconds: float = 60) -> Ended:
        """How it ended. One that does not end is killed, and the test fails."""
        self._process.join(seconds)
        late = self._process.is_alive()
        if late:
            self._process.kill()
            self._process.join()
        out, err, points = (
            (self._place / name).read_text("utf-8") if (self._place / name).exists() else ""
            for name in ("out", "err", "points")
        )
        status = self._process.exitcode
        self._process.close()
        shutil.rmtree(self._place)
        assert not late, f"the process did not end within {seconds} s; it said: {out}{err}"
        assert status is not None
        return Ended(status, out, err, int(points or 0))


def start(database: Database, folder: Path, command: str, trap: Trap | None = None) -> Running:
    """Start a script, as in ``load_universes --mode full``, on a database and a folder of input files."""
    return start_with({"DATABASE_URI": uri_with_password(database), "HOLDINGS_DIR": str(folder)}, command, trap)


def start_with(environment: Mapping[str, str], command: str, trap: Trap | None = None) -> Running:
    return Running(_run_script, dict(environment), command, trap)


def run(database: Database, folder: Path, command: str, trap: Trap | None = None) -> Ended:
    return start(database, folder, command, trap).wait()


def _redirected(place: Path, work: Callable[..., int], arguments: tuple[Any, ...]) -> None:
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(place / name, os.O_WRONLY | os.O_CREAT), number)
    try:
        status = work(*arguments)
        for number in (signal.SIGINT, signal.SIGTERM):  # too late for the work
            signal.signal(number, signal.SIG_IGN)
    finally:
        (place / "points").write_text(str(_Count.points))
    sys.exit(status)


class _Count:
    """Of this process: what happened, and what is to happen."""

    points = 0
    trap: Trap | None = None


def _run_script(environment: dict[str, str], command: str, trap: Trap | None) -> int:
    os.environ.update(environment)
    _Count.trap = trap
    connect = psycopg2.connect
    psycopg2.connect = lambda *values, **options: connect(*values, **options, cursor_factory=_CountingCursor)
    name, *arguments = shlex.split(command)
    status = load_script(name).main(arguments)
    assert isinstance(status, int)
    return status


def _point() -> None:
    _Count.points += 1
    if _Count.trap and _Count.trap.at == _Count.points:
        os.kill(os.getpid(), _Count.trap.signal)


@contextmanager
def _statement() -> Iterator[None]:
    after = bool(_Count.trap and _Count.trap.after)
    if not after:
        _point()
    yield
    if after:
        _point()


class _Readable(Protocol):
    def read(self, size: int) -> str: ...


class _CountingStream:
    def __init__(self, stream: _Readable) -> None:
        self._stream = stream

    def read(self, size: int) -> str:
        _point()
        return self._stream.read(size)


class _CountingCursor(cursor):
    def execute(self, *arguments: Any) -> None:
        with _statement():
            super().execute(*arguments)

    def copy_expert(self, statement: Any, stream: Any, *arguments: Any) -> None:
        with _statement():
            super().copy_expert(statement, _CountingStream(stream), *arguments)  # type: ignore[arg-type]

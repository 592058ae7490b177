"""What every script shares: options, the way from an error to an exit status, progress."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from tickstock.errors import BusyError, TickstockError
from tickstock.terminal import printable

if TYPE_CHECKING:
    import socket

    from tickstock.db import Connection

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Work = Callable[[argparse.Namespace], int]


class _Interrupt(BaseException):
    """SIGINT or SIGTERM, as an exception, so that everything is rolled back on the way out."""


def parser(program: str, description: str, examples: str) -> argparse.ArgumentParser:
    """A parser with the options that every script has. ``examples``: one command line a line."""
    lines = "\n".join(f"  python {line.strip()}" for line in examples.strip().splitlines())
    result = argparse.ArgumentParser(
        prog=f"{program}.py",
        description=description,
        epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_common_options(result, "DEFAULT", False)
    return result


def subcommand(commands: Commands, name: str, description: str, work: Work) -> argparse.ArgumentParser:
    """A parser of a subcommand, which sets ``options.work``. What every script has may stand before or behind its name.

    ``commands`` is what the script's parser gives for ``add_subparsers(required=True)``.
    """
    result = commands.add_parser(name, help=description, description=description)
    # What is not given behind the name must not undo what was given before it.
    _add_common_options(result, argparse.SUPPRESS, argparse.SUPPRESS)
    result.set_defaults(work=work)
    return result


def _add_common_options(result: argparse.ArgumentParser, environment: str, flag: Any) -> None:
    text = "environment of the groups (DEFAULT)"
    result.add_argument("--environment", default=environment, metavar="NAME", help=text)
    for name, text in (
        ("--json", "print the result as JSON"),
        ("--verbose", "print every row, and a traceback after an error"),
        ("--quiet", "print errors only"),
    ):
        result.add_argument(name, action="store_true", default=flag, help=text)


def run(arguments: argparse.ArgumentParser, work: Work, argv: Sequence[str] | None) -> int:
    """Parse ``argv``, do the work, and turn whatever happens into an exit status.

    0 done, 1 failed, 2 usage, 3 refused by a guard, 4 busy, 130 and 143 on SIGINT and SIGTERM.
    """
    try:
        options = arguments.parse_args(argv)
        _check_environment(arguments, options.environment)
    except SystemExit as end:
        return int(end.code or 0)
    received: list[int] = []
    options.committed = []
    options.untold = []
    status = 1
    _accept_any_text()
    try:
        with _signals(received):
            status = work(options)
            sys.stdout.flush()
            return status
    except BrokenPipeError:
        _to_nowhere(sys.stdout)
        return status
    except (Exception, _Interrupt) as error:
        # Whatever the signal made fail on its way (a statement, a file) was the signal.
        options.committed += getattr(error, "__notes__", [])
        if received:
            name = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}[signal.Signals(received[0])]
            return _fail(options, f"{name}; {'' if options.committed else 'rolled back'}", 128 + received[0])
        return fail(options, error)


def fail(options: argparse.Namespace, error: BaseException) -> int:
    """Print what went wrong, in one line each; give the exit status. ``--verbose`` adds where, if it is a riddle."""
    if isinstance(error, TickstockError):
        if options.verbose and error.__cause__:
            _trace(error)
        return _fail(options, str(error), error.exit_status)
    if options.verbose:
        _trace(error)
    text = " ".join(str(error).split()) or "no message"
    if type(error).__module__.startswith("psycopg2"):
        from tickstock.db import was_cut

        if was_cut(error):
            return _fail(options, f"the connection to the database was cut ({text}); try again", BusyError.exit_status)
    return _fail(options, f"{type(error).__name__}: {text} (--verbose shows where)", 1)


def show(text: str) -> None:
    """Print a result to stdout. A reader that left (head, less) is no reason to leave the work half done."""
    try:
        print(_harmless(text))
    except BrokenPipeError:
        _to_nowhere(sys.stdout)


def say(options: argparse.Namespace, text: str) -> None:
    """Print a remark to stderr, unless ``--quiet``."""
    if not options.quiet:
        _tell(text)


def warn(text: str) -> None:
    """Print a line to stderr, also with ``--quiet``: one part of the work failed, the others go on."""
    _tell(text)


@contextmanager
def connected(options: argparse.Namespace, program: str) -> Iterator[Connection]:
    """Give a connection to the database of the settings, and say where that is if it is worth saying.

    Raises:
        BusyError, UnavailableError: see :func:`tickstock.migrations.connect`.
    """
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.settings import read_settings

    with open_database(read_settings(), program) as database:
        if database.note:
            say(options, database.note)
        with closing(migrations.connect(database)) as connection:
            yield connection


@contextmanager
def progress_bar(options: argparse.Namespace) -> Iterator[Callable[[str, int, int], None]]:
    """Give a callback (step, done, of) that draws a bar on a terminal once the work takes longer than a second."""
    started = time.monotonic()
    silent = options.quiet or not sys.stderr.isatty()
    bars: dict[str, Any] = {}

    def show(step: str, done: int, of: int) -> None:
        if silent or time.monotonic() - started < 1:
            return
        from tqdm import tqdm

        for ended in set(bars) - {step}:
            bars.pop(ended).close()
        if step not in bars:
            bars[step] = tqdm(total=of, desc=step, initial=done, leave=False, file=sys.stderr, unit_scale=True)
        bars[step].update(done - bars[step].n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


def _check_environment(arguments: argparse.ArgumentParser, name: str) -> None:
    if not 1 <= len(name) <= 10:
        arguments.error(f"--environment {name!r} has {len(name)} characters, expected 1 to 10")


def _fail(options: argparse.Namespace, message: str, status: int) -> int:
    *lines, last = message.splitlines()
    if options.committed:
        last = f"{last.removesuffix('; ')}; committed before that: {', '.join(options.committed)}"
    for line in (*lines, last):
        _tell(f"error: {line}")
    return status


def _tell(text: str) -> None:
    try:
        print(_harmless(text), file=sys.stderr)
    except BrokenPipeError:
        _to_nowhere(sys.stderr)


def _harmless(text: str) -> str:
    """Lines without what a terminal would obey: names come from files and from other people's rows."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))


def _to_nowhere(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _accept_any_text() -> None:
    """A terminal that lacks a character shows a question mark for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _trace(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error)


@contextmanager
def _signals(received: list[int]) -> Iterator[None]:
    """SIGINT and SIGTERM end the work at once, also while the database works on a statement.

    Python runs a signal's handler only after the statement's C call came back; so a thread that the signal
    wakes up cancels the statement.
    """
    import socket
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        received.append(number)
        if len(received) == 1:  # the way out is not interrupted again
            raise _Interrupt

    reader, writer = socket.socketpair()
    writer.setblocking(False)
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_cancel_at_signal, args=(reader,), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        writer.close()


def _cancel_at_signal(reader: socket.socket) -> None:
    with reader:
        while reader.recv(1):
            from tickstock.db import cancel_running

            cancel_running()

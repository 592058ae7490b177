"""The dump of a backup: written by pg_dump, read back through pg_restore."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from tickstock.backups.folder import Backup, open_private
from tickstock.backups.programs import Program
from tickstock.errors import BadInputError, BusyError, TickstockError

END = b"\\.\n"
PIECE = 1 << 18  # bytes
_SECRETS = ("password", "sslpassword")
_HEADER = re.compile(rb'COPY (?:"(?:[^"]|"")+"|[^". ]+)\.([a-z_]+) \((.*)\) FROM stdin;\n')
_COLUMN = re.compile(r'"((?:[^"]|"")+)"|([^", ]+)')


@contextmanager
def writing_dump(
    program: Program, parameters: Mapping[str, Any], options: Sequence[str], path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """pg_dump, at work on a new file while the block runs; the file is whole at the block's end.

    Raises:
        BusyError: a table was locked by somebody else for too long.
        TickstockError: pg_dump failed; the message has its own.
    """
    import tempfile

    shown = {name: value for name, value in parameters.items() if name not in _SECRETS}
    # An argument can be read by everybody on the machine, an environment cannot.
    environment = {**os.environ, "LC_ALL": "C"}
    if password := parameters.get("password"):
        environment["PGPASSWORD"] = password
    command = [str(program.path), *options, f"--dbname={_address(shown)}"]
    with open_private(path) as file, tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=said, env=environment) as process:
            try:
                yield process
                process.wait()
            finally:
                process.kill()
        if process.returncode:
            said.seek(0)
            _dump_failed(process.returncode, _last_lines(said.read()), password)


def _address(parameters: Mapping[str, Any]) -> str:
    from psycopg2.extensions import make_dsn

    address: str = make_dsn(**{"connect_timeout": "5", **parameters, "application_name": "tickstock backup"})
    return address


def _dump_failed(status: int, said: str, password: str | None) -> NoReturn:
    if password:
        said = said.replace(password, "***")
    if "lock timeout" in said:
        raise BusyError(f"no backup was made, a table is locked by another session ({said}); try again when it is done")
    raise TickstockError(f"no backup was made: pg_dump ended with status {status}: {said}")


class TableData:
    """The rows of one table as they stand in the dump, in COPY's text format; read it like a file."""

    def __init__(self, table: str, columns: tuple[str, ...], script: _Script) -> None:
        self.table, self.columns, self._script = table, columns, script
        self.rows = 0

    def read(self, size: int = 0) -> bytes:
        """Some of the rows, always whole ones, of whatever size; nothing at the end."""
        lines = self._script.data()
        self.rows += lines.count(b"\n")
        return lines


class _Script:
    """What pg_restore writes: statements, and between them lines of data up to a terminator."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._rest = b""
        self._in_data = False

    def statement(self) -> bytes:
        """The next line that is no data, nothing at the end. What was not read of the data before it is passed over.

        Raises:
            EOFError: those data have no end.
        """
        while self.data():
            pass
        if self._in_data:
            raise EOFError
        line, newline, self._rest = self._rest.partition(b"\n")
        return line + (newline or self._stream.readline())

    def begin_data(self) -> None:
        self._in_data = True

    def data(self) -> bytes:
        """The next lines of data; none at their end, or where the script breaks off."""
        if not self._in_data:
            return b""
        lines = self._rest or self._stream.read(PIECE)
        if not lines.endswith(b"\n"):
            lines += self._stream.readline()
        self._rest = b""
        end = 0 if lines.startswith(END) else lines.find(b"\n" + END) + 1
        if end or lines.startswith(END):
            lines, self._rest, self._in_data = lines[:end], lines[end + len(END) :], False
        return lines


@contextmanager
def reading_dump(program: Program, backup: Backup, only: str | None = None) -> Iterator[Iterator[TableData]]:
    """The tables of a dump (or one of them), one after the other, while the block runs.

    Raises:
        BadInputError: pg_restore cannot read the dump; raised where it breaks off, or at the end of the block.
    """
    command = [str(program.path), "--data-only", "--file=-", *([f"--table={only}"] if only else []), str(backup.dump)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stderr
        try:
            yield _tables(process.stdout)
            process.stdout.read()
            whole = process.wait() == 0
        except EOFError:
            whole = False
        except BaseException:
            process.kill()
            raise
        if not whole:
            # It ends with its first error, so what it says fits into the pipe.
            said = _last_lines(process.stderr.read())
            raise BadInputError(f"{backup.dump} is damaged, pg_restore cannot read it ({said}); nothing was changed")


def _tables(stream: IO[bytes]) -> Iterator[TableData]:
    script = _Script(stream)
    while line := script.statement():
        if header := _HEADER.fullmatch(line):
            script.begin_data()
            yield TableData(header[1].decode("ascii"), _columns(header[2].decode(errors="replace")), script)


def _columns(written: str) -> tuple[str, ...]:
    return tuple(quoted.replace('""', '"') or plain for quoted, plain in _COLUMN.findall(written))


def dump_checksum(path: Path) -> str:
    """MD5 of the bytes of a dump, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _last_lines(said: bytes) -> str:
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return " | ".join(lines[-3:]) or "it did not say why"

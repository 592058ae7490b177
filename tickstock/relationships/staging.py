"""From files into temporary tables: a stream that holds one file at a time."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO, cast

from tickstock.checksum import fingerprint
from tickstock.db import insert_values, statement

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor
    from tickstock.sources.records import Problem, Source, Split

_COPY_BLOCK = 1 << 14  # small, so that the server takes in one block while the next file is read
_NULL = r"\N"  # as COPY spells it


class GroupInput(NamedTuple):
    """A group that a load wants, and how to come by its file.

    ``checksum`` and ``read`` are None for a group without rows of its own (a sector's definition).
    ``description`` None: the file's own title, or what is stored. ``as_of``: the date that a person gave the file.
    """

    name: str
    description: str | None = None
    metadata: str = '{"source": "file"}'
    checksum: Callable[[], str] | None = None
    read: Callable[[], Source] | None = None
    as_of: date | None = None


class StagedFile(NamedTuple):
    """What staging remembers of a file after its rows went to the database. Sums in percent."""

    no: int
    name: str
    title: str
    path: Path
    format: str
    checksum: str
    fingerprint: str
    as_of: date | None
    rows: int
    members: int
    split_off: tuple[Split, ...]
    weighted: int
    weight_sum: Decimal
    weight_max: Decimal
    warnings: tuple[str, ...]

    @property
    def split_reasons(self) -> dict[str, int]:
        """How many lines were split off for which reason, the most frequent first."""
        return dict(Counter(split.reason for split in self.split_off).most_common())


class Staged(NamedTuple):
    """The result of staging: files by group name, problems, and the groups whose files were left out."""

    files: dict[str, StagedFile]
    problems: list[Problem]
    bad_groups: list[str]
    warnings: tuple[str, ...] = ()


def create_tables(connection: Connection) -> None:
    """Create the loader's temporary tables. They live as long as the connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement("load/stage"))


def clear_tables(connection: Connection) -> None:
    """Empty the loader's temporary tables, for another try on the same connection."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE staged_groups, staged_rows, planned_groups, planned_rows, hand_rows, past_rows")


def stage(
    connection: Connection,
    inputs: Iterable[GroupInput],
    to_read: frozenset[str],
    progress: Callable[[int], None] = lambda done: None,
) -> Staged:
    """Fill the staged tables with all inputs, and with the rows of those named in ``to_read``.

    Every file is read, also after one turned out bad, so that all problems are known at once. A bad file's
    rows are not staged. Nothing but temporary tables is written.
    """
    staged = Staged({}, [], [])
    numbered = list(enumerate(inputs, start=1))
    with connection.cursor() as cursor:
        reading = [(no, wanted) for no, wanted in numbered if wanted.name in to_read]
        if reading:
            lines = _lines(reading, staged, progress)
            copy_text(cursor, "COPY staged_rows (no, symbol, weight) FROM STDIN", lines)
        _insert_groups(cursor, numbered, staged)
    return staged


def copy_text(cursor: Cursor, statement: str, chunks: Iterator[str]) -> None:
    """Send pieces of text to a ``COPY … FROM STDIN``."""
    # COPY only ever calls read().
    with _silent_driver():
        cursor.copy_expert(statement, cast(TextIO, _Stream(chunks)), _COPY_BLOCK)


@contextmanager
def _silent_driver() -> Iterator[None]:
    """Where a server ends the session within a COPY, psycopg2 prints an error of its own before it raises."""
    before, sys.excepthook = sys.excepthook, lambda *error: None
    try:
        yield
    finally:
        sys.excepthook = before


def _lines(
    reading: list[tuple[int, GroupInput]], staged: Staged, progress: Callable[[int], None]
) -> Iterator[str]:
    for done, (no, wanted) in enumerate(reading, start=1):
        assert wanted.read is not None
        source = wanted.read()
        if source.problems:
            staged.problems.extend(source.problems)
            staged.bad_groups.append(wanted.name)
        else:
            staged.files[wanted.name] = _remember(no, wanted, source)
            yield "".join(
                [
                    f"{no}\t{holding.symbol}\t{_NULL if holding.weight is None else holding.weight}\n"
                    for holding in source.holdings
                ]
            )
        progress(done)


def _remember(no: int, wanted: GroupInput, source: Source) -> StagedFile:
    weights = [holding.weight for holding in source.holdings if holding.weight is not None]
    return StagedFile(
        no=no,
        name=wanted.name,
        title=source.title,
        path=source.path,
        format=source.format,
        checksum=source.checksum,
        fingerprint=fingerprint((holding.symbol, holding.weight) for holding in source.holdings),
        as_of=source.as_of,
        rows=source.rows,
        members=len(source.holdings),
        split_off=source.split_off,
        weighted=len(weights),
        weight_sum=sum(weights, Decimal(0)),
        weight_max=max(weights, default=Decimal(0)),
        warnings=source.warnings,
    )


def _insert_groups(cursor: Cursor, numbered: list[tuple[int, GroupInput]], staged: Staged) -> None:
    rows = []
    for no, wanted in numbered:
        if wanted.name in staged.bad_groups:
            continue
        file = staged.files.get(wanted.name)
        rest = (
            (True, str(file.path), file.format, file.checksum, file.fingerprint, file.as_of, file.rows,
             file.members, json.dumps(file.split_reasons), json.dumps(file.warnings))
            if file else (False, *[None] * 9)
        )  # fmt: skip
        description = wanted.description or (file.title if file else None) or None
        rows.append((no, wanted.name, description, wanted.metadata, *rest))
    if rows:
        insert_values(cursor, "INSERT INTO staged_groups VALUES", rows)


class _Stream:
    """The readable file that COPY asks for, over an iterator of text."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._rest = ""

    def read(self, size: int) -> str:
        while len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest += chunk
        block, self._rest = self._rest[:size], self._rest[size:]
        return block

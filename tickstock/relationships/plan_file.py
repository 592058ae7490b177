"""The file of a saved plan: JSON with a line an entry, and a line a row.

So two plans can be compared line by line, and a plan of any size is written and read a line at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from tickstock.errors import BadInputError

FORMAT = "tickstock plan 1"
_DIGEST = '"digest": '


def lines(entries: Mapping[str, Any], tables: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    """The lines of a file: the entries, the tables with a row of JSON a line, and a digest of all of it."""
    digest = hashlib.md5(usedforsecurity=False)
    for line in _lines(entries, tables):
        digest.update(line.encode())
        yield line
    yield f'{_DIGEST}"{digest.hexdigest()}"\n'
    yield "}\n"


def _lines(entries: Mapping[str, Any], tables: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    yield "{\n"
    for name, value in {"format": FORMAT, **entries}.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _list(name, map(json.dumps, value))
        else:
            yield f"{json.dumps(name)}: {json.dumps(value)},\n"
    for name, rows in tables:
        yield from _list(name, rows)


def _list(name: str, rows: Iterable[str]) -> Iterator[str]:
    yield f"{json.dumps(name)}: [\n"
    last = None
    for row in rows:
        if last is not None:
            yield f"{last},\n"
        last = row
    if last is not None:
        yield f"{last}\n"
    yield "],\n"


def read_entries(path: Path, tables: Iterable[str]) -> dict[str, Any]:
    """All entries of a saved plan but its tables.

    Raises:
        BadInputError: it cannot be read, it is no plan of this version, or somebody edited it.
    """
    left_out = {f"{json.dumps(name)}: [\n" for name in tables}
    kept = []
    skipping = False
    for line in _checked(path):
        skipping = skipping or line in left_out
        if not skipping:
            kept.append(line)
        skipping = skipping and line != "],\n"
    entries: dict[str, Any] = json.loads("".join(kept) + '"end": 0}')
    return entries


def read_tables(path: Path, tables: Iterable[str]) -> Iterator[tuple[str, Iterator[str]]]:
    """Each table with its rows as JSON, to be taken one after the other.

    Raises:
        BadInputError: after the last one, where somebody has edited the file meanwhile.
    """
    names = {f"{json.dumps(name)}: [\n": name for name in tables}
    lines = _checked(path)
    for line in lines:
        if line in names:
            yield names[line], _rows(lines)


def _rows(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == "],\n":
            return
        yield line.rstrip(",\n")


def _checked(path: Path) -> Iterator[str]:
    """The lines that the digest stands for."""
    digest = hashlib.md5(usedforsecurity=False)
    found = None
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            first = file.readline(), file.readline()
            _expect_format(path, first)
            for line in chain(first, file):
                if line.startswith(_DIGEST):
                    found = line
                    break
                digest.update(line.encode())
                yield line
            rest = file.read()
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror}); expected a plan of --plan") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: found no text, expected a plan of --dry-run --plan") from error
    if (found, rest) != (f'{_DIGEST}"{digest.hexdigest()}"\n', "}\n"):
        raise BadInputError(f"{path}: it is cut off, or somebody has edited it since it was made; make it anew")


def _expect_format(path: Path, first: tuple[str, str]) -> None:
    if first == ("{\n", f'"format": {json.dumps(FORMAT)},\n'):
        return
    try:
        name = json.loads("{" + first[1].rstrip(",\n") + "}")["format"]
        found = f"the format {name!r}"
    except (ValueError, KeyError, TypeError):
        found = "another file"
    raise BadInputError(f"{path}: found {found}, expected a plan of --dry-run --plan of the format {FORMAT!r}")

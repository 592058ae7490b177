"""One file, read once: bytes, checksum, format, rows and problems."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tickstock.checksum import file_checksum
from tickstock.errors import BadInputError
from tickstock.sources.ark import read_ark
from tickstock.sources.detect import Layout, detect
from tickstock.sources.invesco import read_invesco
from tickstock.sources.ishares import read_ishares
from tickstock.sources.plain import read_plain
from tickstock.sources.reading import Reading
from tickstock.sources.records import Source, UnusableError, shown
from tickstock.sources.ssga import read_ssga
from tickstock.sources.table import Table, open_table
from tickstock.sources.universe import read_universe

MOST_BYTES = 64 << 20

_READERS: Mapping[str, Callable[[Table, Layout, Reading], None]] = {
    "ark": read_ark,
    "invesco": read_invesco,
    "ishares": read_ishares,
    "plain": read_plain,
    "ssga": read_ssga,
    "universe": read_universe,
}


class Candidate(NamedTuple):
    """A file that will be read for a group; ``group`` is what its name, or else its content, says.

    ``as_of`` is the date that a person gives the file (``spy_holdings@2025-06-30.csv``, ``--as-of``); another one
    inside it is an error. ``named`` is a date in its name that counts where the suite's own formats, which hold no
    date, have none (``spy_holdings_2025-06-30.csv``): an issuer's file name has the day of the download.
    """

    path: Path
    kind: str
    group: str
    as_of: date | None = None
    named: date | None = None


def read(candidate: Candidate) -> Source:
    """Read a candidate. Never raises for what a file holds: what is wrong is among the Source's problems."""
    reading = Reading(candidate.path, candidate.kind, candidate.group)
    checksum = ""
    try:
        data = bytes_of(candidate.path)
        checksum = file_checksum(data)
        table = open_table(data)
        reading.warnings.extend(table.warnings)
        layout = detect(table, candidate.kind)
        reading.format = layout.format
        _check_fund(candidate, layout)
        _READERS[layout.format](table, layout, reading)
        reading.as_of = _date(candidate, layout, reading.as_of)
    except UnusableError as error:
        return reading.source(checksum, error)
    if reading.as_of and reading.as_of > date.today():
        reading.warnings.append(f"the as-of date {reading.as_of} lies in the future")
    return reading.source(checksum)


def checksum_of(path: Path) -> str:
    """The checksum of a file's bytes. Raises BadInputError where it cannot be read."""
    try:
        return file_checksum(bytes_of(path))
    except UnusableError as error:
        raise BadInputError(str(error.problem(path))) from error


def bytes_of(path: Path) -> bytes:
    """All bytes of a regular file of at most 64 MB. Raises UnusableError for anything else; never hangs."""
    try:
        status = path.stat()
        # Opening a pipe would wait for somebody to write into it.
        if not stat.S_ISREG(status.st_mode):
            raise UnusableError("a pipe, device or folder", "a regular file", "take it out of the folder")
        if status.st_size > MOST_BYTES:
            found, expected = f"a file of {status.st_size:,} bytes", f"at most {MOST_BYTES:,}"
            raise UnusableError(found, expected, "is this a file of holdings?")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except PermissionError as error:
        found = "a file that may not be read"
        raise UnusableError(found, "a readable file", "change its permissions") from error
    except FileNotFoundError as error:
        raise UnusableError("no such file", "a file", "was it moved, or is it a dead link?") from error
    except OSError as error:
        found = f"a file that cannot be read ({error.strerror or error})"
        raise UnusableError(found, "a readable file", "check the disk") from error


def _date(candidate: Candidate, layout: Layout, inside: date | None) -> date | None:
    if candidate.as_of and inside not in (None, candidate.as_of):
        raise UnusableError(
            f"the date {inside} inside", f"{candidate.as_of}, as its name or --as-of says", "correct one of the two"
        )
    named = candidate.named if layout.format in ("plain", "universe") else None
    return candidate.as_of or inside or named


def _check_fund(candidate: Candidate, layout: Layout) -> None:
    if candidate.kind == "ETF" and layout.fund and layout.fund != candidate.group:
        right = f"{layout.fund.lower()}_holdings{candidate.path.suffix.lower()}"
        rename = f"rename the file to {right}, or " if layout.fund.isalnum() else ""
        found = f"the fund {shown(layout.fund)} inside"
        raise UnusableError(found, candidate.group, f"{rename}download the right fund")

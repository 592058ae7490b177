"""The values that reading a file gives."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple


class Holding(NamedTuple):
    """One symbol of a file. ``weight`` is percent, exact to six decimals; None where the file has none."""

    line: int
    symbol: str
    weight: Decimal | None
    name: str = ""
    sector: str = ""


class Split(NamedTuple):
    """A line that is no US stock: ``text`` is its ticker and name, ``reason`` says in a word what it is."""

    line: int
    text: str
    reason: str


class Problem(NamedTuple):
    """Why a file, or one line of it, cannot be used. ``line`` is None where the whole file is meant."""

    path: Path
    line: int | None
    found: str
    expected: str
    hint: str

    def __str__(self) -> str:
        place = self.path.name if self.line is None else f"{self.path.name}:{self.line}"
        sentence = f"{place}: found {self.found}"
        if self.expected:
            sentence += f", expected {self.expected}"
        return f"{sentence}; {self.hint}" if self.hint else sentence


class UnusableError(Exception):
    """A whole file cannot be used. The readers raise it, and ``files.read`` makes a Problem of it."""

    def __init__(self, found: str, expected: str, hint: str, line: int | None = None) -> None:
        super().__init__(found)
        self.found, self.expected, self.hint, self.line = found, expected, hint, line

    def problem(self, path: Path) -> Problem:
        return Problem(path, self.line, self.found, self.expected, self.hint)


class Source(NamedTuple):
    """A file read into rows and problems.

    ``kind`` is ``ETF``, ``UNIVERSE`` or ``THEME``, ``group`` the group's canonical name (``SPY``, ``sp500``,
    ``crypto_miners``), ``title`` the name that stands in the file. ``holdings`` has one row a symbol, in the
    order of first appearance. Every data line is accounted for,
    ``rows == loaded_rows + len(split_off) + rejected``. ``problems`` lists at most 20 of the rejected lines,
    and then how many more there are.
    """

    path: Path
    kind: str
    group: str
    format: str
    title: str
    checksum: str
    as_of: date | None
    holdings: tuple[Holding, ...]
    rows: int
    loaded_rows: int
    rejected: int
    split_off: tuple[Split, ...]
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]


def shown(text: str, limit: int = 40) -> str:
    """Foreign text for a message: quoted, one line, control characters escaped, not longer than ``limit``."""
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")

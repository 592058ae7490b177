"""Files that say which sector and industry a stock has: one line a stock."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tickstock.checksum import file_checksum
from tickstock.sector_names import is_no_sector, known_sector, nearest_sectors
from tickstock.sources.files import bytes_of
from tickstock.sources.reading import Reading
from tickstock.sources.records import Problem, UnusableError, shown
from tickstock.sources.table import Table, body, clean, columns, is_blank, open_table
from tickstock.symbols import read_ticker, symbol_of

_MOST_SHOWN = 5
_MOST_EXPLAINED = 20  # as many as Reading lists; finding near names is slow


class Evidence(NamedTuple):
    """What one line says of a stock. ``sector`` is a sector group's name, or empty where the line has none."""

    line: int
    symbol: str
    sector: str
    industry: str
    name: str


class Classification(NamedTuple):
    """A file read: one row a symbol, in the order of first appearance; ``problems`` are the lines left out."""

    path: Path
    checksum: str
    rows: tuple[Evidence, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def read_classification(path: Path, kind: str) -> Classification:
    """A file with the columns symbol (or ticker) and sector, and industry and name where it has them.

    ``kind`` is "override" (a person's decisions: unknown means the group ``unknown``, and an empty sector is a
    problem, as is a symbol that is no US stock's) or "classification" (both mean that the file knows the stock
    without a sector; lines whose symbol is no US stock by its spelling are passed over, with a warning). Never
    raises for what the file holds.
    """
    reading = _Lines(path, kind)
    checksum = ""
    try:
        data = bytes_of(path)
        checksum = file_checksum(data)
        table = open_table(data)
        reading.account.warnings.extend(table.warnings)
        _read(table, reading)
    except UnusableError as error:
        return Classification(path, checksum, (), (error.problem(path),), ())
    return reading.finished(checksum)


def _read(table: Table, reading: _Lines) -> None:
    header = next((index for index, row in enumerate(table.rows) if not is_blank(row[1])), -1)
    line, names = table.rows[header] if header >= 0 else (1, [])
    at = columns(names, line)
    symbol_at, sector_at = at.get("symbol", at.get("ticker")), at.get("sector")
    if symbol_at is None or sector_at is None:
        found = f"{shown(','.join(names))} as the first line"
        raise UnusableError(found, "the header symbol,sector,industry", "put it there", line)
    industry_at, name_at = at.get("industry"), at.get("name")
    for line, cells in body(table, header, reading.account):
        symbol = reading.symbol(line, cells[symbol_at])
        sector = reading.sector(line, cells[sector_at]) if symbol else None
        if sector is not None:
            industry = "" if industry_at is None else _prose(cells[industry_at])
            name = "" if name_at is None else clean(cells[name_at])
            reading.add(Evidence(line, symbol, sector, industry, name), cells[symbol_at].strip() == symbol)


class _Lines:
    """The account of a file's lines; what is wrong with them goes into ``account``."""

    def __init__(self, path: Path, kind: str) -> None:
        self.account = Reading(path, "SECTOR", "")
        self._is_override = kind == "override"
        self._rows: dict[str, tuple[Evidence, tuple[bool, bool]]] = {}  # with its rank, see add()
        self._passed_over: list[str] = []
        self._repeated: dict[str, None] = {}

    def symbol(self, line: int, ticker: str) -> str:
        """The symbol; empty where the line is passed over or rejected."""
        if symbol := symbol_of(ticker):
            return symbol
        _, no_stock, error = read_ticker(ticker)
        if no_stock and not self._is_override:
            self._passed_over.append(shown(ticker.strip(), 12))
        else:
            found = f"the ticker {shown(ticker)} ({error or no_stock})"
            self.account.reject(line, found, "one like AAPL or BRK.B", "correct the line")
        return ""

    def sector(self, line: int, cell: str) -> str | None:
        """The sector group's name, empty for none; None where the line is rejected."""
        if is_no_sector(cell):
            sector = known_sector(cell) if self._is_override else ""
            if sector or not self._is_override:
                return sector
            self.account.reject(line, f"the sector {shown(cell)}", "a sector's name, or unknown", "enter it")
            return None
        if sector := known_sector(cell):
            return sector
        near = nearest_sectors(cell) if self.account.rejected < _MOST_EXPLAINED else ""
        self.account.reject(line, f"the sector {shown(cell)}", "one of the 11 GICS sectors", near)
        return None

    def add(self, row: Evidence, own_spelling: bool) -> None:
        """Keep a line. Of several for one stock that which names a sector counts, then that in our spelling.

        Vendors' lists have a share class twice (UHAL.B and UHALB) from sources that do not agree; of a person's
        decisions neither is the better one.
        """
        rank = (bool(row.sector), own_spelling or self._is_override)
        first, rank_of_first = self._rows.setdefault(row.symbol, (row, rank))
        if first is row:
            return
        if rank == rank_of_first and row.sector != first.sector:
            found = f"{row.symbol} in {row.sector}, and in {first.sector} on line {first.line}"
            self.account.reject(row.line, found, "one sector a stock", "take one of the lines out")
            return
        self._repeated[row.symbol] = None
        if rank > rank_of_first:
            self._rows[row.symbol] = (row, rank)

    def finished(self, checksum: str) -> Classification:
        warnings = list(self.account.warnings)
        if self._passed_over:
            lines = "1 line" if len(self._passed_over) == 1 else f"{len(self._passed_over):,} lines"
            warnings.append(f"passed over {lines} whose symbol is no US stock's: {_some(self._passed_over)}")
        if self._repeated:
            warnings.append(f"{_some(list(self._repeated))} more than once; one line of each counts")
        rows = tuple(row for row, _ in self._rows.values())
        problems = self.account.source(checksum).problems
        return Classification(self.account.path, checksum, rows, problems, tuple(warnings))


@lru_cache(maxsize=4096)
def _prose(cell: str) -> str:
    return "" if is_no_sector(cell) else clean(cell)


def _some(texts: list[str]) -> str:
    """A few for a message, and how many more there are."""
    listed = ", ".join(texts[:_MOST_SHOWN])
    return listed if len(texts) <= _MOST_SHOWN else f"{listed} and {len(texts) - _MOST_SHOWN:,} more"

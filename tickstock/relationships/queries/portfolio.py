"""A portfolio's file: positions by weight, by value, or by shares and price."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tickstock.errors import BadInputError
from tickstock.sources.files import bytes_of
from tickstock.sources.reading import Reading
from tickstock.sources.records import UnusableError, shown
from tickstock.sources.table import body, columns, is_blank, open_table

if TYPE_CHECKING:
    from pathlib import Path

    from tickstock.sources.table import Table

_SYMBOL = ("symbol", "ticker")
# What the amounts are taken from, the first that the file has. Two columns are multiplied.
_BASES = {"weight": ("weight",), "value": ("value",), "shares": ("shares", "price")}
_EXPECTED = "symbol (or ticker), and weight, or value, or shares and price"
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,12})?|\.[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]{0,12})?")


class Portfolio(NamedTuple):
    """A file's positions: ticker as written -> amount, in the order of the file, the same ticker summed.

    ``basis`` says what the amounts are: ``weight`` (percent), ``value`` or ``shares`` (times price): money.
    ``total`` is their sum, above zero; shorts are negative.
    """

    name: str
    basis: str
    amounts: dict[str, Decimal]
    total: Decimal
    remarks: list[str]


def read_portfolio(path: Path) -> Portfolio:
    """Read a portfolio from CSV, or a workbook.

    Raises:
        BadInputError: it cannot be used; every bad line is listed.
    """
    reading = Reading(path, "PORTFOLIO", path.stem)
    try:
        table = open_table(bytes_of(path))
        header = _header(table)
        line, names = table.rows[header]
        basis, remarks = _basis(columns(names, line), line)
    except UnusableError as error:
        raise BadInputError(str(error.problem(path))) from error
    amounts = _amounts(table, header, basis, reading)
    if reading.rejected:
        raise BadInputError("\n".join(map(str, reading.source("").problems)))
    total = sum(amounts.values(), Decimal(0))
    if total <= 0:
        found = f"positions that sum to {total:f}" if amounts else "no positions"
        raise BadInputError(f"{path.name}: found {found}, expected a portfolio that is worth something")
    if basis == "weight" and total != 100:
        remarks.append(f"{path.name}: the weights sum to {total:f} %, not 100; taken as shares of that sum")
    return Portfolio(path.name, basis, amounts, total, remarks)


def _header(table: Table) -> int:
    for position, (line, cells) in enumerate(table.rows):
        if not is_blank(cells):
            if any(name in columns(cells, line) for name in _SYMBOL):
                return position
            raise UnusableError(f"the columns {shown(', '.join(cells))}", _EXPECTED, "add a header line", line)
    raise UnusableError("no lines", _EXPECTED, "export it again")


def _basis(at: dict[str, int], line: int) -> tuple[str, list[str]]:
    usable = [basis for basis, names in _BASES.items() if all(name in at for name in names)]
    if not usable:
        raise UnusableError(f"the columns {shown(', '.join(at), 80)}", _EXPECTED, "add what is missing", line)
    over = [name for basis in _BASES if basis != usable[0] for name in _BASES[basis] if name in at]
    remarks = [f"amounts are taken from {' x '.join(_BASES[usable[0]])}; passed over: {', '.join(over)}"]
    return usable[0], remarks if over else []


def _amounts(table: Table, header: int, basis: str, reading: Reading) -> dict[str, Decimal]:
    line, names = table.rows[header]
    at = columns(names, line)
    ticker_at = next(at[name] for name in _SYMBOL if name in at)
    result: dict[str, Decimal] = {}
    for line, cells in body(table, header, reading):
        ticker = " ".join(cells[ticker_at].split())
        amount = Decimal(1)
        for name in _BASES[basis]:
            number = _number(cells[at[name]])
            if number is None:
                reading.reject(line, f"{name} {shown(cells[at[name]])}", "a number", "correct it, or take the line out")
                break
            amount *= number
        else:
            if ticker:
                result[ticker] = result.get(ticker, Decimal(0)) + amount
            else:
                reading.reject(line, "no ticker", "one like AAPL or SPY", "correct the line, or take it out")
    return result


def _number(cell: str) -> Decimal | None:
    """A number as spreadsheets and brokers write it: ``1,234.50``, ``$12``, ``5 %``, ``-3``, ``(3)``; else None."""
    text = cell.strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    elif text[:1] in ("-", "+"):
        text, negative = text[1:].strip(), text[0] == "-"
    text = text.removeprefix("$").removesuffix("%").strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text.replace(",", ""))
    return -value if negative else value

"""The two small files that name things: universes and their descriptions, funds and their names."""

from __future__ import annotations

import re
from pathlib import Path

from tickstock.errors import BadInputError
from tickstock.sources.files import bytes_of
from tickstock.sources.records import UnusableError, shown
from tickstock.sources.table import columns, how_many, is_blank, open_table

_UNIVERSE = re.compile(r"[a-z][a-z0-9_]{0,49}")
_FUND = re.compile(r"[A-Z][A-Z0-9.]{0,9}")


def read_universe_registry(path: Path) -> dict[str, str]:
    """Descriptions of the universes by name, from the columns ``universe,description``.

    Raises BadInputError for a file that cannot be read, a name not in lower_snake_case, or one given twice.
    """
    return _read_names(path, "universe", "description", _UNIVERSE)


def read_fund_names(path: Path) -> dict[str, str]:
    """Names of the funds by ticker, from the columns ``etf,name``. Raises BadInputError as above."""
    return _read_names(path, "etf", "name", _FUND)


def _read_names(path: Path, key: str, value: str, shape: re.Pattern[str]) -> dict[str, str]:
    try:
        return _names(path, key, value, shape)
    except UnusableError as error:
        raise BadInputError(str(error.problem(path))) from error


def _names(path: Path, key: str, value: str, shape: re.Pattern[str]) -> dict[str, str]:
    rows = [row for row in open_table(bytes_of(path)).rows if not is_blank(row[1])]
    line, header = rows[0] if rows else (1, [])
    at = columns(header, line)
    if key not in at or value not in at:
        found_header, hint = shown(",".join(header)), "put it on the first line"
        raise UnusableError(found_header, f"the header {key},{value}", hint, line)
    found: dict[str, str] = {}
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            expected = f"{len(header)}, as in the header"
            raise UnusableError(how_many(cells), expected, "mend the line", line)
        name = cells[at[key]].strip()
        if not shape.fullmatch(name) or name in found:
            what = "again" if name in found else f"as {key}"
            example = "sp500" if key == "universe" else "SPY"
            expected = f"each {key} once, spelt like {example}"
            raise UnusableError(f"{shown(name)} {what}", expected, "correct the line", line)
        found[name] = " ".join(cells[at[value]].split())
    return found

"""Bytes to rows of text cells, with line numbers; whatever is no table is told apart here."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tickstock.sources.reading import Reading
from tickstock.sources.records import UnusableError, shown

MOST_LINES = 100_000
_LONGEST_LINE = 1 << 20
_TABLE = "a table with commas between the cells, or an Excel workbook (.xlsx)"
TORN = ("a row over several lines", "one line a row", 'look for a quote (") that is not closed')
_SAVE_AS = "save it as CSV (UTF-8, with commas)"

# What is found at the start of a file that was saved under a table's name.
_FOREIGN = (
    (re.compile(rb"(?:\xff\xfe|\xfe\xff)"), "text in UTF-16", "text in UTF-8", _SAVE_AS),
    (re.compile(rb"\s*<"), "an HTML or XML page", _TABLE, "download it again: the address gave a web page"),
    (re.compile(rb"\s*[{\[]"), "a JSON document", _TABLE, "download it again: the address gave no table"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old Excel workbook (.xls)", _TABLE, "save it as .xlsx or CSV"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive", _TABLE, "unpack it"),
    (re.compile(rb"%PDF"), "a PDF document", _TABLE, "download the table instead"),
)


class Table(NamedTuple):
    """Rows as ``(line, cells)``, lines from 1 on; ``torn``: the first lines of rows that take several."""

    rows: list[tuple[int, list[str]]]
    torn: frozenset[int] = frozenset()
    warnings: tuple[str, ...] = ()


def open_table(data: bytes) -> Table:
    """Read a file's bytes as a table, by what they are and not by the file's name.

    Raises UnusableError for anything else: an empty file, a web page, UTF-16, an archive, broken quotes.
    """
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from tickstock.sources.workbook import workbook_table  # it loads an Excel reader

        return workbook_table(data)
    start = data[:1024].removeprefix(b"\xef\xbb\xbf")
    if not start.strip() and not data.strip():
        raise UnusableError("an empty file", _TABLE, "download or export it again")
    for pattern, found, expected, hint in _FOREIGN:
        if pattern.match(start):
            raise UnusableError(found, expected, hint)
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise UnusableError("a NUL byte (binary data, or text in UTF-16)", "text in UTF-8", _SAVE_AS, line)
    _check_size(data)
    return _csv_table(data)


def _check_size(data: bytes) -> None:
    lines = max(data.count(b"\n"), data.count(b"\r"))
    if lines > MOST_LINES:
        raise UnusableError(f"{lines} lines", f"at most {MOST_LINES}", "is this a file of holdings?")
    start, line = 0, 1
    while len(data) - start > _LONGEST_LINE:
        end = data.find(b"\n", start, start + _LONGEST_LINE)
        if end < 0:
            raise UnusableError("a line of more than 1 MB", _TABLE, _SAVE_AS, line)
        start, line = end + 1, line + 1


def _csv_table(data: bytes) -> Table:
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _no_utf8(data, error.start) from error
    # newline="" leaves the line ends to the csv module, which knows LF, CR LF and CR.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    torn: set[int] = set()
    last = 0
    try:
        for cells in reader:
            last += 1
            rows.append((last, cells))
            if reader.line_num != last:  # a cell holds a line end
                torn.add(last)
                last = reader.line_num
    except csv.Error as error:
        hint = 'look for a quote (") that is not closed'
        raise UnusableError(f"broken CSV ({error})", "cells and quotes that match", hint, last + 1) from error
    _check_delimiter(rows)
    return Table(rows, frozenset(torn))


def _no_utf8(data: bytes, at: int) -> UnusableError:
    line = data.count(b"\n", 0, at) + 1
    return UnusableError(f"the byte 0x{data[at]:02x}, no UTF-8", "text in UTF-8", _SAVE_AS, line)


def _check_delimiter(rows: list[tuple[int, list[str]]]) -> None:
    """Refuse a file whose first line with anything in it has other separators and no comma."""
    if any(len(cells) > 3 for _, cells in rows[:40]):
        return  # commas make a table further down: the first line is a title
    for line, cells in rows:
        if not is_blank(cells):
            for delimiter, name in ((";", "semicolon"), ("\t", "tab"), ("|", "vertical bar")):
                if len(cells) == 1 and delimiter in cells[0].strip():
                    found = f"cells separated by a {name} ({shown(delimiter)})"
                    raise UnusableError(found, "cells separated by a comma (',')", _SAVE_AS, line)
            return


def is_blank(cells: list[str]) -> bool:
    # Nearly every row has something in its first cell: look there first, and only then at all of them.
    return not (cells and cells[0].strip()) and not "".join(cells).strip()


def is_legal_text(cells: list[str]) -> bool:
    """Issuers put their legal notices below the table: one long text in the first cell, nothing beside it."""
    return len(cells[0].strip()) >= 60 and is_blank(cells[1:])


def columns(cells: list[str], line: int) -> dict[str, int]:
    """Where each column stands, by its name in lower case. Raises UnusableError for a name given twice."""
    found: dict[str, int] = {}
    for position, cell in enumerate(cells):
        name = " ".join(cell.casefold().split())
        if name in found:
            raise UnusableError(f"the column {shown(name)} twice", "each once", "take one of them out", line)
        if name:
            found[name] = position
    return found


def body(
    table: Table, header: int, reading: Reading, is_footer: Callable[[list[str]], bool] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """The data lines below the header (an index into ``table.rows``) that have the header's shape.

    Blank lines are passed over, and so is what ``is_footer`` recognises; every other line of another shape is
    rejected, so that nothing gets lost in silence.
    """
    names = table.rows[header][1]
    width = len(names)
    torn = table.torn
    for line, cells in table.rows[header + 1 :]:
        # Most lines are as they should be: let these pass without a call.
        if len(cells) == width and cells[0].strip() and not is_footer and line not in torn:
            yield line, cells
            continue
        if is_blank(cells) or (is_footer and is_footer(cells)):
            continue
        if len(cells) == width and line not in table.torn:
            yield line, cells
        elif line in table.torn:
            reading.reject(line, *TORN)
        elif len(cells) < width or not is_blank(cells[width:]):
            reading.reject(line, how_many(cells), f"{width}, as in the header", "mend the line")
        else:
            yield line, cells[:width]


def how_many(cells: list[str]) -> str:
    return "1 cell" if len(cells) == 1 else f"{len(cells)} cells"


def clean(cell: str) -> str:
    """A cell of prose: runs of blanks as one, and the issuers' ``-`` for nothing as nothing."""
    text = " ".join(cell.split())
    return "" if text == "-" else text

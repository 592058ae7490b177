"""Excel workbooks (.xlsx) as rows of text, without trusting what the file says about itself."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import Any

from tickstock.sources.records import UnusableError
from tickstock.sources.table import MOST_LINES, Table

_MOST_BYTES = 64 << 20
_MOST_CELLS = 2_000_000
_REFERENCE = re.compile(rb"""\br=["']([A-Z]{0,3})([0-9]{1,7})["']""")
_EXPECTED = "an Excel workbook (.xlsx) in one piece"
_AGAIN = "download it again"


def workbook_table(data: bytes) -> Table:
    """The first sheet's rows as text. Raises UnusableError for what is cut off, damaged or far too large."""
    from python_calamine import CalamineWorkbook  # only workbooks need it

    _check(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = workbook.sheet_names
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the Rust code inside is no Exception
        raise UnusableError(f"a damaged workbook ({_reason(error)})", _EXPECTED, _AGAIN) from error
    more = (f"{len(names)} sheets; only the first ({names[0]}) is read",) if len(names) > 1 else ()
    return Table([(line, [_text(cell) for cell in row]) for line, row in enumerate(rows, 1)], warnings=more)


def _check(data: bytes) -> None:
    """Unpack everything once: a checksum mismatch, a bomb or a stray cell in the last row ends here."""
    left = _MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as packed:
                    content = packed.read(left + 1)
                left -= len(content)
                if left < 0:
                    break
                if entry.filename.endswith(".xml"):
                    _check_extent(content)
    except UnusableError:
        raise
    except Exception as error:  # zipfile and zlib raise a dozen kinds on damaged files
        raise UnusableError(f"a damaged workbook ({_reason(error)})", _EXPECTED, _AGAIN) from error
    if left < 0:
        found = "a workbook of more than 64 MB unpacked"
        raise UnusableError(found, "a file of holdings", "is it the right one?")


def _check_extent(xml: bytes) -> None:
    # The reader lays the sheet out as a full rectangle: one cell at XFD1048576 would take 17 billion places.
    rows = columns = 0
    for letters, digits in _REFERENCE.findall(xml):
        rows = max(rows, int(digits))
        number = 0
        for letter in letters:
            number = number * 26 + letter - 64
        columns = max(columns, number)
    if rows > MOST_LINES or rows * columns > _MOST_CELLS:
        found = f"a sheet of {rows} rows and {columns} columns"
        raise UnusableError(found, f"at most {MOST_LINES} rows", "delete stray cells far from the table")


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__


def _text(cell: Any) -> str:
    """A cell as a person would type it: 5 for 5.0, TRUE where Excel made a truth value of that ticker."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell.date() if isinstance(cell, datetime) else cell)

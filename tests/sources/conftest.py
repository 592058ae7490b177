"""What the readers' tests share: files made from a few lines, and the hand-written samples."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tickstock.sources.files import Candidate, read
from tickstock.sources.records import Source

SAMPLES = Path(__file__).parent.parent / "data" / "sources"

Read = Callable[..., Source]


def workbook_bytes(rows: list[list[str]]) -> bytes:
    """An Excel workbook with these rows; what looks like a number is one, as in the issuers' own."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append([_cell(text) for text in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _cell(text: str) -> str | float | None:
    try:
        return float(text)
    except ValueError:
        return text or None


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the hand-written files and of what is expected of them."""
    return SAMPLES


@pytest.fixture(scope="session")
def make_workbook() -> Callable[[list[list[str]]], bytes]:
    return workbook_bytes


@pytest.fixture(scope="session")
def sample_bytes() -> Callable[[str], bytes]:
    """A sample as the issuer would send it: ``.sheet.csv`` is the content of a workbook."""

    def load(name: str) -> bytes:
        data = (SAMPLES / name).read_bytes()
        if not name.endswith(".sheet.csv"):
            return data
        return workbook_bytes(list(csv.reader(io.StringIO(data.decode(), newline=""))))

    return load


@pytest.fixture
def read_bytes(tmp_path: Path) -> Read:
    """Read some content as if it lay in a file for a group (default: ``spy_holdings.csv`` for SPY)."""

    def load(content: bytes | str, group: str = "SPY", kind: str = "ETF", name: str = "") -> Source:
        path = tmp_path / (name or f"{group.lower()}_holdings.csv")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(Candidate(path, kind, group))

    return load

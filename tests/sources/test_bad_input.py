"""Whatever lies in the folder under a fund's name: one clear problem, soon, and never an exception."""

from __future__ import annotations

import io
import os
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tickstock.errors import BadInputError
from tickstock.sources.files import Candidate, checksum_of, read
from tickstock.sources.records import Source

Read = Callable[..., Source]
Bytes = Callable[[str], bytes]


WHOLE_FILE = [
    (b"", "found an empty file"),
    (b" \n\t\r\n", "found an empty file"),
    (b"\xef\xbb\xbf\n", "found an empty table"),
    (b",,\n", "found an empty table"),
    (b"\n\n<!DOCTYPE HTML>\n<html><title>404</title>", "found an HTML or XML page"),
    (b'{"response":"error calling https://..."}', "found a JSON document"),
    (b"[]", "found a JSON document"),
    (b"\x1f\x8b\x08\x00", "found a gzip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "found an old Excel workbook (.xls)"),
    (b"%PDF-1.7", "found a PDF document"),
    (b"PK\x03\x04 and then nothing", "found a damaged workbook"),
    ("symbol,weight\nAAPL,60\n".encode("utf-16"), "found text in UTF-16"),
    ("symbol,weight\nAAPL,60\n".encode("utf-16-le"), ":1: found a NUL byte"),
    (b"symbol,weight\nAA\0PL,60\n", ":2: found a NUL byte"),
    ("symbol,weight,name\nLVMH,60,Moët\n".encode("cp1252"), ":2: found the byte 0xeb, no UTF-8"),
    (b"symbol;weight\nAAPL;60\n", ":1: found cells separated by a semicolon (';'), expected cells separated by"),
    (b"symbol\tweight\nAAPL\t60\n", ":1: found cells separated by a tab ('\\t')"),
    (b"symbol|weight\nAAPL|60\n", ":1: found cells separated by a vertical bar"),
    (b"symbol,weight,Weight\nAAPL,60,60\n", ":1: found the column 'weight' twice"),
    (b"AAPL,60\nT,40\n", ":1: found 'AAPL,60' as the first line, expected the header symbol,weight"),
    (b'symbol,weight\n"AAPL,60\nT,40\n', ":2: found broken CSV"),
    (b'symbol,weight\n"AAPL"x,60\n', ":2: found broken CSV"),
    (b"symbol,weight\n" + b"A" * 10_000_000 + b",1\n", ":2: found a line of more than 1 MB"),
    (b"symbol,weight\n" + b"A" * 200_000 + b",1\n", ":2: found broken CSV (field larger"),
    (b"A,1\n" * 100_001, "found 100001 lines, expected at most 100000"),
    (b'iShares\nFund Holdings as of,"-"\n\nTicker,Name,Asset Class,Weight (%)\n', ":2: found the as-of date '-'"),
    (b'iShares\nFund Holdings as of,"Nov 18, 2025"\n', "found an iShares file without its header"),
    (b"Fund,Company,Ticker\nARKK,TESLA INC,TSLA\n", "found the fund 'ARKK' inside, expected SPY; rename the file"),
]


@pytest.mark.parametrize(("content", "message"), WHOLE_FILE)
def test_a_file_that_is_no_table_is_one_problem(content: bytes, message: str, read_bytes: Read) -> None:
    source = read_bytes(content)
    (problem,) = source.problems
    assert message in str(problem)
    assert str(problem).startswith("spy_holdings.csv:")
    assert problem.expected
    assert problem.hint
    assert "\n" not in str(problem)
    assert (source.rows, source.loaded_rows, source.rejected, source.holdings) == (0, 0, 0, ())


ONE_LINE = [
    ("O'BRIEN,1", "found the ticker \"O'BRIEN\""),
    ("'; DROP TABLE x;--,1", "found the ticker \"'; DROP TABLE x;--\""),
    ('"""AAPL""",1', "found the ticker '\"AAPL\"'"),
    ("AA\u200bPL,1", "found the ticker 'AA\\u200bPL'"),
    ("AA\x07PL,1", "found the ticker 'AA\\x07PL'"),
    ("symbol,weight", "found the ticker 'symbol' (the name of a column)"),
    ("AAPL", "found 1 cell, expected 2"),
    ("AAPL,6,5", "found 3 cells, expected 2"),
    ('AAPL,"6\n"', "found a row over several lines"),
    ("A" * 100_000 + ",1", "found the ticker 'AAAA"),
    ("AAPL," + "9" * 100_000, "found weight '9999"),
]


@pytest.mark.parametrize(("line", "message"), ONE_LINE)
def test_a_bad_line_is_named_and_the_others_still_counted(line: str, message: str, read_bytes: Read) -> None:
    source = read_bytes(f"symbol,weight\nGE,1\n{line}\nT,1,\n")
    (problem,) = source.problems
    assert str(problem).startswith(f"spy_holdings.csv:3: {message}")
    assert len(str(problem)) < 250
    assert (source.rows, source.loaded_rows, source.rejected) == (3, 2, 1)


def test_many_bad_lines_are_counted_and_twenty_are_listed(read_bytes: Read) -> None:
    source = read_bytes("symbol,weight\n" + "AAPL,abc\n" * 57)
    assert (source.rows, source.rejected, len(source.problems)) == (57, 57, 21)
    assert str(source.problems[-1]) == "spy_holdings.csv: found 37 more bad lines"


def test_two_funds_in_one_file_are_told_apart(read_bytes: Read) -> None:
    content = "date,fund,company,ticker,weight (%)\n6/4/2024,ARKK,A,TSLA,9%\n6/4/2024,ARKQ,B,TSLA,9%\n"
    (problem,) = read_bytes(content, "ARKK").problems
    assert str(problem).startswith("arkk_holdings.csv:3: found the fund 'ARKQ', expected ARKK")


@pytest.mark.parametrize("day", ["13/01/2024", "02/30/2024", "soon", ""])
def test_a_line_without_a_proper_date_is_refused(day: str, read_bytes: Read) -> None:
    content = f"date,fund,company,ticker,weight (%)\n6/4/2024,ARKK,A,TSLA,9%\n{day},ARKK,B,ROKU,9%\n"
    (problem,) = read_bytes(content, "ARKK").problems
    assert str(problem).startswith(f"arkk_holdings.csv:3: found the date '{day}'")


def test_a_second_table_in_the_file_is_not_added_up(read_bytes: Read, sample_bytes: Bytes) -> None:
    table = sample_bytes("ishares_ivv.csv").decode("utf-8-sig")
    source = read_bytes(table + "\n" + table, "IVV")
    assert source.rejected > 0


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_truncated_workbook_is_one_problem(share: float, read_bytes: Read, sample_bytes: Bytes) -> None:
    whole = sample_bytes("ssga_xle.sheet.csv")
    (problem,) = read_bytes(whole[: int(len(whole) * share)], "XLE").problems
    assert "found a damaged workbook" in str(problem)


def _workbook_with(sheet: bytes, good: bytes) -> bytes:
    """The good workbook with another sheet in it."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet if name.startswith("xl/worksheets/") else old.read(name))
    return result.getvalue()


def test_bombs_are_refused_before_they_go_off(read_bytes: Read, sample_bytes: Bytes) -> None:
    good = sample_bytes("ssga_xle.sheet.csv")
    stray = b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>'
    bombs = {
        "a sheet of 1048576 rows and 16384 columns": _workbook_with(stray, good),
        "a workbook of more than 64 MB unpacked": _workbook_with(b" " * 70_000_000, good),
    }
    for found, bomb in bombs.items():
        (problem,) = read_bytes(bomb, "XLE").problems
        assert problem.found == found


@pytest.mark.parametrize(
    "content",
    [
        b"symbol,weight\n" + b"A" * 10_000_000,
        b"symbol,weight\n" + b"x" * 800_000 + b"," * 200_000 + b"\n",
        b"," * 1_000_000,
        b'symbol,weight\n"' + b"AAPL,1\n" * 90_000,
        b"symbol,weight\n" + b"A,abc\n" * 99_000,
        b"symbol,weight\n" + b"6301,1\n" * 99_000,
    ],
)
def test_large_nonsense_takes_less_than_a_second_and_bounded_memory(content: bytes, read_bytes: Read) -> None:
    started = time.thread_time()
    read_bytes(content)
    assert time.thread_time() - started < 1
    tracemalloc.start()
    try:
        source = read_bytes(content)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()
    assert source.problems or source.split_off


def test_a_file_of_more_than_64_mb_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "spy_holdings.csv"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    (problem,) = read(Candidate(path, "ETF", "SPY")).problems
    assert str(problem).startswith("spy_holdings.csv: found a file of 67,108,865 bytes, expected at most 67,108,864")


def test_pipes_missing_files_and_folders_never_hang(tmp_path: Path) -> None:
    pipe = tmp_path / "spy_holdings.csv"
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)
    else:
        pipe.mkdir()
    for path, found in [(pipe, "a pipe, device or folder"), (tmp_path / "no.csv", "no such file"), (tmp_path, "a p")]:
        (problem,) = read(Candidate(path, "ETF", "SPY")).problems
        assert problem.found.startswith(found)
        with pytest.raises(BadInputError, match=found):
            checksum_of(path)

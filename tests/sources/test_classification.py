"""Classification files: whatever a line says is counted, and a doubtful one is named and not guessed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickstock.checksum import file_checksum
from tickstock.sources.classification import Classification, Evidence, read_classification

HEADER = "symbol,name,sector,industry\n"
SECTORS = {
    "information_technology", "health_care", "financials", "consumer_discretionary", "communication_services",
    "industrials", "consumer_staples", "energy", "utilities", "real_estate", "materials",
}  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("classification") / "stock_classification.csv"


def read(path: Path, content: str | bytes, kind: str = "classification") -> Classification:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_classification(path, kind)


def test_a_row_a_stock_with_our_names_for_sector_and_symbol(path: Path) -> None:
    content = HEADER + "AAPL,Apple,Technology,  Computer  Hardware\nbrk/b,Berkshire,Financial Services,\n\nTSM,,-,-\n"
    found = read(path, content)
    assert found.rows == (
        Evidence(2, "AAPL", "information_technology", "Computer Hardware", "Apple"),
        Evidence(3, "BRK.B", "financials", "", "Berkshire"),
        Evidence(5, "TSM", "", "", ""),
    )
    assert (found.path, found.checksum) == (path, file_checksum(content.encode()))
    assert (found.problems, found.warnings) == ((), ())


def test_a_vendors_columns_are_found_by_name(path: Path) -> None:
    found = read(path, "\ufeffMarket Cap,SECTOR,Ticker,,x\n1,Energy,XOM,,\n")
    assert found.rows == (Evidence(2, "XOM", "energy", "", ""),)


@pytest.mark.parametrize("cell", ["", " ", "-", "N/A", "Unknown", "Unclassified", "Miscellaneous", "Cash"])
def test_a_stock_listed_without_a_sector_stays_in_the_result(cell: str, path: Path) -> None:
    assert read(path, f"symbol,sector\nTSM,{cell}\n").rows == (Evidence(2, "TSM", "", "", ""),)


@pytest.mark.parametrize("cell", ["unknown", "Unclassified"])
def test_a_person_may_decide_that_a_sector_is_unknown(cell: str, path: Path) -> None:
    found = read(path, f"symbol,sector\nTSM,{cell}\n", "override")
    assert (found.rows, found.problems) == ((Evidence(2, "TSM", "unknown", "", ""),), ())


@pytest.mark.parametrize("cell", ["", "-", "N/A", "Other"])
def test_a_decision_without_a_sector_is_a_problem(cell: str, path: Path) -> None:
    found = read(path, f"symbol,sector,industry\nTSM,{cell},\nAAPL,Technology,Software\n", "override")
    (problem,) = found.problems
    assert str(problem) == (
        f"stock_classification.csv:2: found the sector '{cell}', expected a sector's name, or unknown; enter it"
    )
    assert [row.symbol for row in found.rows] == ["AAPL"]


def test_what_is_no_us_stock_is_passed_over_and_counted(path: Path) -> None:
    found = read(path, "symbol,sector\nABR^D,Financials\nAAPL,Technology\n7203 JP,Autos\n,Energy\nAAC.WS,\n")
    assert [row.symbol for row in found.rows] == ["AAPL"]
    assert found.problems == ()
    assert found.warnings == (
        "passed over 4 lines whose symbol is no US stock's: 'ABR^D', '7203 JP', '', 'AAC.WS'",
    )


def test_a_sector_that_is_not_known_is_a_problem_with_its_line(path: Path) -> None:
    found = read(path, "symbol,sector\nAAPL,Technologie\nMSFT,Technology\n")
    assert [str(problem) for problem in found.problems] == [
        "stock_classification.csv:2: found the sector 'Technologie', expected one of the 11 GICS sectors; "
        "nearest: information_technology"
    ]
    assert [row.symbol for row in found.rows] == ["MSFT"]


@pytest.mark.parametrize("line", ["'; DROP TABLE x;--,Energy", "XOM", "XOM,Energy,more", '"X\nOM",Energy'])
def test_a_malformed_line_is_a_problem(line: str, path: Path) -> None:
    found = read(path, f"symbol,sector\n{line}\n")
    assert [problem.line for problem in found.problems] == [2]
    assert found.rows == ()


def test_twenty_problems_are_listed_and_the_others_counted(path: Path) -> None:
    content = "symbol,sector\n" + "".join(f"A{chr(65 + n % 26)}{chr(65 + n // 26)},nonsense {n}\n" for n in range(400))
    problems = read(path, content).problems
    assert len(problems) == 21
    assert [problem.line for problem in problems[:20]] == list(range(2, 22))
    assert str(problems[20]).startswith("stock_classification.csv: found 380 more bad lines")


def test_a_stock_twice_with_one_sector_is_a_warning(path: Path) -> None:
    found = read(path, HEADER + "BRK.B,first,Financials,\nBRK/B,second,Financial,Insurance\n")
    assert found.rows == (Evidence(2, "BRK.B", "financials", "", "first"),)
    assert found.warnings == ("BRK.B more than once; one line of each counts",)
    assert found.problems == ()


@pytest.mark.parametrize("kind", ["override", "classification"])
def test_a_stock_twice_with_two_sectors_is_a_problem(kind: str, path: Path) -> None:
    found = read(path, "symbol,sector\nXOM,Energy\nXOM,Materials\n", kind)
    assert [str(problem) for problem in found.problems] == [
        "stock_classification.csv:3: found XOM in materials, and in energy on line 2, expected one sector a stock; "
        "take one of the lines out"
    ]


@pytest.mark.parametrize("lines", ["UHAL.B,Industrials\nUHALB,Energy\n", "UHALB,Energy\nUHAL.B,Industrials\n"])
def test_of_two_spellings_in_a_vendors_list_ours_counts_and_a_persons_must_agree(lines: str, path: Path) -> None:
    found = read(path, "symbol,sector\n" + lines)
    assert [(row.symbol, row.sector) for row in found.rows] == [("UHAL.B", "industrials")]
    assert (found.problems, len(found.warnings)) == ((), 1)
    assert [problem.line for problem in read(path, "symbol,sector\n" + lines, "override").problems] == [3]


@pytest.mark.parametrize("lines", ["XOM,\nXOM,Energy\n", "XOM,Energy\nXOM,-\n"])
def test_a_line_that_names_a_sector_counts_before_one_that_names_none(lines: str, path: Path) -> None:
    found = read(path, "symbol,sector\n" + lines)
    assert [row.sector for row in found.rows] == ["energy"]
    assert (found.problems, len(found.warnings)) == ((), 1)


def test_a_header_alone_is_a_file_without_rows(path: Path) -> None:
    found = read(path, HEADER)
    assert (found.rows, found.problems, found.warnings) == ((), (), ())


@pytest.mark.parametrize(
    "content", ["", "<html>", "symbol,industry\nA,b\n", "name,sector\n", "symbol,sector,sector\n", "\x00", b"\xff"]
)
def test_a_file_of_another_kind_is_one_problem(content: str | bytes, path: Path) -> None:
    found = read(path, content)
    assert (found.rows, found.warnings, len(found.problems)) == ((), (), 1)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    found = read_classification(tmp_path / "sector_overrides.csv", "override")
    assert found.checksum == ""
    assert str(found.problems[0]).startswith("sector_overrides.csv: found no such file")


def test_a_whole_market_is_read_quickly(path: Path) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    symbols = [a + b + c for a in letters for b in letters for c in letters][:11_000]
    path.write_text(HEADER + "".join(f"{s},Company {s} Inc.,Financial Services,Banks\n" for s in symbols))
    started = time.thread_time()
    found = read_classification(path, "classification")
    assert time.thread_time() - started < 1  # about 0.05 s
    assert len(found.rows) == 11_000


CELLS = ["AAPL", "brk/b", "BRKB", "BRK.B", "ABR^D", "-", "Technology", "Tech", "Energie", "Unknown", "", "=1", "Ä"]
noise = st.binary(max_size=400) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))
lines = st.lists(st.sampled_from([*CELLS, '"', "\x07", "\n"]) | st.text(max_size=8), max_size=5).map(",".join)
tables = st.builds(
    lambda header, rows: "\n".join([header, *rows]).encode("utf-8", "surrogatepass"),
    st.sampled_from(["symbol,sector", "ticker,sector,industry,name", "sector,symbol", "symbol", ""]),
    st.lists(lines, max_size=30),
)


@settings(max_examples=400, deadline=None)
@given(content=noise | tables, kind=st.sampled_from(["override", "classification"]))
def test_no_content_crashes_it(path: Path, content: bytes, kind: str) -> None:
    found = read(path, content, kind)
    symbols = [row.symbol for row in found.rows]
    assert len(set(symbols)) == len(symbols)
    assert {row.sector for row in found.rows} <= SECTORS | ({"unknown"} if kind == "override" else {""})
    assert all("\n" not in str(problem) for problem in found.problems)
    assert len(found.problems) <= 21

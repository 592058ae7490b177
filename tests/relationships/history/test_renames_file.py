"""A file of renames is read whole, or all that is wrong with it is told."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.errors import BadInputError
from tickstock.relationships.history.renames import Rename
from tickstock.relationships.history.renames_file import read_renames_file

FB = Rename("FB", "META", date(2022, 6, 9))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "renames.csv"


@pytest.mark.parametrize(
    "text",
    [
        "old,new,date,note\nFB,META,2022-06-09,\n",
        "old,new,date\nFB,META,2022-06-09\n",
        "OLD, New ,date\n\nFB,META,2022-06-09\n\n",
        "FB,META,2022-06-09",
        "fb , meta,06/09/2022\n",
        "\ufeffold,new,date\r\nFB,META,\"Jun 9, 2022\"\r\n",
    ],
)  # fmt: skip
def test_it_is_read_with_or_without_a_header(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="")
    assert read_renames_file(file) == [FB]


def test_symbols_get_the_one_spelling_and_notes_are_kept(file: Path) -> None:
    file.write_text("old,new,date,note\nBF/B,bfa,2022-06-10, two  words \nFB,META,2022-06-09,Meta Platforms\n")
    assert read_renames_file(file) == [
        FB._replace(note="Meta Platforms"),
        Rename("BF.B", "BF.A", date(2022, 6, 10), "two words"),
    ]


def test_a_header_alone_says_that_there_are_none(file: Path) -> None:
    file.write_text("old,new,date\n")
    assert read_renames_file(file) == []


def test_a_chain_and_a_ticker_that_is_used_again_are_fine(file: Path) -> None:
    file.write_text("A,B,2020-01-01\nB,C,2022-01-01\nA,D,2023-01-01\nC,E,2024-01-01\nD,C,2024-01-01\n")
    assert len(read_renames_file(file)) == 5


def test_everything_that_is_wrong_is_told_with_its_line(file: Path) -> None:
    file.write_text(
        "old,new,date\n"
        "FB,META,2022-06-09\n"
        "P5N994,ABC,2022-06-09\n"
        "ABC,,2022-06-09\n"
        "ABC,DEF,09.06.2022\n"
        "ABC,abc,2022-06-09\n"
        "ABC,DEF\n"
        "FB,OTHER,2022-06-09\n"
        "GOOD,META,2022-06-09\n"
        "X,Y,2022-06-09\n"
        "Y,Z,2022-06-09\n"
        "Z,X,2022-06-09\n"
    )
    with pytest.raises(BadInputError) as found:
        read_renames_file(file)
    assert str(found.value).splitlines() == [
        "renames.csv:3: found the ticker 'P5N994' (digits in the ticker), expected one like AAPL or BRK.B; "
        "correct the line",
        "renames.csv:4: found the ticker '' (no ticker), expected one like AAPL or BRK.B; correct the line",
        "renames.csv:5: found the date '09.06.2022', expected the first day of the new symbol, like 2022-06-09; "
        "correct the line",
        "renames.csv:6: found ABC twice, expected two symbols; correct the line",
        "renames.csv:7: found 2 cells, expected old,new,date or old,new,date,note; mend the line",
        "renames.csv:8: found FB renamed on 2022-06-09 again, as in line 2, expected one new symbol on a day; "
        "take out, or correct, one of them",
        "renames.csv:9: found META taken up on 2022-06-09 again, as in line 2, expected one old symbol on a day; "
        "take out, or correct, one of them",
        "renames.csv:12: found a cycle on 2022-06-09: Z -> X -> Y -> Z, expected symbols that are not renamed in a "
        "circle on one day; take out, or correct, one of them",
    ]


def test_a_file_that_is_none(file: Path) -> None:
    with pytest.raises(BadInputError, match=r"renames\.csv: found no"):
        read_renames_file(file)
    file.write_text("")
    with pytest.raises(BadInputError, match="an empty file"):
        read_renames_file(file)
    file.write_text("<html>")
    with pytest.raises(BadInputError, match="an HTML or XML page"):
        read_renames_file(file)
    file.write_text("symbol,weight\n" + "AAPL,1\n" * 100)
    with pytest.raises(BadInputError) as wrong:
        read_renames_file(file)
    assert str(wrong.value) == (
        "renames.csv: found no line with three or four cells (the first has 2 cells), "
        "expected old,new,date or old,new,date,note; is it another file?"
    )


@given(st.binary(max_size=200) | st.text(alphabet="ABF,\n-0129\" ", max_size=200).map(str.encode))
def test_no_content_crashes_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("renames") / "renames.csv"
    path.write_bytes(content)
    with suppress(BadInputError):
        assert all(each.old_symbol != each.new_symbol for each in read_renames_file(path))

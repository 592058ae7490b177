"""A ticker is one word, never a path, and its file is no other ticker's on any system."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.bars.tickers import checked, file_stem, read_list, yahoo_spelling
from tickstock.errors import BadInputError


@pytest.mark.parametrize(
    ("written", "ticker"),
    [("XLK", "XLK"), (" AAPL ", "AAPL"), ("BRK-B", "BRK.B"), ("BRK/B", "BRK.B"), ("BCpC", "BCpC"), ("NA", "NA")],
)
def test_a_ticker_has_one_spelling(written: str, ticker: str) -> None:
    assert checked(written) == ticker


@pytest.mark.parametrize(
    "text", ["", " ", "../x", "..", "/etc/passwd", "A B", "A\nB", "A/../B", "<img>", "A\x00", "É", "A" * 21]
)
def test_what_is_no_ticker_is_an_error(text: str) -> None:
    with pytest.raises(BadInputError, match="is no ticker"):
        checked(text)


@pytest.mark.parametrize(
    ("ticker", "stem"),
    [("XLK", "XLK"), ("BRK.B", "BRK%2EB"), ("BCpC", "BC+pC"), ("CON", "_CON"), ("PRN", "_PRN"), ("COM1", "_COM1"),
     ("../x", "%2E%2E%2F+x"), ("CON.A", "CON%2EA")],
)  # fmt: skip
def test_the_name_of_a_file(ticker: str, stem: str) -> None:
    assert file_stem(ticker) == stem


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_two_tickers_never_share_a_file_even_where_case_is_folded(one: str, other: str) -> None:
    if one != other:
        assert file_stem(one).casefold() != file_stem(other).casefold()
    assert not {"/", "\\", ".", ":", "\x00"} & set(file_stem(one))


@pytest.mark.parametrize(
    ("ticker", "yahoo"), [("XLK", "XLK"), ("BRK.B", "BRK-B"), ("BCpC", "BC-PC"), ("BACp", "BAC-P"), ("^GSPC", "^GSPC")]
)
def test_yahoo_spells_classes_and_preferreds_its_own_way(ticker: str, yahoo: str) -> None:
    assert yahoo_spelling(ticker) == yahoo


def test_a_list_has_each_ticker_once_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("# sectors\nXLK, XLF\n\nNA TRUE  # real tickers\nXLK BRK-B\n")
    assert read_list(path) == ("XLK", "XLF", "NA", "TRUE", "BRK.B")


def test_a_bad_word_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("XLK\n../x\n")
    with pytest.raises(BadInputError, match=r"mine\.txt:2: '\.\./x' is no ticker"):
        read_list(path)


def test_a_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"stocks\.txt cannot be read"):
        read_list(tmp_path / "stocks.txt")

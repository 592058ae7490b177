"""What people type into the field for symbols."""

from __future__ import annotations

import pytest

from tickstock.errors import BadInputError
from tickstock.historical.symbols import typed_symbols


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("SPY,QQQ,VTI", ("SPY", "QQQ", "VTI")),
        (" spy ,, brk-b;BRK/B\nBRK B\r\nF,", ("SPY", "BRK.B", "F")),
        ("BCPC", ("BCPC",)),
    ],
)
def test_symbols_in_the_projects_spelling_each_once(text: str, symbols: tuple[str, ...]) -> None:
    assert typed_symbols(text) == symbols


@pytest.mark.parametrize("text", ["", " ,;\n "])
def test_nothing_is_no_list(text: str) -> None:
    with pytest.raises(BadInputError, match="no symbol is given"):
        typed_symbols(text)


def test_every_wrong_word_is_named() -> None:
    with pytest.raises(BadInputError) as caught:
        typed_symbols("AAPL, BCpC, 6301 JP, SPY QQQ")
    assert str(caught.value) == (
        "no symbols: 'BCpC' (preferred share; BCPC in capitals is another stock), '6301 JP' (foreign listing), "
        "'SPY QQQ' (not letters with at most one share class); expected symbols apart by commas, such as SPY, BRK.B"
    )

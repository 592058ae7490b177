"""A universe is a list of symbols; its first line is a header only if it says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tickstock.sources.records import Source

Read = Callable[..., Source]


@pytest.mark.parametrize(
    "content",
    [
        "symbol\nAAPL\nBRK.B\nNA\n",
        "Ticker\nAAPL\nBRK.B\nNA\n",
        "AAPL\nBRK.B\nNA\n",
        "AAPL\n\nBRKB\n  \nna\n",
        "Symbol,Security,GICS Sector\nAAPL,Apple,Tech\nBRK.B,Berkshire,Financials\nNA,Nano Labs,Tech\n",
        "AAPL,Apple\nBRK.B,\"Berkshire, Inc\"\nNA,Nano Labs,more\n",
    ],
)
def test_a_list_with_or_without_header(content: str, read_bytes: Read) -> None:
    source = read_bytes(content, "sp500", "UNIVERSE", "sp500.csv")
    assert [h.symbol for h in source.holdings] == ["AAPL", "BRK.B", "NA"]
    assert (source.format, source.rows, source.problems, source.warnings) == ("universe", 3, (), ())


def test_a_symbol_twice_is_stored_once_with_a_warning(read_bytes: Read) -> None:
    source = read_bytes("AAPL\nT\nAAPL\n", "dow30", "UNIVERSE")
    assert [h.symbol for h in source.holdings] == ["AAPL", "T"]
    assert (source.rows, source.loaded_rows) == (3, 3)
    assert source.warnings == ("AAPL more than once; each is stored once",)


def test_a_line_that_is_no_symbol_is_refused_and_no_stock_is_split_off(read_bytes: Read) -> None:
    source = read_bytes("AAPL\n# a remark\nESZ5\n", "dow30", "UNIVERSE")
    assert [(p.line, p.expected) for p in source.problems] == [(2, "one like AAPL or BRK.B")]
    assert [(split.line, split.reason) for split in source.split_off] == [(3, "future")]


@pytest.mark.parametrize("content", ["AAPL,MSFT,T\n", "name,symbol\nApple,AAPL\n", "AAPL;1\nT;2\n"])
def test_what_would_lose_symbols_in_silence_is_refused(content: str, read_bytes: Read) -> None:
    source = read_bytes(content, "dow30", "UNIVERSE")
    assert len(source.problems) == 1
    assert source.holdings == ()

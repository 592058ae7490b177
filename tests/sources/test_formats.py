"""Every format's sample gives exactly the rows that stand beside it, line by line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from tickstock.checksum import file_checksum
from tickstock.sources.records import Source

Read = Callable[..., Source]
Bytes = Callable[[str], bytes]


class Sample(NamedTuple):
    """What a sample holds beside its rows; ``rows`` counts the data lines."""

    file: str
    group: str
    format: str
    title: str
    as_of: date | None
    rows: int


FORMATS = [
    Sample("plain_spy.csv", "SPY", "plain", "", None, 17),
    Sample("ishares_ivv.csv", "IVV", "ishares", "iShares Sample Index ETF", date(2025, 11, 18), 20),
    Sample("ssga_xle.sheet.csv", "XLE", "ssga", "The Sample Energy Fund", date(2024, 7, 8), 9),
    Sample("invesco_qqq.csv", "QQQ", "invesco", "", date(2020, 7, 2), 5),
    Sample("ark_arkk.csv", "ARKK", "ark", "", date(2024, 6, 4), 8),
    Sample("ark_arkk_2023.csv", "ARKK", "ark", "", date(2023, 3, 3), 2),
    Sample("ark_ctru_two_dates.csv", "CTRU", "ark", "", date(2022, 5, 24), 4),
]


@pytest.mark.parametrize("sample", FORMATS)
def test_a_sample_gives_the_expected_rows(
    sample: Sample, read_bytes: Read, sample_bytes: Bytes, samples: Path
) -> None:
    content = sample_bytes(sample.file)
    source = read_bytes(content, sample.group)
    assert source.problems == ()
    assert (source.format, source.title, source.as_of) == (sample.format, sample.title, sample.as_of)
    assert (source.kind, source.group, source.checksum) == ("ETF", sample.group, file_checksum(content))
    assert source.rows == sample.rows == source.loaded_rows + len(source.split_off)

    expected_file = samples / f"{sample.file.split('.', maxsplit=1)[0]}.expected.csv"
    with expected_file.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    assert [(h.line, h.symbol, h.weight) for h in source.holdings] == [
        (int(row["line"]), row["symbol"], Decimal(row["weight"]) if row["weight"] else None)
        for row in expected
        if row["symbol"]
    ]
    assert [(split.line, split.reason) for split in source.split_off] == [
        (int(row["line"]), row["reason"]) for row in expected if row["reason"]
    ]


def test_names_and_sectors_come_along_where_the_issuer_gives_them(
    read_bytes: Read, sample_bytes: Bytes
) -> None:
    ishares = {h.symbol: h for h in read_bytes(sample_bytes("ishares_ivv.csv"), "IVV").holdings}
    assert ishares["LUMN"].name == "LUMEN TECHNOLOGIES INC"
    assert ishares["LUMN"].sector == "Communication"
    ssga = {h.symbol: h for h in read_bytes(sample_bytes("ssga_xle.sheet.csv"), "XLE").holdings}
    assert (ssga["NWS"].name, ssga["NWS"].sector) == ("NEWS CORP CLASS B", "")


def test_what_is_split_off_keeps_ticker_and_name(read_bytes: Read, sample_bytes: Bytes) -> None:
    source = read_bytes(sample_bytes("ark_arkk.csv"), "ARKK")
    assert [split.text for split in source.split_off] == [
        "DSY FP DASSAULT SYSTEMES SE",
        "6301 KOMATSU LTD",
        "OPENAI GROUP PBC SERIES C",
        "GOLDMAN FS TRSY OBLIG INST 468",
    ]


def test_a_stock_twice_in_a_fund_is_summed_with_a_warning(read_bytes: Read) -> None:
    source = read_bytes("symbol,weight\nBRK.B,60\nT,39\nBRKB,0.5\nBRK/B,\n")
    assert [(h.line, h.symbol, h.weight) for h in source.holdings] == [
        (2, "BRK.B", Decimal("60.5")),
        (3, "T", Decimal(39)),
    ]
    assert (source.rows, source.loaded_rows) == (4, 4)
    assert source.warnings == ("BRK.B more than once; their weights were summed",)


def test_two_dates_in_one_file_load_the_newer_with_a_warning(
    read_bytes: Read, sample_bytes: Bytes
) -> None:
    source = read_bytes(sample_bytes("ark_ctru_two_dates.csv"), "CTRU")
    assert source.warnings == ("2 dates in one file: only 2022-05-24 is loaded",)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_make_no_difference(newline: str, bom: str, read_bytes: Read) -> None:
    source = read_bytes(bom + newline.join(["symbol,weight", "AAPL,60", "", "T,40"]))
    assert [(h.line, h.symbol) for h in source.holdings] == [(2, "AAPL"), (4, "T")]
    assert source.problems == ()


def test_a_table_is_read_from_a_workbook_as_well(
    read_bytes: Read, make_workbook: Callable[[list[list[str]]], bytes]
) -> None:
    source = read_bytes(make_workbook([["Ticker", "Weight (%)"], ["AAPL", "60.25"], ["8686", "1"]]))
    assert [(h.symbol, h.weight) for h in source.holdings] == [("AAPL", Decimal("60.25"))]
    assert [(split.text, split.reason) for split in source.split_off] == [("8686", "digits in the ticker")]


@pytest.mark.parametrize(
    "content",
    [
        "symbol,weight\n",
        "date,fund,company,ticker,cusip,shares,market value ($),weight (%)\n",
        'date,fund,company,ticker,cusip,shares,market value ($),weight (%)\n"' + "A long notice. " * 20 + '"',
    ],
)
def test_a_header_without_holdings_is_a_warning(content: str, read_bytes: Read) -> None:
    source = read_bytes(content, "CTRU")
    assert (source.holdings, source.rows, source.problems) == ((), 0, ())
    assert source.warnings == ("no holdings in the file",)


def test_a_date_in_the_future_is_a_warning(read_bytes: Read, sample_bytes: Bytes) -> None:
    future = sample_bytes("invesco_qqq.csv").replace(b"07/02/2020", b"07/02/2999")
    assert read_bytes(future, "QQQ").warnings == ("the as-of date 2999-07-02 lies in the future",)


def test_the_weights_of_a_universe_are_not_even_looked_at(read_bytes: Read, sample_bytes: Bytes) -> None:
    source = read_bytes(sample_bytes("ishares_ivv.csv").replace(b'"40.25"', b'"abc"'), "sp500", "UNIVERSE")
    assert source.problems == ()
    assert len(source.holdings) == 9
    assert {holding.weight for holding in source.holdings} == {None}


def test_a_torn_name_of_a_fund_is_told_in_one_line(read_bytes: Read, make_workbook: Callable[..., bytes]) -> None:
    """From the campaign: a damaged workbook named its fund with a line feed in it."""
    rows = [["Fund Name:", "X"], ["Ticker Symbol:", "XL\nE"], ["Name", "Ticker", "Weight"], ["APPLE", "AAPL", "100"]]
    (problem,) = read_bytes(make_workbook(rows), "XLE").problems
    assert "\n" not in str(problem)
    assert "rename" not in str(problem)

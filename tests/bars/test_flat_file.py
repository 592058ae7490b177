"""A flat file is read whole and as it stands, or refused with the reason."""

from __future__ import annotations

import gzip
import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bars.flat_files import HEADER, bars, day_file, minute_file, packed, stamp
from tickstock.bars.dataset import DAY, MINUTE
from tickstock.bars.flat_file import FlatFileError, read_flat_file

FRIDAY = date(2025, 12, 5)
ROW = (100.0, 10.0, 11.0, 12.0, 9.0)
GOOD = day_file(FRIDAY, {"AAPL": ROW, "XLK": ROW})


def test_a_row_of_a_true_file() -> None:
    # The shape and values of 2020-10-08, as that day's file has them.
    content = packed(["AA,4872674,12.45,12.73,12.74,12.38,1602129600000000000,29644"])
    assert read_flat_file(content, DAY, date(2020, 10, 8)).to_dicts() == [
        {"ticker": "AA", "volume": 4872674.0, "open": 12.45, "close": 12.73, "high": 12.74, "low": 12.38,
         "window_start": 1602129600000000000, "transactions": 29644}
    ]  # fmt: skip


def test_words_that_other_readers_take_for_nothing_are_tickers() -> None:
    names = ["NA", "NULL", "TRUE", "nan", "None", "BCPC", "BCpC", "BRK.B", "ZVZZT"]
    rows = read_flat_file(day_file(FRIDAY, dict.fromkeys(names, ROW)), DAY, FRIDAY)
    assert rows["ticker"].to_list() == names


def test_the_first_fraction_of_a_share_may_come_late() -> None:
    rows = {f"T{number}": ROW for number in range(12_000)} | {"LATE": (100.5, *ROW[1:])}
    read = read_flat_file(day_file(FRIDAY, rows), DAY, FRIDAY)
    assert read["volume"].sum() == 12_000 * 100 + 100.5


def test_a_bar_without_a_trade_is_a_bar() -> None:
    read = read_flat_file(day_file(FRIDAY, {"ZERO": (0.0, 10.0, 10.0, 10.0, 10.0)}), DAY, FRIDAY)
    assert read.row(0)[1] == 0


@pytest.mark.parametrize("day", [date(2025, 1, 15), date(2025, 7, 15), date(2025, 3, 10), date(2025, 11, 3)])
def test_midnight_in_new_york_moves_with_daylight_saving(day: date) -> None:
    assert len(read_flat_file(day_file(day, {"A": ROW}), DAY, day)) == 1


def test_minutes_are_of_the_day_in_new_york_not_in_greenwich() -> None:
    content = minute_file(FRIDAY, [("A", 4, 0, ROW), ("A", 19, 59, ROW)])  # 19:59 is 00:59 of the next day, UTC
    assert len(read_flat_file(content, MINUTE, FRIDAY)) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><html>", "it is no gzip but HTML or XML"),
        (b"ticker,volume", "it is no gzip but something that begins with 'ticker,volume'"),
        (GOOD[:-9], "it is cut off"),
        (GOOD[:40], "it is cut off"),
        (GOOD[:-8] + bytes(8), "its gzip stream is damaged"),
        (gzip.compress(b"<html>\n<p>no"), "its header is '<html>'"),
        (packed(["A,1,2,2,2,2,3,4"], header="ticker,open,high,low,close,volume,vwap,timestamp"), "its header is"),
        (packed([]), "no rows"),
        (packed(["A,1,2,x,2,2,3,4"]), "cannot be read"),
        (packed(["A,1,2,2,2,2,3,4,5"]), "cannot be read"),
        (packed([f"A,1,2,2,2,2,{stamp(FRIDAY)}"]), "1 of its 1 rows have"),
        (packed([f",1,2,2,2,2,{stamp(FRIDAY)},4"]), "have no ticker"),
        (packed([f"A,1,0,2,2,2,{stamp(FRIDAY)},4"]), "a price that is not above 0"),
        (packed([f"A,1,2,2,1,2,{stamp(FRIDAY)},4"]), "a high below the low"),
        (packed([f"A,-1,2,2,2,2,{stamp(FRIDAY)},4"]), "a volume below 0"),
        (packed([f"A,1,2,inf,2,2,{stamp(FRIDAY)},4"]), "no number"),
        (packed([f"A,1,2,nan,2,2,{stamp(FRIDAY)},4"]), "no number"),
        (packed([f"A,1,2,2,2,2,{stamp(FRIDAY)},4"] * 2), "it has A twice"),
        (day_file(FRIDAY, {"A": ROW}, stamp(date(2025, 12, 8))), "the first stamp is 1765170000000000000, 2025-12-08"),
        (day_file(FRIDAY, {"A": ROW}, -68400000000000), "not stamped as bars of 2025-12-05"),
        (day_file(FRIDAY, {"A": ROW}, 2**63 - 1), "2262-04-11"),
    ],
)  # fmt: skip
def test_what_is_no_flat_file_of_that_day_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(FlatFileError, match=reason.replace("(", r"\(")):
        read_flat_file(content, DAY, FRIDAY)


def test_every_torn_beginning_of_a_file_is_refused() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(FlatFileError):
            read_flat_file(GOOD[:length], DAY, FRIDAY)


@given(st.integers(0, 2**32))
def test_a_damaged_file_is_refused_or_means_the_same(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(day_file(FRIDAY, bars(FRIDAY, 20, "A", "B", "C")))
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    try:
        read = read_flat_file(bytes(content), DAY, FRIDAY)
    except FlatFileError:
        return  # (a bit of the time in gzip's header may be any)
    assert read.equals(read_flat_file(day_file(FRIDAY, bars(FRIDAY, 20, "A", "B", "C")), DAY, FRIDAY))


@given(st.binary(max_size=200))
def test_no_content_crashes_the_reader(content: bytes) -> None:
    for what in (content, gzip.compress(content), gzip.compress(HEADER.encode() + b"\n" + content)):
        with pytest.raises(FlatFileError):
            read_flat_file(what, DAY, FRIDAY)

"""Which symbols were the same stock."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.relationships.queries.identity import Name, Rename, name_on, names_of, row_limits, symbol_now

MIN, MAX = date.min, date.max


def day(text: str) -> date:
    return date.fromisoformat(text)


FB = Rename("FB", "META", day("2022-06-09"))
# Somebody else's FB from 2024 on is renamed too.
CHAIN = [FB, Rename("FB", "FBX", day("2025-01-02")), Rename("TFB", "FB", day("2013-05-01"))]


def test_a_stock_that_was_never_renamed_has_one_name() -> None:
    assert names_of([FB], "AAPL") == [Name("AAPL", MIN, MAX)]


@pytest.mark.parametrize(
    ("symbol", "asked", "names"),
    [
        ("FB", "2022-06-08", [Name("FB", MIN, FB.on), Name("META", FB.on, MAX)]),
        ("META", "2022-06-09", [Name("FB", MIN, FB.on), Name("META", FB.on, MAX)]),
        ("FB", "2022-06-09", [Name("FB", FB.on, MAX)]),
        ("META", "2022-06-08", [Name("META", MIN, FB.on)]),
    ],
)
def test_a_symbol_is_another_stocks_before_and_after(symbol: str, asked: str, names: list[Name]) -> None:
    assert names_of([FB], symbol, day(asked)) == names


def test_a_chain_is_followed_to_both_ends_and_a_reused_symbol_starts_another() -> None:
    facebook = [
        Name("TFB", MIN, day("2013-05-01")),
        Name("FB", day("2013-05-01"), FB.on),
        Name("META", FB.on, MAX),
    ]
    assert names_of(CHAIN, "TFB", day("2000-01-01")) == facebook
    assert names_of(CHAIN, "FB", day("2020-01-01")) == facebook
    assert names_of(CHAIN, "META") == facebook
    assert names_of(CHAIN, "FB", day("2024-01-01")) == [
        Name("FB", FB.on, day("2025-01-02")),
        Name("FBX", day("2025-01-02"), MAX),
    ]


def test_two_stocks_may_swap_their_symbols() -> None:
    swap = [Rename("A", "B", day("2020-01-01")), Rename("B", "A", day("2020-01-01"))]
    on = day("2020-01-01")
    assert names_of(swap, "A") == [Name("B", MIN, on), Name("A", on, MAX)]
    assert names_of(swap, "A", day("2019-12-31")) == [Name("A", MIN, on), Name("B", on, MAX)]


def test_a_stock_may_take_its_old_symbol_back() -> None:
    there, back = day("2020-01-01"), day("2021-01-01")
    names = [Name("A", MIN, there), Name("B", there, back), Name("A", back, MAX)]
    renames = [Rename("A", "B", there), Rename("B", "A", back)]
    assert [names_of(renames, "A", day(asked)) for asked in ("2019-01-01", "2022-01-01")] == [names, names]
    assert name_on(names, day("2020-06-01")) == names[1]


def test_before_a_stock_had_a_symbol_of_its_own_it_has_no_name() -> None:
    assert name_on(names_of([FB], "FB", day("2024-01-01")), day("2020-01-01")) is None


def test_what_a_file_said_before_the_rename_is_the_new_symbol_today() -> None:
    assert symbol_now([FB], "FB", day("2022-06-08")) == "META"
    assert symbol_now([FB], "FB", day("2022-06-09")) == "FB"
    assert symbol_now([FB], "META", day("2022-06-08")) == "META"


def test_rows_under_the_old_symbol_count_if_their_file_is_older_and_under_the_new_whatever_their_file() -> None:
    assert row_limits(names_of([FB], "META"), day("2022-06-20")) == [Name("FB", MIN, FB.on), Name("META", MIN, MAX)]
    assert row_limits(names_of([FB], "META"), day("2022-06-08")) == [Name("FB", MIN, FB.on)]
    assert row_limits(names_of([FB], "FB"), day("2024-01-01")) == [Name("FB", FB.on, MAX)]


RENAMES = st.lists(
    st.builds(
        Rename,
        st.sampled_from("ABC"),
        st.sampled_from("ABC"),
        st.integers(1, 6).map(lambda days: day("2020-01-01") + timedelta(days)),
    ).filter(lambda rename: rename.old != rename.new),
    max_size=6,
    unique_by=(lambda rename: (rename.old, rename.on), lambda rename: (rename.new, rename.on)),
)


@given(renames=RENAMES)
def test_on_each_day_each_symbol_is_one_stocks_whichever_of_its_symbols_is_asked_for(renames: list[Rename]) -> None:
    days = [day("2020-01-01") + timedelta(days) for days in range(9)]
    for asked in days:
        for symbol in "ABC":
            names = names_of(renames, symbol, asked)
            here = name_on(names, asked)
            assert here is not None
            assert here.symbol == symbol
            for name in names:
                middle = name.since if name.since != MIN else name.until - timedelta(1)
                assert names_of(renames, name.symbol, middle) == names
            for one, other in pairwise(names):
                assert (one.symbol, other.symbol, one.until) in renames
                assert one.until == other.since

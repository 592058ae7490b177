"""Which name a company had, and which it has: chains, tickers that are used again, swaps."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.history.renames import (
    Rename,
    as_columns,
    name_on,
    now,
    read_renames,
    spans,
    symbol_now,
    symbol_then,
)

FACEBOOK = Rename("FB", "META", date(2022, 6, 9))
METAVERSE_ETF = Rename("META", "METV", date(2022, 1, 31))
CHAIN = [Rename("CBS", "VIAC", date(2019, 12, 5)), Rename("VIAC", "PARA", date(2022, 2, 17))]


@pytest.mark.parametrize(
    ("symbol", "day", "today"),
    [
        ("FB", "2022-06-08", "META"),  # the last day of the old symbol
        ("FB", "2022-06-09", "FB"),  # another stock, should one take the ticker
        ("META", "2022-06-09", "META"),
        ("META", "2022-06-08", None),  # an owner before, of whom no rename tells
        ("AAPL", "2022-06-08", "AAPL"),
    ],
)
def test_the_symbol_of_today(symbol: str, day: str, today: str | None) -> None:
    assert symbol_now([FACEBOOK], symbol, date.fromisoformat(day)) == today


@pytest.mark.parametrize(
    ("symbol", "day", "then"),
    [
        ("META", "2022-06-08", "FB"),
        ("META", "2022-06-09", "META"),
        ("FB", "2022-06-08", None),  # who trades as FB today came later
        ("FB", "2022-06-09", "FB"),
        ("AAPL", "1999-01-01", "AAPL"),
    ],
)
def test_the_symbol_on_a_day(symbol: str, day: str, then: str | None) -> None:
    assert symbol_then([FACEBOOK], symbol, date.fromisoformat(day)) == then


def test_a_ticker_that_passes_from_one_company_to_another_is_told_apart() -> None:
    both = [FACEBOOK, METAVERSE_ETF]
    assert symbol_now(both, "META", date(2022, 1, 30)) == "METV"
    assert symbol_now(both, "FB", date(2022, 1, 30)) == "META"
    assert symbol_then(both, "META", date(2022, 1, 30)) == "FB"
    assert symbol_then(both, "METV", date(2022, 1, 30)) == "META"


def test_a_chain_is_followed_in_both_directions() -> None:
    assert [symbol_now(CHAIN, "CBS", date(year, 1, 1)) for year in (2019, 2020, 2023)] == ["PARA", "CBS", "CBS"]
    assert [symbol_then(CHAIN, "PARA", date(year, 1, 1)) for year in (2019, 2020, 2023)] == ["CBS", "VIAC", "PARA"]


def test_two_companies_may_swap_their_tickers() -> None:
    swap = [Rename("A", "B", date(2020, 1, 1)), Rename("B", "A", date(2020, 1, 1))]
    assert [symbol_now(swap, each, date(2019, 1, 1)) for each in "AB"] == ["B", "A"]
    assert [symbol_now(swap, each, date(2020, 1, 1)) for each in "AB"] == ["A", "B"]


def test_the_table_is_what_is_read(connection: Connection) -> None:
    assert now(connection, "FB", date(2020, 1, 1)) == "FB"
    query(connection, "INSERT INTO symbol_renames VALUES ('FB', 'META', '2022-06-09', 'Meta Platforms')")
    assert read_renames(connection) == [FACEBOOK._replace(note="Meta Platforms")]
    assert now(connection, "FB", date(2020, 1, 1)) == "META"
    assert name_on(connection, "META", date(2020, 1, 1)) == "FB"


def test_spans_as_columns_are_what_postgres_understands(connection: Connection) -> None:
    columns = as_columns(spans([FACEBOOK]))
    rows = query(
        connection,
        "SELECT s, c FROM unnest(%s::text[], %s::date[], %s::date[], %s::text[]) AS t (s, f, u, c)"
        " WHERE '2022-06-08' >= f AND '2022-06-08' < u ORDER BY s",
        *columns.values(),
    )
    assert rows == [("FB", "META"), ("META", "META until 2022-06-09")]


FIRST = date(2020, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(6)]


@st.composite
def histories(draw: st.DrawFn) -> list[Rename]:
    """Renames on a few days; on each a symbol is given up once, and taken up once, at most."""
    renames = []
    for day in draw(st.lists(st.sampled_from(DAYS[1:]), unique=True, max_size=4)):
        olds = draw(st.lists(st.sampled_from("ABCDE"), unique=True, max_size=4))
        news = draw(st.permutations("ABCDE"))
        renames += [Rename(old, new, day) for old, new in zip(olds, news, strict=False) if old != new]
    return renames


@given(histories())
def test_companies_are_followed_as_if_one_had_watched_them(renames: list[Rename]) -> None:
    companies = {symbol: f"{symbol} at first" for symbol in "ABCDE"}
    seen = {}
    by_day = {day: list(several) for day, several in groupby(sorted(renames, key=lambda each: each.renamed_on),
                                                             key=lambda each: each.renamed_on)}  # fmt: skip
    for day in DAYS:
        moving = {each.new_symbol: companies[each.old_symbol] for each in by_day.get(day, [])}
        left = {each.old_symbol: f"{each.old_symbol} new on {day}" for each in by_day.get(day, [])}
        companies = companies | left | moving
        seen[day] = companies
    today = {company: symbol for symbol, company in companies.items()}
    for day, then in seen.items():
        for symbol in "ABCDE":
            assert symbol_now(renames, symbol, day) == today.get(then[symbol])
            names = [name for name, company in then.items() if company == companies[symbol]]
            assert symbol_then(renames, symbol, day) == (names[0] if names else None)

"""The timeline of a stock: what is told later counts, and what joins is one time."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.past_loads import load, rename
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.relationships.history.ask import reading
from tickstock.web.timeline import Spell, Told, bars, read_spells, spells

FIRST = date(2025, 1, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def told(since: int, until: int | None, member: bool = True, weight: int | None = None) -> Told:
    weighed = None if weight is None else Decimal(weight)
    return Told("ETF", "SPY", "AAPL", weighed, member, day(since), None if until is None else day(until))


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(1, 6), st.booleans(), st.booleans()).map(
            lambda each: told(each[0], None if each[3] else each[0] + each[1], each[2])
        ),
        max_size=8,
    )
)
def test_each_day_is_as_the_last_told(said: list[Told]) -> None:
    found = spells(said)
    for number in range(20):
        last = [each for each in said if each.since <= day(number) < each.end][-1:]
        inside = [each for each in found if each.since <= day(number) < (each.until or date.max)]
        assert len(inside) == sum(each.member for each in last)
    for before, after in pairwise(found):
        assert before.until is not None
        assert before.until < after.since


def test_weights_are_those_of_the_first_and_the_last_day() -> None:
    assert spells([told(0, 7, weight=5), told(7, 9, weight=6), told(9, None, weight=4)]) == [
        Spell("ETF", "SPY", "AAPL", day(0), None, Decimal(5), Decimal(4))
    ]


def test_bars_lie_where_their_days_do() -> None:
    found = [
        Spell("ETF", "A", "AAPL", day(0), day(50), None, None),
        Spell("ETF", "B", "AAPL", day(25), None, None, None),
    ]
    assert [(bar.left, bar.width) for bar in bars(found, day(100))] == [(0, 500), (250, 750)]


def test_loads_renames_and_a_file_of_the_past(witness: Connection, database: Database) -> None:
    load(witness, "2025-01-06", "2025-01-03", {"SPY": {"FB": 2, "AAPL": 7}})
    load(witness, "2025-01-13", "2025-01-10", {"SPY": {"META": 3, "AAPL": 6}})
    load(witness, "2025-01-20", "2025-01-17", {"SPY": {"META": 4}})
    load(witness, "2025-02-03", "2025-01-31", {"SPY": {"META": 4, "AAPL": 5}})
    query(witness, "INSERT INTO definition_groups (type, name, environment) VALUES ('ETF', 'SPY', 'TEST')")
    load(witness, "2025-02-03", "2025-01-31", {"SPY": {"AAPL": 1}}, environment="TEST")
    rename(witness, "FB", "META", "2025-01-08")

    def known(symbol: str) -> list[tuple[object, ...]]:
        with reading(witness, "DEFAULT"):
            return [
                (spell.symbol, str(spell.since), str(spell.until), spell.first_weight, spell.last_weight)
                for spell in read_spells(witness, symbol)
            ]

    assert known("AAPL") == [("AAPL", "2025-01-03", "2025-01-17", 7, 6), ("AAPL", "2025-01-31", "None", 5, 5)]
    assert known("META") == [("META", "2025-01-03", "None", 2, 4)]
    assert known("ZZZ") == []

"""Renames that several funds suggest: nearly the same weight, on one day, and nothing else that would fit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tests.put import put_group
from tests.relationships.history.conftest import LoadFunds
from tests.relationships.history.made import days, text_of
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.history.ask import ask_diff, reading
from tickstock.relationships.history.suggestions import Suggestion, read_suggestions
from tickstock.relationships.queries.names import UNIVERSE

Suggest = Callable[..., list[Suggestion]]
BEFORE, AFTER = "2022-06-03", "2022-06-10"
META = Suggestion("FB", "META", date(2022, 6, 10), ["IVV", "VTI"])


@pytest.fixture
def suggest(connection: Connection) -> Suggest:
    def read(first: str = BEFORE, last: str = AFTER, environment: str = "DEFAULT") -> list[Suggestion]:
        with reading(connection, environment):
            return read_suggestions(connection, days(first, last))

    return read


@pytest.fixture
def facebook(load_funds: LoadFunds) -> None:
    """Two funds swap FB for META; 20 -> 22 and 10 -> 9 are just within a tenth."""
    load_funds(BEFORE, IVV={"AAPL": 50, "MSFT": 30, "FB": 20}, VTI={"AAPL": 50, "MSFT": 40, "FB": 10})
    load_funds(AFTER, IVV={"AAPL": 50, "MSFT": 28, "META": 22}, VTI={"AAPL": 50, "MSFT": 41, "META": 9})


def test_two_funds_make_a_suggestion(facebook: None, suggest: Suggest) -> None:
    assert suggest() == [META]
    assert META.line == "FB,META,2022-06-10"


def test_only_files_within_the_days_count(facebook: None, suggest: Suggest) -> None:
    assert suggest("2022-06-09", "2022-06-10") == [META]
    assert suggest("2022-06-10", "2022-12-31") == []
    assert suggest("2022-01-01", "2022-06-09") == []


def test_an_accepted_rename_is_not_suggested_again(facebook: None, suggest: Suggest, witness: Connection) -> None:
    query(witness, "INSERT INTO symbol_renames VALUES ('FB', 'META', '2022-06-09')")
    assert suggest() == []


def test_one_fund_alone_is_not_enough(load_funds: LoadFunds, suggest: Suggest) -> None:
    load_funds(BEFORE, IVV={"AAPL": 80, "FB": 20}, VTI={"AAPL": 90, "FB": 10})
    load_funds(AFTER, IVV={"AAPL": 80, "META": 20}, VTI={"AAPL": "87.9", "META": "12.1"})
    assert suggest() == []


def test_two_funds_on_different_days_are_not_enough(load_funds: LoadFunds, suggest: Suggest) -> None:
    load_funds(BEFORE, IVV={"AAPL": 80, "FB": 20}, VTI={"AAPL": 90, "FB": 10})
    load_funds("2022-06-09", IVV={"AAPL": 80, "META": 20})
    load_funds(AFTER, VTI={"AAPL": 90, "META": 10})
    assert suggest() == []


def test_a_fund_in_which_several_would_fit_says_nothing(load_funds: LoadFunds, suggest: Suggest) -> None:
    load_funds(BEFORE, IVV={"AAPL": 80, "FB": 20}, VTI={"AAPL": 90, "FB": 10}, SPY={"AAPL": 80, "FB": 20})
    load_funds(
        AFTER, IVV={"AAPL": 60, "META": 20, "KO": 20}, VTI={"AAPL": 90, "META": 10}, SPY={"AAPL": 80, "META": 20}
    )
    assert suggest() == [Suggestion("FB", "META", date(2022, 6, 10), ["SPY", "VTI"])]


def test_a_symbol_that_funds_pair_with_two_others_is_not_suggested(load_funds: LoadFunds, suggest: Suggest) -> None:
    before = {"AAPL": 80, "FB": 20}
    load_funds(BEFORE, IVV=before, VTI=before, SPY=before, VOO=before)
    meta, other = {"AAPL": 80, "META": 20}, {"AAPL": 80, "KO": 20}
    load_funds(AFTER, IVV=meta, VTI=meta, SPY=other, VOO=other)
    assert suggest() == []


def test_other_environments_have_no_say(facebook: None, suggest: Suggest) -> None:
    assert suggest(environment="TEST") == []


def test_funds_speak_for_groups_without_weights_too(
    facebook: None, witness: Connection, connection: Connection
) -> None:
    put_group(witness, "UNIVERSE", "sp500", ["AAPL", "META"])
    query(witness, "UPDATE membership_versions SET valid_from = '2022-01-01'"
                   " WHERE group_id = (SELECT id FROM definition_groups WHERE name = 'sp500')")  # fmt: skip
    text = text_of(connection, lambda reader: ask_diff(reader, UNIVERSE, "sp500", days(BEFORE, AFTER)))
    assert text.splitlines()[-4:] == [
        "renames that the funds suggest",
        "  FB -> META  on 2022-06-10  as IVV, VTI say",
        "a swap of two stocks of one size looks the same; put the true ones into a file for history.py renames:",
        "FB,META,2022-06-10",
    ]

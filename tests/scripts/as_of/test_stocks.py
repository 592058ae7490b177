"""A stock as of a day: its groups then, and where it is not a member or not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import past_loads
from tests.scripts.as_of.world import Ask, World
from tests.stored import query


def test_a_stock_on_a_day_lists_its_groups_with_their_files_and_what_was_not_known(ask: Ask, world: World) -> None:
    assert ask("--stock", "aapl", "--as-of", "2022-01-01", "--known-on", "2022-06-01") == [
        "Stock: AAPL - Apple Inc.",
        "On 2022-01-01, as known on 2022-06-01",
        "Sector: information_technology",
        "Industry: Software",
        "",
        "Member of 2 ETFs:",
        f"  - DIA              as of 2021-06-11 (dia.csv), known since 2021-06-14, load {world.first}",
        f"  - SPY  6.250000 %  as of 2021-06-11 (spy.csv), known since 2021-06-28, load {world.corrected}",
        "2 ETFs known then, 1 not known then (QQQ from 2022-07-01)",
        "Member of 1 universe:",
        f"  - dow30    as of 2021-06-11 (dow30.csv), known since 2021-06-16, load {world.dow}",
        "1 universe known then",
        "1 theme known then",
    ]


def test_the_document_of_a_stock_on_a_day(document: Callable[..., Any], world: World) -> None:
    found = document("--stock", "AAPL", "--as-of", "2022-01-01")
    assert {key: found[key] for key in ("symbol", "name", "sector", "industry", "universes", "status", "as_of")} == {
        "symbol": "AAPL", "name": "Apple Inc.", "sector": "information_technology", "industry": "Software",
        "universes": ["dow30"], "status": "member", "as_of": "2022-01-01",
    }  # fmt: skip
    assert found["etfs"] == [
        {"etf": "DIA", "weight": None, "listed_as": "AAPL"}, {"etf": "SPY", "weight": 6.25, "listed_as": "AAPL"},
    ]  # fmt: skip
    assert found["known_since"] == "2021-06-28T12:00:00+00:00"
    assert [(each["type"], each["group"], each["load_id"]) for each in found["snapshots"]] == [
        ("ETF", "DIA", world.first),
        ("ETF", "SPY", world.corrected),
        ("SECTOR", "information_technology", world.sectors),
        ("UNIVERSE", "dow30", world.dow),
    ]
    assert found["groups"] == {
        "ETF": {"known": 2, "not_known": [{"name": "QQQ", "as_of": "2022-07-01",
                                           "known_since": "2022-07-05T12:00:00+00:00", "load_id": world.later}]},
        "UNIVERSE": {"known": 1, "not_known": []},
        "THEME": {"known": 1, "not_known": []},
    }  # fmt: skip
    assert (found["now"], found["first"], found["remark"]) == ("AAPL", None, None)


def test_a_stock_that_was_in_no_group_was_not_a_member_of_those_known_then(
    ask: Ask, document: Callable[..., Any], changing: World
) -> None:
    past_loads.load(changing.connection, "2022-07-11", "2022-07-08", {"QQQ": {"AAPL": "12", "NVDA": "8"}})
    nvda = ask("--stock", "NVDA", "--as-of", "2022-07-07")
    assert nvda[5:7] == [
        "Not a member of the 3 ETFs, 1 universe and 1 theme known then",
        f"First known in QQQ as of 2022-07-08, known since 2022-07-11 (load {changing.gone + 1})",
    ]
    found = document("--stock", "NVDA", "--as-of", "2022-06-30")
    assert (found["status"], found["etfs"], found["first"]["group"], found["known_since"]) == (
        "not a member", [], "QQQ", "2022-06-13T12:00:00+00:00",
    )  # fmt: skip
    # of the three funds two were known
    assert found["groups"]["ETF"]["known"] == 2


def test_what_a_later_file_of_the_past_denied_is_not_where_a_stock_is_first_known(
    document: Callable[..., Any], changing: World
) -> None:
    past_loads.load(changing.connection, "2022-07-11", "2022-07-08", {"QQQ": {"AAPL": "12", "NVDA": "8"}})
    later = past_loads.load(changing.connection, "2022-07-18", "2022-07-15", {"QQQ": {"AAPL": "12", "NVDA": "9"}})
    query(
        changing.connection,
        "INSERT INTO membership_versions (group_id, symbol, valid_from, valid_to, opened_by, closed_by)"
        " SELECT id, 'NVDA', '2022-07-08', '2022-07-15', %s, %s FROM definition_groups WHERE name = 'QQQ'",
        later, later,
    )  # fmt: skip
    found = document("--stock", "NVDA", "--as-of", "2022-07-10")
    assert (found["status"], found["first"]["as_of"]) == ("not a member", "2022-07-15")


def test_a_stock_that_left_tells_when(ask: Ask, world: World) -> None:
    assert ask("--stock", "DWDP", "--as-of", "2023-02-01")[-1] == (
        f"First known in DIA as of 2021-06-11, known since 2021-06-14 (load {world.first});"
        " last left a group on 2023-01-09"
    )


def test_before_anything_was_known_a_stock_is_not_known(ask: Ask, document: Callable[..., Any], world: World) -> None:
    first = f"First known in DIA as of 2021-06-11, known since 2021-06-14 (load {world.first})"
    assert ask("--stock", "AAPL", "--as-of", "2021-06-10") == [
        "Stock: AAPL", "On 2021-06-10", "Sector: not known then", "Industry: not known then", "",
        "Not known then: no ETF, universe or theme is known of that day", first,
    ]  # fmt: skip
    found = document("--stock", "AAPL", "--as-of", "2022-01-01", "--known-on", "2021-06-13")
    assert (found["status"], found["first"]["as_of"], found["known_since"]) == (
        "not known", "2021-06-11", "2021-06-14T12:00:00+00:00",
    )  # fmt: skip


def test_a_stock_that_never_was_is_an_error_with_the_nearest_ever_stored(
    refused: Callable[..., str], world: World
) -> None:
    assert refused("--stock", "DWDQ", "--as-of", "2023-02-01") == (
        "error: no stock 'DWDQ' in DEFAULT; nearest: DWDP; --stats counts what is loaded"
    )
    assert "SPY is an ETF: --etf SPY" in refused("--stock", "SPY", "--as-of", "2022-01-01")


@pytest.mark.parametrize("asked", ["BRK.B", "brk-b", " BRK/B "])
def test_a_symbol_is_found_in_every_spelling(document: Callable[..., Any], changing: World, asked: str) -> None:
    past_loads.load(changing.connection, "2022-07-05", "2022-07-01", {"XLF": {"BRK.B": "12"}})
    assert document("--stock", asked, "--as-of", "2022-07-02")["symbol"] == "BRK.B"

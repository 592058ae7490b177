"""A stock whose symbol changed, asked for by either symbol, before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests import past_loads
from tests.scripts.as_of.world import Ask, World
from tests.stored import query


def test_the_symbol_of_today_is_followed_back(ask: Ask, document: Callable[..., Any], world: World) -> None:
    assert ask("--stock", "META", "--as-of", "2021-12-31")[:4] == [
        "Stock: FB - Facebook, Inc.", "META traded as FB then", "On 2021-12-31", "Sector: communication_services",
    ]  # fmt: skip
    found = document("--stock", "META", "--as-of", "2021-12-31")
    assert (found["symbol"], found["now"], found["etfs"], found["themes"]) == (
        "FB", "META", [{"etf": "SPY", "weight": 2.0, "listed_as": "FB"}], ["social media"],
    )  # fmt: skip
    assert found["names"] == [
        {"symbol": "FB", "since": None, "until": "2022-06-09"},
        {"symbol": "META", "since": "2022-06-09", "until": None},
    ]  # fmt: skip


def test_the_symbol_of_then_tells_the_one_of_today(ask: Ask, world: World) -> None:
    assert ask("--stock", "FB", "--as-of", "2021-12-31")[:3] == [
        "Stock: FB - Facebook, Inc.", "FB is META today, renamed on 2022-06-09", "On 2021-12-31",
    ]  # fmt: skip


def test_after_the_rename_the_old_symbol_is_nobodys(refused: Callable[..., str], world: World) -> None:
    assert refused("--stock", "FB", "--as-of", "2022-06-09") == (
        "error: FB was renamed to META on 2022-06-09; try --stock META"
    )


def test_today_too_the_old_symbol_leads_to_the_new_one(refused: Callable[..., str], changing: World) -> None:
    query(changing.connection, "DELETE FROM group_memberships WHERE symbol = 'FB'")
    for question in (["--stock", "FB"], ["--stock", "fb"], ["--where", "FB"]):
        assert refused(*question) == "error: FB was renamed to META on 2022-06-09; try --stock META"


def test_what_an_older_file_calls_by_the_old_symbol_is_found_under_the_new(
    ask: Ask, document: Callable[..., Any], world: World
) -> None:
    lines = ask("--stock", "META", "--as-of", "2022-07-02")
    assert lines[5:9] == [
        "Member of 2 ETFs:",
        f"  - QQQ  3.000000 %  as of 2022-07-01 (qqq.csv), known since 2022-07-05, load {world.later}",
        f"  - SPY  1.900000 %  as of 2022-06-10 (spy.csv), known since 2022-06-13, load {world.renamed}",
        "3 ETFs known then",
    ]
    assert lines[10:12] == [
        "Member of 1 theme:",
        "  - social media    as of 2021-06-16 (social media.csv, without a date of its own), known since 2021-06-16,"
        f" load {world.social} (as FB)",
    ]
    assert document("--stock", "META", "--as-of", "2022-06-09")["etfs"] == [
        {"etf": "SPY", "weight": 2.0, "listed_as": "FB"}
    ]


def test_a_ticker_that_is_used_again_is_another_stock(
    ask: Ask, refused: Callable[..., str], document: Callable[..., Any], changing: World
) -> None:
    past_loads.load(changing.connection, "2024-01-08", "2024-01-05", {"NEW": {"FB": "1"}})
    assert ask("--stock", "FB", "--as-of", "2024-02-01")[:2] == [
        "Stock: FB", "not the FB that was renamed to META on 2022-06-09",
    ]  # fmt: skip
    assert document("--stock", "FB", "--as-of", "2024-02-01")["etfs"] == [
        {"etf": "NEW", "weight": 1.0, "listed_as": "FB"}
    ]
    assert [each["etf"] for each in document("--stock", "META", "--as-of", "2024-02-01")["etfs"]] == ["QQQ", "SPY"]
    assert document("--etf", "NEW", "--as-of", "2024-02-01")["holdings"][0]["now"] == "FB"
    assert "renamed to META" in refused("--stock", "FB", "--as-of", "2023-06-01")


def test_who_had_the_new_symbol_before_is_another_stock(
    ask: Ask, document: Callable[..., Any], changing: World
) -> None:
    past_loads.load(changing.connection, "2021-06-21", "2021-06-18", {"OLD": {"META": "4"}})
    assert ask("--stock", "META", "--as-of", "2021-12-31")[:2] == [
        "Stock: META", "the META of today is another stock, FB then",
    ]  # fmt: skip
    assert document("--stock", "FB", "--as-of", "2021-12-31")["etfs"] == [
        {"etf": "SPY", "weight": 2.0, "listed_as": "FB"}
    ]


def test_a_chain_of_renames_is_followed_to_both_ends(document: Callable[..., Any], changing: World) -> None:
    past_loads.rename(changing.connection, "TFB", "FB", "2021-07-01")
    past_loads.rename(changing.connection, "META", "M", "2024-01-01")
    past_loads.load(changing.connection, "2021-06-21", "2021-06-18", {"OLD": {"TFB": "4"}})
    for asked in ("M", "TFB"):
        found = document("--stock", asked, "--as-of", "2021-06-30")
        # SPY had it as FB before that was its symbol: that FB was another stock
        assert (found["symbol"], found["now"], found["etfs"]) == (
            "TFB", "M", [{"etf": "OLD", "weight": 4.0, "listed_as": "TFB"}],
        )  # fmt: skip
    assert document("--etf", "OLD", "--as-of", "2021-06-30")["holdings"][0]["now"] == "M"
    assert document("--stock", "M", "--as-of", "2022-08-01")["symbol"] == "META"

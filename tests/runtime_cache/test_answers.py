"""What the cache answers, against what stands in the tables."""

from __future__ import annotations

import pytest

from tests.runtime_cache.conftest import MakeCache, add_group
from tests.stored import query
from tickstock.db import Connection
from tickstock.runtime_cache import FundWeight, Holding, RelationshipCache


def test_a_fund_has_its_holdings_the_heaviest_first(cache: RelationshipCache) -> None:
    assert cache.get_etf_holdings("SPY") == (Holding("NVDA", 7.25), Holding("AAPL", 6.5), Holding("BRK.B", 1.75))
    assert cache.get_etf_holdings("QQQ") == (("NVDA", 9.0), ("AAPL", None))


def test_a_stock_has_its_funds_sector_themes_and_universes(cache: RelationshipCache) -> None:
    assert cache.get_stock_etfs("NVDA") == (FundWeight("QQQ", 9.0), FundWeight("SPY", 7.25))
    assert cache.get_stock_etfs("AAPL") == (("SPY", 6.5), ("QQQ", None))
    assert cache.get_stock_sector("NVDA") == "information_technology"
    assert cache.get_stock_themes("NVDA") == ("chips",)
    assert cache.get_stock_universes("NVDA") == ("dow30", "nasdaq100", "sp500")


def test_groups_have_their_members_sorted(cache: RelationshipCache) -> None:
    assert cache.get_sector_stocks("information_technology") == ("AAPL", "NVDA")
    assert cache.get_theme_members("chips") == ("NVDA",)
    assert cache.get_universe_members("nasdaq100") == ("AAPL", "NVDA", "PDD")


def test_all_names_are_listed(cache: RelationshipCache) -> None:
    assert cache.get_all_etfs() == ("QQQ", "SPY")
    assert cache.get_all_themes() == ("chips",)
    assert cache.get_all_universes() == ("dow30", "nasdaq100", "sp500")
    assert len(cache.get_all_sectors()) == 12


@pytest.mark.parametrize(
    ("expression", "symbols"),
    [
        ("sp500", {"AAPL", "BRK.B", "NVDA"}),
        ("sp500:nasdaq100", {"AAPL", "BRK.B", "NVDA", "PDD"}),
        ("sp500&nasdaq100", {"AAPL", "NVDA"}),
        ("sp500!nasdaq100", {"BRK.B"}),
        ("nasdaq100 ! sp500 : dow30", {"AAPL", "NVDA", "PDD"}),
        ("dow30:nosuch", {"AAPL", "NVDA"}),
    ],
)
def test_universes_are_joined_met_and_taken_apart(
    cache: RelationshipCache, expression: str, symbols: set[str]
) -> None:
    assert cache.get_universe_symbols(expression) == tuple(sorted(symbols))


@pytest.mark.parametrize("expression", ["", ":sp500", "sp500:", "sp500&&dow30"])
def test_an_expression_without_a_name_is_told(cache: RelationshipCache, expression: str) -> None:
    with pytest.raises(ValueError, match="expected universes with"):
        cache.get_universe_symbols(expression)


def test_what_is_not_there_is_empty(cache: RelationshipCache) -> None:
    for answer in (cache.get_etf_holdings("NOPE"), cache.get_stock_etfs("NOPE"), cache.get_sector_stocks("nope"),
                   cache.get_stock_themes("BRK.B"), cache.get_universe_members("")):  # fmt: skip
        assert answer == ()
    assert cache.get_stock_sector("NOPE") is None


@pytest.mark.parametrize("spelling", ["BRK-B", "brk.b", "BRK/B", " BRK B "])
def test_any_spelling_of_a_stock_finds_it(cache: RelationshipCache, spelling: str) -> None:
    assert cache.get_stock_etfs(spelling) == (("SPY", 1.75),)
    assert cache.get_stock_sector(spelling) == "financials"


def test_names_of_groups_may_be_written_otherwise(cache: RelationshipCache) -> None:
    assert cache.get_etf_holdings("spy") == cache.get_etf_holdings("SPY")
    assert cache.get_sector_stocks("Information Technology") == ("AAPL", "NVDA")


def test_a_real_sector_comes_before_unknown(stored: Connection, make_cache: MakeCache) -> None:
    add_group(stored, "SECTOR", "unknown", {"AAPL": None})
    assert make_cache().get_stock_sector("AAPL") == "information_technology"


def test_every_answer_tells_its_version(cache: RelationshipCache, stored: Connection) -> None:
    ((version,),) = query(stored, "SELECT max(version) FROM data_version")
    answers = (
        cache.get_etf_holdings("SPY"),
        cache.get_stock_etfs("AAPL"),
        cache.get_stock_sector("AAPL"),
        cache.get_all_etfs(),
        cache.get_universe_symbols("sp500:dow30"),
        cache.get_etf_holdings("NOPE"),
    )
    assert {answer.version for answer in answers if answer is not None} == {version}


def test_environments_do_not_mix(stored: Connection, make_cache: MakeCache) -> None:
    query(stored, "INSERT INTO definition_groups (type, name, environment) VALUES ('ETF', 'ARKK', 'TEST')")
    assert make_cache(environment="TEST").get_all_etfs() == ("ARKK",)


def test_an_empty_database_has_an_empty_cache(make_cache: MakeCache, witness: Connection) -> None:
    cache = make_cache(environment="NOBODY")
    assert cache.get_all_etfs() == ()
    assert cache.get_stats().memberships == 0


def test_an_answer_is_the_same_object_each_time(cache: RelationshipCache) -> None:
    assert cache.get_etf_holdings("SPY") is cache.get_etf_holdings("SPY")
    assert cache.get_etf_holdings("spy") is cache.get_etf_holdings("SPY")

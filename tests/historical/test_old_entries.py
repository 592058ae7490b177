"""The groups of an old database: which entry becomes which group, and what is left with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.put import put_group
from tests.stored import members, query
from tickstock.db import Connection, Database, closing
from tickstock.historical.entries_load import MODE, EntriesLoad
from tickstock.historical.old_entries import OldEntries, Registry, Target, read_entries
from tickstock.historical.old_values import read_value
from tickstock.migrations import migrate
from tickstock.relationships.change import carry_out
from tickstock.relationships.plan import Options, Outcome

REGISTRY = Registry({"sp500": "S&P 500 Index", "nasdaq100": "NASDAQ-100 Index"}, {"SPY": "SPDR S&P 500 ETF Trust"})


def put_entry(connection: Connection, type_: str, name: str, key: str, value: object) -> None:
    values = (type_, name, key, json.dumps(value))
    query(connection, "INSERT INTO cache_entries (type, name, key, value) VALUES (%s, %s, %s, %s)", *values)


def read(connection: Connection) -> OldEntries:
    return read_entries(connection, "DEFAULT", REGISTRY)


def load(database: Database, type_: str, **options: object) -> Outcome:
    """Migrate the groups of a type."""
    how = Options(type_, mode=MODE, **options)  # type: ignore[arg-type]
    with closing(database.connect()) as connection:
        change = EntriesLoad(read(connection).of(type_), how, lambda step, done, of: None, frozenset())
        return carry_out(database, connection, change)


def names(entries: OldEntries) -> dict[tuple[str, str], list[str]]:
    return {group.target[:2]: [each.symbol for each in group.source.holdings] for group in entries.groups}


def reasons(entries: OldEntries, kind: str = "unclear") -> dict[str, str]:
    return {str(left.place): left.reason for left in entries.left_as(kind)}


@pytest.mark.parametrize(
    ("place", "group"),
    [
        (("themes", "AI", "list"), ("THEME", "artificial_intelligence")),
        (("themes", "Crypto Miners", "list"), ("THEME", "crypto_miners")),
        (("stock_universe", "themes", "biotech"), ("THEME", "biotech")),
        (("etf_universe", "Income ETFs", "etf_income"), ("UNIVERSE", "etf_income")),
        (("etf_universe", "Bonds", "list"), ("UNIVERSE", "bonds")),
        (("stock_universe", "index", "sp500"), ("UNIVERSE", "sp500")),
        (("stock_universe", "S&P 500", "list"), ("UNIVERSE", "sp500")),
        (("stock_universe", "NASDAQ-100", "symbols"), ("UNIVERSE", "nasdaq100")),
        (("stock_universe", "custom", "my_watchlist"), ("UNIVERSE", "my_watchlist")),
        (("etf_holdings", "SPY", "list"), ("ETF", "SPY")),
        (("etf_holdings", "SPY", "2025-08-29"), ("ETF", "SPY")),
        (("etf_holdings", "holdings", "qqq"), ("ETF", "QQQ")),
        (("etf_universe", "VTI", "holdings"), ("ETF", "VTI")),
    ],
)
def test_which_entry_is_which_group(
    connection: Connection, place: tuple[str, str, str], group: tuple[str, str]
) -> None:
    put_entry(connection, *place, ["AAPL"])
    assert names(read(connection)) == {group: ["AAPL"]}


@pytest.mark.parametrize(
    "place",
    [
        ("stock_universe", "market_cap", "mega_cap"),
        ("stock_universe", "sector_leaders", "top_10_technology"),
        ("stock_universe", "market_leaders", "top_50"),
        ("stock_universe", "industry", "banks"),
        ("stock_universe", "complete", "all_stocks"),
        ("etf_universe", "complete", "top_100"),
        ("etf_universe", "Broad Market ETFs", "etf_broad_market"),
        ("etf_universe", "Bond ETFs", "etf_bonds"),
        ("stock_universe", "leaders", "top_10_stocks"),
        ("stock_universe", "sectors", "technology"),
        ("stock_stats", "universe", "summary"),
    ],
)
def test_what_is_computed_is_left(connection: Connection, place: tuple[str, str, str]) -> None:
    put_entry(connection, *place, ["AAPL"])
    entries = read(connection)
    assert not entries.groups
    assert list(reasons(entries, "computed")) == [" | ".join(place)]


def test_an_applications_own_entries_are_left(connection: Connection) -> None:
    put_entry(connection, "app_settings", "ui", "list", ["AAPL"])
    put_entry(connection, "Themes", "AI", "list", ["AAPL"])
    assert list(reasons(read(connection), "foreign")) == ["Themes | AI | list", "app_settings | ui | list"]


@pytest.mark.parametrize(
    "value",
    [
        ["AAPL", "BRK.B"],
        ["aapl", " BRK/B "],
        [{"symbol": "AAPL"}, {"symbol": "BRK-B"}],
        [{"ticker": "AAPL", "name": "Apple Inc.", "market_cap": 3e12}, {"ticker": "BRKB"}],
        [{"symbol": "AAPL", "ticker": "AAPL"}, "BRK B"],
        {"stocks": ["AAPL", "BRK.B"], "count": 2},
        {"symbols": [{"ticker": "AAPL"}, "BRK.B"]},
        {"tickers": ["AAPL", "BRK.B"], "etfs": "none"},
        {"members": ["AAPL", "AAPL", "BRK.B", "BRK/B"]},
        ["AAPL", None, "", "BRK.B", "-"],
        [{"symbol": "AAPL", "ticker": None}, {"symbol": None, "name": "Cash"}, {"ticker": "BRK.B"}],
        json.dumps(["AAPL", "BRK.B"]),
    ],
)
def test_the_shapes_of_a_list(connection: Connection, value: object) -> None:
    put_entry(connection, "stock_universe", "index", "sp500", value)
    assert names(read(connection)) == {("UNIVERSE", "sp500"): ["AAPL", "BRK.B"]}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "found null, expected a list of symbols, or an object with one under"),
        (12, "found the number 12, expected a list"),
        (True, "found true, expected a list"),
        ("AAPL", "found the text 'AAPL', expected a list"),
        ("[AAPL", "found '[AAPL', expected a list"),
        ({}, "found an empty object, expected a list"),
        ({"count": 3, "note": "x"}, "found an object with 'note', 'count', expected a list"),
        ({"stocks": ["A"], "etfs": ["B"]}, "found lists under stocks and etfs, expected"),
        ([], "no member in it"),
        ([None, "", "BRK/WS"], "no member in it: all 3 are no stock"),
        (["AAPL", 7, 8], "element 2: found the number 7, expected a symbol (and 1 more like it)"),
        (["AAPL", ["MSFT"]], "element 2: found a list, expected a symbol"),
        ([False], "element 1: found false, expected a symbol"),
        ([{"name": "Apple"}], "element 1: found an object with neither symbol nor ticker, expected one symbol"),
        ([{"symbol": "A", "ticker": "B"}], "element 1: found an object with symbol and ticker, expected one symbol"),
        ([{"symbol": {"symbol": "A"}}], "element 1: found an object with 'symbol', expected a symbol"),
        (["AAPL", "Apple Inc."], "element 2: found the ticker 'Apple Inc.' (not letters"),
        (["x" * 5000], "element 1: found the ticker 'xxxx"),
    ],
)
def test_what_is_not_understood_is_left_with_a_reason(connection: Connection, value: object, reason: str) -> None:
    put_entry(connection, "themes", "AI", "list", value)
    entries = read(connection)
    assert not entries.groups
    ((place, found),) = reasons(entries).items()
    assert place == "themes | AI | list"
    assert found.startswith(reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["AAPL", "BRK/B", "", "[]", '["A"]', "{", "x y"]) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["symbol", "ticker", "weight", "stocks", "symbols", "name", "asset_class", "x"]), inner,
        max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from(["ETF", "UNIVERSE", "THEME"]))
@settings(max_examples=300, deadline=None)
def test_no_value_is_too_odd(value: object, type_: str) -> None:
    read = read_value(Path("x"), Target(type_, "X"), json.dumps(value))
    if isinstance(read, str):
        assert read
        assert read.isprintable()
    else:
        assert read.holdings
        assert len({holding.symbol for holding in read.holdings}) == len(read.holdings)
        assert read.rows == read.loaded_rows + len(read.split_off)


@pytest.mark.parametrize("depth", [100, 900, 3000])
def test_a_value_of_many_levels_is_no_list(connection: Connection, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    deep = f'[{{"symbol": {nested}, "ticker": {nested}}}]'
    query(connection, "INSERT INTO cache_entries (type, name, key, value) VALUES ('themes', 'AI', 'list', %s)", deep)
    entries = read(connection)
    assert not entries.groups
    assert list(reasons(entries)) == ["themes | AI | list"]


@pytest.mark.parametrize(
    ("place", "raw"),
    [
        (("themes", "", "list"), "''"),
        (("themes", "3D", "list"), "'3D'"),
        (("themes", "é" * 60, "list"), "'éééé"),
        (("stock_universe", "themes", "list"), "'list'"),
        (("stock_universe", "list", "symbols"), "'list'"),
        (("etf_holdings", "SPDR S&P 500", "list"), "'SPDR S&P 500'"),
        (("etf_holdings", "list", "holdings"), "'holdings'"),
    ],
)
def test_a_place_that_names_no_group(connection: Connection, place: tuple[str, str, str], raw: str) -> None:
    put_entry(connection, *place, ["AAPL"])
    ((_, reason),) = reasons(read(connection)).items()
    assert reason.startswith(f"found {raw}")


def test_a_theme_that_is_there_twice_is_one_group(connection: Connection) -> None:
    put_entry(connection, "themes", "AI", "list", ["NVDA", "MSFT"])
    put_entry(connection, "stock_universe", "themes", "ai", {"stocks": [{"ticker": "MSFT"}, {"ticker": "NVDA"}]})
    (group,) = read(connection).groups
    assert (group.target, list(map(str, group.places))) == (
        Target("THEME", "artificial_intelligence"),
        ["stock_universe | themes | ai", "themes | AI | list"],
    )


def test_entries_that_contradict_each_other_are_both_left(connection: Connection) -> None:
    put_entry(connection, "themes", "AI", "list", ["NVDA", "MSFT"])
    put_entry(connection, "stock_universe", "themes", "ai", ["NVDA"])
    entries = read(connection)
    assert not entries.groups
    hint = "with other members; delete the one that is out of date, then try again"
    assert reasons(entries) == {
        "stock_universe | themes | ai": f"THEME artificial_intelligence is also at themes | AI | list, {hint}",
        "themes | AI | list": f"THEME artificial_intelligence is also at stock_universe | themes | ai, {hint}",
    }


@pytest.mark.parametrize(
    ("holdings", "stored"),
    [
        ([{"symbol": "AAPL", "weight": 60.5}, {"symbol": "BRK/B", "weight": "39.5"}],
         {"AAPL": "60.500000", "BRK.B": "39.500000"}),
        ([{"symbol": "A", "weight": 0.5}, {"symbol": "B", "weight": 0.3}, {"symbol": "C", "weight": 0.2}],
         {"A": "50.000000", "B": "30.000000", "C": "20.000000"}),
        ({"holdings": [{"ticker": "AAPL", "weight": "60 %"}, {"ticker": "AAPL", "weight": 40}]},
         {"AAPL": "100.000000"}),
        ([{"symbol": "AAPL", "weight": 99}, {"symbol": "USD", "weight": 1, "name": "US DOLLAR"}],
         {"AAPL": "99.000000"}),
        (["AAPL", "MSFT"], {"AAPL": None, "MSFT": None}),
    ],
)  # fmt: skip
def test_weights_are_percent(
    database: Database, connection: Connection, holdings: object, stored: dict[str, str | None]
) -> None:
    put_entry(connection, "etf_holdings", "SPY", "list", holdings)
    assert load(database, "ETF").load_id
    assert members(connection, "SPY") == stored
    assert query(connection, "SELECT description FROM definition_groups WHERE name = 'SPY'") == [
        ("SPDR S&P 500 ETF Trust",)
    ]


@pytest.mark.parametrize("weight", [[1], True, "much", 1000, -3, float("1e300")])
def test_a_weight_that_is_none_leaves_the_fund_out(connection: Connection, weight: object) -> None:
    put_entry(connection, "etf_holdings", "SPY", "list", [{"symbol": "AAPL", "weight": weight}])
    entries = read(connection)
    assert not entries.groups
    assert "element 1: found " in reasons(entries)["etf_holdings | SPY | list"]


def test_ten_thousand_symbols(database: Database, connection: Connection) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    symbols = [f"X{a}{b}{c}" for a in letters for b in letters for c in letters][:10_000]
    put_entry(connection, "stock_universe", "index", "everything", symbols)
    assert load(database, "UNIVERSE").plan.total("added") == 10_000
    assert query(connection, "SELECT count(*), min(symbol), max(symbol) FROM group_memberships m"
                             " JOIN definition_groups g ON g.id = group_id WHERE g.type = 'UNIVERSE'") == [
        (10_000, "XAAA", "XOUP")
    ]  # fmt: skip


def test_a_group_that_has_members_wins_over_its_entry(database: Database, connection: Connection) -> None:
    put_group(connection, "THEME", "artificial_intelligence", ["PLTR"])
    put_group(connection, "THEME", "cloud")
    put_group(connection, "THEME", "space", ["RKLB"])
    put_entry(connection, "themes", "AI", "list", ["NVDA"])
    put_entry(connection, "themes", "Cloud", "list", ["NET"])
    outcome = load(database, "THEME")
    assert [(group.name, group.action, group.added) for group in outcome.plan.groups] == [("cloud", "kept", 1)]
    assert not outcome.plan.warnings
    stored = [list(members(connection, name, "THEME")) for name in ("artificial_intelligence", "cloud", "space")]
    assert stored == [["PLTR"], ["NET"], ["RKLB"]]


def test_a_group_that_gets_members_meanwhile_wins_too(database: Database, connection: Connection) -> None:
    put_entry(connection, "themes", "Biotech", "list", ["NVDA"])

    class Meanwhile(EntriesLoad):
        def prepare(self, connection: Connection) -> None:
            super().prepare(connection)
            if not self.kept:
                with closing(database.connect()) as other:
                    put_group(other, "THEME", "biotech", ["PLTR"])

    how = Options("THEME", mode=MODE)
    change = Meanwhile(read(connection).of("THEME"), how, lambda step, done, of: None, frozenset())
    outcome = carry_out(database, connection, change)
    assert (outcome.load_id, [group.target.name for group in change.kept]) == (None, ["biotech"])
    assert list(members(connection, "biotech", "THEME")) == ["PLTR"]


def test_a_list_of_funds_without_holdings_is_told(database: Database, connection: Connection) -> None:
    put_group(connection, "ETF", "SPY", ["AAPL"])
    put_entry(connection, "etf_universe", "Income ETFs", "etf_income", ["SPY", "VTI", "QQQ"])
    outcome = load(database, "UNIVERSE", dry_run=True)
    assert outcome.plan.warnings == (
        "etf_income: 2 of its funds have no holdings here (VTI, QQQ); they count as stocks without a sector "
        "until load_etf_holdings.py has loaded them",
    )


def test_weights_that_cannot_be_are_refused_unless_forced(database: Database, connection: Connection) -> None:
    put_entry(connection, "etf_holdings", "SPY", "list", [{"symbol": "AAPL", "weight": 6.5}])
    (refusal,) = load(database, "ETF", dry_run=True).plan.refusals
    assert "sum to 6.50 %, expected 80 to 120" in refusal
    assert load(database, "ETF", force=frozenset({"spy"})).load_id
    assert members(connection, "SPY") == {"AAPL": "6.500000"}


def test_the_entries_of_another_environment_are_not_read(new_database: Callable[..., Database]) -> None:
    old = new_database()
    with closing(old.connect()) as connection:
        query(connection, "CREATE TABLE cache_entries (id serial, type text, name text, key text, value text,"
                          " environment text)")  # fmt: skip
        query(connection, "INSERT INTO cache_entries (type, name, key, value, environment) VALUES"
                          " ('themes', 'AI', 'list', '[\"NVDA\"]', 'TEST'),"
                          " ('themes', 'Solar', 'list', '[\"TSLA\"]', NULL),"
                          " ('themes', NULL, NULL, NULL, 'DEFAULT')")  # fmt: skip
        migrate(old)
        assert names(read(connection)) == {("THEME", "solar"): ["TSLA"]}
        assert names(read_entries(connection, "TEST", REGISTRY)) == {
            ("THEME", "artificial_intelligence"): ["NVDA"],
            ("THEME", "solar"): ["TSLA"],
        }

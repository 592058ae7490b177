"""Questions about stocks, funds and groups: who is asked for is found, and nobody else."""

from __future__ import annotations

import json
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest

from tests.put import put_group, put_sector
from tests.stored import query
from tickstock.db import Connection, Database, closing, statement
from tickstock.errors import TickstockError
from tickstock.relationships.coverage import Coverage, SectorCount, read_coverage, read_sectors
from tickstock.relationships.queries.ask import Question, ask
from tickstock.relationships.queries.groups import read_fund, read_group, read_sector
from tickstock.relationships.queries.holders import read_holders
from tickstock.relationships.queries.names import ETF, SECTOR, THEME, UNIVERSE, Kind, require_group, use_environment
from tickstock.relationships.queries.stats import read_stats
from tickstock.relationships.queries.stock import Evidence, Holder, evidence_of, read_stock
from tickstock.relationships.summary import read_summary


@pytest.fixture
def market(connection: Connection) -> Connection:
    """Two weighted funds, one without weights, one that holds another, and sectors for all stocks but ORPH."""
    put_group(connection, "ETF", "SPY", {"AAPL": "6.5", "MSFT": "5.8", "BRK.B": "1.5"}, "SPDR S&P 500 ETF Trust")
    put_group(connection, "ETF", "QQQ", {"AAPL": "9", "NVDA": "8.25"}, "Invesco QQQ Trust")
    put_group(connection, "ETF", "DIA", {"AAPL": None, "MSFT": None})
    put_group(connection, "ETF", "AOR", {"SPY": "60", "ORPH": "0.5"})
    put_group(connection, "THEME", "chips", ["NVDA", "MYST"], "Chips")
    put_group(connection, "THEME", "bets", {"NVDA": "70"})
    put_group(connection, "UNIVERSE", "dow30", ["AAPL", "MSFT"])
    put_sector(
        connection, "AAPL", "information_technology", name="Apple Inc.", industry="Software", source="sector_etf",
        confidence="certain", reason="held by XLK",
        conflicts=[{"sector": "financials", "source": "classification", "origin": "stock_classification.csv"}],
    )  # fmt: skip
    put_sector(connection, "MSFT", "information_technology", name="Microsoft Corporation")
    put_sector(connection, "NVDA", "information_technology", name="NVIDIA Corporation")
    put_sector(connection, "BRK.B", "financials", name="Berkshire Hathaway Inc.")
    put_sector(connection, "MYST", "unknown", source="unclassified")
    use_environment(connection, "DEFAULT")
    return connection


def test_a_stock_with_all_of_its_groups(market: Connection) -> None:
    stock = read_stock(market, "AAPL")
    assert (stock.symbol, stock.name, stock.sectors, stock.industry) == (
        "AAPL", "Apple Inc.", ["information_technology"], "Software",
    )  # fmt: skip
    assert stock.etfs == [Holder("DIA", None), Holder("QQQ", Decimal("9")), Holder("SPY", Decimal("6.5"))]
    assert (stock.themes, stock.universes) == ([], ["dow30"])
    assert stock.evidence == Evidence(
        "sector_etf",
        "certain",
        "held by XLK",
        [{"sector": "financials", "source": "classification", "origin": "stock_classification.csv"}],
    )


def test_a_stock_of_which_little_is_known(market: Connection) -> None:
    entered, orphan = read_stock(market, "MYST"), read_stock(market, "ORPH")
    assert (entered.name, entered.sectors, entered.industry) == (None, ["unknown"], None)
    assert entered.evidence == Evidence("unclassified", None, None, [])
    assert (orphan.name, orphan.sectors, orphan.evidence) == (None, [], Evidence())
    assert orphan.etfs == [Holder("AOR", Decimal("0.5"))]


@pytest.mark.parametrize("asked", ["BRK.B", "BRK-B", "brk/b", " BRK B ", "brkb"])
def test_a_symbol_is_found_in_every_spelling(market: Connection, asked: str) -> None:
    assert read_stock(market, asked).symbol == "BRK.B"
    assert read_holders(market, asked, None).symbol == "BRK.B"


@pytest.mark.parametrize(
    ("stored", "asked"),
    [("BF-B", "BF.B"), ("BF-B", "bf-b"), ("BF B", "BF/B"), ("odd symbol", "ODD Symbol"), ("aapl2", "AAPL2")],
)
def test_a_foreign_spelling_that_is_stored_is_found(market: Connection, stored: str, asked: str) -> None:
    put_group(market, "THEME", "foreign", [stored])
    assert read_stock(market, asked).symbol == stored


def test_the_canonical_spelling_comes_before_a_foreign_one(market: Connection) -> None:
    put_group(market, "THEME", "foreign", ["BRK-B"])
    assert read_stock(market, "BRK-B").symbol == "BRK.B"


def test_a_real_sector_comes_before_unknown_and_both_are_told(market: Connection) -> None:
    put_sector(market, "NVDA", "unknown", name="somebody else")
    put_sector(market, "NVDA", "utilities")
    assert read_stock(market, "NVDA").sectors == ["information_technology", "utilities", "unknown"]
    put_group(market, "ETF", "ONE", {"POWR": "1"})
    put_sector(market, "POWR", "unknown", name="somebody else")
    put_sector(market, "POWR", "utilities", name="Power Inc.")
    assert (read_stock(market, "POWR").sectors, read_stock(market, "POWR").name) == (
        ["utilities", "unknown"], "Power Inc.",
    )  # fmt: skip
    assert [(each.name, each.sector) for each in read_fund(market, "ONE").holdings] == [("Power Inc.", "utilities")]


def test_a_funds_holdings_are_listed_by_weight_with_name_and_sector(market: Connection) -> None:
    put_sector(market, "MSFT", "unknown")
    fund = read_fund(market, "spy")
    assert (fund.etf, fund.name, fund.file) == ("SPY", "SPDR S&P 500 ETF Trust", None)
    assert [(each.symbol, each.weight, each.name, each.sector) for each in fund.holdings] == [
        ("AAPL", Decimal("6.5"), "Apple Inc.", "information_technology"),
        ("MSFT", Decimal("5.8"), "Microsoft Corporation", "information_technology"),
        ("BRK.B", Decimal("1.5"), "Berkshire Hathaway Inc.", "financials"),
    ]
    assert [each.symbol for each in read_fund(market, "DIA").holdings] == ["AAPL", "MSFT"]


def test_groups_are_found_whatever_the_case(market: Connection) -> None:
    assert [each.symbol for each in read_group(market, THEME, "CHIPS").members] == ["MYST", "NVDA"]
    assert read_group(market, UNIVERSE, " Dow30 ").name == "dow30"
    put_group(market, "THEME", "Chips")
    assert read_group(market, THEME, "Chips").name == "Chips"
    assert read_group(market, THEME, "chips").name == "chips"


@pytest.mark.parametrize("asked", ["information_technology", "Information_Technology", "Technology", "tech"])
def test_a_sector_is_found_by_its_other_names(market: Connection, asked: str) -> None:
    sector = read_sector(market, asked)
    assert (sector.sector, sector.description) == ("information_technology", "Information Technology")
    assert len(sector.industries) == 6
    assert [(each.symbol, each.source) for each in sector.members] == [
        ("AAPL", "sector_etf"),
        ("MSFT", None),
        ("NVDA", None),
    ]


def test_industries_that_are_no_list_are_none(market: Connection) -> None:
    query(market, """UPDATE definition_groups SET metadata = '{"industries": "Banks"}' WHERE name = 'financials'""")
    assert read_sector(market, "financials").industries == []


def test_the_funds_that_hold_a_symbol(market: Connection) -> None:
    everyone = read_holders(market, "AAPL", None)
    assert [(fund.etf, fund.weight) for fund in everyone.funds] == [
        ("QQQ", Decimal("9")),
        ("SPY", Decimal("6.5")),
        ("DIA", None),
    ]
    heavy = read_holders(market, "AAPL", Decimal("9"))
    assert ([fund.etf for fund in heavy.funds], heavy.below, heavy.unweighted) == (["QQQ"], 1, 1)
    assert heavy.name == "Apple Inc."


def test_a_fund_may_be_held_too(market: Connection) -> None:
    assert [fund.etf for fund in read_holders(market, "SPY", None).funds] == ["AOR"]
    assert read_holders(market, "QQQ", None).funds == []


def test_the_nearest_begin_as_the_name_does_and_are_as_long(market: Connection) -> None:
    put_group(market, "THEME", "near", ["APLE", "APLS", "APP", "PPL", "PYPL", "PPLL"])
    with pytest.raises(TickstockError, match="nearest: AAPL, APP, APLE, APLS, PPL; "):
        read_stock(market, "APPL")
    query(market, "DELETE FROM group_memberships WHERE metadata ? 'name'")
    with pytest.raises(TickstockError, match="nearest: APP, AAPL, APLE, APLS, PPL; "):
        read_stock(market, "APPL")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("APPL", "no stock 'APPL' in DEFAULT; nearest: AAPL; --stats counts what is loaded"),
        ("apple", "no stock 'apple' in DEFAULT; nearest: AAPL; --stats counts what is loaded"),
        ("nvidea", "no stock 'nvidea' in DEFAULT; nearest: NVDA; --stats counts what is loaded"),
        ("microsoft corp", "no stock 'microsoft corp' in DEFAULT; nearest: MSFT; --stats counts what is loaded"),
        ("QWERTZ", "no stock 'QWERTZ' in DEFAULT, and none is near; --stats counts what is loaded"),
        ("", "no stock '' in DEFAULT, and none is near; --stats counts what is loaded"),
        ("SPY", "no stock 'SPY' in DEFAULT; SPY is an ETF: --etf SPY"),
        ("qqq", "no stock 'qqq' in DEFAULT; QQQ is an ETF: --etf QQQ"),
        ("Energy", "no stock 'Energy' in DEFAULT; energy is a sector: --sector energy"),
    ],
)
def test_an_unknown_stock_is_answered_with_the_nearest(market: Connection, asked: str, message: str) -> None:
    with pytest.raises(TickstockError) as raised:
        read_stock(market, asked)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("kind", "asked", "message"),
    [
        (ETF, "SPYY", "no ETF 'SPYY' in DEFAULT; nearest: SPY; --stats counts what is loaded"),
        (ETF, "brk-b", "no ETF 'brk-b' in DEFAULT; BRK.B is a stock: --stock BRK.B"),
        (THEME, "chip", "no theme 'chip' in DEFAULT; nearest: chips; --stats counts what is loaded"),
        (THEME, "DOW30", "no theme 'DOW30' in DEFAULT; dow30 is a universe: --universe dow30"),
        (UNIVERSE, "zzz", "no universe 'zzz' in DEFAULT; expected one of: dow30"),
        (SECTOR, "utilitys", "no sector 'utilitys' in DEFAULT; nearest: utilities; --stats counts what is loaded"),
    ],
)
def test_an_unknown_group_is_answered_with_the_nearest(
    market: Connection, kind: Kind, asked: str, message: str
) -> None:
    with pytest.raises(TickstockError) as raised:
        require_group(market, kind, asked)
    assert str(raised.value) == message


def test_where_nothing_is_loaded_the_answer_says_what_to_load(connection: Connection) -> None:
    use_environment(connection, "DEFAULT")
    with pytest.raises(TickstockError, match=r"in DEFAULT: nothing of that kind is loaded; load it: python \S+refresh"):
        read_stock(connection, "AAPL")
    with pytest.raises(TickstockError, match=r"load it: python scripts/cache_maintenance/organize_universe.py$"):
        read_group(connection, THEME, "chips")
    use_environment(connection, "TEST")
    with pytest.raises(TickstockError, match=r"load_etf_holdings.py --environment TEST$"):
        read_fund(connection, "SPY")


def test_two_environments_are_not_mixed(market: Connection) -> None:
    put_group(market, "ETF", "SPY", {"AAPL": "1", "TSLA": "2"}, "the other", environment="TEST")
    put_sector(market, "AAPL", "energy", environment="TEST", name="Other Apple")
    use_environment(market, "TEST")
    stock = read_stock(market, "AAPL")
    assert (stock.name, stock.sectors, stock.etfs) == ("Other Apple", ["energy"], [Holder("SPY", Decimal(1))])
    assert [each.symbol for each in read_fund(market, "SPY").holdings] == ["TSLA", "AAPL"]
    assert read_coverage(market)[:4] == (2, 1, 0, 1)
    with pytest.raises(TickstockError, match="no stock 'MSFT' in TEST"):
        read_stock(market, "MSFT")
    use_environment(market, "DEFAULT")
    assert len(read_stock(market, "AAPL").etfs) == 3
    with pytest.raises(TickstockError, match="no stock 'TSLA' in DEFAULT"):
        read_stock(market, "TSLA")


def test_coverage_counts_each_stock_once_and_funds_not_at_all(market: Connection) -> None:
    # AAPL 6.5 + 9, MSFT 5.8, BRK.B 1.5, NVDA 8.25 are classified, MYST is unknown, ORPH 0.5 unassigned; SPY is a fund.
    put_sector(market, "NVDA", "unknown")
    put_sector(market, "MSFT", "energy")
    coverage = read_coverage(market)
    assert coverage == Coverage(
        6, 4, 1, 1, Decimal("31.55"), Decimal("31.05"), Decimal(0), Decimal("0.5")
    )
    assert coverage.classified_share == pytest.approx(100 * 4 / 6)
    assert coverage.unassigned_weight_share == pytest.approx(100 * 0.5 / 31.55)
    assert coverage.stocks == read_summary(market).stocks


def test_stocks_by_sector_start_with_the_biggest(market: Connection) -> None:
    put_sector(market, "SPY", "energy")  # a fund is no stock
    found = read_sectors(market)
    assert found[:3] == [
        SectorCount("information_technology", "Information Technology", 3, Decimal("50.00")),
        SectorCount("financials", "Financials", 1, Decimal("16.67")),
        SectorCount("unknown", "Unclassified Stocks", 1, Decimal("16.67")),
    ]
    assert {each.stocks for each in found[3:]} == {0}
    assert len(found) == 12


def test_an_empty_environment_has_no_shares(connection: Connection) -> None:
    use_environment(connection, "TEST")
    stats = read_stats(connection)
    assert set(stats.summary) == {0}
    assert stats.coverage.classified_share is None
    assert stats.coverage.unknown_weight_share is None
    assert (stats.by_type, stats.sectors) == ({}, [])


def test_relationships_by_type_sum_to_all(market: Connection) -> None:
    stats = read_stats(market)
    assert stats.by_type == {"ETF": 9, "SECTOR": 5, "THEME": 3, "UNIVERSE": 2}
    assert stats.summary.relationships == 19


def test_a_stock_is_found_by_the_index_on_symbol(connection: Connection) -> None:
    query(
        connection,
        "INSERT INTO definition_groups (type, name) SELECT 'ETF', 'F' || number FROM generate_series(1, 100) number;"
        "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'S' || number"
        " FROM definition_groups, generate_series(1, 200) number WHERE type = 'ETF'; ANALYZE",
    )
    plan = query(connection, "EXPLAIN " + statement("queries/stock") % {"symbol": "'S7'"})
    assert any("group_memberships_symbol" in line for (line,) in plan)
    assert not any("Seq Scan on group_memberships" in line for (line,) in plan)


def test_a_group_is_asked_for_by_its_own_type(market: Connection) -> None:
    put_group(market, "THEME", "SPY")
    (theme,) = query(market, "SELECT id FROM definition_groups WHERE type = 'THEME' AND name = 'SPY'")
    assert require_group(market, THEME, "spy").id == theme[0]


def test_all_numbers_of_an_answer_are_of_one_moment(market: Connection, database: Database) -> None:
    done = Event()

    def change() -> None:
        with closing(database.connect()) as other:
            while not done.is_set():
                put_group(other, "THEME", "come and go", [f"X{number}" for number in range(50)])
                query(other, "DELETE FROM definition_groups WHERE name = 'come and go'")

    writer = Thread(target=change)
    writer.start()
    try:
        answers: list[dict[str, Any]] = []
        while len(answers) < 100 or ({answer["stocks"] for answer in answers} != {6, 56} and len(answers) < 5000):
            answers.append(ask(market, Question("stats", True, "DEFAULT")).document())
    finally:
        done.set()
        writer.join()
    assert {answer["stocks"] for answer in answers} == {6, 56}
    for answer in answers:
        assert sum(answer["relationships_by_type"].values()) == answer["relationships"]
        assert sum(part["stocks"] for part in answer["sector_coverage"].values()) == answer["stocks"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "Äpfel", "industry": None, "source": "file", "conflicts": [{"source": "sector_etf"}]},
        {"name": 5, "industry": True, "confidence": ["high", 1], "reason": {"a": "ä"}, "conflicts": None},
        ["name"],
        "name",
        None,
    ],
)
def test_evidence_of_the_past_is_taken_out_of_metadata_as_that_of_today(connection: Connection, metadata: Any) -> None:
    ((*expected,),) = query(
        connection,
        "SELECT m ->> 'name', m ->> 'industry', m ->> 'source', m ->> 'confidence', m ->> 'reason',"
        " COALESCE(m -> 'conflicts', '[]') FROM (SELECT %s::jsonb AS m) t",
        json.dumps(metadata),
    )
    assert list(evidence_of(metadata)) == expected

"""What each entry holds. Whoever is in it was reasoned by hand."""

from __future__ import annotations

import pytest

from tests.historical.entries import Entries, entries, entry, put_stock, put_symbol
from tests.put import put_group, put_sector
from tests.stored import query
from tickstock.db import Connection
from tickstock.errors import NoInputError
from tickstock.historical.entry_rules import theme_names
from tickstock.historical.organize import Options, organize
from tickstock.sector_names import canonical_sector, sector_keys

BILLION = 10**9
PRINTED = """
stock_universe | market_cap | mega_cap
stock_universe | market_cap | large_cap
stock_universe | market_cap | mid_cap
stock_universe | market_cap | small_cap
stock_universe | market_cap | micro_cap
stock_universe | sector_leaders | top_10_technology
stock_universe | sector_leaders | top_10_healthcare
stock_universe | sector_leaders | top_10_financial_services
stock_universe | market_leaders | top_10_stocks
stock_universe | market_leaders | top_50
stock_universe | market_leaders | top_100
stock_universe | market_leaders | top_250
stock_universe | market_leaders | top_500
themes         | AI          | list
stock_universe | themes      | ai
themes         | Biotech     | list
stock_universe | themes      | biotech
stock_universe | industry | banks
stock_universe | industry | insurance
stock_universe | industry | software
stock_universe | industry | retail
etf_universe | Broad Market ETFs | etf_broad_market
etf_universe | Sector ETFs      | etf_sectors
etf_universe | Growth ETFs      | etf_growth
etf_universe | Value ETFs       | etf_value
etf_universe | Technology ETFs  | etf_technology
etf_universe | Bond ETFs        | etf_bonds
etf_universe | Commodity ETFs   | etf_commodities
stock_universe | complete | top_1000
stock_universe | complete | all_stocks
etf_universe   | complete | top_100
etf_universe   | complete | all_etfs
stock_stats | universe | summary
"""


def organized(connection: Connection, **options: str) -> Entries:
    organize(connection, Options(**options))  # type: ignore[arg-type]
    return entries(connection)


def test_the_entries_are_those_that_are_printed(connection: Connection) -> None:
    put_stock(connection, "AAPL")
    put_group(connection, "THEME", "ai", ["AAPL"])
    put_group(connection, "THEME", "biotech", ["GILD"])
    places = {tuple(part.strip() for part in line.split("|")) for line in PRINTED.strip().splitlines()}
    found = set(organized(connection))
    assert places <= found
    others = {key for type_, name, key in found - places}
    assert others == {
        "top_10_consumer_discretionary", "top_10_communication_services", "top_10_industrials", "top_10_energy",
        "top_10_consumer_staples", "top_10_utilities", "top_10_real_estate", "top_10_materials",
    }  # fmt: skip


def test_the_queries_of_the_guide(connection: Connection) -> None:
    for number, cap in enumerate((250, 220, 50, 5), start=1):
        put_stock(connection, f"BIG{number}", cap * BILLION)
    put_group(connection, "THEME", "ai", ["BIG1", "BIG2", "GILD"])
    organized(connection)
    counts = query(
        connection,
        "SELECT type, name, COUNT(*) as count FROM cache_entries GROUP BY type, name ORDER BY type, name;",
    )
    assert ("stock_universe", "market_cap", 5) in counts
    assert ("stock_universe", "sector_leaders", 11) in counts
    bands = query(
        connection,
        "SELECT key, jsonb_extract_path_text(value::jsonb, 'count') as stock_count FROM cache_entries "
        "WHERE type = 'stock_universe' AND name = 'market_cap';",
    )
    assert dict(bands) == {"mega_cap": "2", "large_cap": "1", "mid_cap": "1", "small_cap": "0", "micro_cap": "0"}
    themes = query(
        connection,
        "SELECT name, jsonb_array_length(value::jsonb) as ticker_count FROM cache_entries WHERE type = 'themes';",
    )
    assert themes == [("AI", 3)]


@pytest.mark.parametrize(
    ("cap", "band"),
    [
        ("200000000000", "mega_cap"), ("199999999999.99", "large_cap"),
        ("10000000000", "large_cap"), ("9999999999.99", "mid_cap"),
        ("2000000000", "mid_cap"), ("1999999999.99", "small_cap"),
        ("300000000", "small_cap"), ("299999999.99", "micro_cap"), ("0.01", "micro_cap"),
        ("0", None), ("-1", None), ("NaN", None), ("Infinity", None), (None, None),
    ],
)  # fmt: skip
def test_a_band_begins_with_its_lower_bound(connection: Connection, cap: str | None, band: str | None) -> None:
    put_stock(connection, "EDGE", cap)
    found = organized(connection)
    holding = [key for (type_, name, key), value in found.items() if name == "market_cap" and value["count"]]
    assert holding == ([band] if band else [])
    leaders = {"count": 1, "stocks": ["EDGE"]} if band else {"count": 0, "stocks": []}
    assert found["stock_universe", "market_leaders", "top_10_stocks"] == leaders
    assert found["stock_universe", "complete", "all_stocks"] == ["EDGE"]


def test_leaders_are_ranked_by_capitalisation_then_by_symbol(connection: Connection) -> None:
    for symbol in ("MID", "SAME2", "SAME1"):
        put_stock(connection, symbol, BILLION)
    put_stock(connection, "TOP", 3 * BILLION)
    put_stock(connection, "NONE")
    for number in range(60):
        put_stock(connection, f"S{number:02}", 1000 - number)
    found = organized(connection)
    first = ["TOP", "MID", "SAME1", "SAME2", *(f"S{number:02}" for number in range(60))]
    assert found["stock_universe", "market_leaders", "top_10_stocks"] == {"count": 10, "stocks": first[:10]}
    assert found["stock_universe", "market_leaders", "top_50"] == {"count": 50, "stocks": first[:50]}
    assert found["stock_universe", "market_leaders", "top_500"] == {"count": 64, "stocks": first}
    assert [stock["symbol"] for stock in found["stock_universe", "complete", "top_1000"]] == [*first, "NONE"]


def test_the_sector_of_a_stock_is_its_groups_and_else_its_own(connection: Connection) -> None:
    put_stock(connection, "GROUP", 3, sector="energy")
    put_sector(connection, "GROUP", "health_care")
    put_stock(connection, "OPEN", 2, sector="health_care")
    put_sector(connection, "OPEN", "unknown")
    put_stock(connection, "OWN", 1, sector="health_care")
    put_stock(connection, "NOCAP", None, sector="health_care")
    found = organized(connection)
    assert found["stock_universe", "sector_leaders", "top_10_healthcare"]["stocks"] == ["GROUP", "OPEN", "OWN"]
    assert found["stock_universe", "sector_leaders", "top_10_energy"] == {"count": 0, "stocks": []}


def test_keys_of_sectors_are_spellings_of_the_eleven() -> None:
    keys = sector_keys()
    assert len(keys) == 11
    assert {canonical_sector(name): name for name in keys.values()} == keys


def test_a_sector_has_ten_leaders(connection: Connection) -> None:
    for number in range(12):
        put_stock(connection, f"S{number:02}", 100 - number, sector="utilities")
        put_stock(connection, f"E{number:02}", 100 - number, sector="energy")
    found = organized(connection)["stock_universe", "sector_leaders", "top_10_utilities"]
    assert found == {"count": 10, "stocks": [f"S{number:02}" for number in range(10)]}


@pytest.mark.parametrize(
    ("group", "name", "key"),
    [
        ("ai", "AI", "ai"),
        ("artificial_intelligence", "AI", "ai"),
        ("ev_manufacturers", "EV Manufacturers", "ev_manufacturers"),
        ("crypto_miners", "Crypto Miners", "crypto_miners"),
        ("Crypto Miners", "Crypto Miners", "crypto_miners"),
        ("e_commerce", "E-Commerce", "e_commerce"),
        ("cybersecurity", "Cybersecurity", "cybersecurity"),
        (" ", " ", " "),
        ("__", "__", "__"),
    ],
)
def test_names_of_themes(group: str, name: str, key: str) -> None:
    assert theme_names(group) == (name, key)


def test_a_theme_stands_twice_and_a_symbol_in_two_themes(connection: Connection) -> None:
    put_group(connection, "THEME", "fintech", ["SQ", "COIN"])
    put_group(connection, "THEME", "crypto_miners", ["MARA", "COIN"])
    put_group(connection, "THEME", "empty")
    found = organized(connection)
    assert found["themes", "Fintech", "list"] == ["COIN", "SQ"] == found["stock_universe", "themes", "fintech"]
    assert found["themes", "Crypto Miners", "list"] == ["COIN", "MARA"]
    assert found["stock_universe", "themes", "crypto_miners"] == ["COIN", "MARA"]
    assert found["themes", "Empty", "list"] == []


def test_two_groups_of_one_theme_are_one_entry(connection: Connection) -> None:
    put_group(connection, "THEME", "ai", ["NVDA", "AMD"])
    put_group(connection, "THEME", "artificial_intelligence", ["NVDA", "PLTR"])
    assert organized(connection)["themes", "AI", "list"] == ["AMD", "NVDA", "PLTR"]


def test_industries_in_the_words_of_gics_and_of_the_sic(connection: Connection) -> None:
    for number, (symbol, industry) in enumerate({
        "JPM": "Banks", "SIC": "STATE COMMERCIAL BANKS", "SAVE": "SAVINGS INSTITUTION, FEDERALLY CHARTERED",
        "PGR": "Insurance", "ALL": "FIRE, MARINE & CASUALTY INSURANCE",
        "MSFT": "SERVICES-PREPACKAGED SOFTWARE", "ORCL": "Software",
        "HD": "Specialty Retail", "WMT": "RETAIL-VARIETY STORES",
        "MCD": "RETAIL-EATING PLACES", "SPG": "Retail REITs", "RIVER": "Embankments",
    }.items()):  # fmt: skip
        put_stock(connection, symbol, 100 - number, industry=industry)
    put_sector(connection, "BAC", "financials", industry="Banks")
    found = organized(connection)
    held = {key: value["stocks"] for (type_, name, key), value in found.items() if name == "industry"}
    assert held == {
        "banks": ["JPM", "SIC", "SAVE", "BAC"], "insurance": ["PGR", "ALL"], "software": ["MSFT", "ORCL"],
        "retail": ["HD", "WMT"],
    }  # fmt: skip
    assert found["stock_universe", "industry", "banks"]["count"] == 4


def test_funds_are_in_the_universes_of_their_kinds(connection: Connection) -> None:
    put_group(connection, "ETF", "SPY", ["AAPL", "MSFT"], "SPDR S&P 500 ETF Trust")
    put_group(connection, "ETF", "XLK", ["AAPL"], "Technology Select Sector SPDR Fund")
    put_symbol(connection, "AGG", type="ETF", name="iShares Core U.S. Aggregate Bond ETF", aum=5)
    put_symbol(connection, "GLD", type="ETV", name="SPDR Gold Shares")
    put_symbol(connection, "VTI", type="ETF", name="Vanguard Total Stock Market ETF", aum=9)
    put_symbol(connection, "ODD", type="ETF", name="Some Growth ETF", etf_type="value")
    found = organized(connection)
    held = {key: value["etfs"] for (type_, name, key), value in found.items() if key.startswith("etf_")}
    assert held == {
        "etf_broad_market": ["VTI", "SPY"], "etf_sectors": ["XLK"], "etf_growth": [], "etf_value": ["ODD"],
        "etf_technology": ["XLK"], "etf_bonds": ["AGG"], "etf_commodities": ["GLD"],
    }  # fmt: skip
    assert found["etf_universe", "complete", "all_etfs"] == ["AGG", "GLD", "ODD", "SPY", "VTI", "XLK"]
    # by assets, then by holdings, then by symbol
    assert [fund["symbol"] for fund in found["etf_universe", "complete", "top_100"]] == [
        "VTI", "AGG", "SPY", "XLK", "GLD", "ODD"
    ]  # fmt: skip
    assert found["stock_universe", "complete", "all_stocks"] == ["AAPL", "MSFT"]


def test_complete_lists_have_all_that_is_known_of_each(connection: Connection) -> None:
    put_stock(
        connection, "AAPL", "3000000000000.5", name="Apple Inc.", exchange="XNAS", sector="information_technology",
        industry="Technology Hardware",
    )  # fmt: skip
    put_group(connection, "ETF", "SPY", ["AAPL", "NVDA"], "SPDR S&P 500 ETF Trust")
    put_sector(connection, "NVDA", "unknown", name="NVIDIA")
    found = organized(connection)
    assert found["stock_universe", "complete", "top_1000"] == [
        {
            "symbol": "AAPL", "name": "Apple Inc.", "type": "CS", "exchange": "XNAS", "market_cap": 3000000000000.5,
            "sector": "information_technology", "industry": "Technology Hardware",
        },
        {
            "symbol": "NVDA", "name": "NVIDIA", "type": None, "exchange": None, "market_cap": None,
            "sector": "unknown", "industry": None,
        },
    ]  # fmt: skip
    assert found["etf_universe", "complete", "top_100"] == [
        {
            "symbol": "SPY", "name": "SPDR S&P 500 ETF Trust", "exchange": None, "etf_type": "broad_market",
            "issuer": "State Street", "aum": None, "expense_ratio": None, "holdings": 2,
        },
    ]  # fmt: skip
    summary = found["stock_stats", "universe", "summary"]
    assert (summary["stocks"], summary["etfs"], summary["total_market_cap"]) == (2, 1, 3000000000000.5)
    assert summary["sectors"] == {
        "information_technology": {"stocks": 1, "market_cap": 3000000000000.5},
        "unknown": {"stocks": 1, "market_cap": 0},
    }


def test_who_is_no_stock_is_in_no_entry(connection: Connection) -> None:
    put_stock(connection, "GOOD", 5 * BILLION, sector="energy")
    put_stock(connection, "GONE", 5 * BILLION, sector="energy", active=False)
    for type_ in ("WARRANT", "PFD", "UNIT", "RIGHT"):
        put_symbol(connection, f"X{type_}", type=type_, market_cap=5 * BILLION, sector="energy")
    put_symbol(connection, "ADR", type="ADRC", market_cap=BILLION)
    found = organized(connection)
    assert found["stock_universe", "complete", "all_stocks"] == ["ADR", "GOOD"]
    assert found["stock_universe", "market_cap", "mid_cap"] == {"count": 1, "stocks": ["GOOD"]}
    assert found["stock_universe", "sector_leaders", "top_10_energy"]["stocks"] == ["GOOD"]


def test_hostile_names_are_values_and_nothing_else(connection: Connection) -> None:
    evil = "'; DROP TABLE cache_entries; -- \"\\ %s %(x)s {} </script> \u2028 💥"
    put_stock(connection, "EVIL", BILLION, name=evil, industry="(((software", sector=evil)
    put_group(connection, "THEME", evil[:90], ["EVIL"], evil)
    put_group(connection, "ETF", "%s", ["EVIL"], evil)
    found = organized(connection)
    assert found["stock_universe", "complete", "top_1000"][0]["name"] == evil
    assert found["etf_universe", "complete", "all_etfs"] == ["%s"]
    assert found["stock_universe", "industry", "software"]["stocks"] == ["EVIL"]
    assert [value for (type_, name, key), value in found.items() if type_ == "themes"] == [["EVIL"]]


def test_an_environment_has_its_own_groups(connection: Connection) -> None:
    put_group(connection, "THEME", "ai", ["NVDA"])
    put_group(connection, "THEME", "ai", ["AMD"], environment="TEST")
    assert organized(connection)["themes", "AI", "list"] == ["NVDA"]
    found = organized(connection, environment="TEST")
    assert found["themes", "AI", "list"] == ["AMD"]
    assert found["stock_stats", "universe", "summary"]["environment"] == "TEST"


def test_nothing_to_organise_is_said_and_nothing_is_touched(connection: Connection) -> None:
    put_stock(connection, "AAPL")
    organized(connection)
    query(connection, "DELETE FROM symbols")
    before = entries(connection)
    with pytest.raises(NoInputError, match="found no symbols, and no groups with members in DEFAULT, to organise"):
        organize(connection, Options())
    assert entries(connection) == before
    assert entry(connection, "complete", "all_stocks") == ["AAPL"]

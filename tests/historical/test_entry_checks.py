"""Each check of the entries passes where all is well, and finds what it is there for."""

from __future__ import annotations

import pytest

from tests.historical.entries import put_entry, put_stock, put_symbol
from tests.put import put_group
from tests.stored import query
from tickstock.db import Connection
from tickstock.historical.entry_checks import CHECKS, Analysis, Check, analyze
from tickstock.historical.organize import Options, organize

SECTORS = (
    "information_technology", "health_care", "financials", "consumer_discretionary", "communication_services",
    "industrials", "consumer_staples", "energy", "utilities", "real_estate", "materials",
)  # fmt: skip
TOUCH = "UPDATE cache_entries SET value = {} WHERE (type, name, key) = ('{}', '{}', '{}')"


@pytest.fixture
def filled(connection: Connection) -> Connection:
    """A stock of 5 billion in each sector, a fund, a theme; all of it organised."""
    for number, sector in enumerate(SECTORS):
        put_stock(connection, f"S{number:02}", 5 * 10**9, sector=sector, industry="Software")
    put_symbol(connection, "SPY", type="ETF", name="SPDR S&P 500 ETF Trust", etf_type="broad_market",
               issuer="State Street")  # fmt: skip
    put_group(connection, "ETF", "SPY", ["S00", "S01"], "SPDR S&P 500 ETF Trust")
    put_group(connection, "THEME", "ai", ["S00", "NEW"])
    organize(connection, Options())
    return connection


def check(analysis: Analysis, name: str) -> Check:
    (found,) = [check for check in analysis.checks if check.name == name]
    return found


def not_passed(analysis: Analysis) -> set[str]:
    return {check.name for check in analysis.checks if check.status != "pass"}


def test_organised_entries_pass(filled: Connection) -> None:
    put_entry(filled, "app_settings", "display", "theme", {"dark": True})
    analysis = analyze(filled, "DEFAULT")
    assert [check.name for check in analysis.checks] == list(CHECKS)
    assert not_passed(analysis) == set()
    assert (analysis.status, analysis.recommendations) == ("pass", ())
    assert analysis.foreign == {"app_settings": 1}
    assert analysis.counts[:5] == (12, 11, 11, 1, 1)  # NEW is known to its theme alone
    counts = {(entry.type, entry.key): entry.count for entry in analysis.entries}
    assert counts["stock_universe", "mid_cap"] == 11
    assert counts["themes", "list"] == 2
    assert counts["stock_stats", "summary"] is None


FAULTS = [
    ("recent", "UPDATE symbols SET updated_at = now() + interval '1 s' WHERE symbol = 'S00'", "symbols changed at"),
    ("recent", "DELETE FROM cache_entries WHERE key = 'summary'", "the entries were never organised"),
    ("recent", TOUCH.format("""'{"environment": "TEST"}'""", "stock_stats", "universe", "summary"),
     "the entries are those of the environment TEST, expected DEFAULT"),
    ("categories", "DELETE FROM cache_entries WHERE key = 'top_250'", "the entry is missing"),
    ("symbols", "INSERT INTO symbols (symbol, market_cap, updated_at) VALUES ('LATE', 1, '2020-01-01')",
     "1 of the symbols and groups are missing in it: LATE"),
    ("symbols", TOUCH.format("""'["S00", "GHOST"]'""", "etf_universe", "Value ETFs", "etf_value"),
     "it names 1 that neither symbols nor groups have: GHOST"),
    ("coverage", "UPDATE cache_entries SET value = '[]' WHERE type <> 'etf_universe' AND name <> 'complete'",
     "11 of 12 loaded symbols (91.7 %) stand in no category"),
    ("coverage", "DELETE FROM symbols", "the table symbols has no stock and no fund"),
    ("bands", "UPDATE symbols SET market_cap = 200000000000 WHERE symbol = 'S03'",
     "1 stocks are listed whose market capitalisation is not in this band: S03"),
    ("bands", TOUCH.format("""'{"count": 3, "stocks": []}'""", "stock_universe", "market_cap", "micro_cap"),
     "count is 3, and 0 stocks are listed"),
    ("sectors", TOUCH.format("""'{"count": 0, "stocks": []}'""", "stock_universe", "sector_leaders", "top_10_energy"),
     "the sector has no leader"),
    ("sectors", "DELETE FROM cache_entries WHERE key = 'top_10_healthcare'", "the entry is missing"),
    ("leaders", TOUCH.format("""'{"count": 1, "stocks": ["S01"]}'""", "stock_universe", "market_leaders", "top_50"),
     "its stocks are not the largest: place 1 has S01, expected S00"),
    ("leaders", TOUCH.format("""'{"count": 1, "stocks": ["S00"]}'""", "stock_universe", "sector_leaders",
                             "top_10_energy"),
     "its stocks are not the largest: place 1 has S00, expected S07"),
    ("leaders", TOUCH.format("""'{"count": 0, "stocks": []}'""", "stock_universe", "sector_leaders", "top_10_energy"),
     "its stocks are not the largest: place 1 has nothing, expected S07"),
    ("leaders", TOUCH.format("""'{}'""", "stock_universe", "market_leaders", "top_100"),
     "found no array under stocks, expected one beside a count"),
    ("leaders", TOUCH.format("""'["SPY"]'""", "etf_universe", "Growth ETFs", "etf_growth"),
     "found no array under etfs, expected one beside a count"),
    ("leaders", TOUCH.format("""'{"count": 7, "stocks": []}'""", "stock_universe", "industry", "banks"),
     "count is 7, and 0 are listed"),
    ("themes", "UPDATE cache_entries SET value = '[\"S00\"]' WHERE type = 'themes' OR name = 'themes'",
     "no entry has all 2 members of the theme ai"),
    ("themes", TOUCH.format("""'["S00"]'""", "stock_universe", "themes", "ai"),
     "its tickers stand in no entry of the other"),
    ("themes", "DELETE FROM cache_entries WHERE type = 'themes' OR name = 'themes'",
     "1 themes are stored, and no entry has one"),
    ("complete", TOUCH.format("""'{"S00": 1}'""", "stock_universe", "complete", "all_stocks"),
     "found a JSON object, expected an array"),
    ("complete", TOUCH.format("""'["S00"]'""", "stock_universe", "complete", "top_1000"),
     "1 of 1 items are no object with a symbol"),
    ("complete", TOUCH.format("""'[{"symbol": "SPY"}]'""", "etf_universe", "complete", "all_etfs"),
     "1 of 1 items are no ticker"),
    ("complete", TOUCH.format("""'["SPY", "SPY"]'""", "etf_universe", "complete", "all_etfs"),
     "1 items are there twice"),
    ("complete", TOUCH.format("""'[]'""", "stock_universe", "complete", "top_1000"), "found 0 items, expected 12"),
    ("funds", "UPDATE symbols SET etf_type = NULL WHERE symbol = 'SPY'",
     "1 of 1 funds in symbols have no etf_type: SPY"),
    ("funds", "UPDATE symbols SET issuer = NULL WHERE symbol = 'SPY'",
     "1 of 1 funds in symbols have no issuer: SPY"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fault", "found"), FAULTS)
def test_a_check_fails(filled: Connection, name: str, fault: str, found: str) -> None:
    query(filled, fault)
    analysis = analyze(filled, "DEFAULT")
    result = check(analysis, name)
    assert result.status == "fail" == analysis.status
    assert [finding for finding in result.findings if found in finding.found]
    assert all(finding.mend for finding in result.findings)
    assert {finding.mend for finding in result.findings} <= set(analysis.recommendations)


def test_what_organising_again_mends(filled: Connection) -> None:
    query(filled, "UPDATE symbols SET market_cap = 200000000000, updated_at = clock_timestamp() WHERE symbol = 'S03'")
    query(filled, "DELETE FROM cache_entries WHERE key IN ('top_250', 'list')")
    put_entry(filled, "stock_universe", "complete", "odd", ["GHOST"])
    assert not_passed(analyze(filled, "DEFAULT")) == {
        "recent", "categories", "symbols", "bands", "leaders", "themes",
    }  # fmt: skip
    organize(filled, Options())
    assert not_passed(analyze(filled, "DEFAULT")) == set()


def test_a_custom_entry_is_a_warning(filled: Connection) -> None:
    put_entry(filled, "stock_universe", "custom", "mine", ["S00"])
    analysis = analyze(filled, "DEFAULT")
    assert (not_passed(analysis), analysis.status) == ({"categories"}, "pass")
    (finding,) = check(analysis, "categories").findings
    assert (finding.severity, finding.entry) == ("warn", "stock_universe | custom | mine")


def test_groups_alone_have_no_leaders(connection: Connection) -> None:
    put_group(connection, "THEME", "ai", ["AAPL", "MSFT"])
    organize(connection, Options())
    analysis = analyze(connection, "DEFAULT")
    assert (not_passed(analysis), analysis.status) == ({"coverage", "sectors"}, "fail")
    (mend,) = analysis.recommendations
    assert mend.startswith("load symbols with MASSIVE_API_KEY set, for sector and market cap (a job of /admin/")


def test_one_fund_in_ten_may_be_without_an_issuer(filled: Connection) -> None:
    for number in range(9):
        put_symbol(filled, f"F{number}", type="ETF", etf_type="bond", issuer="Vanguard")
    query(filled, "UPDATE symbols SET issuer = '' WHERE symbol = 'SPY'")
    assert check(analyze(filled, "DEFAULT"), "funds").status == "warn"


def test_a_load_after_it_makes_the_entries_old(filled: Connection) -> None:
    put_group(filled, "THEME", "solar", ["S00"])
    assert "groups changed at" in check(analyze(filled, "DEFAULT"), "recent").findings[0].found
    organize(filled, Options())
    assert check(analyze(filled, "DEFAULT"), "recent").status == "pass"


def test_odd_values_end_no_analysis(filled: Connection) -> None:
    odd: list[object] = [None, 1, "text", [1, None, [], {}], {"count": "x" * 9}, {"stocks": {"a": 1}}, {}]
    for number, value in enumerate(odd):
        put_entry(filled, "stock_universe", f"odd %s {number}", "'; --", value)
    analysis = analyze(filled, "DEFAULT")
    assert check(analysis, "categories").count == 7


def test_an_empty_table_says_so(connection: Connection) -> None:
    analysis = analyze(connection, "DEFAULT")
    assert analysis.entries == ()
    assert {"recent", "categories", "coverage", "sectors"} <= not_passed(analysis)
    assert check(analysis, "sectors").count == 11


def test_a_role_that_may_only_read_is_enough(filled: Connection) -> None:
    query(filled, "SET ROLE app_readonly")
    assert analyze(filled, "DEFAULT").status == "pass"
    query(filled, "RESET ROLE")

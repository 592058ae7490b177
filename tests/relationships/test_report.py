"""The report's numbers, against a small environment that was worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import psycopg2
import pytest

from tests.relationships.report_data import add_group, add_to_sector, fill
from tests.stored import everything, query
from tickstock.db import Connection, Database, closing
from tickstock.relationships.checks import run_checks
from tickstock.relationships.report.as_json import as_json
from tickstock.relationships.report.model import Collection, Conflict, Detail, Overlap, Report
from tickstock.relationships.report.read import read_report
from tickstock.relationships.summary import Summary, read_summary


@pytest.fixture
def filled(connection: Connection) -> Connection:
    fill(connection)
    return connection


def detail(connection: Connection, environment: str = "DEFAULT") -> Detail:
    found = read_report(connection, environment, detailed=True).detail
    assert found is not None
    return found


def test_summary(filled: Connection) -> None:
    assert read_report(filled, "DEFAULT").summary._asdict() == {
        "etfs": 3, "universes": 1, "sectors": 12, "themes": 1, "stocks": 6, "relationships": 15,
    }  # fmt: skip


def test_sector_distribution_counts_stocks_of_all_stocks(filled: Connection) -> None:
    found = {sector.name: (sector.stocks, str(sector.percent)) for sector in read_report(filled, "DEFAULT").sectors}
    assert len(found) == 12
    assert {name: counts for name, counts in found.items() if counts[0]} == {
        "information_technology": (2, "33.33"),
        "energy": (1, "16.67"),
        "unknown": (1, "16.67"),
    }


def test_coverage_of_funds(filled: Connection) -> None:
    assert read_report(filled, "DEFAULT").etf_coverage._asdict() == {
        "etfs": 3, "with_members": 2, "with_weights": 2, "with_all_weights": 1, "with_as_of": 0,
    }  # fmt: skip


def test_coverage_of_sectors_by_count_and_by_weight(filled: Connection) -> None:
    found = read_report(filled, "DEFAULT").sector_coverage
    assert (found.classified, found.unknown, found.unassigned) == (3, 1, 2)
    # AAPL 58, MSFT 38, XOM 4 have a sector; NVDA 20 is unknown.
    assert found.classified_weight_share == pytest.approx(100 * 100 / 120)
    assert found.unknown_weight_share == pytest.approx(100 * 20 / 120)
    assert found.unassigned_weight_share == 0


def test_integrity_is_that_of_the_validation(filled: Connection, witness: Connection) -> None:
    assert read_report(filled, "DEFAULT").integrity == (15, 0)
    query(witness, "ALTER TABLE group_memberships DISABLE TRIGGER USER")
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'JPM'")
    found = read_report(filled, "DEFAULT").integrity
    assert (found.rows, found.wrong) == (14, 1)
    assert found == run_checks(filled, "DEFAULT").integrity


def test_the_summary_reads_no_detail(filled: Connection) -> None:
    assert read_report(filled, "DEFAULT").detail is None


def test_concentration_is_over_what_has_a_weight(filled: Connection) -> None:
    found = {
        etf.name: (etf.members, etf.weighted, etf.weight, etf.top_10_percent, etf.herfindahl, etf.effective)
        for etf in detail(filled).etfs
    }
    assert found == {
        "BBB": (4, 3, 20, 100, Decimal("0.36"), Decimal("2.8")),
        "AAA": (3, 3, 100, 100, Decimal("0.38"), Decimal("2.6")),
        "EEE": (0, 0, None, None, None, None),
    }


def test_funds_come_largest_first(filled: Connection) -> None:
    assert [etf.name for etf in detail(filled).etfs] == ["BBB", "AAA", "EEE"]


def test_the_top_10_of_twelve_equal_weights_are_ten_twelfths(connection: Connection) -> None:
    add_group(connection, "ETF", "EQ", {f"S{number:02}": 1 for number in range(12)})
    (etf,) = detail(connection).etfs
    assert (etf.top_10_percent, etf.effective) == (Decimal("83.33"), Decimal(12))
    assert [holding.symbol for holding in etf.top_holdings] == [f"S{number:02}" for number in range(10)]


def test_top_holdings_are_the_heaviest_with_name_and_sector(filled: Connection) -> None:
    bbb, aaa, empty = detail(filled).etfs
    assert [(one.symbol, one.name, one.sector, one.weight) for one in bbb.top_holdings] == [
        ("AAPL", "Apple Inc", "information_technology", 8),
        ("MSFT", "Microsoft", "information_technology", 8),
        ("XOM", None, "energy", 4),
        ("JPM", None, None, None),
    ]
    assert [one.symbol for one in aaa.top_holdings] == ["AAPL", "MSFT", "NVDA"]
    assert empty.top_holdings == ()


def test_a_stock_in_two_sectors_shows_both_and_once(filled: Connection) -> None:
    add_to_sector(filled, "AAPL", "financials")
    assert [one.sector for one in detail(filled).etfs[1].top_holdings if one.symbol == "AAPL"] == [
        "financials, information_technology"
    ]


def test_weights_that_cancel_out_have_no_concentration(connection: Connection) -> None:
    add_group(connection, "ETF", "LS", {"AAPL": 50, "MSFT": -50})
    (etf,) = detail(connection).etfs
    assert etf.weight == 0
    assert [etf.top_10_percent, etf.herfindahl, etf.effective] == [None] * 3


def test_overlap_counts_stocks_and_sums_lesser_weights(filled: Connection) -> None:
    assert detail(filled).overlap == (
        Overlap("BBB", "BBB", 4, Decimal(20)),
        Overlap("BBB", "AAA", 2, Decimal(16)),
        Overlap("AAA", "AAA", 3, Decimal(100)),
    )


def test_overlap_is_of_the_twelve_largest_funds(connection: Connection) -> None:
    for number in range(14):
        add_group(connection, "ETF", f"F{number:02}", {f"S{member}": None for member in range(number + 1)})
    names = {pair.etf for pair in detail(connection).overlap}
    assert names == {f"F{number:02}" for number in range(2, 14)}
    assert Overlap("F13", "F02", 3, None) in detail(connection).overlap


def test_universes_and_themes_say_what_is_held_and_classified(filled: Connection) -> None:
    assert detail(filled).collections == (
        Collection("UNIVERSE", "big", "The big", members=3, held=2, classified=2),
        Collection("THEME", "chips", "The chips", members=1, held=1, classified=0),
    )


def test_sector_conflicts_are_listed_with_their_evidence(filled: Connection) -> None:
    assert detail(filled).conflicts == (
        Conflict(
            "MSFT", "Microsoft", "information_technology", "sector_etf",
            "financials", "classification", "stock_classification.csv",
        ),
    )  # fmt: skip


@pytest.mark.parametrize("conflicts", ["text", None, 7, {"sector": "energy"}])
def test_conflicts_that_a_hand_wrote_otherwise_do_no_harm(connection: Connection, conflicts: object) -> None:
    add_to_sector(connection, "AAPL", "energy", conflicts=conflicts)
    assert detail(connection).conflicts == ()


def test_environments_do_not_mix(filled: Connection) -> None:
    add_group(filled, "ETF", "AAA", {"TSLA": 100}, "TEST")
    add_group(filled, "SECTOR", "energy", {"TSLA": None}, "TEST")
    default, test = read_report(filled, "DEFAULT", True), read_report(filled, "TEST", True)
    assert (default.summary.stocks, default.summary.relationships) == (6, 15)
    assert test.summary._asdict() == {
        "etfs": 1, "universes": 0, "sectors": 1, "themes": 0, "stocks": 1, "relationships": 2,
    }  # fmt: skip
    assert test.detail is not None
    assert [etf.top_holdings[0].symbol for etf in test.detail.etfs] == ["TSLA"]
    assert [(one.type, one.name) for one in test.detail.freshness] == [("ETF", "AAA")]
    assert {run.type for run in test.detail.runs} == {"ETF", "SECTOR"}
    assert (test.sectors[0].name, test.sectors[0].stocks) == ("energy", 1)


@pytest.mark.parametrize("environment", ["DEFAULT", "NOBODY"])
def test_an_empty_environment_is_a_report_of_zeros(connection: Connection, environment: str) -> None:
    report = read_report(connection, environment, detailed=True)
    assert (report.summary.stocks, report.summary.relationships, report.etf_coverage.etfs) == (0, 0, 0)
    assert report.sector_coverage.classified_share is None
    assert report.detail is not None
    assert (report.detail.etfs, report.detail.overlap, report.detail.last_loads) == ((), (), ())


def test_it_is_of_one_state_and_names_it(
    filled: Connection, witness: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fund that is deleted while the report is read is in all of it."""
    ((version,),) = query(witness, "SELECT max(version) FROM data_version")

    def delete_then_read(connection: Connection) -> Summary:
        query(witness, "DELETE FROM definition_groups WHERE name = 'AAA'")
        return read_summary(connection)

    monkeypatch.setattr("tickstock.relationships.report.read.read_summary", delete_then_read)
    report = read_report(filled, "DEFAULT", detailed=True)
    assert (report.data_version, report.summary.etfs, report.etf_coverage.etfs) == (version, 3, 3)
    assert report.detail is not None
    assert len(report.detail.etfs) == 3
    monkeypatch.undo()
    assert read_report(filled, "DEFAULT").data_version == version + 1


def test_it_writes_nothing(filled: Connection, witness: Connection) -> None:
    before = everything(witness)
    read_report(filled, "DEFAULT", detailed=True)
    assert everything(witness) == before


def test_a_role_that_may_only_read_is_enough(filled: Connection, database: Database) -> None:
    with closing(database.connect()) as reader:
        query(reader, "SET ROLE app_readonly")
        assert read_report(reader, "DEFAULT", detailed=True).summary.stocks == 6
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(reader, "DELETE FROM group_memberships")


def test_json_has_numbers_as_numbers_and_text_as_it_is(filled: Connection) -> None:
    query(filled, "UPDATE definition_groups SET name = '=1+1' WHERE name = 'chips'")
    found = as_json(read_report(filled, "DEFAULT", detailed=True))
    assert list(found) == [
        "environment", "data_version", "made_at", "summary", "sectors", "quality", "etfs", "overlap", "universes",
        "themes", "freshness", "sector_conflicts", "loads", "last_changes",
    ]  # fmt: skip
    assert found["themes"] == [
        {"name": "=1+1", "description": "The chips", "members": 1, "held": 1, "classified": 0}
    ]
    assert found["etfs"][1] == {
        "name": "AAA", "description": "The AAA", "members": 3, "weighted": 3, "weight": 100.0,
        "top_10_percent": 100.0, "herfindahl": 0.38, "effective": 2.6,
        "top_holdings": [
            {"symbol": "AAPL", "name": "Apple Inc", "sector": "information_technology", "weight": 50.0},
            {"symbol": "MSFT", "name": "Microsoft", "sector": "information_technology", "weight": 30.0},
            {"symbol": "NVDA", "name": None, "sector": "unknown", "weight": 20.0},
        ],
    }  # fmt: skip
    assert found["quality"]["sector_coverage"]["classified_share"] == 50
    assert found["overlap"][1] == {"etf": "BBB", "other": "AAA", "stocks": 2, "weight": 16.0}


def test_the_summary_as_json_ends_with_the_quality(filled: Connection) -> None:
    report: Report = read_report(filled, "DEFAULT")
    assert list(as_json(report)) == ["environment", "data_version", "made_at", "summary", "sectors", "quality"]

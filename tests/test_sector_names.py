"""One name for each sector, nothing invented, and the few stocks that are known by heart."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.db import Connection
from tickstock.sector_names import canonical_sector, is_no_sector, known_sector
from tickstock.sector_rules import SYMBOL_RULES

NAMES = {
    "information_technology": ["Information Technology", "Technology", "Info Tech", "Information Tech"],
    "health_care": ["Health Care", "Healthcare", "healthcare", "Health", "HEALTH-CARE"],
    "financials": ["Financials", "Financial", "Finance", "Financial Services"],
    "consumer_discretionary": ["Consumer Discretionary", "Consumer Cyclical", "  consumer   discretionary "],
    "communication_services": [
        "Communication Services", "Communication", "Telecommunications", "Telecommunication Services", "Telecom",
    ],
    "industrials": ["Industrials", "Industrial", "industrials"],
    "consumer_staples": ["Consumer Staples", "Consumer Staple", "Consumer Defensive", "Consumer Non-Cyclical"],
    "energy": ["Energy", "ENERGY", "Oil & Gas", "oil and gas"],
    "utilities": ["Utilities", "Utility"],
    "real_estate": ["Real Estate", "real_estate", "Real\u00a0Estate"],
    "materials": ["Materials", "Basic Materials", "basic_material"],
    "unknown": ["unknown", "Unclassified"],
}  # fmt: skip


@pytest.mark.parametrize(("sector", "name"), [(sector, name) for sector, names in NAMES.items() for name in names])
def test_the_names_of_issuers_and_vendors_mean_a_sector(sector: str, name: str) -> None:
    assert canonical_sector(name) == sector
    assert known_sector(name) == sector


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Technologie", "no known sector; nearest: information_technology"),
        ("Energie", "no known sector; nearest: energy"),
        ("Industrals", "no known sector; nearest: industrials"),
        # GICS divides these among several sectors, so they say nothing.
        ("Consumer Services", "nearest: "),
        ("Conglomerates", "no known sector; "),
        ("Capital Goods", "no known sector; "),
        ("qqqq", "one of: information_technology, health_care, "),
        ("", "no known sector; one of: "),
        ("-", "no known sector; one of: "),
        ("N/A", "no known sector; "),
        ("technology" * 100_000, "no known sector; "),
    ],
)
def test_any_other_name_is_an_error_and_no_new_sector(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        canonical_sector(name)
    assert len(str(caught.value)) < 250
    assert known_sector(name) == ""


@pytest.mark.parametrize(
    "cell",
    [
        "", " ", "-", "--", "N/A", "n/a", "None", "nan", "Unknown", "Unclassified", "Other", "Others",
        "Miscellaneous", "S-T Securities", "Cash and/or Derivatives", "Cash", "Not Applicable", "Not Classified",
    ],
)  # fmt: skip
def test_what_issuers_write_where_there_is_no_sector(cell: str) -> None:
    assert is_no_sector(cell)


def test_no_sector_is_mistaken_for_none() -> None:
    classified = [name for sector, names in NAMES.items() if sector != "unknown" for name in names]
    assert [name for name in classified if is_no_sector(name)] == []


@given(st.text(max_size=120))
def test_any_text_is_a_sector_or_an_error(name: str) -> None:
    try:
        assert canonical_sector(name) in NAMES
    except ValueError:
        assert known_sector(name) == ""


@pytest.fixture
def industries(connection: Connection) -> dict[str, list[str]]:
    """The industries of each sector group, from the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, industries FROM gics_sectors()")
        return dict(cursor.fetchall())


def test_the_names_lead_to_the_groups_of_the_database(industries: dict[str, list[str]]) -> None:
    assert NAMES.keys() == industries.keys()


def test_51_stocks_are_known_by_heart(industries: dict[str, list[str]]) -> None:
    assert Counter(sector for sector, _ in SYMBOL_RULES.values()) == {
        "information_technology": 14,
        "communication_services": 4,
        "health_care": 12,
        "financials": 10,
        "consumer_discretionary": 7,
        "consumer_staples": 4,
    }
    strangers = [symbol for symbol, (sector, name) in SYMBOL_RULES.items() if name not in industries[sector]]
    assert strangers == []
    assert SYMBOL_RULES["AAPL"] == ("information_technology", "Technology Hardware, Storage & Peripherals")
    assert SYMBOL_RULES["JPM"] == ("financials", "Banks")

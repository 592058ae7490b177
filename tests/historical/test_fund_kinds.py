"""What kind of fund a name tells of, and whose it is. The expected values are what these funds are known to be."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.historical.fund_kinds import KINDS, OTHER, fund_issuer, fund_kinds
from tickstock.settings import REPOSITORY

FUNDS = [
    ("SPY", "SPDR S&P 500 ETF Trust", ("broad_market",), "State Street"),
    ("RSP", "Invesco S&P 500 Equal Weight ETF", ("broad_market",), "Invesco"),
    ("DIA", "SPDR Dow Jones Industrial Average ETF Trust", ("broad_market",), "State Street"),
    ("VTI", "Vanguard Total Stock Market ETF", ("broad_market",), "Vanguard"),
    ("IJR", "iShares Core S&P Small-Cap ETF", ("broad_market",), "BlackRock"),
    ("QQQ", "Invesco QQQ Trust", ("broad_market", "growth"), "Invesco"),
    ("XLK", "Technology Select Sector SPDR Fund", ("sector", "technology"), "State Street"),
    ("XLI", "Industrial Select Sector SPDR Fund", ("sector",), "State Street"),
    ("VNQ", "Vanguard Real Estate ETF", ("sector",), "Vanguard"),
    ("SMH", "VanEck Semiconductor ETF", ("sector", "technology"), "VanEck"),
    ("GDX", "VanEck Gold Miners ETF", ("sector",), "VanEck"),
    ("XOP", "SPDR S&P Oil & Gas Exploration & Production ETF", ("sector",), "State Street"),
    ("VUG", "Vanguard Growth ETF", ("growth",), "Vanguard"),
    ("IWO", "iShares Russell 2000 Growth ETF", ("growth",), "BlackRock"),
    ("VTV", "Vanguard Value ETF", ("value",), "Vanguard"),
    ("DGRO", "iShares Core Dividend Growth ETF", ("other",), "BlackRock"),
    ("USMV", "iShares MSCI USA Min Vol Factor ETF", ("other",), "BlackRock"),
    ("VXUS", "Vanguard Total International Stock ETF", ("other",), "Vanguard"),
    ("AGG", "iShares Core U.S. Aggregate Bond ETF", ("bond",), "BlackRock"),
    ("TLT", "iShares 20+ Year Treasury Bond ETF", ("bond",), "BlackRock"),
    ("JPST", "JPMorgan Ultra-Short Income ETF", ("bond",), "JPMorgan"),
    ("VYM", "Vanguard High Dividend Yield ETF", ("other",), "Vanguard"),
    ("GLD", "SPDR Gold Shares", ("commodity",), "State Street"),
    ("USO", "United States Oil Fund LP", ("commodity",), "USCF"),
    ("DBE", "Invesco DB Energy Fund", ("commodity",), "Invesco"),
    ("ARKK", "ARK Innovation ETF", ("growth",), "ARK"),
    ("TQQQ", "ProShares UltraPro QQQ", ("other",), "ProShares"),
    ("SOXL", "Direxion Daily Semiconductor Bull 3X Shares", ("other",), "Direxion"),
    ("XYLD", "Global X S&P 500 Covered Call ETF", ("other",), "Global X"),
    ("SPXE", "ProShares S&P 500 Ex-Energy ETF", ("broad_market",), "ProShares"),
    ("JETS", "U.S. Global Jets ETF", ("sector",), "U.S. Global Investors"),
]


@pytest.mark.parametrize(("symbol", "name", "kinds", "issuer"), FUNDS)
def test_known_funds(symbol: str, name: str, kinds: tuple[str, ...], issuer: str) -> None:
    assert (fund_kinds(symbol, name), fund_issuer(name)) == (kinds, issuer)
    assert fund_kinds(symbol, name.upper()) == kinds


def test_a_fund_without_a_name() -> None:
    assert fund_kinds("SPY", None) == ("broad_market",)
    assert fund_kinds("ABCD", "") == ("other",)
    assert fund_issuer(None) is None


def test_parts_of_words_tell_nothing() -> None:
    assert fund_kinds("ABCD", "Goldman Sachs Ultraviolet Marketing Valued ETF") == ("other",)
    assert fund_issuer("Noah's Arkansas ETF") is None


def test_the_sector_funds_of_the_shipped_list() -> None:
    with (REPOSITORY / "holdings" / "funds.csv").open(encoding="utf-8") as file:
        kinds = {row["etf"]: fund_kinds(row["etf"], row["name"]) for row in csv.DictReader(file)}
    select = {etf for etf in kinds if etf.startswith("XL") and etf != "XLG"}
    assert len(select) == 11
    assert {kinds[etf][0] for etf in select} == {"sector"}
    assert not [etf for etf, found in kinds.items() if {"bond", "commodity"} & set(found)]  # all are funds of stocks


@given(st.text(max_size=10), st.none() | st.text(max_size=300))
def test_any_name_has_known_kinds(symbol: str, name: str | None) -> None:
    kinds = fund_kinds(symbol, name)
    assert kinds
    assert set(kinds) <= {kind.name for kind in KINDS} | {OTHER}
    assert (OTHER in kinds) <= (kinds == (OTHER,))

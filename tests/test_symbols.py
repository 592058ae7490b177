"""One spelling for each stock, and everything that is no stock recognised."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickstock.symbols import canonical_symbol, no_stock_reason, read_ticker

with (Path(__file__).parent / "data" / "symbols.csv").open(encoding="utf-8", newline="") as file:
    SPELLINGS = [(row["raw"], row["symbol"], row["no_stock"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("raw", "symbol", "no_stock"), SPELLINGS)
def test_a_ticker_is_a_symbol_or_no_stock_or_an_error(raw: str, symbol: str, no_stock: str) -> None:
    ticker = read_ticker(raw)
    assert (ticker.symbol, ticker.no_stock) == (symbol, no_stock)
    assert bool(ticker.error) == (not symbol and not no_stock)
    assert no_stock_reason(raw) == (no_stock or None)
    if symbol:
        assert canonical_symbol(raw) == symbol
    else:
        with pytest.raises(ValueError, match=r"\w"):
            canonical_symbol(raw)


@pytest.mark.parametrize(
    ("ticker", "name", "asset_class", "reason"),
    [
        ("JPM", "JPMORGAN CHASE & CO", "Equity", None),
        ("JPM", "CASH COLLATERAL USD JPM", "Cash Collateral and Margins", "cash collateral"),
        ("JPM", "", "Cash and/or Derivatives", "cash"),
        ("USD", "USD CASH", "Cash", "cash"),
        ("USD", "PROSHARES ULTRA SEMICONDUCTORS", "Equity", None),
        ("USD", "CASH & EQUIVALENTS", "", "cash"),
        ("XTSLA", "BLK CSH FND TREASURY SL AGENCY", "Money Market", "cash"),
        ("ESZ5", "S&P500 EMINI DEC 25", "Futures", "future"),
        ("CVI", "CVR ENERGY INC", "Equity", None),
        ("UAN", "CVR Partners LP Common Units", "", None),
        ("ADRO", "CHINOOK THERAPEUTICS INC CVR", "Equity", "CVR"),
        ("GTXI", "GTXI INC - CVR", "Equity", "CVR"),
        ("GENVR", "Gen Digital Inc. Contingent Value Rights", "", "CVR"),
        ("P5N994", "Petrocorp Inc Escrow", "Equity", "escrow"),
        ("2602335D", "CONTRA HOLOGIC INCORPO", "", "contra"),
        ("MPTI RT", "M TRON INDUSTRIES RIGHTS EXPIRY TH", "Equity", "right"),
        ("AMX", "America Movil (each representing the right to receive twenty shares)", "", None),
        ("OPENW", "Opendoor Technologies Inc Series K Warrants", "", "warrant"),
        ("DG", "Dollar General Corp", "Equity", None),
        ("CSH", "CASH AMERICA INTERNATIONAL INC", "", None),
        ("CASH", "PATHWARD FINANCIAL INC", "Equity", None),
        ("-", "US DOLLAR", "", "cash"),
        ("-", "STATE STREET INSTITUTIONAL LIQ", "", "cash"),
        ("", "OPENAI GROUP PBC SERIES C", "", "no ticker"),
        ("CNH", "CNH INDUSTRIAL NV", "Equity", None),
    ],
)
def test_asset_class_decides_first_then_the_name_then_the_ticker(
    ticker: str, name: str, asset_class: str, reason: str | None
) -> None:
    assert no_stock_reason(ticker, name, asset_class) == reason


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text("ABZ019 ./-*^_+", max_size=24))
def test_any_text_has_exactly_one_answer_and_a_symbol_keeps_its_spelling(raw: str) -> None:
    ticker = read_ticker(raw)
    assert sum(map(bool, ticker)) == 1
    if ticker.symbol:
        assert canonical_symbol(ticker.symbol) == ticker.symbol
        assert len(ticker.symbol) <= 20
        assert set(ticker.symbol) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ.")

"""What funds have in common; the figures were worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.put import put_group, put_sector
from tickstock.db import Connection
from tickstock.errors import TickstockError, UsageError
from tickstock.relationships.queries.names import use_environment
from tickstock.relationships.queries.overlap import FundSize, read_overlap


@pytest.fixture
def funds(connection: Connection) -> Connection:
    put_group(connection, "ETF", "SPY", {"AAPL": "6", "MSFT": "5", "NVDA": "4", "XOM": "1"}, "S&P 500")
    put_group(connection, "ETF", "QQQ", {"NVDA": "9", "AAPL": "8", "MSFT": "3", "COST": "2", "PEP": None})
    put_group(connection, "ETF", "DIA", {"AAPL": None, "XOM": None})
    put_group(connection, "ETF", "XLU", {"NEE": "100"})
    put_group(connection, "ETF", "NEW", {})
    put_sector(connection, "AAPL", "information_technology", name="Apple Inc.")
    use_environment(connection, "DEFAULT")
    return connection


def test_by_count_and_by_weight(funds: Connection) -> None:
    overlap = read_overlap(funds, ["spy", "QQQ"])
    assert overlap.funds == [
        FundSize("SPY", "S&P 500", 4, 4, Decimal(16)),
        FundSize("QQQ", None, 5, 4, Decimal(22)),
    ]
    (pair,) = overlap.pairs
    # AAPL min(6, 8) + MSFT min(5, 3) + NVDA min(4, 9)
    assert pair.weight == Decimal(13)
    assert [(each.symbol, each.name, each.first, each.second, each.shared) for each in pair.common] == [
        ("AAPL", "Apple Inc.", Decimal(6), Decimal(8), Decimal(6)),
        ("NVDA", None, Decimal(4), Decimal(9), Decimal(4)),
        ("MSFT", None, Decimal(5), Decimal(3), Decimal(3)),
    ]


def test_without_weights_there_is_no_overlap_by_weight(funds: Connection) -> None:
    (pair,) = read_overlap(funds, ["DIA", "SPY"]).pairs
    assert pair.weight is None
    assert [(each.symbol, each.first, each.second, each.shared) for each in pair.common] == [
        ("AAPL", None, Decimal(6), None),
        ("XOM", None, Decimal(1), None),
    ]


def test_a_weight_that_one_fund_lacks_does_not_count(funds: Connection) -> None:
    put_group(funds, "ETF", "PEPS", {"PEP": "50", "NVDA": "1"})
    (pair,) = read_overlap(funds, ["QQQ", "PEPS"]).pairs
    assert (pair.weight, [each.symbol for each in pair.common]) == (Decimal(1), ["NVDA", "PEP"])


def test_nothing_in_common_is_zero(funds: Connection) -> None:
    (pair,) = read_overlap(funds, ["XLU", "SPY"]).pairs
    assert (pair.common, pair.weight) == ([], Decimal(0))
    (pair,) = read_overlap(funds, ["SPY", "NEW"]).pairs
    assert (pair.second.holdings, pair.common, pair.weight) == (0, [], None)


def test_several_funds_are_compared_two_by_two(funds: Connection) -> None:
    pairs = read_overlap(funds, ["XLU", "SPY", "QQQ", "XLU"]).pairs
    assert [(pair.first.etf, pair.second.etf, len(pair.common)) for pair in pairs] == [
        ("XLU", "SPY", 0),
        ("XLU", "QQQ", 0),
        ("SPY", "QQQ", 3),
    ]


def test_one_fund_is_not_enough(funds: Connection) -> None:
    for names in (["SPY"], ["SPY", "spy"]):
        with pytest.raises(UsageError, match="found 1, expected at least 2"):
            read_overlap(funds, names)
    with pytest.raises(TickstockError, match="no ETF 'SPX' in DEFAULT; nearest: SPY"):
        read_overlap(funds, ["SPX", "QQQ"])


def test_another_environments_funds_are_not_seen(funds: Connection) -> None:
    put_group(funds, "ETF", "SPY", {"AAPL": "50"}, environment="TEST")
    put_group(funds, "ETF", "QQQ", {"AAPL": "40"}, environment="TEST")
    use_environment(funds, "TEST")
    (pair,) = read_overlap(funds, ["SPY", "QQQ"]).pairs
    assert pair.weight == Decimal(40)

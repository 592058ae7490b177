"""A portfolio comes down to stocks, and what does not is named: together always the whole of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.put import put_group, put_sector
from tests.stored import query
from tickstock.db import Connection
from tickstock.errors import BadInputError
from tickstock.relationships.queries.exposure import Exposure, read_exposure
from tickstock.relationships.queries.names import use_environment
from tickstock.relationships.queries.portfolio import Portfolio, read_portfolio


def expose(connection: Connection, folder: Path, text: str) -> Exposure:
    use_environment(connection, "DEFAULT")
    return read_exposure(connection, read_portfolio(write(folder, text)))


def write(folder: Path, text: str) -> Path:
    path = folder / "portfolio.csv"
    path.write_text(text, encoding="utf-8")
    return path


def stocks_of(exposure: Exposure) -> dict[str, float]:
    return {stock.symbol: float(round(stock.percent, 9)) for stock in exposure.stocks}


def untraced_of(exposure: Exposure) -> list[tuple[str, str, str, float]]:
    return [(part.symbol, part.position, part.reason, float(round(part.percent, 9))) for part in exposure.untraced]


@pytest.fixture
def funds(connection: Connection) -> Connection:
    put_group(connection, "ETF", "SPY", {"AAPL": "60", "MSFT": "39"})
    put_group(connection, "ETF", "QQQ", {"AAPL": "50", "NVDA": "50"})
    put_group(connection, "ETF", "AOR", {"SPY": "50", "AGG": "40"})
    put_group(connection, "ETF", "AGG", {"BND": None})
    put_sector(connection, "AAPL", "information_technology", name="Apple Inc.")
    put_sector(connection, "MSFT", "information_technology")
    put_sector(connection, "NVDA", "unknown")
    return connection


def test_funds_and_stocks_by_value(funds: Connection, tmp_path: Path) -> None:
    # Of 1000: SPY 500 is AAPL 300, MSFT 195, rest 5; QQQ 200 is AAPL 100, NVDA 100; AAPL 250; ZZZZ 50.
    exposure = expose(funds, tmp_path, "symbol,value\nSPY,500\nQQQ,200\nAAPL,250\nZZZZ,50\n")
    assert stocks_of(exposure) == {"AAPL": 65, "MSFT": 19.5, "NVDA": 10}
    assert exposure.stocks[0].through == [("SPY", Decimal(30)), ("AAPL", Decimal(25)), ("QQQ", Decimal(10))]
    assert exposure.traced == Decimal("94.5")
    assert exposure.sectors == [("information_technology", Decimal("84.5")), ("unknown", Decimal(10))]
    assert untraced_of(exposure) == [
        ("ZZZZ", "ZZZZ", "unknown symbol", 5),
        ("SPY", "SPY", "cash, or holdings without a weight", 0.5),
    ]
    assert [part.amount for part in exposure.untraced] == [50, 5]
    assert [(each.symbol, each.kind, each.percent) for each in exposure.positions] == [
        ("SPY", "fund", Decimal(50)),
        ("QQQ", "fund", Decimal(20)),
        ("AAPL", "stock", Decimal(25)),
        ("ZZZZ", "unknown", Decimal(5)),
    ]
    assert exposure.remarks == []


def test_a_fund_of_funds_is_looked_through(funds: Connection, tmp_path: Path) -> None:
    # AOR: half in SPY (AAPL 30, MSFT 19.5, rest 0.5), 40 in AGG without weights, 10 rest.
    exposure = expose(funds, tmp_path, "ticker,weight\nAOR,100\n")
    assert stocks_of(exposure) == {"AAPL": 30, "MSFT": 19.5}
    assert untraced_of(exposure) == [
        ("AGG", "AOR", "fund without weights", 40),
        ("AOR", "AOR", "cash, or holdings without a weight", 10),
        ("SPY", "AOR", "cash, or holdings without a weight", 0.5),
    ]


def test_funds_that_hold_each_other_come_to_an_end(connection: Connection, tmp_path: Path) -> None:
    put_group(connection, "ETF", "AA", {"BB": "50", "X": "50"})
    put_group(connection, "ETF", "BB", {"AA": "50", "Y": "50"})
    put_group(connection, "ETF", "CC", {"CC": "10", "X": "90"})
    exposure = expose(connection, tmp_path, "symbol,weight\nAA,80\nCC,20\n")
    assert stocks_of(exposure) == {"X": 58, "Y": 20}
    assert untraced_of(exposure) == [
        ("AA", "AA", "fund that holds itself", 20),
        ("CC", "CC", "fund that holds itself", 2),
    ]


def test_weights_over_100_are_scaled_and_said_to_be(connection: Connection, tmp_path: Path) -> None:
    put_group(connection, "ETF", "BIG", {"X": "90", "Y": "30"})
    put_group(connection, "ETF", "ODD", {"X": "50.5", "Y": "50.5"})
    exposure = expose(connection, tmp_path, "symbol,weight\nBIG,50\nODD,50\n")
    assert stocks_of(exposure) == {"X": 62.5, "Y": 37.5}
    assert (exposure.untraced, exposure.remarks) == ([], ["the weights of BIG sum to 120.00 %; scaled to 100"])


def test_shorts_pass_through(funds: Connection, tmp_path: Path) -> None:
    # Of 100: QQQ 150 is AAPL 75, NVDA 75; AAPL -50.
    exposure = expose(funds, tmp_path, "symbol,shares,price\nQQQ,3,50\nAAPL,-5,10\n")
    assert stocks_of(exposure) == {"NVDA": 75, "AAPL": 25}
    (apple,) = (stock for stock in exposure.stocks if stock.symbol == "AAPL")
    assert apple.through == [("QQQ", Decimal(75)), ("AAPL", Decimal(-50))]
    assert exposure.traced == 100


def test_weights_are_taken_as_shares_of_their_sum(funds: Connection, tmp_path: Path) -> None:
    exposure = expose(funds, tmp_path, "symbol,weight\nQQQ,30\nMSFT,20\n")
    assert stocks_of(exposure) == {"MSFT": 40, "AAPL": 30, "NVDA": 30}
    assert exposure.remarks == ["portfolio.csv: the weights sum to 50 %, not 100; taken as shares of that sum"]


def test_positions_given_twice_in_any_spelling_are_summed(funds: Connection, tmp_path: Path) -> None:
    put_group(funds, "THEME", "old", ["BRK.B", "odd-one"])
    exposure = expose(funds, tmp_path, "symbol,value\nBRK-B,10\nbrk/b,20\nspy,30\nSPY,30\nODD-ONE,10\n")
    assert [(each.symbol, each.kind, each.amount) for each in exposure.positions] == [
        ("BRK.B", "stock", Decimal(30)),
        ("SPY", "fund", Decimal(60)),
        ("odd-one", "stock", Decimal(10)),
    ]


def test_what_is_no_stock_is_named_with_its_reason(funds: Connection, tmp_path: Path) -> None:
    exposure = expose(funds, tmp_path, "symbol,value\nUSD CASH,75\nAAPL 260116C00200000,25\nMSFT,100\n")
    assert untraced_of(exposure) == [
        ("USD CASH", "USD CASH", "no stock (cash)", 37.5),
        ("AAPL 260116C00200000", "AAPL 260116C00200000", "unknown symbol", 12.5),
    ]


def test_another_environments_funds_are_not_looked_into(funds: Connection, tmp_path: Path) -> None:
    put_group(funds, "ETF", "ARKK", {"TSLA": "100"}, environment="TEST")
    put_group(funds, "ETF", "SPY", {"TSLA": "100"}, environment="TEST")
    exposure = expose(funds, tmp_path, "symbol,value\nARKK,50\nSPY,50\n")
    assert stocks_of(exposure) == {"AAPL": 30, "MSFT": 19.5}
    assert untraced_of(exposure)[0] == ("ARKK", "ARKK", "unknown symbol", 50)


@pytest.mark.parametrize(
    ("text", "basis", "amounts"),
    [
        ("Symbol,Weight\nSPY,60%\nQQQ, 40 \n", "weight", {"SPY": "60", "QQQ": "40"}),
        ('\ufeffsymbol,name,value\nSPY,"a, b","$1,234.5"\n\nQQQ,,(34.5)\n', "value", {"SPY": "1234.5", "QQQ": "-34.5"}),
        ("ticker,shares,price\nSPY,2,600.25\nSPY,1,.5\n", "shares", {"SPY": "1201"}),
        ("price,shares,symbol,value,\n9,9,SPY,-3,\n9,9,QQQ,+4,\n", "value", {"SPY": "-3", "QQQ": "4"}),
    ],
)
def test_files_that_are_read(tmp_path: Path, text: str, basis: str, amounts: Mapping[str, str]) -> None:
    portfolio = read_portfolio(write(tmp_path, text))
    assert portfolio.basis == basis
    assert portfolio.amounts == {ticker: Decimal(amount) for ticker, amount in amounts.items()}


def test_amounts_that_are_passed_over_are_named(tmp_path: Path) -> None:
    portfolio = read_portfolio(write(tmp_path, "symbol,shares,price,value\nSPY,1,600,600\n"))
    assert portfolio.remarks == ["amounts are taken from value; passed over: shares, price"]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["found an empty file, expected a table"]),
        ("<html></html>", ["found an HTML or XML page"]),
        ("symbol;weight\nSPY;100\n", ["cells separated by a semicolon"]),
        ("SPY,100\n", ["portfolio.csv:1: found the columns 'SPY, 100', expected symbol (or ticker), and weight, or"]),
        ("symbol,shares\nSPY,3\n", ["found the columns 'symbol, shares', expected symbol (or ticker), and weight"]),
        ("symbol,weight,weight\nSPY,3,4\n", ["found the column 'weight' twice"]),
        ("symbol,weight\n", ["found no positions, expected a portfolio that is worth something"]),
        ("symbol,weight\nSPY,10\nQQQ,-10\n", ["found positions that sum to 0, expected a portfolio that is worth"]),
        ("symbol,weight\nSPY,-1\n", ["found positions that sum to -1, expected a portfolio that is worth"]),
        (
            "symbol,weight\nSPY,lots\nQQQ,\n,5\nDIA,1,2\nVOO,1e3\nIVV,NaN\nIWM,9999999999999999\n",
            [
                "portfolio.csv:2: found weight 'lots', expected a number; correct it, or take the line out",
                "portfolio.csv:3: found weight ''",
                "portfolio.csv:4: found no ticker, expected one like AAPL or SPY",
                "portfolio.csv:5: found 3 cells, expected 2, as in the header",
                "portfolio.csv:6: found weight '1e3'",
                "portfolio.csv:7: found weight 'NaN'",
                "portfolio.csv:8: found weight '9999999999999999'",
            ],
        ),
    ],
)
def test_files_that_cannot_be_used_say_why(tmp_path: Path, text: str, messages: list[str]) -> None:
    with pytest.raises(BadInputError) as raised:
        read_portfolio(write(tmp_path, text))
    for message, line in zip(messages, str(raised.value).splitlines(), strict=True):
        assert message in line


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.csv: found no such file"):
        read_portfolio(tmp_path / "none.csv")
    with pytest.raises(BadInputError, match="found a pipe, device or folder"):
        read_portfolio(tmp_path)


# Funds that hold stocks, each other and themselves, and a portfolio of them.
FUNDS, STOCKS, NOBODY = ["FA", "FB", "FC", "FD"], ["SA", "SB", "SC"], ["ZA", "ZB"]
WEIGHTS = st.none() | st.decimals("-0.9", "70", places=6)
HOLDINGS = st.dictionaries(st.sampled_from(FUNDS + STOCKS), WEIGHTS, max_size=5)
AMOUNTS = st.dictionaries(
    st.sampled_from(FUNDS + STOCKS + NOBODY), st.decimals("-20", "100", places=4), min_size=1, max_size=6
)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60
)
@given(st.dictionaries(st.sampled_from(FUNDS), HOLDINGS, min_size=1), AMOUNTS)
def test_traced_and_untraced_are_the_whole_portfolio(
    connection: Connection, funds: dict[str, dict[str, Decimal | None]], amounts: dict[str, Decimal]
) -> None:
    total = sum(amounts.values(), Decimal(0))
    assume(total > 1)
    query(connection, "BEGIN")
    try:
        for fund, holdings in funds.items():
            put_group(connection, "ETF", fund, holdings)
        use_environment(connection, "DEFAULT")
        exposure = read_exposure(connection, Portfolio("p.csv", "value", amounts, total, []))
    finally:
        query(connection, "ROLLBACK")
    whole = exposure.traced + sum((part.percent for part in exposure.untraced), Decimal(0))
    assert whole == pytest.approx(100, abs=1e-9)
    expected = by_hand(funds, amounts)
    scale = 100 / Fraction(total)
    # What comes to nothing may be left out.
    assert {symbol: pytest.approx(float(amount * scale), abs=1e-9) for symbol, amount in expected.items()} == {
        **dict.fromkeys(expected, 0.0),
        **{stock.symbol: float(stock.percent) for stock in exposure.stocks},
    }


def by_hand(funds: Mapping[str, Mapping[str, Decimal | None]], amounts: Mapping[str, Decimal]) -> dict[str, Fraction]:
    """The stocks of a portfolio, one holding after the other."""
    known = {symbol for holdings in funds.values() for symbol in holdings}
    found: dict[str, Fraction] = defaultdict(Fraction)

    def follow(symbol: str, amount: Fraction, inside: tuple[str, ...]) -> None:
        if symbol not in funds:
            if symbol in known:
                found[symbol] += amount
            return
        weights = {held: Fraction(weight) for held, weight in funds[symbol].items() if weight is not None}
        if symbol not in inside:
            for held, weight in weights.items():
                follow(held, amount * weight / max(sum(weights.values()), 100), (*inside, symbol))

    for symbol, amount in amounts.items():
        follow(symbol, Fraction(amount), ())
    return found

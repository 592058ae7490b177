"""How much funds change from one snapshot to the next."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.relationships.history.conftest import LoadFunds
from tests.relationships.history.made import text_of
from tests.stored import query
from tickstock.db import Connection
from tickstock.errors import TickstockError
from tickstock.relationships.history.ask import ask_churn, reading
from tickstock.relationships.history.churn import FundChurn, Interval, Step, read_churn, read_fund_churn
from tickstock.relationships.history.diff import read_diff
from tickstock.relationships.queries.names import ETF

JAN, JUL, YEAR = date(2024, 1, 1), date(2024, 7, 1), date(2025, 1, 1)
Churn = Callable[..., list[FundChurn]]


@pytest.fixture
def churn(connection: Connection) -> Churn:
    def read(interval: Interval = Interval(), environment: str = "DEFAULT") -> list[FundChurn]:  # noqa: B008
        with reading(connection, environment):
            return read_churn(connection, interval)

    return read


@pytest.fixture
def steps(connection: Connection) -> Callable[..., list[Step]]:
    def read(etf: str, interval: Interval = Interval()) -> list[Step]:  # noqa: B008
        with reading(connection, "DEFAULT"):
            return read_fund_churn(connection, etf, interval).steps

    return read


@pytest.fixture
def spy(load_funds: LoadFunds) -> None:
    load_funds("2024-01-01", SPY={"AAPL": 60, "MSFT": 30, "KO": 10})
    load_funds("2024-07-01", SPY={"AAPL": 55, "MSFT": 35, "KO": 10})
    load_funds("2025-01-01", SPY={"AAPL": 55, "NVDA": 35, "KO": 9, "XOM": 1})


def test_a_line_for_each_snapshot(spy: None, steps: Callable[..., list[Step]]) -> None:
    assert steps("spy") == [
        Step(JAN, None, 3, 0, 0, 0, None),
        Step(JUL, JAN, 3, 0, 0, 2, Decimal(5)),
        Step(YEAR, JUL, 4, 2, 1, 1, Decimal(36)),  # (35 + 35 + 1 + 1) / 2
    ]


def test_the_first_snapshot_of_an_interval_is_compared_with_the_one_before_it(
    spy: None, steps: Callable[..., list[Step]]
) -> None:
    assert steps("SPY", Interval(date(2024, 2, 1), date(2024, 12, 31))) == [Step(JUL, JAN, 3, 0, 0, 2, Decimal(5))]
    assert steps("SPY", Interval(to_day=date(2023, 12, 31))) == []


def test_turnover_is_told_for_a_year(spy: None, churn: Churn) -> None:
    (fund,) = churn()
    assert (fund.etf, len(fund.steps)) == ("SPY", 3)
    assert [fund.total(word) for word in ("added", "removed", "moved")] == [2, 1, 3]
    # 41 % in the 366 days of 2024
    assert fund.turnover_a_year is not None
    assert round(fund.turnover_a_year, 4) == Decimal("40.9160")


def test_funds_come_by_turnover_and_those_without_weights_last(load_funds: LoadFunds, churn: Churn) -> None:
    for day, weights in (("2024-01-01", (60, 40)), ("2024-07-01", (50, 50))):
        first, last = weights
        load_funds(
            day,
            CALM={"AAPL": 60, "MSFT": 40 if first == 60 else "39.9"},
            WILD={"AAPL": first, "MSFT": last},
            BARE={"AAPL": "", "MSFT": "", f"X{first}X".replace("60", "A").replace("50", "B"): ""},
            STILL={"AAPL": ""},
        )
    assert [(fund.etf, fund.turnover_a_year is None) for fund in churn()] == [
        ("WILD", False), ("CALM", False), ("BARE", True), ("STILL", True),
    ]  # fmt: skip
    bare = churn()[2].steps[1]
    assert (bare.added, bare.removed, bare.moved, bare.turnover) == (1, 1, 0, None)


def test_a_rename_is_no_churn(load_funds: LoadFunds, steps: Callable[..., list[Step]], witness: Connection) -> None:
    load_funds("2022-06-03", IVV={"AAPL": 60, "FB": 40})
    load_funds("2022-06-10", IVV={"AAPL": 61, "META": 39})
    assert steps("IVV")[1][3:] == (1, 1, 1, Decimal(40))
    query(witness, "INSERT INTO symbol_renames VALUES ('FB', 'META', '2022-06-09')")
    assert steps("IVV")[1][3:] == (0, 0, 2, Decimal(1))


def test_a_date_that_was_loaded_twice_is_one_line(load_funds: LoadFunds, steps: Callable[..., list[Step]]) -> None:
    load_funds("2024-01-01", SPY={"AAPL": 60, "MSFT": 40})
    load_funds("2024-07-01", SPY={"AAPL": 10, "MSFT": 90})
    load_funds("2024-07-01", SPY={"AAPL": 59, "MSFT": 41})
    assert [step[1:] for step in steps("SPY")] == [(None, 2, 0, 0, 0, None), (JAN, 2, 0, 0, 2, Decimal(1))]


def test_what_was_undone_is_no_snapshot(
    load_funds: LoadFunds, steps: Callable[..., list[Step]], witness: Connection
) -> None:
    load_funds("2024-01-01", SPY={"AAPL": 60, "MSFT": 40})
    load_funds("2024-07-01", SPY={"AAPL": 10, "MSFT": 90})
    query(witness, "UPDATE load_files SET undone_by = 99 WHERE as_of = '2024-07-01'")
    assert [step.as_of for step in steps("SPY")] == [JAN]


def test_a_removed_fund_keeps_its_churn(spy: None, load_funds: LoadFunds, folder: Path, churn: Churn) -> None:
    (folder / "SPY_holdings.csv").unlink()
    load_funds("2025-01-01", "full", IVV={"AAPL": 100})
    assert [(fund.etf, len(fund.steps)) for fund in churn()] == [("SPY", 3), ("IVV", 1)]


def test_an_environment_has_its_own(spy: None, load_etfs: Load, folder: Path, churn: Churn) -> None:
    write_fund(folder, "QQQ", {"AAPL": 100})
    load_etfs(environment="TEST", only="QQQ")
    assert [fund.etf for fund in churn(environment="TEST")] == ["QQQ"]
    assert [fund.etf for fund in churn()] == ["SPY"]


def test_an_unknown_fund(spy: None, steps: Callable[..., list[Step]]) -> None:
    with pytest.raises(TickstockError, match="no ETF 'SPX' in DEFAULT; nearest: SPY"):
        steps("SPX")


def silent(step: str, done: int, of: int) -> None:
    """Nobody looks at the progress."""


def test_the_lines(spy: None, connection: Connection) -> None:
    assert text_of(connection, lambda reader: ask_churn(reader, "SPY", Interval(), silent)).splitlines() == [
        "ETF SPY",
        "as of       members  added  removed  moved  one-way turnover %",
        "2024-01-01        3",
        "2024-07-01        3      0        0      2                5.00",
        "2025-01-01        4      2        1      1               36.00",
    ]
    assert text_of(connection, lambda reader: ask_churn(reader, None, Interval(), silent)).splitlines() == [
        "ETF  snapshots  from        to          added  removed  moved  turnover % a year",
        "SPY          3  2024-01-01  2025-01-01      2        1      3              40.92",
    ]


def test_each_line_is_the_difference_of_two_days(
    load_funds: LoadFunds, connection: Connection, witness: Connection, steps: Callable[..., list[Step]]
) -> None:
    """On a random history with a hand's edits, an undated state in between, a rename, and dates that come twice."""
    chance = random.Random("churn")
    symbols = [f"{letter}A" for letter in "BCDEFGHIJK"]
    query(witness, "INSERT INTO symbol_renames VALUES ('BA', 'ZB', '2024-02-01'), ('ZB', 'YB', '2024-03-01')")
    day = JAN
    for _ in range(12):
        held = {symbol: chance.randint(5, 20) for symbol in chance.sample(symbols, 7)}
        if day >= date(2024, 2, 1):
            held = {"ZB" if symbol == "BA" else symbol: weight for symbol, weight in held.items()}
        if day >= date(2024, 3, 1):
            held = {"YB" if symbol == "ZB" else symbol: weight for symbol, weight in held.items()}
        load_funds(str(day), "full", SPY=held)
        if chance.random() < 0.3:
            query(witness, "UPDATE group_memberships SET weight = weight + 1 WHERE symbol = 'CA'")
        day += timedelta(days=chance.choice([0, 7, 14]))
    for step in steps("SPY")[1:]:
        assert step.before
        with reading(connection, "DEFAULT"):
            changes = read_diff(connection, ETF, "SPY", (step.before, step.as_of)).changes
        moved = sum(move.points != 0 for move in (*changes.moved, *changes.renamed))
        assert step[3:] == (len(changes.added), len(changes.removed), moved, changes.turnover)

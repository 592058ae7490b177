"""What the report says of loads: where groups come from, what changed, by whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.relationships.report_data import add_group
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.report.model import ChangedRow, Detail
from tickstock.relationships.report.read import read_report

ISHARES = """iShares Core S&P 500 ETF
Fund Holdings as of,"Nov 18, 2025"
\u00a0
Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price
"AAPL","APPLE INC","Information Technology","Equity","60","60.00","60","1","1"
"JPM","JPMORGAN CHASE & CO","Financials","Equity","40","40.00","40","1","1"
"""


@pytest.fixture
def detail(connection: Connection) -> Callable[[], Detail]:
    def read(environment: str = "DEFAULT") -> Detail:
        found = read_report(connection, environment, detailed=True).detail
        assert found is not None
        return found

    return read


def test_freshness_tells_date_age_time_and_file_stalest_first(
    load_etfs: Load, folder: Path, connection: Connection, detail: Callable[[], Detail]
) -> None:
    (folder / "IVV_holdings.csv").write_text(ISHARES, encoding="utf-8")
    write_fund(folder, "SPY", {"AAPL": 60, "MSFT": 40})
    load_etfs()
    add_group(connection, "THEME", "mine", {"AAPL": None})
    dated, undated, by_hand = detail().freshness
    assert (dated.type, dated.name, dated.as_of, dated.path) == (
        "ETF", "IVV", date(2025, 11, 18), str(folder / "IVV_holdings.csv"),
    )  # fmt: skip
    today = datetime.now(UTC)
    assert dated.days in ((today.date() - date(2025, 11, 18)).days, (today.date() - date(2025, 11, 18)).days - 1)
    assert dated.loaded_at is not None
    assert abs((today - dated.loaded_at).total_seconds()) < 300
    assert (undated.name, undated.as_of, undated.days, undated.path) == (
        "SPY", None, None, str(folder / "spy_holdings.csv"),
    )  # fmt: skip
    assert by_hand == ("THEME", "mine", None, None, None, None)
    assert read_report(connection, "DEFAULT").etf_coverage.with_as_of == 1


def test_the_last_loads_come_latest_first_with_their_counts(
    load_etfs: Load, folder: Path, detail: Callable[[], Detail]
) -> None:
    write_fund(folder, "SPY", {"AAPL": 60, "MSFT": 40})
    load_etfs()
    write_fund(folder, "SPY", {"AAPL": 61, "NVDA": 39})
    load_etfs(mode="incremental")
    latest, first, migration = detail().runs
    assert (latest.type, latest.mode, latest.added, latest.changed, latest.removed, latest.put_back) == (
        "ETF", "incremental", 1, 1, 1, 0,
    )  # fmt: skip
    assert (first.mode, first.added) == ("full", 2)
    assert latest.load_id > first.load_id > migration.load_id
    assert (migration.type, migration.mode) == ("SECTOR", "migration")
    assert latest.committed_at > first.committed_at


def test_a_hand_is_among_them_with_what_it_changed(
    load_etfs: Load, folder: Path, connection: Connection, detail: Callable[[], Detail]
) -> None:
    write_fund(folder, "SPY", {"AAPL": 60, "MSFT": 40})
    load_etfs()
    query(connection, "UPDATE group_memberships SET weight = 55 WHERE weight = 60")
    query(connection, "DELETE FROM group_memberships WHERE weight = 40")
    query(connection, "INSERT INTO definition_groups (type, name, environment) VALUES ('THEME', 'x', 'TEST')")
    deleted, updated, _load, _migration = detail().runs
    assert (deleted.kind, deleted.type, deleted.added, deleted.changed, deleted.removed) == ("manual", "ETF", 0, 0, 1)
    assert (updated.kind, updated.added, updated.changed, updated.removed) == ("manual", 0, 1, 0)
    assert (updated.who, updated.program) == (connection.info.user, "tickstock test")


def test_a_group_that_a_hand_deleted_is_among_them(connection: Connection, detail: Callable[[], Detail]) -> None:
    add_group(connection, "THEME", "gone", {"AAPL": None, "MSFT": None})
    query(connection, "DELETE FROM definition_groups WHERE name = 'gone'")
    assert (detail().runs[0].type, detail().runs[0].removed) == ("THEME", 2)


def test_ten_runs_are_listed(connection: Connection, detail: Callable[[], Detail]) -> None:
    for number in range(12):
        add_group(connection, "THEME", f"theme{number}", {})
    assert len(detail().runs) == 10
    assert {run.kind for run in detail().runs} == {"manual"}


def test_what_changed_lists_the_largest_moves_and_what_came_and_went(
    load_etfs: Load, folder: Path, detail: Callable[[], Detail]
) -> None:
    write_fund(folder, "SPY", {"AAPL": 50, "MSFT": 30, "NVDA": 15, "XOM": 5})
    load_etfs()
    write_fund(folder, "SPY", {"AAPL": 47, "MSFT": 35, "NVDA": 15, "TSLA": 3})
    load_etfs()
    load_etfs(mode="incremental")  # changes nothing
    (last,) = detail().last_loads
    assert (last.type, last.added, last.changed, last.removed) == ("ETF", 1, 2, 1)
    assert last.rows == (
        ChangedRow("changed", "SPY", "MSFT", Decimal(30), Decimal(35)),
        ChangedRow("changed", "SPY", "AAPL", Decimal(50), Decimal(47)),
        ChangedRow("added", "SPY", "TSLA", None, Decimal(3)),
        ChangedRow("removed", "SPY", "XOM", Decimal(5), None),
    )
    assert [row.move for row in last.rows] == [5, -3, None, None]


def test_a_removed_fund_is_named(load_etfs: Load, folder: Path, detail: Callable[[], Detail]) -> None:
    for name in ("SPY", "VOO"):
        write_fund(folder, name, {"AAPL": 60, "MSFT": 40})
    load_etfs()
    (folder / "voo_holdings.csv").unlink()
    load_etfs(force=True)
    (last,) = detail().last_loads
    assert {(row.action, row.group, row.symbol) for row in last.rows} == {
        ("removed", "VOO", "AAPL"), ("removed", "VOO", "MSFT"),
    }  # fmt: skip


def test_long_lists_of_changes_are_cut_to_the_heaviest(
    load_etfs: Load, folder: Path, detail: Callable[[], Detail]
) -> None:
    write_fund(folder, "BIG", {f"A{chr(65 + n)}X": 1 + n / 10 for n in range(26)} | {"ZZZ": 41.5})
    load_etfs()
    (last,) = detail().last_loads
    assert (last.added, len(last.rows)) == (27, 20)
    assert [row.new_weight for row in last.rows[:3]] == [Decimal("41.5"), Decimal("3.5"), Decimal("3.4")]


def test_loads_of_another_environment_are_not_told(
    load_etfs: Load, folder: Path, detail: Callable[..., Detail]
) -> None:
    write_fund(folder, "SPY", {"AAPL": 60, "MSFT": 40})
    load_etfs(environment="TEST")
    assert detail().last_loads == ()
    assert [run.mode for run in detail().runs] == ["migration"]
    assert [load.added for load in detail("TEST").last_loads] == [2]

"""What looks like an accident is refused with its figure; --force goes past it, for all groups or for those named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.stored import everything, members, query
from tickstock.db import Connection
from tickstock.errors import RefusedError

TEN = {f"{letter}{letter}": "10" for letter in "ABCDEFGHIJ"}
THIRTY = {f"{first}{second}": "3.3333" for first in "ABC" for second in "ABCDEFGHIJ"}


def without(symbols: int) -> dict[str, str]:
    return {symbol: "100" if number == 0 else "0" for number, symbol in enumerate(list(THIRTY)[symbols:])}


def test_a_fund_that_loses_more_than_a_fifth_is_refused(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", THIRTY)
    load_etfs()
    before = everything(witness)
    write_fund(folder, "SPY", without(7))
    with pytest.raises(RefusedError, match=r"SPY would lose 7 of 30 members to no other group \(23%"):
        load_etfs()
    assert everything(witness) == before
    outcome = load_etfs(force=True)
    assert outcome.plan.overridden[0].startswith("SPY would lose 7 of 30")
    assert query(witness, "SELECT overridden ->> 0 FROM load_runs WHERE id = %s", outcome.load_id) == [
        (outcome.plan.overridden[0],)
    ]


@pytest.mark.parametrize("lost", [5, 6])
def test_a_fifth_of_thirty_is_no_accident(load_etfs: Load, folder: Path, lost: int) -> None:
    write_fund(folder, "SPY", THIRTY)
    load_etfs()
    write_fund(folder, "SPY", without(lost))
    assert load_etfs().plan.total("removed") == lost


def test_five_of_ten_are_too_few_for_an_accident(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", TEN)
    load_etfs()
    write_fund(folder, "SPY", dict.fromkeys(list(TEN)[5:], "20"))
    assert load_etfs().plan.total("removed") == 5


def test_symbols_that_move_to_another_group_are_no_loss(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", THIRTY)
    write_fund(folder, "QQQ", {"ZZ": "100"})
    load_etfs()
    write_fund(folder, "SPY", without(10))
    write_fund(folder, "QQQ", {"ZZ": "67", **dict.fromkeys(list(THIRTY)[:10], "3.3")})
    assert load_etfs().plan.total("removed") == 10


def test_a_new_fund_with_the_same_stocks_is_no_place_to_move_to(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", THIRTY)
    load_etfs()
    write_fund(folder, "SPY", without(10))
    write_fund(folder, "VOO", THIRTY)
    with pytest.raises(RefusedError, match="SPY would lose 10 of 30 members"):
        load_etfs()


def test_a_fifth_of_the_groups_without_a_file_is_refused(load_etfs: Load, folder: Path) -> None:
    for number in range(10):
        write_fund(folder, f"FUND{number}", {"AAPL": "100"})
    load_etfs()
    (folder / "fund0_holdings.csv").unlink()
    (folder / "fund1_holdings.csv").unlink()
    assert load_etfs(dry_run=True).plan.refusals == ()
    (folder / "fund2_holdings.csv").unlink()
    with pytest.raises(RefusedError, match=r"3 of 10 ETF groups have no file .*\(FUND0, FUND1, FUND2"):
        load_etfs()
    assert load_etfs(force=True).plan.groups_with("removed") == 3


@pytest.mark.parametrize(("total", "refused"), [("79.9", True), ("80", False), ("120", False), ("120.1", True)])
def test_weights_must_sum_to_about_a_hundred(load_etfs: Load, folder: Path, total: str, refused: bool) -> None:
    write_fund(folder, "SPY", {"AAPL": "40", "MSFT": str(round(float(total) - 40, 1))})
    plan = load_etfs(dry_run=True).plan
    assert bool(plan.refusals) == refused
    if refused:
        assert f"the weights of spy_holdings.csv sum to {float(total):.2f} %, expected 80 to 120" in plan.refusals[0]


@pytest.mark.parametrize(("total", "warned"), [("94.9", True), ("95", False), ("105", False), ("105.1", True)])
def test_a_sum_a_little_off_is_a_warning(load_etfs: Load, folder: Path, total: str, warned: bool) -> None:
    write_fund(folder, "SPY", {"AAPL": "40", "MSFT": str(round(float(total) - 40, 1))})
    assert bool(load_etfs(dry_run=True).plan.warnings) == warned


def test_a_weight_above_a_hundred_is_refused(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "HEWU", {"EWU": "102.6", "USD": "-0.9"})
    assert load_etfs(dry_run=True).plan.refusals == ("HEWU: a single weight of 102.60 %, expected at most 100",)


def test_weights_are_not_emptied_by_a_file_without_any(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", TEN)
    load_etfs()
    write_fund(folder, "SPY", dict.fromkeys(TEN))
    with pytest.raises(RefusedError, match="has no weights, and 10 stored weights would become empty"):
        load_etfs()
    load_etfs(force=True)
    assert set(members(witness, "SPY").values()) == {None}


def test_a_file_without_members_is_refused(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", {})
    with pytest.raises(RefusedError, match=r"SPY: spy_holdings.csv holds no members at all"):
        load_etfs()


def test_force_can_name_the_groups_it_is_for(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", {"AAPL": "50"})
    write_fund(folder, "QQQ", {"AAPL": "50"})
    with pytest.raises(RefusedError) as caught:
        load_etfs(force=frozenset({"spy"}))
    assert "QQQ: the weights" in str(caught.value)
    assert "SPY: the weights" not in str(caught.value)
    assert len(load_etfs(force=frozenset({"spy", "qqq"})).plan.overridden) == 2

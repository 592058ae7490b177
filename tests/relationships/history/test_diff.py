"""What changed in a group between two days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.put import put_group, put_sector
from tests.relationships.conftest import Load
from tests.relationships.history.conftest import LoadFunds
from tests.relationships.history.made import days, text_of
from tests.stored import query
from tickstock.db import Connection
from tickstock.errors import TickstockError
from tickstock.relationships.history.ask import ask_diff, reading
from tickstock.relationships.history.diff import Changes, Diff, Member, Move, compare, read_diff
from tickstock.relationships.history.groups import Held, Side, Snapshot
from tickstock.relationships.history.renames import Rename
from tickstock.relationships.queries.ask import Answer
from tickstock.relationships.queries.names import ETF, SECTOR, THEME, UNIVERSE, Kind

TODAY = datetime.now(UTC).date()
ReadDiff = Callable[..., Diff]


@pytest.fixture
def diff(connection: Connection) -> ReadDiff:
    def read(first: str, last: str, name: str = "SPY", kind: Kind = ETF, environment: str = "DEFAULT") -> Diff:
        with reading(connection, environment):
            return read_diff(connection, kind, name, days(first, last))

    return read


@pytest.fixture
def spy(load_funds: LoadFunds) -> list[int | None]:
    """Two files of SPY: NVDA takes the place of XOM, and AAPL gives 2.5 points to MSFT. The ids of their loads."""
    first = load_funds("2025-01-03", SPY={"AAPL": "40.5", "MSFT": "30", "KO": "9.5", "XOM": "20"})
    last = load_funds("2025-06-27", SPY={"AAPL": "38", "MSFT": "32.5", "KO": "9.5", "NVDA": "20"})
    return [first.load_id, last.load_id]


def test_adds_drops_moves_and_turnover(spy: list[int], diff: ReadDiff) -> None:
    assert diff("2025-01-03", "2025-06-30").changes == Changes(
        added=[Member("NVDA", Decimal("20"))],
        removed=[Member("XOM", Decimal("20"))],
        renamed=[],
        moved=[Move("AAPL", Decimal("40.5"), Decimal("38")), Move("MSFT", Decimal("30"), Decimal("32.5"))],
        unchanged=1,
        turnover=Decimal("22.5"),  # (20 + 20 + 2.5 + 2.5) / 2
    )


def test_each_side_names_the_file_that_stands_behind_it(spy: list[int], diff: ReadDiff, folder: Path) -> None:
    found = diff("2025-02-01", "2025-06-27")
    path = str(folder / "SPY_holdings.csv")
    assert found.before.snapshot == Snapshot(date(2025, 1, 3), True, spy[0], path)
    assert found.after.snapshot == Snapshot(date(2025, 6, 27), True, spy[1], path)
    assert len(found.before.members) == 4


def test_nothing_changes_between_two_files(spy: list[int], diff: ReadDiff) -> None:
    changes = diff("2025-01-03", "2025-06-26").changes
    assert changes == Changes([], [], [], [], 4, Decimal(0))


def test_a_day_before_the_first_file_is_not_known(spy: list[int], diff: ReadDiff) -> None:
    with pytest.raises(TickstockError, match=r"ETF SPY is not known on 2025-01-02: the record begins on 2025-01-03 "):
        diff("2025-01-02", "2025-06-30")


def test_a_fund_that_was_removed_is_said_to_be_gone_and_its_past_is_kept(
    spy: list[int], diff: ReadDiff, load_funds: LoadFunds, folder: Path, witness: Connection
) -> None:
    (folder / "SPY_holdings.csv").unlink()
    run = load_funds("2025-06-27", "full", IVV={"AAPL": 100}).load_id
    assert diff("2025-01-03", "2025-06-27").changes.turnover == Decimal("22.5")
    with pytest.raises(TickstockError, match=rf"there was no ETF SPY on {TODAY}: run {run} removed it on {TODAY}; "):
        diff("2025-01-03", str(TODAY))


def test_a_fund_that_was_removed_and_made_again_is_one_fund(
    diff: ReadDiff, load_funds: LoadFunds, witness: Connection
) -> None:
    load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 40})
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    query(witness, "UPDATE membership_versions SET valid_to = '2025-02-01' WHERE valid_to IS NOT NULL")
    load_funds("2025-06-27", "full", SPY={"AAPL": 70, "MSFT": 30})
    assert diff("2025-01-31", "2025-06-27").changes.turnover == Decimal(10)
    with pytest.raises(TickstockError, match=r"there was no ETF SPY on 2025-02-01: run \d+ removed it on 2025-02-01"):
        diff("2025-01-31", "2025-02-01")


def test_a_name_that_nothing_ever_had(spy: list[int], diff: ReadDiff) -> None:
    with pytest.raises(TickstockError, match="no ETF 'SPX' in DEFAULT; nearest: SPY"):
        diff("2025-01-03", "2025-06-30", "SPX")


def test_names_are_found_as_everywhere(spy: list[int], diff: ReadDiff) -> None:
    assert diff("2025-01-03", "2025-06-30", " spy ").name == "SPY"


def test_another_environment_has_its_own(load_etfs: Load, folder: Path, load_funds: LoadFunds, diff: ReadDiff) -> None:
    load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 40})
    load_etfs(environment="TEST")
    load_funds("2025-01-10", SPY={"AAPL": 50, "MSFT": 50})
    assert diff("2025-01-03", "2025-01-10").changes.turnover == Decimal(10)
    assert diff("2025-01-03", "2025-01-10", environment="TEST").changes.turnover == Decimal(0)


def test_groups_without_weights_have_adds_and_drops_and_no_turnover(witness: Connection, diff: ReadDiff) -> None:
    yesterday = str(TODAY - timedelta(days=1))
    put_group(witness, "UNIVERSE", "dow30", ["AAPL", "IBM"])
    put_group(witness, "THEME", "Chips", ["NVDA"])
    put_sector(witness, "IBM", "information_technology")
    query(witness, "UPDATE membership_versions SET valid_from = %s", yesterday)
    query(witness, "UPDATE group_memberships SET symbol = 'NVDA' WHERE symbol = 'IBM'")
    for kind, name in ((UNIVERSE, "dow30"), (SECTOR, "Technology")):
        changes = diff(yesterday, str(TODAY), name, kind).changes
        assert (changes.added, changes.removed) == ([Member("NVDA", None)], [Member("IBM", None)])
        assert changes.turnover is None
    theme = diff(yesterday, str(TODAY), "chips", THEME)
    assert (theme.changes.unchanged, theme.before.snapshot) == (1, None)


def test_a_weight_that_one_side_lacks_has_no_turnover() -> None:
    before, after = (side({"AAPL": 60, "MSFT": 40}), side({"AAPL": None, "MSFT": 40}, day=2))
    changes = compare(before, after, [])
    assert (changes.moved, changes.unchanged, changes.turnover) == ([Move("AAPL", Decimal(60), None)], 1, None)


def test_a_rename_in_between_is_no_drop_and_no_add() -> None:
    before, after = side({"FB": 60, "AAPL": 40}, day=1), side({"META": 58, "AAPL": 42}, day=9)
    changes = compare(before, after, [Rename("FB", "META", date(2022, 6, 9))])
    assert (changes.added, changes.removed, changes.turnover) == ([], [], Decimal(2))
    assert changes.renamed == [Move("FB", Decimal(60), Decimal(58), "META", date(2022, 6, 9))]


@pytest.mark.parametrize("day", [1, 10])
def test_a_rename_before_or_after_changes_nothing(day: int) -> None:
    before, after = side({"FB": 60}, day=2), side({"META": 60}, day=9)
    changes = compare(before, after, [Rename("FB", "META", date(2022, 6, day))])
    assert (changes.added, changes.removed, changes.renamed) == (
        [Member("META", Decimal(60))], [Member("FB", Decimal(60))], [],
    )  # fmt: skip


def test_a_ticker_that_is_used_again_is_another_stock() -> None:
    """FB became META, and by the last day another company trades as FB; META was a fund of others before."""
    before, after = side({"FB": 60, "META": 1}, day=1), side({"META": 59, "FB": 2}, day=30)
    changes = compare(before, after, [Rename("FB", "META", date(2022, 6, 9))])
    assert changes.renamed == [Move("FB", Decimal(60), Decimal(59), "META", date(2022, 6, 9))]
    assert (changes.added, changes.removed) == ([Member("FB", Decimal(2))], [Member("META", Decimal(1))])
    assert changes.turnover == Decimal(2)  # (1 + 2 + 1) / 2


def test_a_company_that_was_renamed_twice_is_one_line() -> None:
    renames = [Rename("CBS", "VIAC", date(2022, 6, 5)), Rename("VIAC", "PARA", date(2022, 6, 7))]
    changes = compare(side({"CBS": 60}), side({"PARA": 60}, day=9), renames)
    assert changes.renamed == [Move("CBS", Decimal(60), Decimal(60), "PARA", date(2022, 6, 7))]


def test_a_file_does_not_know_of_a_rename_that_came_after_it(
    load_funds: LoadFunds, diff: ReadDiff, witness: Connection
) -> None:
    """In the middle of June the file of May still stands, and what it calls FB is META since the 9th."""
    query(witness, "INSERT INTO symbol_renames VALUES ('FB', 'META', '2022-06-09')")
    load_funds("2022-05-31", IVV={"AAPL": 60, "FB": 40})
    load_funds("2022-06-30", IVV={"AAPL": 61, "META": 39})
    changes = diff("2022-06-15", "2022-06-30", "IVV").changes
    assert changes.renamed == [Move("FB", Decimal(40), Decimal(39), "META", date(2022, 6, 9))]
    assert (changes.added, changes.removed, changes.turnover) == ([], [], Decimal(1))


def test_a_new_symbol_that_a_hand_added_beside_the_old_one_is_a_member_of_its_own() -> None:
    before = Side(date(2022, 6, 15), None, {"FB": Held(Decimal(40), date(2022, 5, 31)),
                                            "META": Held(Decimal(1), date(2022, 6, 9))})  # fmt: skip
    changes = compare(before, side({"META": 39}, day=30), [Rename("FB", "META", date(2022, 6, 9))])
    assert (changes.moved, changes.removed) == ([Move("META", Decimal(1), Decimal(39))], [Member("FB", Decimal(40))])


def side(members: dict[str, float | None], day: int = 1) -> Side:
    told_on = date(2022, 6, day)
    held = {symbol: Held(None if weight is None else Decimal(weight), told_on) for symbol, weight in members.items()}
    return Side(told_on, None, held)


SIDES = st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 100))


@given(SIDES, SIDES)
def test_every_member_is_accounted_for_and_turnover_is_half_of_all_differences(
    first: dict[str, float | None], last: dict[str, float | None]
) -> None:
    changes = compare(side(first), side(last, day=2), [])
    stayed = len(changes.moved) + changes.unchanged
    assert stayed + len(changes.removed) == len(first)
    assert stayed + len(changes.added) == len(last)
    differences = [abs((first.get(each) or 0) - (last.get(each) or 0)) for each in "ABCDEFGH"]
    assert changes.turnover == (Decimal(sum(differences)) / 2 if first or last else None)
    points = [abs(move.points or Decimal(0)) for move in changes.moved]
    assert points == sorted(points, reverse=True)


def test_the_lines_say_it_all_and_long_lists_are_cut(load_funds: LoadFunds, connection: Connection) -> None:
    many = [f"A{chr(65 + number)}X" for number in range(22)]
    load_funds("2025-01-03", SPY=dict.fromkeys(many, 4) | {"XOM": 12})
    load_funds("2025-06-27", SPY=dict.fromkeys(many, "4.01") | {"KO": "11.78"})

    def ask(reader: Connection) -> Answer:
        return ask_diff(reader, ETF, "spy", days("2025-01-03", "2025-06-30"))

    lines = text_of(connection, ask).splitlines()
    assert lines[:12] == [
        "ETF SPY from 2025-01-03 to 2025-06-30",
        "2025-01-03:  23  members  SPY_holdings.csv, as of 2025-01-03 (run 2)",
        "2025-06-30:  23  members  SPY_holdings.csv, as of 2025-06-27 (run 3)",
        "1 added, 1 removed, 0 renamed, 22 moved, 0 unchanged",
        "one-way turnover 12.00 %",
        "",
        "added",
        "  KO  11.780000",
        "",
        "removed",
        "  XOM  12.000000",
        "",
    ]
    assert lines[12:14] == ["moved (percentage points)", "  AAX  4.000000  ->  4.010000  +0.010000"]
    assert (len(lines), lines[-1]) == (34, "  … and 2 more (--verbose lists them)")
    assert len(text_of(connection, ask, verbose=True).splitlines()) == 35

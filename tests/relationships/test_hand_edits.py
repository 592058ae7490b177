"""Rows that a person made, edited or deleted: incremental leaves and lists them, full puts them back and counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.stored import members, query
from tickstock.db import Connection
from tickstock.relationships.plan import RowChange

FILE = {"AAPL": "40", "MSFT": "30", "NVDA": "20", "GOOG": "10"}
FILED = {"AAPL": "40.000000", "GOOG": "10.000000", "MSFT": "30.000000", "NVDA": "20.000000"}
NEXT_WEEK = {"AAPL": "41", "MSFT": "31", "NVDA": "19", "GOOG": "9"}
BY_HAND = {"AAPL": "33.000000", "GOOG": "10.000000", "NVDA": "20.000000", "TSLA": "1.500000"}


@pytest.fixture
def edited(load_etfs: Load, folder: Path, witness: Connection) -> Connection:
    """A loaded fund in which a hand edited AAPL, added TSLA and deleted MSFT."""
    write_fund(folder, "SPY", FILE)
    load_etfs()
    query(witness, "UPDATE group_memberships SET weight = 33 WHERE symbol = 'AAPL'")
    query(
        witness,
        "INSERT INTO group_memberships (group_id, symbol, weight)"
        " SELECT id, 'TSLA', 1.5 FROM definition_groups WHERE name = 'SPY'",
    )
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'MSFT'")
    return witness


def test_incremental_leaves_them_and_lists_them(
    edited: Connection, load_etfs: Load, plan_rows: Callable[..., list[RowChange]]
) -> None:
    rows = plan_rows(mode="incremental")
    assert [(row.symbol, row.action, row.by_hand) for row in rows] == [
        ("AAPL", "kept", True),
        ("MSFT", "kept", True),
        ("TSLA", "kept", True),
    ]
    (group,) = load_etfs(mode="incremental").plan.groups
    assert (group.added, group.changed, group.removed, group.unchanged, group.kept) == (0, 0, 0, 2, 3)
    assert members(edited, "SPY") == BY_HAND


def test_they_stay_also_when_the_file_moves_on(
    edited: Connection, load_etfs: Load, folder: Path
) -> None:
    load_etfs(mode="incremental")
    write_fund(folder, "SPY", NEXT_WEEK)
    (group,) = load_etfs(mode="incremental").plan.groups
    assert (group.added, group.changed, group.removed, group.unchanged, group.kept) == (0, 2, 0, 0, 3)
    assert members(edited, "SPY") == {
        "AAPL": "33.000000", "GOOG": "9.000000", "NVDA": "19.000000", "TSLA": "1.500000",
    }  # fmt: skip


def test_a_second_incremental_run_lists_them_again_and_writes_nothing(
    edited: Connection, load_etfs: Load, plan_rows: Callable[..., list[RowChange]]
) -> None:
    load_etfs(mode="incremental")
    assert len(plan_rows(mode="incremental")) == 3
    outcome = load_etfs(mode="incremental")
    (group,) = outcome.plan.groups
    assert (group.unchanged, group.kept, outcome.load_id) == (2, 3, None)


def test_full_puts_them_back_to_the_file_and_counts(edited: Connection, load_etfs: Load) -> None:
    (group,) = load_etfs().plan.groups
    assert (group.added, group.changed, group.removed, group.unchanged, group.kept) == (1, 1, 1, 2, 0)
    assert group.put_back == 3
    assert members(edited, "SPY") == FILED
    assert query(edited, "SELECT DISTINCT metadata::text FROM environment_memberships WHERE type = 'ETF'") == [
        ('{"source": "file"}',)
    ]


def test_full_after_incremental_puts_them_back_too(edited: Connection, load_etfs: Load) -> None:
    load_etfs(mode="incremental")
    (group,) = load_etfs().plan.groups
    assert group.put_back == 3
    assert members(edited, "SPY") == FILED


def test_keep_manual_makes_full_leave_them(edited: Connection, load_etfs: Load) -> None:
    (group,) = load_etfs(keep_manual=True).plan.groups
    assert group.kept == 3
    assert members(edited, "SPY") == BY_HAND


def test_what_was_put_back_is_the_files_again(edited: Connection, load_etfs: Load, folder: Path) -> None:
    load_etfs()
    write_fund(folder, "SPY", NEXT_WEEK)
    (group,) = load_etfs(mode="incremental").plan.groups
    assert (group.changed, group.kept) == (4, 0)


def test_a_row_of_a_hand_that_the_file_takes_up_is_unchanged(edited: Connection, load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", {**FILE, "TSLA": "1.5"})
    (group,) = load_etfs(mode="incremental").plan.groups
    assert (group.unchanged, group.kept) == (3, 2)
    (group,) = load_etfs().plan.groups
    assert (group.added, group.changed, group.put_back) == (1, 2, 3)


def test_other_keys_in_the_metadata_survive_a_load(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    query(witness, """UPDATE group_memberships SET metadata = metadata || '{"note": "mine"}' WHERE symbol = 'AAPL'""")
    write_fund(folder, "SPY", NEXT_WEEK)
    load_etfs()
    assert query(witness, "SELECT weight::int, metadata ->> 'note' FROM group_memberships WHERE symbol = 'AAPL'") == [
        (41, "mine"),
        (None, "mine"),
    ]


def test_a_group_made_by_hand_stays_with_keep_manual(load_etfs: Load, folder: Path, witness: Connection) -> None:
    for number in range(6):
        write_fund(folder, f"FUND{number}", {"AAPL": "60", "MSFT": "40"})
    load_etfs()
    query(witness, "INSERT INTO definition_groups (name, type) VALUES ('MINE', 'ETF')")
    assert load_etfs(keep_manual=True).plan.groups_with("kept") == 1
    assert load_etfs().plan.groups_with("removed") == 1


@pytest.mark.parametrize("shape", ['"mine"', '["mine"]', "null"])
def test_metadata_that_is_no_object_gives_way_once(
    load_etfs: Load, folder: Path, witness: Connection, shape: str
) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    load_etfs()
    query(witness, "UPDATE group_memberships SET metadata = %s", shape)
    query(witness, "UPDATE definition_groups SET metadata = %s", shape)
    assert not load_etfs().plan.empty
    assert load_etfs().plan.empty
    owners = "SELECT DISTINCT metadata FROM group_memberships WHERE weight IS NOT NULL"
    assert query(witness, owners) == [({"source": "file"},)]
    assert query(witness, "SELECT metadata FROM definition_groups WHERE name = 'SPY'") == [({"source": "file"},)]

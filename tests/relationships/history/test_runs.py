"""The ledger: every run that changed an environment, and what took it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.put import put_group
from tests.relationships.conftest import Load
from tests.relationships.history.conftest import LoadFunds
from tests.relationships.history.made import record_undo, text_of
from tests.stored import query
from tickstock.db import Connection, Database, closing
from tickstock.relationships.history.ask import ask_loads, reading
from tickstock.relationships.history.runs import Run, Undone, read_runs

Runs = Callable[..., list[Run]]


@pytest.fixture
def runs(connection: Connection) -> Runs:
    def read(limit: int = 20, environment: str = "DEFAULT") -> list[Run]:
        with reading(connection, environment):
            return read_runs(connection, limit)

    return read


@pytest.fixture
def two_funds(load_funds: LoadFunds) -> int:
    """A first load, and a second that changes SPY and VOO; the id of the second."""
    load_funds("2025-01-03", "full", SPY={"AAPL": 60, "MSFT": 40}, VOO={"AAPL": 70, "MSFT": 30})
    last = load_funds("2025-01-10", SPY={"AAPL": 59, "MSFT": 41}, VOO={"AAPL": 70, "KO": 30}).load_id
    assert last is not None
    return last


UNDO_SPY = "UPDATE group_memberships m SET weight = CASE symbol WHEN 'AAPL' THEN 60 ELSE 40 END" \
           " FROM definition_groups g WHERE g.id = group_id AND g.name = 'SPY'"  # fmt: skip


def test_loads_come_latest_first_with_what_they_did(two_funds: int, runs: Runs) -> None:
    last, first, migration = runs()
    assert (last.id, last.what, last.added, last.changed, last.removed, last.files) == (
        two_funds, "incremental ETF", 1, 2, 1, 2,
    )  # fmt: skip
    assert (first.what, first.added, first.changed, first.removed) == ("full ETF", 4, 0, 0)
    assert (migration.what, migration.files) == ("migration SECTOR", 0)
    assert (last.program, last.undone) == ("tickstock test", ())
    assert runs(limit=1) == [last]


def test_a_hand_is_counted_from_what_it_changed(two_funds: int, runs: Runs, witness: Connection) -> None:
    query(
        witness,
        "BEGIN; UPDATE group_memberships SET weight = 1 WHERE symbol = 'AAPL' AND weight IS NOT NULL;"
        " DELETE FROM group_memberships WHERE symbol = 'KO';"
        " INSERT INTO group_memberships (group_id, symbol) SELECT id, 'XOM' FROM definition_groups"
        " WHERE name IN ('SPY', 'financials'); COMMIT",
    )
    hand, *_ = runs()
    assert (hand.kind, hand.what, hand.program) == ("manual", "by hand: ETF, SECTOR", "witness")
    assert (hand.added, hand.changed, hand.removed, hand.files) == (2, 2, 2, 0)  # KO leaves unknown too


def test_a_hand_belongs_to_the_environments_of_the_groups_that_it_touched(
    two_funds: int, runs: Runs, load_etfs: Load, witness: Connection
) -> None:
    load_etfs(environment="TEST")
    put_group(witness, "THEME", "mine", ["AAPL", "KO"], environment="TEST")
    (members, group), (load,) = runs(environment="TEST")[:2], runs(environment="TEST")[2:]
    assert (members.what, members.added) == ("by hand: THEME", 2)
    assert (group.what, group.added, load.what) == ("by hand: THEME", 0, "full ETF")
    assert runs()[0].id == two_funds
    query(witness, "DELETE FROM definition_groups WHERE environment = 'TEST'")
    assert (runs(environment="TEST")[0].what, runs(environment="TEST")[0].removed) == ("by hand: ETF, SECTOR, THEME", 9)
    assert runs()[0].id == two_funds


def test_the_order_is_that_of_the_commits(database: Database, witness: Connection, runs: Runs) -> None:
    with closing(database.connect()) as slow:
        query(slow, "BEGIN")
        put_group(slow, "THEME", "began_first", ["AAPL"])
        put_group(witness, "THEME", "ended_first", [])
        query(slow, "COMMIT")
    last, other, _ = runs()
    assert last.id < other.id
    assert (last.added, other.added) == (1, 0)


def test_a_load_that_was_taken_back_whole(two_funds: int, runs: Runs, witness: Connection) -> None:
    undo = record_undo(
        witness,
        two_funds,
        ["SPY", "VOO"],
        f"{UNDO_SPY}; UPDATE group_memberships SET symbol = 'MSFT' WHERE symbol = 'KO' AND weight = 30",
    )
    latest, load, *_ = runs()
    assert (latest.id, latest.what, latest.files) == (undo, f"undo of {two_funds}: ETF", 0)
    assert load.undone == (Undone(undo, ["SPY", "VOO"], True),)


def test_a_load_that_was_taken_back_for_one_fund(two_funds: int, runs: Runs, witness: Connection) -> None:
    undo = record_undo(witness, two_funds, ["SPY"], UNDO_SPY)
    assert runs()[1].undone == (Undone(undo, ["SPY"], False),)


def test_an_undo_that_was_taken_back_itself(two_funds: int, runs: Runs, witness: Connection) -> None:
    undo = record_undo(witness, two_funds, ["SPY"], UNDO_SPY)
    again = record_undo(witness, undo, ["SPY"], UNDO_SPY.replace("60", "59").replace("40", "41"))
    latest, undone, load, *_ = runs()
    assert (latest.id, latest.undone) == (again, ())
    assert undone.undone == (Undone(again, ["SPY"], True),)
    assert load.undone == ()


def test_a_hand_that_was_taken_back(two_funds: int, runs: Runs, witness: Connection) -> None:
    query(witness, "UPDATE group_memberships SET weight = 7 WHERE weight = 59")
    hand, *_ = runs()
    undo = record_undo(witness, hand.id, ["SPY"], "UPDATE group_memberships SET weight = 59 WHERE weight = 7")
    assert runs()[1].undone == (Undone(undo, ["SPY"], True),)


def test_files_of_the_past_are_counted_apart(two_funds: int, runs: Runs, witness: Connection) -> None:
    query(witness, "UPDATE load_files SET scope = 'past' WHERE load_id = %s AND group_name = 'SPY'", two_funds)
    assert (runs()[0].files, runs()[0].past_files) == (2, 1)


def test_nothing_in_an_environment_is_said_to_be_nothing(connection: Connection) -> None:
    with reading(connection, "TEST"):
        answer = ask_loads(connection, 20)
    assert answer.document() == {"loads": []}
    assert answer.remarks == ["nothing was ever loaded; load it: python scripts/cache_maintenance/refresh.py weekly"]


def test_the_lines(two_funds: int, witness: Connection, connection: Connection) -> None:
    query(witness, "UPDATE load_runs SET committed_at = '2025-01-10 08:00:00.5+00', database_user = 'me'")
    undo = record_undo(witness, two_funds, ["SPY"], UNDO_SPY)
    query(witness, "UPDATE load_runs SET committed_at = '2025-01-10 08:00:01+00', database_user = 'me', note = 'oh'"
                   " WHERE id = %s", undo)  # fmt: skip
    assert text_of(connection, lambda reader: ask_loads(reader, 3)).splitlines() == [
        "run  committed (UTC)      what             added  changed  removed  files  by                  undone",
        "  4  2025-01-10 08:00:01  undo of 3: ETF       0        1        0         witness, me",
        "  3  2025-01-10 08:00:00  incremental ETF      1        2        1      2  tickstock test, me  by 4 for SPY",
        "  2  2025-01-10 08:00:00  full ETF             4        0        0      2  tickstock test, me",
    ]
    assert "undo of 3: ETF (oh)" in text_of(connection, lambda reader: ask_loads(reader, 1), verbose=True)


def test_an_adopted_database_is_where_its_history_begins(runs: Runs, witness: Connection) -> None:
    query(
        witness,
        "BEGIN; INSERT INTO load_runs (kind, added) VALUES ('adopted', 2);"
        " INSERT INTO definition_groups (type, name) VALUES ('ETF', 'OLD');"
        " INSERT INTO group_memberships (group_id, symbol) SELECT id, unnest('{AAPL,MSFT}'::text[])"
        " FROM definition_groups WHERE name = 'OLD'; COMMIT",
    )
    adopted, *_ = runs()
    assert (adopted.what, adopted.added, adopted.changed) == ("adopted: ETF", 2, 0)


def test_two_loads_of_one_file_are_two_runs(load_etfs: Load, folder: Path, runs: Runs) -> None:
    write_fund(folder, "SPY", {"AAPL": 60, "MSFT": 40})
    load_etfs()
    write_fund(folder, "SPY", {"AAPL": 61, "MSFT": 39})
    load_etfs()
    assert [(run.added, run.changed) for run in runs()[:2]] == [(0, 2), (2, 0)]

"""The story of one run: every membership that it changed, before and after, and what it read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.files import write_fund
from tests.put import put_group
from tests.relationships.conftest import Load
from tests.relationships.history.conftest import LoadFunds
from tests.relationships.history.made import group_id, record_undo, text_of, write_dated
from tests.stored import query
from tickstock.db import Connection
from tickstock.errors import TickstockError
from tickstock.relationships.history.ask import ask_story, reading
from tickstock.relationships.history.runs import Undone
from tickstock.relationships.history.story import Row, Story, changed_keys, read_rows, read_story

TODAY = datetime.now(UTC).date()
Tell = Callable[..., tuple[Story, list[Row]]]


@pytest.fixture
def tell(connection: Connection) -> Tell:
    """The story of a run (the last one where none is named) and its rows."""

    def read(run: int | None = None, group: str | None = None, limit: int | None = None) -> tuple[Story, list[Row]]:
        if run is None:
            ((run,),) = query(connection, "SELECT load_id FROM data_version ORDER BY version DESC LIMIT 1")
        with reading(connection, "DEFAULT"):
            story = read_story(connection, run, group)
            return story, list(read_rows(connection, story, limit))

    return read


def told(rows: list[Row]) -> list[tuple[Any, ...]]:
    """Symbol, action and the two weights."""
    return [(row.symbol, row.action, *(None if weight is None else float(weight)
                                       for weight in (row.old_weight, row.new_weight))) for row in rows]  # fmt: skip


def test_a_load_tells_what_it_added_changed_and_removed(load_funds: LoadFunds, tell: Tell) -> None:
    load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 30, "XOM": 10})
    load_funds("2025-01-10", SPY={"AAPL": 55, "MSFT": 31, "KO": 14})
    story, rows = tell(group="SPY")
    assert told(rows) == [
        ("KO", "added", None, 14),
        ("XOM", "removed", 10, None),
        ("AAPL", "changed", 60, 55),
        ("MSFT", "changed", 30, 31),
    ]
    assert {row.from_day for row in rows} == {date(2025, 1, 10)}
    assert (story.run.added, story.run.changed, story.run.removed) == (1, 2, 1)
    (group,) = story.groups
    assert (group.action, group.added, group.changed, group.removed, group.past) == (None, 1, 2, 1, 0)


def test_it_tells_of_files_and_of_the_stocks_that_entered(
    load_etfs: Load, folder: Path, tell: Tell
) -> None:
    path = write_dated(folder, "SPY", "2025-01-03", {"AAPL": 60, "MSFT": 40}, cash=2)
    load_etfs()
    story, rows = tell()
    (file,) = story.files
    assert (file.group, file.path, file.format, file.as_of, file.scope) == (
        "SPY", str(path), "ishares", date(2025, 1, 3), "present",
    )  # fmt: skip
    assert (file.rows, file.members, file.split_off) == (4, 2, {"cash": 2})
    assert len(file.checksum) == 32
    assert [(group.type, group.name, group.action) for group in story.groups] == [
        ("ETF", "SPY", "added"), ("SECTOR", "unknown", None),
    ]  # fmt: skip
    assert story.entered == 2
    assert told(rows)[2:] == [("AAPL", "added", None, None), ("MSFT", "added", None, None)]


def test_a_load_over_manual_edits(load_etfs: Load, folder: Path, witness: Connection, tell: Tell) -> None:
    write_fund(folder, "SPY", {"AAPL": 40, "MSFT": 30, "NVDA": 20, "GOOG": 10})
    load_etfs()
    query(witness, """UPDATE group_memberships SET weight = 33, metadata = '{"note": "mine"}' WHERE symbol = 'AAPL'
                      AND weight = 40""")  # fmt: skip
    query(witness, "INSERT INTO group_memberships (group_id, symbol, weight) VALUES (%s, 'TSLA', 1.5)",
          group_id(witness, "SPY"))  # fmt: skip
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'MSFT' AND weight = 30")
    load_etfs()
    story, rows = tell(group="spy")
    assert told(rows) == [
        ("MSFT", "added", None, 30), ("TSLA", "removed", 1.5, None), ("AAPL", "changed", 33, 40),
    ]  # fmt: skip
    assert rows[2].keys == {"source": (None, "file")}
    assert story.run.what == "full ETF"


def test_a_hand_tells_the_same(load_funds: LoadFunds, witness: Connection, tell: Tell) -> None:
    load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 40})
    query(
        witness,
        "BEGIN; UPDATE definition_groups SET description = 'Mine', metadata = '{\"a\": [1]}' WHERE name = 'SPY';"
        " UPDATE group_memberships SET weight = 61, metadata = metadata || '{\"b\": 2}' WHERE weight = 60;"
        " DELETE FROM group_memberships WHERE weight = 40; COMMIT",
    )
    story, rows = tell()
    assert (story.run.kind, story.run.what, story.environment) == ("manual", "by hand: ETF", None)
    assert (story.run.added, story.run.changed, story.run.removed) == (0, 1, 1)
    assert told(rows) == [("MSFT", "removed", 40, None), ("AAPL", "changed", 60, 61)]
    assert rows[1].keys == {"b": (None, 2)}
    assert {row.from_day for row in rows} == {TODAY}
    (group,) = story.groups
    assert (group.action, group.environment) == ("changed", "DEFAULT")
    assert group.keys == {
        "description": ("SPDR S&P 500 ETF Trust", "Mine"),
        "metadata.a": (None, [1]),
        "metadata.source": ("file", None),
    }


def test_a_group_that_is_made_and_removed(witness: Connection, tell: Tell) -> None:
    query(witness, "BEGIN")
    put_group(witness, "THEME", "chips", ["NVDA"], "Chips")
    query(witness, "COMMIT")
    story, rows = tell()
    assert ([group.action for group in story.groups], told(rows)) == (["added"], [("NVDA", "added", None, None)])
    assert story.groups[0].after == {
        "type": "THEME", "name": "chips", "environment": "DEFAULT", "description": "Chips", "metadata": {},
    }  # fmt: skip
    query(witness, "DELETE FROM definition_groups WHERE name = 'chips'")
    story, rows = tell()
    assert ([group.action for group in story.groups], told(rows)) == (["removed"], [("NVDA", "removed", None, None)])
    assert (story.groups[0].name, story.run.removed) == ("chips", 1)


def test_what_a_file_says_of_the_past_is_told_apart(
    load_funds: LoadFunds, witness: Connection, connection: Connection, tell: Tell
) -> None:
    load_funds("2025-06-30", SPY={"AAPL": 60, "MSFT": 40})
    spy = group_id(witness, "SPY")
    query(
        witness,
        f"""BEGIN; INSERT INTO load_runs (kind, type, environment, mode, added, changed, removed)
                   VALUES ('load', 'ETF', 'DEFAULT', 'full', 0, 0, 0);
            INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,
                                    stored_fingerprint, as_of, rows, members, scope)
            VALUES (currval('load_runs_id_seq'), {spy}, 'SPY', 'old.csv', 'plain', 'c', 'f', 'f', '2025-01-03', 2, 2,
                    'past');
            SELECT record_older_groups(ARRAY[{spy}], ARRAY[date '2025-01-03']);
            SELECT record_past({spy}, '2025-01-03', '{{AAPL,XOM,MSFT}}', '{{55,45,NULL}}',
                               ARRAY['{{"source": "file"}}', '{{"source": "file"}}', NULL]::jsonb[],
                               '{{2025-06-30,2025-06-30,2025-06-30}}');
            COMMIT""",
    )
    story, rows = tell()
    until = date(2025, 6, 30)
    assert [(row.symbol, row.action, row.new_weight, row.new_metadata is None, row.to_day) for row in rows] == [
        ("AAPL", "past", Decimal(55), False, until),
        ("XOM", "past", Decimal(45), False, until),
        ("MSFT", "past", None, True, until),
    ]
    (group,) = story.groups
    assert (group.past, group.action, group.known_from) == (3, None, date(2025, 1, 3))
    assert (story.run.files, story.run.past_files, story.files[0].scope) == (1, 1, "past")
    lines = text_of(connection, lambda reader: ask_story(reader, story.run.id, None)).splitlines()
    assert lines[-5:] == [
        "ETF SPY: 3 past",
        "  known from 2025-01-03 on",
        "  AAPL     past     55.000000 from 2025-01-03 to before 2025-06-30",
        "  XOM      past     45.000000 from 2025-01-03 to before 2025-06-30",
        "  MSFT     past     no member from 2025-01-03 to before 2025-06-30",
    ]
    # The load of the present does not tell of it.
    assert told(tell(story.run.id - 1, "SPY")[1]) == [("AAPL", "added", None, 60), ("MSFT", "added", None, 40)]


def test_a_row_that_one_transaction_made_and_took_away_is_not_told(
    load_funds: LoadFunds, witness: Connection, tell: Tell
) -> None:
    load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 40})
    spy = group_id(witness, "SPY")
    query(
        witness,
        f"BEGIN; INSERT INTO group_memberships (group_id, symbol, weight) VALUES ({spy}, 'XOM', 1);"
        f" WITH d AS (DELETE FROM group_memberships WHERE symbol = 'XOM' AND group_id = {spy} RETURNING 1)"
        f" INSERT INTO group_memberships (group_id, symbol, weight) VALUES ({spy}, 'KO', 2);"
        " DELETE FROM group_memberships WHERE symbol = 'KO';"
        " UPDATE group_memberships SET weight = 61 WHERE weight = 60; COMMIT",
    )
    assert told(tell()[1]) == [("AAPL", "changed", 60, 61)]


def test_a_row_that_was_deleted_and_made_again_as_it_was(
    load_funds: LoadFunds, witness: Connection, connection: Connection, tell: Tell
) -> None:
    load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 40})
    query(
        witness,
        "BEGIN; DELETE FROM group_memberships WHERE weight = 60; INSERT INTO group_memberships"
        " (group_id, symbol, weight, metadata) VALUES (%s, 'AAPL', 60, '{\"source\": \"file\"}'); COMMIT",
        group_id(witness, "SPY"),
    )
    story, rows = tell()
    assert told(rows) == [("AAPL", "changed", 60, 60)]
    text = text_of(connection, lambda reader: ask_story(reader, story.run.id, None))
    assert text.splitlines()[-1] == "  AAPL     changed  deleted and made again as it was"


def test_a_run_tells_what_took_it_back(load_funds: LoadFunds, witness: Connection, tell: Tell) -> None:
    load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 40}, VOO={"AAPL": 100})
    run = load_funds("2025-01-10", SPY={"AAPL": 59, "MSFT": 41}, VOO={"AAPL": 99, "MSFT": 1}).load_id
    back = (
        "DELETE FROM group_memberships WHERE weight = 1; UPDATE group_memberships SET weight = 100 WHERE weight = 99"
    )
    undo = record_undo(witness, run or 0, ["VOO"], back)
    assert tell(run)[0].run.undone == (Undone(undo, ["VOO"], False),)
    story, rows = tell(undo)
    assert (story.files, story.run.files) == ([], 0)
    assert told(rows) == [("MSFT", "removed", 1, None), ("AAPL", "changed", 99, 100)]
    # What the first run did is still told as it did it.
    assert told(tell(run, "VOO")[1]) == [("MSFT", "added", None, 1), ("AAPL", "changed", 100, 99)]


def test_long_groups_are_cut_each_for_itself(load_funds: LoadFunds, connection: Connection, tell: Tell) -> None:
    many = {f"A{chr(65 + number)}X": 4 for number in range(25)}
    run = load_funds("2025-01-03", SPY=many, VOO=many).load_id
    assert len(tell()[1]) == 75
    assert [len([row for row in tell(limit=7)[1] if row.group_id == group.id]) for group in tell()[0].groups] == [7] * 3
    lines = text_of(connection, lambda reader: ask_story(reader, run or 0, None)).splitlines()
    assert lines.count("  … and 5 more (--verbose lists them)") == 3
    verbose = text_of(connection, lambda reader: ask_story(reader, run or 0, None), verbose=True).splitlines()
    assert len(verbose) == len(lines) + 15 - 3


def test_the_whole_text(load_funds: LoadFunds, witness: Connection, connection: Connection, folder: Path) -> None:
    load_funds("2025-01-03", SPY={"AAPL": 60, "MSFT": 30, "XOM": 10})
    run = load_funds("2025-01-10", SPY={"AAPL": 55, "MSFT": 30, "KO": 15}).load_id
    query(
        witness,
        "UPDATE load_runs SET committed_at = '2025-01-10 08:00:00.5+00', database_user = 'me', note = 'weekly',"
        """ overridden = '["SPY would lose much"]' WHERE id = %s""",
        run,
    )
    ((checksum,),) = query(witness, "SELECT checksum FROM load_files WHERE load_id = %s", run)
    path = folder / "SPY_holdings.csv"
    assert text_of(connection, lambda reader: ask_story(reader, run or 0, None)).splitlines() == [
        f"Run {run}: incremental ETF in DEFAULT",
        "committed 2025-01-10 08:00:00 UTC by tickstock test, user me",
        "note: weekly",
        "forced: SPY would lose much",
        "in all: 1 added, 1 changed, 1 removed",
        "",
        f"file of  as of       lines  members  split off  checksum{' ' * 26}path",
        f"SPY      2025-01-10      3        3             {checksum}  {path}",
        "",
        "ETF SPY: 1 added, 1 changed, 1 removed",
        "  KO       added    15.000000",
        "  XOM      removed  10.000000",
        "  AAPL     changed  60.000000 -> 55.000000",
        "",
        "SECTOR unknown: 1 stock entered",
        "  KO       added",
    ]


def test_a_sectors_row_says_why(load_funds: LoadFunds, witness: Connection, connection: Connection) -> None:
    query(
        witness,
        "INSERT INTO group_memberships (group_id, symbol, metadata) VALUES (%s, 'AAPL', %s)",
        group_id(witness, "information_technology"),
        '{"reason": "held by XLK"}',
    )
    query(witness, "UPDATE group_memberships SET metadata = '{\"reason\": \"mine\", \"conflicts\": [1]}'")
    ((run,),) = query(witness, "SELECT max(id) FROM load_runs")
    added, changed = (
        text_of(connection, partial(ask_story, run_id=each, group=None)).splitlines()[-1]
        for each in (run - 1, run)
    )
    assert added == "  AAPL     added    held by XLK"
    assert changed == "  AAPL     changed  reason: held by XLK -> mine; conflicts: none -> [1]"


def test_an_unknown_run_and_a_group_that_it_did_not_touch(load_funds: LoadFunds, tell: Tell) -> None:
    run = load_funds("2025-01-03", SPY={"AAPL": 100}).load_id
    with pytest.raises(TickstockError) as found:
        tell(99)
    assert str(found.value) == (
        f"no run 99; the last one is {run}, the nearest: 1, {run}; history.py loads lists them"
    )
    with pytest.raises(TickstockError, match=r"run 2 did not touch a group 'VOO'; it touched: SPY, unknown"):
        tell(run, "VOO")


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, {"b": (2, 3), "c": (None, 4)}),
        (None, {"a": 1}, {"a": (None, 1)}),
        ("text", {"a": 1}, {"": ("text", None), "a": (None, 1)}),
        ([1], [1], {}),
        ({"a": None}, {}, {}),
    ],
)
def test_only_keys_that_differ_are_told(before: Any, after: Any, keys: dict[str, Any]) -> None:
    assert changed_keys(before, after) == keys

"""Drift of rows that a load left to a hand, or did not take away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.relationships.drift.made import FILE, Look, by_hand, events
from tickstock.db import Connection


@pytest.fixture
def kept(load_etfs: Load, folder: Path, witness: Connection) -> Connection:
    """A fund of which a load has kept an edit of AAPL, a deletion of AMD, and TSLA."""
    write_fund(folder, "SPY", FILE)
    load_etfs()
    by_hand(witness, "SPY", AAPL=33, AMD=None, TSLA=1)
    load_etfs(mode="incremental")
    return witness


def test_kept_rows_are_the_database_s_and_on_record(kept: Connection, drift: Look) -> None:
    found, rows = drift()
    assert rows["SPY"] == [
        "AAPL database: 33 40 33 kept", "AMD database: - 5 - kept", "TSLA database: 1 - 1 kept",
    ]  # fmt: skip
    assert [group[1:] for group in found.groups] == [(0, 3, 0, 3, False)]
    assert not found.database_changed, "it is what the last load left"


def test_a_kept_row_that_a_hand_changes_again_is_a_change_of_the_database(kept: Connection, drift: Look) -> None:
    by_hand(kept, "SPY", AAPL=34)
    found, rows = drift()
    assert rows["SPY"][0] == "AAPL database: 33 40 34"
    assert found.database_changed


def test_a_file_that_moves_on_elsewhere_leaves_kept_rows_as_they_were(
    kept: Connection, folder: Path, drift: Look
) -> None:
    write_fund(folder, "SPY", {**FILE, "MSFT": 26})
    assert drift()[1]["SPY"] == [
        "AAPL database: 33 40 33 kept",
        "AMD database: - 5 - kept",
        "MSFT file: 25 26 25",
        "TSLA database: 1 - 1 kept",
    ]


def test_where_the_file_changed_a_kept_row_both_did(kept: Connection, folder: Path, drift: Look) -> None:
    """What the file said of kept rows is not on record, only the fingerprint: one that moves stands for all."""
    write_fund(folder, "SPY", {**FILE, "AAPL": 33})
    found, rows = drift()
    assert rows["SPY"] == ["AAPL both: 33 33 33 kept same", "AMD both: - 5 - kept", "TSLA both: 1 - 1 kept"]
    assert found.files_wait
    assert not found.database_changed


def test_kept_rows_of_a_file_that_is_gone_have_no_account_of_it(
    kept: Connection, folder: Path, drift: Look
) -> None:
    (folder / "spy_holdings.csv").unlink()
    by_hand(kept, "SPY", MSFT=26)
    found, rows = drift()
    assert rows["SPY"] == [
        "AAPL database: 33 ? 33 kept",
        "AMD database: - ? - kept",
        "MSFT database: 25 ? 26",
        "TSLA database: 1 ? 1 kept",
    ]
    assert events(found) == [("file_gone", "SPY")]


def test_rows_that_were_missing_and_stayed_are_no_change_of_the_file(
    load_etfs: Load, folder: Path, witness: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", {**FILE, "TSLA": 1, "ZM": 1})
    load_etfs()
    write_fund(folder, "SPY", FILE)
    load_etfs(mode="incremental", keep_missing=True)
    assert drift()[1] == {}
    by_hand(witness, "SPY", TSLA=2)
    assert drift()[1]["SPY"] == ["TSLA database: 1 - 2"], "the file does not have it"
    write_fund(folder, "SPY", {**FILE, "TSLA": 1})
    assert drift()[1]["SPY"] == ["TSLA database: 1 1 2", "ZM file: 1 - 1"]

"""A load makes the stored groups what the files say: all of it or nothing, and again without effect."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.stored import everything, members, query
from tickstock.db import Connection, Database, closing
from tickstock.errors import BadInputError
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import GroupPlan, Options, RowChange

SPY = {"AAPL": "40.5", "MSFT": "35.25", "BRK.B": "24.25"}
QQQ = {"AAPL": "60", "NVDA": "40"}


def counts(group: GroupPlan) -> tuple[int, int, int, int, int]:
    return (group.added, group.changed, group.removed, group.unchanged, group.kept)


def test_a_first_load_stores_every_row_of_every_file(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", SPY)
    write_fund(folder, "QQQ", QQQ)
    outcome = load_etfs()
    assert [(group.name, *counts(group)) for group in outcome.plan.groups] == [
        ("QQQ", 2, 0, 0, 0, 0),
        ("SPY", 3, 0, 0, 0, 0),
    ]
    assert members(witness, "SPY") == {"AAPL": "40.500000", "BRK.B": "24.250000", "MSFT": "35.250000"}
    assert members(witness, "QQQ") == {"AAPL": "60.000000", "NVDA": "40.000000"}
    assert query(witness, "SELECT name, description FROM definition_groups WHERE type = 'ETF' ORDER BY 1") == [
        ("QQQ", "Invesco QQQ Trust"),
        ("SPY", "SPDR S&P 500 ETF Trust"),
    ]


def test_a_changed_file_changes_just_its_rows(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", SPY)
    write_fund(folder, "QQQ", QQQ)
    load_etfs()
    ids = query(witness, "SELECT name, id FROM definition_groups WHERE type = 'ETF' ORDER BY 1")
    write_fund(folder, "SPY", {"AAPL": "41", "MSFT": "35.25", "GOOG": "23.75"})
    outcome = load_etfs()
    assert [(group.name, *counts(group)) for group in outcome.plan.groups] == [
        ("QQQ", 0, 0, 0, 2, 0),
        ("SPY", 1, 1, 1, 1, 0),
    ]
    assert members(witness, "SPY") == {"AAPL": "41.000000", "GOOG": "23.750000", "MSFT": "35.250000"}
    assert query(witness, "SELECT name, id FROM definition_groups WHERE type = 'ETF' ORDER BY 1") == ids


def test_incremental_reads_only_what_changed(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", SPY)
    write_fund(folder, "QQQ", QQQ)
    load_etfs()
    write_fund(folder, "QQQ", {"AAPL": "61", "NVDA": "39"})
    outcome = load_etfs(mode="incremental")
    assert {group.name: group.read for group in outcome.plan.groups} == {"QQQ": True, "SPY": False}
    assert outcome.plan.total("changed") == 2
    assert outcome.plan.total("unchanged") == 3


def test_incremental_sees_rows_that_changed_behind_its_back(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", SPY)
    load_etfs()
    query(witness, "ALTER TABLE group_memberships DISABLE TRIGGER USER")
    query(witness, "UPDATE group_memberships SET weight = 1 WHERE symbol = 'AAPL'")
    query(witness, "ALTER TABLE group_memberships ENABLE TRIGGER USER")
    (group,) = load_etfs(mode="incremental").plan.groups
    assert (group.read, group.kept) == (True, 1)


def test_full_removes_a_fund_without_a_file_and_incremental_keeps_it(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    for number in range(6):
        write_fund(folder, f"FUND{number}", {"AAPL": "60", "MSFT": "40"})
    load_etfs()
    (folder / "fund3_holdings.csv").unlink()
    outcome = load_etfs(mode="incremental")
    assert outcome.plan.warnings == ("1 stored group(s) without a file stay as they are: FUND3",)
    assert len(members(witness, "FUND3")) == 2
    outcome = load_etfs()
    assert [group.name for group in outcome.plan.groups if group.action == "removed"] == ["FUND3"]
    assert outcome.plan.total("removed") == 2
    assert query(witness, "SELECT count(*) FROM definition_groups WHERE name = 'FUND3'") == [(0,)]


def test_only_limits_a_load_to_one_fund(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", SPY)
    write_fund(folder, "QQQ", QQQ)
    outcome = load_etfs(only="SPY")
    assert [group.name for group in outcome.plan.groups] == ["SPY"]
    assert members(witness, "QQQ") == {}
    load_etfs()
    write_fund(folder, "SPY", {**SPY, "AAPL": "40"})
    (folder / "qqq_holdings.csv").unlink()
    assert load_etfs(only="SPY").plan.total("changed") == 1
    assert len(members(witness, "QQQ")) == 2
    with pytest.raises(BadInputError, match=r"found no file for IWM, expected iwm_holdings.csv"):
        load_etfs(only="IWM")


def test_keep_missing_leaves_rows_gone_from_a_file(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", SPY)
    load_etfs()
    write_fund(folder, "SPY", {"AAPL": "40.5", "MSFT": "59.5"})
    (group,) = load_etfs(mode="incremental", keep_missing=True).plan.groups
    assert (group.changed, group.removed, group.missing) == (1, 0, 1)
    assert "BRK.B" in members(witness, "SPY")
    (group,) = load_etfs(mode="incremental").plan.groups
    assert (group.changed, group.removed, group.missing) == (0, 1, 0)
    assert "BRK.B" not in members(witness, "SPY")


def test_one_bad_file_stops_all_of_them_and_every_problem_is_listed(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", SPY)
    load_etfs()
    before = everything(witness)
    write_fund(folder, "SPY", {**SPY, "AAPL": "40"})
    write_fund(folder, "QQQ", {"AAPL": "abc", "NVDA": "40"})
    write_fund(folder, "DIA", {"'; DROP TABLE x": "50", "GS": "50"})
    with pytest.raises(BadInputError) as caught:
        load_etfs()
    assert "qqq_holdings.csv:2: found weight 'abc'" in str(caught.value)
    assert "dia_holdings.csv:2: found" in str(caught.value)
    assert everything(witness) == before


def test_skip_bad_files_loads_the_rest_and_removes_nothing(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", SPY)
    write_fund(folder, "QQQ", QQQ)
    load_etfs()
    write_fund(folder, "SPY", {**SPY, "AAPL": "40"})
    write_fund(folder, "QQQ", {"AAPL": "abc", "NVDA": "40"})
    outcome = load_etfs(skip_bad_files=True)
    assert [group.name for group in outcome.plan.groups] == ["SPY"]
    assert outcome.plan.warnings[0].startswith("qqq_holdings.csv left out whole, its group stays as stored")
    assert members(witness, "SPY")["AAPL"] == "40.000000"
    assert len(members(witness, "QQQ")) == 2


def test_a_load_is_on_record_with_its_files(load_etfs: Load, folder: Path, witness: Connection) -> None:
    path = write_fund(folder, "SPY", SPY)
    outcome = load_etfs()
    assert query(
        witness,
        "SELECT id, kind, type, environment, mode, program, added, groups_added FROM load_runs WHERE type = 'ETF'",
    ) == [(outcome.load_id, "load", "ETF", "DEFAULT", "full", "tickstock test", 3, 1)]
    # printf 'AAPL|40.500000\nBRK.B|24.250000\nMSFT|35.250000' | md5sum
    canonical = "e93fe89ea52f52c552c7695e20a706cb"
    assert query(
        witness,
        "SELECT path, format, fingerprint, stored_fingerprint, as_of, rows, members, split_off, added FROM load_files",
    ) == [(str(path), "plain", canonical, canonical, None, 3, 3, {}, 3)]
    assert query(witness, "SELECT count(*), max(load_id) FROM data_version") == [(2, outcome.load_id)]


def test_every_membership_version_names_the_loads_that_opened_and_closed_it(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", SPY)
    first = load_etfs().load_id
    write_fund(folder, "SPY", {"AAPL": "41", "MSFT": "35.25", "GOOG": "23.75"})
    second = load_etfs().load_id
    assert query(
        witness,
        "SELECT symbol, weight::text, opened_by, closed_by FROM membership_versions v"
        " JOIN definition_groups g ON g.id = v.group_id WHERE g.name = 'SPY' AND symbol IS NOT NULL ORDER BY 1, 3",
    ) == [
        ("AAPL", "40.500000", first, second),
        ("AAPL", "41.000000", second, None),
        ("BRK.B", "24.250000", first, second),
        ("GOOG", "23.750000", second, None),
        ("MSFT", "35.250000", first, None),
    ]


ARK = "date,fund,company,ticker,cusip,shares,market value ($),weight (%)\n"


def test_the_as_of_date_of_a_file_dates_the_versions(load_etfs: Load, folder: Path, witness: Connection) -> None:
    file = folder / "ARKK_HOLDINGS.csv"
    rows = "10/08/2021,ARKK,TESLA INC,TSLA,88160R101,1,$60,60%\n10/08/2021,ARKK,ROKU INC,ROKU,77543R102,1,$40,40%\n"
    file.write_text(ARK + rows)
    load_etfs()
    file.write_text(ARK + "10/15/2021,ARKK,TESLA INC,TSLA,88160R101,1,$100,100%\n")
    load_etfs()
    day = datetime.date
    assert query(
        witness,
        "SELECT symbol, weight::int, valid_from, valid_to FROM membership_versions"
        " WHERE symbol IN ('TSLA', 'ROKU') AND weight IS NOT NULL ORDER BY 1, 3",
    ) == [
        ("ROKU", 40, day(2021, 10, 8), day(2021, 10, 15)),
        ("TSLA", 60, day(2021, 10, 8), day(2021, 10, 15)),
        ("TSLA", 100, day(2021, 10, 15), None),
    ]


def test_a_dry_run_tells_exactly_what_the_run_then_does(
    load_etfs: Load, plan_rows: Callable[..., list[RowChange]], folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", SPY)
    load_etfs()
    write_fund(folder, "SPY", {"AAPL": "41", "MSFT": "35.25", "GOOG": "23.75"})
    write_fund(folder, "QQQ", QQQ)
    before = everything(witness)
    predicted = load_etfs(dry_run=True)
    rows = [(row.group, row.symbol, row.action) for row in plan_rows()]
    assert everything(witness) == before
    assert rows == [
        ("QQQ", "AAPL", "added"),
        ("QQQ", "NVDA", "added"),
        ("SPY", "AAPL", "changed"),
        ("SPY", "BRK.B", "removed"),
        ("SPY", "GOOG", "added"),
    ]
    assert load_etfs().plan.groups == predicted.plan.groups


def test_a_file_that_names_another_fund_is_refused(load_etfs: Load, folder: Path) -> None:
    (folder / "iwm_holdings.csv").write_text(
        'iShares Core S&P 500 ETF\nFund Holdings as of,"Nov 18, 2025"\n'
        "Ticker,Name,Sector,Asset Class,Weight (%)\nAAPL,APPLE INC,Information Technology,Equity,100\n"
    )
    with pytest.raises(BadInputError, match=r"found iShares Core S&P 500 ETF \(IVV\) inside, expected IWM; rename"):
        load_etfs()


def test_a_second_download_of_the_browser_is_a_file_like_any_other(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", SPY).rename(folder / "spy_holdings (1).csv")
    assert load_etfs().plan.total("added") == 3
    write_fund(folder, "SPY", SPY)
    with pytest.raises(BadInputError, match=r"2 files for SPY \(spy_holdings \(1\).csv, spy_holdings.csv\)"):
        load_etfs()


def test_a_fund_without_a_name_in_our_list_takes_the_files_own(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    (folder / "zzzz_holdings.csv").write_text(
        'Quite a New Fund\nFund Holdings as of,"Nov 18, 2025"\n'
        "Ticker,Name,Sector,Asset Class,Weight (%)\nAAPL,APPLE INC,Information Technology,Equity,100\n"
    )
    load_etfs()
    description = "SELECT description FROM definition_groups WHERE name = 'ZZZZ'"
    assert query(witness, description) == [("Quite a New Fund",)]
    assert load_etfs(mode="incremental").plan.empty
    assert query(witness, description) == [("Quite a New Fund",)]


def test_a_fund_with_two_files_is_spared_and_no_business_of_another(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    for number in range(6):
        write_fund(folder, f"FUND{number}", {"AAPL": "60", "MSFT": "40"})
    load_etfs()
    write_fund(folder, "FUND3", {"AAPL": "61", "MSFT": "39"}).rename(folder / "FUND3_HOLDINGS.csv")
    write_fund(folder, "FUND3", {"AAPL": "61", "MSFT": "39"})
    assert load_etfs(skip_bad_files=True).plan.groups_with("removed") == 0
    assert len(members(witness, "FUND3")) == 2
    assert load_etfs(only="FUND1").plan.total("unchanged") == 2
    with pytest.raises(BadInputError, match="2 files for FUND3"):
        load_etfs(only="FUND3")


def test_what_was_forced_once_is_not_refused_again_unchanged(load_etfs: Load, folder: Path) -> None:
    write_fund(folder, "SPY", {"AAPL": "50"})
    load_etfs(force=True)
    assert load_etfs().plan.empty


def test_the_only_changed_file_may_be_the_bad_one(load_etfs: Load, folder: Path, witness: Connection) -> None:
    """The others are left as they are, and the load is no failure, as with --mode full."""
    write_fund(folder, "SPY", {"AAPL": "100"})
    write_fund(folder, "VOO", {"AAPL": "100"})
    load_etfs()
    write_fund(folder, "VOO", {"AAPL": "much"})
    for mode in ("full", "incremental"):
        plan = load_etfs(mode=mode, skip_bad_files=True).plan
        assert "voo_holdings.csv left out whole, its group stays as stored" in plan.warnings[0]
    assert members(witness, "VOO") == {"AAPL": "100.000000"}


def test_another_folder_than_the_last_time_is_warned_of(
    database: Database, load_etfs: Load, folder: Path, tmp_path: Path
) -> None:
    """An option that was forgotten would put the sample over the real files."""
    write_fund(folder, "SPY", {"AAPL": "100"})
    load_etfs()
    other = tmp_path / "other"
    other.mkdir()
    write_fund(other, "SPY", {"AAPL": "100"})
    with closing(database.connect()) as connection:
        plan = load(database, connection, etf_inputs(other), Options("ETF")).plan
    assert plan.warnings == (f"1 group(s) came from {folder} the last time, now from {other}: SPY",)

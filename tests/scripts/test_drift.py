"""drift.py as the person at the terminal, and cron, meet it: lines, JSON, exit status, and what to do about it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clean import LOADERS
from tests.conftest import load_script, uri_with_password
from tests.files import write_fund
from tests.put import put_group
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.settings import REPOSITORY

Script = Callable[..., int]
S = "python scripts/cache_maintenance"
CLEAN = "no drift: 48 groups are what the last loads left\n"


@pytest.fixture
def database(new_database: Callable[..., Database], clean: str) -> Database:
    return new_database(clean)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped files, to be edited; with other bytes, so that a load puts their paths on record."""
    result = Path(shutil.copytree(REPOSITORY / "holdings", tmp_path / "holdings"))
    for path in result.glob("*.csv"):
        path.write_bytes(path.read_bytes() + b"\n")
    return result


def replace(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def by_hand(witness: Connection, group: str, sql: str) -> int:
    """Execute sql with the group's id as {id}; give the number of the run that it was."""
    ((group_id,),) = query(witness, "SELECT id FROM definition_groups WHERE name = %s", group)
    query(witness, sql.format(id=group_id))
    return int(query(witness, "SELECT max(id) FROM load_runs")[0][0])


@pytest.fixture
def drifted(script: Script, folder: Path, witness: Connection) -> int:
    """EDOW with a file's change, a hand's and both; a theme with a hand's; what RSP's file said is kept otherwise."""
    for loader in LOADERS:
        more = () if loader == "organize_sectors_industries" else ("--holdings-dir", folder)
        assert script(loader, *more, "--quiet") == 0
    rsp = "UPDATE group_memberships SET weight = 0.3 WHERE group_id = {id} AND symbol = 'MSFT'"
    by_hand(witness, "RSP", rsp)
    assert script("load_etf_holdings", "--mode", "incremental", "--holdings-dir", folder, "--quiet") == 0
    replace(folder / "edow_holdings.csv", ("AAPL,3.333333", "AAPL,3.5"), ("AMGN,3.333333", "AMGN,3.166667"),
            ("VZ,", "GOOGL,"))  # fmt: skip
    edow = "UPDATE group_memberships SET weight = {w} WHERE group_id = {{id}} AND symbol = '{s}'"
    run = by_hand(witness, "EDOW", edow.format(w=3.4, s="AAPL"))
    by_hand(witness, "EDOW", edow.format(w=3.166667, s="AMGN"))
    by_hand(witness, "EDOW", "DELETE FROM group_memberships WHERE group_id = {id} AND symbol = 'BA'")
    by_hand(witness, "crypto_miners", "INSERT INTO group_memberships (group_id, symbol) VALUES ({id}, 'AAPL')")
    return run


def test_nothing_drifted(script: Script, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert script("drift") == 0
    assert script("drift", "--verbose", "--holdings-dir", folder) == 0
    assert capsys.readouterr().out == CLEAN * 2
    assert script("drift", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_what_drifted_and_what_to_do(
    script: Script, capsys: pytest.CaptureFixture[str], folder: Path, drifted: int
) -> None:
    assert script("drift", "--verbose") == 1
    left, both, mine = "left 3.333333   ", "both changed    ", f" --holdings-dir {folder}"
    assert capsys.readouterr().out.splitlines() == [
        f"  EDOW AAPL     {both}  {left} file 3.500000    stored 3.400000    (run {drifted})",
        f"  EDOW AMGN     {both}  {left} file 3.166667    stored 3.166667    (run {drifted + 1}, to the same)",
        f"  EDOW BA       database changed  {left} file 3.333333    stored no member   (run {drifted + 2})",
        "  EDOW GOOGL    file changed      left no member   file 3.333333    stored no member",
        f"  EDOW VZ       file changed      {left} file no member   stored 3.333333",
        "  RSP MSFT     database changed  left 0.300000    file 0.200000    stored 0.300000    (kept by the last load)",
        "  crypto_miners AAPL     database changed  left no member   file no member   stored no weight"
        f"   (run {drifted + 3})",
        "group          type   file changed  database changed  both changed  kept",
        "EDOW           ETF               2                 1             2     0",
        "RSP            ETF               0                 1             0     1",
        "crypto_miners  THEME             0                 1             0     0",
        "the database changed: 5 rows by hand, 1 of them kept by the last load; this puts it back to the files:",
        f"  {S}/load_etf_holdings.py --etf EDOW --mode full{mine}",
        f"  {S}/load_etf_holdings.py --etf RSP --mode full{mine}",
        f"  {S}/organize_universe.py --mode full{mine}",
        "files wait: 4 rows; this brings them, and leaves what a hand changed:",
        f"  {S}/load_etf_holdings.py --etf EDOW --mode incremental{mine}",
    ]


def test_what_it_says_to_do_does_it(
    script: Script, capsys: pytest.CaptureFixture[str], folder: Path, drifted: int
) -> None:
    def run(commands: list[str]) -> None:
        for command in commands:
            _, path, *arguments = shlex.split(command)
            assert script(Path(path).stem, *arguments, "--quiet") == 0

    def document() -> dict[str, object]:
        capsys.readouterr()
        script("drift", "--json")
        result: dict[str, object] = json.loads(capsys.readouterr().out)
        return result

    def totals() -> object:
        return document()["totals"]

    assert totals() == {"compared": 48, "drifted": 3, "file": 2, "database": 3, "both": 2, "kept": 1}
    run(document()["commands"]["bring"])  # type: ignore[index]
    # AMGN is as the file says; AAPL and BA are kept now; GOOGL and VZ came and went.
    assert totals() == {"compared": 48, "drifted": 3, "file": 0, "database": 4, "both": 0, "kept": 3}
    run(document()["commands"]["put_back"])  # type: ignore[index]
    assert document() == {
        "environment": "DEFAULT", "database_changed": False, "files_wait": False,
        "totals": {"compared": 48, "drifted": 0, "file": 0, "database": 0, "both": 0, "kept": 0},
        "groups": [], "events": [], "commands": {"bring": [], "put_back": []},
    }  # fmt: skip


def test_the_shape_of_the_json(
    script: Script, capsys: pytest.CaptureFixture[str], folder: Path, drifted: int, witness: Connection
) -> None:
    assert script("drift", "--json", "--verbose", "--etf", "edow") == 1
    result = json.loads(capsys.readouterr().out)
    rows = result["groups"][0].pop("rows")
    mine = f"--holdings-dir {folder}"
    assert result == {
        "environment": "DEFAULT",
        "database_changed": True,
        "files_wait": True,
        "totals": {"compared": 1, "drifted": 1, "file": 2, "database": 1, "both": 2, "kept": 0},
        "groups": [
            {
                "group": "EDOW", "type": "ETF", "path": str(folder / "edow_holdings.csv"),
                "load_id": query(witness, "SELECT max(load_id) FROM load_files WHERE group_name = 'EDOW'")[0][0],
                "file": 2, "database": 1, "both": 2, "kept": 0,
            }
        ],
        "events": [],
        "commands": {
            "bring": [f"{S}/load_etf_holdings.py --etf EDOW --mode incremental {mine}"],
            "put_back": [f"{S}/load_etf_holdings.py --etf EDOW --mode full {mine}"],
        },
    }  # fmt: skip
    assert [row["symbol"] for row in rows] == ["AAPL", "AMGN", "BA", "GOOGL", "VZ"]
    assert rows[1] == {
        "symbol": "AMGN",
        "changed": "both",
        "base": {"member": True, "weight": 3.333333},
        "file": {"member": True, "weight": 3.166667},
        "stored": {"member": True, "weight": 3.166667},
        "same": True,
        "kept": False,
        "run": drifted + 1,
    }
    assert rows[3]["base"] == {"member": False, "weight": None}


def test_files_that_wait_are_no_failure(
    script: Script, capsys: pytest.CaptureFixture[str], folder: Path, witness: Connection
) -> None:
    replace(folder / "edow_holdings.csv", ("AAPL,3.333333", "AAPL,3.5"))
    write_fund(folder, "AAAA", {"AAPL": 60, "MSFT": 40})
    (folder / "dia_holdings.csv").unlink()
    assert script("drift", "--holdings-dir", folder) == 0
    assert capsys.readouterr().out.splitlines() == [
        "group  type  file changed  database changed  both changed  kept",
        "EDOW   ETF              1                 0             0     0",
        f"new in {folder}: AAAA",
        f"no file in {folder}: DIA",
        "files wait: 1 row; this brings them, and leaves what a hand changed:",
        f"  {S}/load_etf_holdings.py --mode incremental --holdings-dir {folder}",
    ]
    assert script("drift", "--holdings-dir", folder, "--quiet") == 0
    assert script("drift") == 0, "the files on record are others"
    assert capsys.readouterr().out == CLEAN


def test_rows_that_a_load_kept_are_no_failure(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    by_hand(witness, "RSP", "DELETE FROM group_memberships WHERE group_id = {id} AND symbol = 'AAPL'")
    assert script("drift", "--quiet") == 1
    assert capsys.readouterr().err == (
        "error: the database is not what the last loads left; run it without --quiet\n"
    )
    assert script("load_etf_holdings", "--mode", "incremental", "--quiet") == 0
    assert script("drift", "--quiet") == 0
    assert script("drift") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "1 row by hand, kept by the last load; this puts them back to the files:",
        f"  {S}/load_etf_holdings.py --etf RSP --mode full",
    ]


def test_weights_of_a_hand_where_the_file_has_none_need_a_word_to_the_guard(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    by_hand(witness, "SPY", "UPDATE group_memberships SET weight = 6.5 WHERE group_id = {id} AND symbol = 'AAPL'")
    by_hand(witness, "dow30", "UPDATE group_memberships SET weight = 6.5 WHERE group_id = {id} AND symbol = 'AAPL'")
    by_hand(witness, "sp500", "DELETE FROM group_memberships WHERE group_id = {id} AND symbol = 'AAPL'")
    assert script("drift", "--json") == 1
    put_back = json.loads(capsys.readouterr().out)["commands"]["put_back"]
    assert put_back == [
        f"{S}/load_etf_holdings.py --etf SPY --mode full --force SPY",
        f"{S}/load_universes.py --mode full --force dow30",
    ]
    for command in put_back:
        _, path, *arguments = shlex.split(command)
        assert script(Path(path).stem, *arguments, "--quiet") == 0
    assert script("drift") == 0
    assert capsys.readouterr().out == CLEAN


def test_events_of_groups_and_files(
    script: Script, capsys: pytest.CaptureFixture[str], folder: Path, witness: Connection
) -> None:
    assert script("load_etf_holdings", "--holdings-dir", folder, "--quiet") == 0
    gone = by_hand(witness, "QQQ", "DELETE FROM definition_groups WHERE id = {id}")
    (folder / "edow_holdings.csv").write_text("symbol,weight\nAAPL,x\n")
    for etf in ("xlb", "xlc", "xle", "xlf", "xli", "xlk", "xlp"):
        (folder / f"{etf}_holdings.csv").unlink()
    assert script("drift") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"database changed: the ETF QQQ is gone with its 101 members; run {gone}, no load, took it away",
        "cannot be loaded: edow_holdings.csv:2: found weight 'x', expected a number in percent; "
        "write 6.5 for 6.5 %, or leave the cell empty",
        f"no file any more in {folder}: XLB, XLC, XLE, XLF, XLI and 2 more",
        "the database changed; this puts it back to the files:",
        f"  {S}/load_etf_holdings.py --etf QQQ --mode full --holdings-dir {folder}",
    ]
    assert script("drift", "--verbose") == 1
    assert f"no file any more in {folder}: XLB, XLC, XLE, XLF, XLI, XLK, XLP" in capsys.readouterr().out
    assert script("drift", "--json") == 1
    events = json.loads(capsys.readouterr().out)["events"]
    assert [(each["event"], each["group"], each["database"]) for each in events[:3]] == [
        ("group_removed", "QQQ", True), ("file_gone", "XLB", False), ("file_gone", "XLC", False),
    ]  # fmt: skip


def test_forty_groups_are_listed_and_verbose_lists_all(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'ZZZZ' FROM definition_groups"
                   " WHERE type <> 'SECTOR'")  # fmt: skip
    assert script("drift") == 1
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if re.search(r" (ETF|UNIVERSE|THEME) ", line)]) == 40
    assert "… and 8 more groups (--verbose lists them)" in lines
    assert "  … and 16 more (--json lists them)" in lines  # 24 funds, the universes and the themes: 26 loads
    assert script("drift", "--verbose") == 1
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if re.search(r" (ETF|UNIVERSE|THEME) ", line)]) == 48


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--etf", "SPZ"), "error: no ETF 'SPZ' in DEFAULT; nearest: SPY"),
        (("--etf", "MINE"), "error: found no file on record for MINE, expected one of a load; it was made otherwise"),
        (("--holdings-dir", "nowhere"), "nowhere: found no such folder, expected a folder with input files"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection, arguments: tuple[str, ...], error: str
) -> None:
    put_group(witness, "ETF", "MINE", ["AAPL"])
    # Another load has seen it since.
    query(witness, "INSERT INTO load_runs (kind, type, environment) VALUES ('load', 'ETF', 'DEFAULT')")
    assert script("drift", *arguments) == 1
    assert error in capsys.readouterr().err


def test_an_environment_has_its_own_drift_and_commands(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    assert script("drift", "--environment", "TEST") == 0
    assert capsys.readouterr().out == "nothing to compare: no file was loaded into TEST yet\n"
    assert script("load_etf_holdings", "--environment", "TEST", "--quiet") == 0
    query(witness, "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id"
                   " AND environment = 'TEST' AND name = 'SPY' AND symbol = 'AAPL'")  # fmt: skip
    assert script("drift") == 0
    assert script("drift", "--environment", "TEST") == 1
    command = f"  {S}/load_etf_holdings.py --etf SPY --mode full --environment TEST\n"
    assert capsys.readouterr().out.endswith(command)


def test_a_role_that_may_only_read_is_enough(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    reader = Database({**database.parameters, "options": "-crole=app_readonly"}, "test")
    monkeypatch.setenv("DATABASE_URI", uri_with_password(reader))
    replace(folder / "edow_holdings.csv", ("AAPL,3.333333", "AAPL,3.5"))
    assert load_script("drift").main(["--holdings-dir", str(folder), "--verbose"]) == 0
    assert "EDOW AAPL     file changed" in capsys.readouterr().out


def test_names_from_the_database_cannot_steer_the_terminal(
    script: Script, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    query(witness, r"UPDATE definition_groups SET name = E'\x1b[2J\nRSP' WHERE name = 'RSP'")
    query(witness, r"UPDATE group_memberships SET symbol = E'\x1b[2J' WHERE symbol = 'MSFT'")
    assert script("drift", "--verbose") == 1
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "  �[2J RSP �[2J" in captured.out


def test_a_load_of_one_fund_says_nothing_of_another_that_is_gone(
    script: Script, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    query(witness, "DELETE FROM definition_groups WHERE name = 'SPY'")
    assert script("drift") == 1
    by_hand(witness, "QQQ", "DELETE FROM group_memberships WHERE group_id = {id} AND symbol = 'AAPL'")
    assert script("load_etf_holdings", "--etf", "QQQ", "--force") == 0
    assert query(witness, "SELECT only_group FROM load_runs ORDER BY id DESC LIMIT 1") == [("QQQ",)]
    capsys.readouterr()
    assert script("drift") == 1
    assert "SPY" in capsys.readouterr().out
    assert script("validate_relationships", "--json") == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert "SPY" in json.dumps(checks["integrity"]["findings"])


def test_an_undo_of_a_file_of_the_past_does_not_hide_that_a_hand_took_the_fund_away(
    script: Script, folder: Path, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in folder.glob("*_holdings*.csv"):
        path.unlink()
    for day in ("2025-06-30", "2025-01-03"):
        write_fund(folder, "AVLV", {"AAPL": 100}).rename(folder / f"avlv_holdings@{day}.csv")
        assert script("load_etf_holdings", "--etf", "AVLV", "--holdings-dir", folder, "--force") == 0
        (folder / f"avlv_holdings@{day}.csv").unlink()
    ((load,),) = query(witness, "SELECT max(id) FROM load_runs")
    query(witness, "DELETE FROM definition_groups WHERE name = 'AVLV'")
    assert script("undo_load", str(load)) == 0
    capsys.readouterr()
    assert script("drift") == 1
    assert "AVLV" in capsys.readouterr().out

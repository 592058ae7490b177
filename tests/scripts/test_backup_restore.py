"""backup.py and restore.py as the person at the terminal meets them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.put import put_group
from tests.stored import everything, members, query
from tickstock.backups.folder import list_backups
from tickstock.db import Connection, Database

Script = Callable[..., int]
NAME = r"\d{4}-\d\d-\d\dT\d{6}Z(-\d)?"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "backups"
    monkeypatch.setenv("BACKUP_DIR", str(path))
    return path


@pytest.fixture
def spy(witness: Connection) -> Connection:
    put_group(witness, "ETF", "SPY", {"AAPL": "60", "MSFT": "40"})
    return witness


@pytest.fixture
def printed(script: Script, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a script that succeeds; give what it printed."""

    def run(*arguments: str | Path) -> str:
        capsys.readouterr()
        assert script(*map(str, arguments)) == 0
        output = capsys.readouterr()
        assert output.err == ""
        return output.out

    return run


def test_backup_then_damage_then_restore(
    printed: Callable[..., str], folder: Path, spy: Connection, database: Database
) -> None:
    lines = printed("backup").splitlines()
    assert re.fullmatch(rf"backup {folder}/{NAME}", lines[0])
    # 12 sectors and SPY; its 2 memberships; 3 runs, each numbered, and 15 versions
    assert re.fullmatch(r"  data version 3, 36 rows, \d+\.\d kB", lines[1])
    assert len(lines) == 2
    name = Path(lines[0].split()[-1]).name
    query(spy, "SET application_name = 'psql'; DELETE FROM group_memberships WHERE symbol = 'MSFT'")
    lines = printed("restore", name, "--force").splitlines()
    assert re.fullmatch(rf"Restored {name}, made \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC, data version 3", lines[0])
    assert lines[1:4] == [
        "  13 definition_groups, 2 group_memberships, 3 load_runs, 3 data_version, 15 membership_versions",
        "  taken back: 1 run",
        "  load  at (UTC)             what     by" + " " * (len(f"psql, {spy.info.user}") - 2) + "  rows",
    ]
    assert re.fullmatch(rf"  4 +\S+ \S+  by hand  psql, {spy.info.user}  0 added, 0 changed, 1 removed", lines[4])
    assert re.fullmatch(rf"Recorded as load 5, data version 5; in {re.escape(database.place)} \(\d+\.\d s\)", lines[5])
    assert members(spy, "SPY") == {"AAPL": "60.000000", "MSFT": "40.000000"}
    for environment in ("DEFAULT", "TEST"):
        latest = printed("history", "loads", "--environment", environment).splitlines()[1]
        assert re.split(r" {2,}", latest.strip())[0::2][:2] == ["5", "restore"]


def test_without_a_name_the_backups_are_listed(printed: Callable[..., str], folder: Path, spy: Connection) -> None:
    assert printed("restore") == f"no backups in {folder}\n"
    printed("backup")
    query(spy, "DELETE FROM group_memberships WHERE symbol = 'MSFT'")
    printed("backup")
    header, *lines = printed("restore").splitlines()
    assert header.split("  ")[0] == "backup"
    # a membership less, but a run, its number, what the row's id was, and the version is still there: closed
    assert [re.split(r" {2,}", line)[2:] for line in lines] == [["4", "38", "nothing"], ["3", "36", "1 run"]]
    newer, older = json.loads(printed("restore", "--json"))["backups"]
    assert (newer["since"], older["since"]) == (0, 1)
    assert older["tables"]["group_memberships"] == 2
    printed("restore", Path(older["path"]), "--force")
    assert [line.split("  ")[-1] for line in printed("restore").splitlines()[1:]] == ["of another history", "1 run"]


def test_latest_is_the_newest_of_this_database(
    printed: Callable[..., str], script: Script, folder: Path, spy: Connection, capsys: pytest.CaptureFixture[str],
    new_database: Callable[..., Database], template: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from tests.conftest import uri_with_password

    printed("backup")
    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_URI", uri_with_password(new_database(template)))
        printed("backup")
        assert script("restore", "latest", "--dry-run") == 0
    capsys.readouterr()
    assert re.search(r" group_memberships, ", printed("restore", "latest", "--dry-run"))
    for path in folder.iterdir():
        if json.loads((path / "manifest.json").read_text())["tables"]["group_memberships"]["rows"]:
            (path / "manifest.json").unlink()
    assert script("restore", "latest") == 1
    assert re.fullmatch(
        rf"error: found no backup of this database in {folder}; there are: {NAME}; name one to take it all the .*\n",
        capsys.readouterr().err,
    )


def test_the_documents(printed: Callable[..., str], folder: Path, spy: Connection) -> None:
    first = json.loads(printed("backup", "--json", "--keep", "1"))
    second = json.loads(printed("backup", "--json", "--keep", "1"))
    assert second["removed"] == [first["path"]]
    assert [str(backup.path) for backup in list_backups(folder)] == [second["path"]]
    assert set(second) == {"path", "made_at", "data_version", "tables", "bytes", "removed"}
    query(spy, "SET application_name = 'psql'; DELETE FROM group_memberships WHERE symbol = 'MSFT'")
    document = json.loads(printed("restore", "latest", "--force", "--json"))
    lost = document["lost_runs"]
    assert document == {
        "backup": {name: value for name, value in second.items() if name != "removed"},
        "dry_run": False, "load_id": 5, "data_version": 5, "lost": 1, "lost_runs": lost, "warning": None,
    }  # fmt: skip
    assert lost == [
        {"id": 4, "at": lost[0]["at"], "kind": "manual", "type": None, "environment": None, "program": "psql",
         "user": spy.info.user, "added": 0, "changed": 0, "removed": 1, "note": None},
    ]  # fmt: skip


def test_a_restore_over_newer_changes_is_refused_with_status_3(
    printed: Callable[..., str], script: Script, folder: Path, spy: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    printed("backup")
    query(spy, "DELETE FROM group_memberships WHERE symbol = 'MSFT'")
    before = everything(spy)
    capsys.readouterr()
    assert script("restore", "latest") == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert [line[:7] for line in output.err.splitlines()] == ["error: "] * 4
    assert output.err.splitlines()[-1] == "error: refused, nothing was changed; --force goes on"
    assert script("restore", "latest", "--dry-run") == 3
    output = capsys.readouterr()
    assert output.out.splitlines()[0].startswith("[DRY RUN] Would restore ")
    assert output.out.splitlines()[2] == "  would be taken back: 1 run"
    assert output.out.splitlines()[-1] == "[DRY RUN] No changes written to database"
    assert re.fullmatch(
        rf"error: the database has 1 run that the backup {NAME} .* does not have; this would be refused, --force .*\n",
        output.err,
    )
    assert script("restore", "latest", "--dry-run", "--force") == 0
    assert everything(spy) == before


def test_a_damaged_backup_is_one_line_and_status_1(
    printed: Callable[..., str], script: Script, folder: Path, spy: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    printed("backup")
    (backup,) = list_backups(folder)
    before = everything(spy)
    data = backup.dump.read_bytes()
    backup.dump.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert script("restore", backup.path) == 1
    assert re.fullmatch(r"error: \S+/data\.dump is damaged: it has another checksum .*\n", capsys.readouterr().err)
    backup.dump.unlink()
    assert script("restore", backup.path.name) == 1
    assert re.fullmatch(r"error: \S+/data\.dump cannot be read: No such file.*\n", capsys.readouterr().err)
    assert everything(spy) == before


@pytest.mark.parametrize("name", ["nowhere", "../backups", ""])
def test_what_is_no_backup_is_said(
    script: Script, folder: Path, database: Database, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder.mkdir()
    assert script("restore", name) == 1
    expected = r"error: .*(found no backup nowhere|is no backup: it has no manifest).*\n"
    assert re.fullmatch(expected, capsys.readouterr().err)


@pytest.mark.parametrize(
    "arguments", [["backup", "--keep", "0"], ["backup", "--keep", "many"], ["backup", "--environment", "TEST"],
                  ["restore", "latest", "--environment", "TEST"]]
)  # fmt: skip
def test_options_that_mean_nothing_are_usage_errors(
    script: Script, folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert script(*arguments) == 2
    assert re.search(r"expected a number from 1 on|leave --environment out", capsys.readouterr().err)


def test_another_folder_and_silence(
    script: Script, folder: Path, tmp_path: Path, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("backup", "--to", tmp_path / "deep" / "there", "--quiet") == 0
    (backup,) = list_backups(tmp_path / "deep" / "there")
    assert script("restore", backup.path, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert not folder.exists()


def test_no_output_names_the_password(
    database: Database, spy: Connection, folder: Path, script: Script, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from tests.conftest import uri_with_password

    known: dict[str, Any] = {**database.parameters, "password": "canary"}
    monkeypatch.setenv("DATABASE_URI", uri_with_password(database._replace(parameters=known)))
    # Where the server lets in by the socket alone; elsewhere the password is wrong, and that must not be shown either.
    for arguments in (["backup"], ["restore"], ["restore", "latest", "--verbose"], ["backup", "--to", "/dev/null/x"]):
        script(*arguments)
    output = capsys.readouterr()
    assert "canary" not in output.out + output.err

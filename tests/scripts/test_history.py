"""history.py as the person at the terminal meets it: what it prints, its documents, its statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import uri_with_password
from tests.relationships.history.made import write_dated
from tests.stored import everything, query
from tickstock.db import Connection, Database
from tickstock.settings import REPOSITORY

Script = Callable[..., int]
Ask = Callable[..., str]

LOADS = [
    ("2022-06-03", {"AAPL": 50, "MSFT": 30, "FB": 20}, {"AAPL": 60, "FB": 40}),
    ("2022-06-10", {"AAPL": 50, "MSFT": 28, "META": 22}, {"AAPL": 61, "META": 39}),
]
QUESTIONS = [
    ["loads"],
    ["show", "2"],
    ["diff", "--etf", "IVV", "--from", "2022-06-03", "--to", "2022-06-10"],
    ["churn"],
    ["churn", "--etf", "IVV"],
    ["renames"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    result = tmp_path / "holdings"
    result.mkdir()
    return result


@pytest.fixture
def history(script: Script, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two weekly loads (runs 2 and 3) of two funds, in which FB becomes META."""
    for day, ivv, vti in LOADS:
        write_dated(folder, "IVV", day, ivv)
        write_dated(folder, "VTI", day, vti)
        assert script("load_etf_holdings", "--holdings-dir", folder, "--quiet", "--force") == 0
    capsys.readouterr()


@pytest.fixture
def ask(script: Script, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Ask, expect an answer and no remark, give what stands on stdout."""

    def run(*arguments: str | Path) -> str:
        capsys.readouterr()
        assert script("history", *arguments) == 0
        output = capsys.readouterr()
        assert output.err == ""
        return output.out

    return run


@pytest.fixture
def document(ask: Ask) -> Callable[..., Any]:
    """Ask for JSON; nothing else may stand on stdout."""
    return lambda *arguments: json.loads(ask(*arguments, "--json"))


@pytest.fixture
def refused(script: Script, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Ask for what cannot be; give the status and the last line on stderr."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        capsys.readouterr()
        status = script("history", *arguments)
        output = capsys.readouterr()
        assert output.out == ""
        return status, output.err.splitlines()[-1]

    return run


def test_loads(history: None, ask: Ask, document: Callable[..., Any]) -> None:
    lines = ask("loads").splitlines()
    assert [line.split()[0] for line in lines] == ["run", "3", "2", "1"]
    assert "full ETF" in lines[1]
    assert [line.split() for line in ask("loads", "--limit", "1").splitlines()[1:]] == [lines[1].split()]
    latest, first, _ = document("loads")["loads"]
    assert latest.pop("started_at") <= latest.pop("committed_at")
    assert latest.pop("who")
    assert latest == {
        "load_id": 3, "what": "full ETF", "kind": "load", "type": "ETF", "mode": "full",
        "program": "tickstock load_etf_holdings", "undoes": None, "note": None,
        "added": 2, "changed": 2, "removed": 2, "files": 2, "past_files": 0, "undone": [],
    }  # fmt: skip
    assert (first["added"], first["files"]) == (5, 2)


def test_show(history: None, ask: Ask, document: Callable[..., Any], folder: Path) -> None:
    lines = ask("show", "3", "--group", "ivv").splitlines()
    assert lines[0] == "Run 3: full ETF in DEFAULT"
    assert lines[-4:] == [
        "ETF IVV: 1 added, 1 changed, 1 removed",
        "  META     added    22.000000",
        "  FB       removed  20.000000",
        "  MSFT     changed  30.000000 -> 28.000000",
    ]
    story = document("show", "3")
    assert story["files"][0] | {"checksum": ""} == {
        "group": "IVV", "path": str(folder / "IVV_holdings.csv"), "format": "ishares", "checksum": "",
        "as_of": "2022-06-10", "rows": 3, "members": 3, "split_off": {}, "kept": [], "missing": 0, "warnings": [],
        "scope": "present",
    }  # fmt: skip
    assert (story["load_id"], story["environment"], story["entered"], story["forced"]) == (3, "DEFAULT", 1, [])
    ivv, vti, unknown = story["groups"]
    assert [group["name"] for group in (ivv, vti, unknown)] == ["IVV", "VTI", "unknown"]
    assert {key: ivv[key] for key in ("type", "action", "added", "changed", "removed", "past", "keys")} == {
        "type": "ETF", "action": None, "added": 1, "changed": 1, "removed": 1, "past": 0, "keys": {},
    }  # fmt: skip
    assert ivv["rows"][0] == {
        "symbol": "META", "action": "added", "member": True, "old_weight": None, "new_weight": 22.0,
        "metadata": {"source": {"before": None, "after": "file"}}, "from": "2022-06-10", "to": None,
    }  # fmt: skip
    assert ivv["rows"][1] == {
        "symbol": "FB", "action": "removed", "member": False, "old_weight": 20.0, "new_weight": None,
        "metadata": {"source": {"before": "file", "after": None}}, "from": "2022-06-10", "to": None,
    }  # fmt: skip


def test_diff(history: None, ask: Ask, document: Callable[..., Any]) -> None:
    interval = ("--from", "2022-06-03", "--to", "2022-06-10")
    assert ask("diff", "--etf", "ivv", *interval).splitlines()[3:] == [
        "1 added, 1 removed, 0 renamed, 1 moved, 1 unchanged",
        "one-way turnover 22.00 %",
        "",
        "added",
        "  META  22.000000",
        "",
        "removed",
        "  FB  20.000000",
        "",
        "moved (percentage points)",
        "  MSFT  30.000000  ->  28.000000  -2.000000",
        "",
        "renames that the funds suggest",
        "  FB -> META  on 2022-06-10  as IVV, VTI say",
        "a swap of two stocks of one size looks the same; put the true ones into a file for history.py renames:",
        "FB,META,2022-06-10",
    ]
    found = document("diff", "--etf", "IVV", *interval)
    assert found["before"]["snapshot"].pop("path").endswith("IVV_holdings.csv")
    assert found.pop("after")["members"] == 3
    assert found == {
        "type": "ETF",
        "name": "IVV",
        "before": {
            "day": "2022-06-03", "members": 3, "snapshot": {"as_of": "2022-06-03", "dated": True, "load_id": 2},
        },
        "counts": {"added": 1, "removed": 1, "renamed": 0, "moved": 1, "unchanged": 1},
        "turnover": 22.0,
        "added": [{"symbol": "META", "weight": 22.0}],
        "removed": [{"symbol": "FB", "weight": 20.0}],
        "renamed": [],
        "moved": [{"symbol": "MSFT", "before": 30.0, "after": 28.0, "points": -2.0}],
        "suggested_renames": [{"old": "FB", "new": "META", "date": "2022-06-10", "funds": ["IVV", "VTI"]}],
    }  # fmt: skip


def test_a_suggested_rename_is_accepted_with_the_line_that_was_printed(
    history: None, ask: Ask, document: Callable[..., Any], tmp_path: Path
) -> None:
    interval = ("--from", "2022-06-03", "--to", "2022-06-10")
    file = tmp_path / "renames.csv"
    file.write_text(ask("diff", "--etf", "IVV", *interval).splitlines()[-1])
    planned = ["added      FB -> META on 2022-06-10", "1 added, 0 changed, 0 removed, 0 unchanged"]
    assert ask("renames", file, "--dry-run").splitlines() == [*planned, "[DRY RUN] No changes written to database"]
    assert ask("renames").splitlines() == ["no rename is accepted yet"]
    assert ask("renames", file).splitlines() == [*planned, "the accepted renames are now those of the file"]
    assert ask("renames", file).splitlines() == ["0 added, 0 changed, 0 removed, 1 unchanged", "nothing to do"]
    assert ask("renames").splitlines() == ["old  new   first day of the new  note", "FB   META  2022-06-10"]
    assert document("renames") == {"renames": [{"old": "FB", "new": "META", "date": "2022-06-10", "note": None}]}
    assert document("renames", file) == {
        "dry_run": False,
        "totals": {"added": 0, "changed": 0, "removed": 0, "unchanged": 1},
        "renames": [{"action": "unchanged", "old": "FB", "new": "META", "date": "2022-06-10", "note": None}],
        "warnings": [],
    }
    assert ask("diff", "--etf", "IVV", *interval).splitlines()[3:8] == [
        "0 added, 0 removed, 1 renamed, 1 moved, 1 unchanged",
        "one-way turnover 2.00 %",
        "",
        "renamed",
        "  renamed FB -> META  on 2022-06-10  20.000000  ->  22.000000  +2.000000",
    ]
    (renamed,) = document("diff", "--etf", "IVV", *interval)["renamed"]
    assert renamed == {
        "symbol": "FB", "new_symbol": "META", "renamed_on": "2022-06-10", "before": 20.0, "after": 22.0, "points": 2.0,
    }  # fmt: skip


def test_a_bad_file_of_renames_writes_nothing(
    history: None, refused: Callable[..., tuple[int, str]], ask: Ask, tmp_path: Path
) -> None:
    file = tmp_path / "renames.csv"
    file.write_text("A,B,2020-01-01\nFB,META,June 2022\n")
    status, line = refused("renames", file)
    assert (status, line) == (
        1, "error: renames.csv:2: found the date 'June 2022', expected the first day of the new symbol, like "
           "2022-06-09; correct the line",
    )  # fmt: skip
    assert ask("renames").splitlines() == ["no rename is accepted yet"]


def test_what_speaks_against_a_rename_is_a_warning(
    history: None, script: Script, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "renames.csv"
    file.write_text("FB,META,2022-06-20\n")
    assert script("history", "renames", file) == 0
    assert capsys.readouterr().err.splitlines() == [
        "warning: FB -> META on 2022-06-20: IVV, VTI held META on 2022-06-19 already: "
        "the rename is older, or another company had that symbol"
    ]


def test_churn(history: None, ask: Ask, document: Callable[..., Any]) -> None:
    assert ask("churn").splitlines()[1].split()[:7] == ["VTI", "2", "2022-06-03", "2022-06-10", "1", "1", "1"]
    assert ask("churn", "--etf", "IVV").splitlines()[-1].split() == ["2022-06-10", "3", "1", "1", "1", "22.00"]
    assert document("churn", "--etf", "IVV", "--from", "2022-06-04") == {
        "etf": "IVV",
        "turnover_a_year": 1147.928571,  # 22 * 365.25 / 7
        "snapshots": [
            {
                "as_of": "2022-06-10", "before": "2022-06-03", "members": 3, "added": 1, "removed": 1, "moved": 1,
                "turnover": 22.0,
            }
        ],
    }  # fmt: skip
    assert document("churn", "--to", "2022-06-03") == {
        "funds": [
            {
                "etf": etf, "snapshots": 1, "from": "2022-06-03", "to": "2022-06-03", "added": 0, "removed": 0,
                "moved": 0, "turnover_a_year": None,
            }
            for etf in ("IVV", "VTI")
        ]
    }  # fmt: skip


def test_what_cannot_be_answered(history: None, refused: Callable[..., tuple[int, str]]) -> None:
    diff = ("diff", "--etf", "IVV", "--from")
    assert refused(*diff, "2022-06-02", "--to", "2022-06-10") == (
        1, "error: ETF IVV is not known on 2022-06-02: the record begins on 2022-06-03 (run 2); "
           "ask from that day on, or load an older file",
    )  # fmt: skip
    assert refused(*diff, "2022-06-10", "--to", "2022-06-03") == (
        2, "error: --from 2022-06-10 is later than --to 2022-06-03; give the earlier day first",
    )  # fmt: skip
    assert refused("show", "99") == (
        1, "error: no run 99; the last one is 3, the nearest: 1, 2, 3; history.py loads lists them",
    )  # fmt: skip
    assert refused("churn", "--etf", "SPY")[0] == 1
    assert refused("renames", "--dry-run") == (
        2, "error: --dry-run shows what a file would change; name the file, or leave it out",
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["forget"],
        ["show"],
        ["show", "0"],
        ["show", "99999999999"],
        ["loads", "--limit", "none"],
        ["diff", "--from", "2022-06-03", "--to", "2022-06-10"],
        ["diff", "--etf", "SPY", "--theme", "x", "--from", "2022-06-03", "--to", "2022-06-10"],
        ["diff", "--etf", "SPY", "--from", "2022-06-10", "--to", "2022-06-03"],
        ["churn", "--from", "2022-06-10", "--to", "2022-06-03"],
        ["loads", "--environment", "longer than ten"],
    ],
)
def test_wrong_usage(script: Script, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert script("history", *arguments) == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("day", ["2022-02-30", "yesterday", "06/10/2022", "20220610", "2022-W23-5"])
@pytest.mark.parametrize("arguments", [["diff", "--etf", "SPY", "--to", "2022-06-10", "--from"], ["churn", "--to"]])
def test_a_day_is_written_in_one_way_alone(
    refused: Callable[..., tuple[int, str]], arguments: list[str], day: str
) -> None:
    status, message = refused(*arguments, day)
    assert status == 2
    assert message.endswith(f"argument {arguments[-1]}: found '{day}', expected a date like 2025-06-30")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda words: words[0])
def test_the_options_of_every_script_go_before_the_subcommand_and_behind_it(
    history: None, ask: Ask, question: list[str]
) -> None:
    answer = ask(*question, "--json")
    assert json.loads(answer)
    assert ask("--json", *question) == answer
    assert ask(question[0], "--json", *question[1:]) == answer
    assert ask("--quiet", *question) == ask(*question, "--quiet") == ""


def test_the_environment_may_stand_in_either_place(history: None, ask: Ask) -> None:
    for arguments in (("--environment", "TEST", "loads"), ("loads", "--environment", "TEST")):
        assert ask(*arguments, "--json", "--quiet") == '{\n  "loads": []\n}\n'


def test_help_tells_of_every_subcommand(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("history", "--help") == 0
    text = capsys.readouterr().out
    for subcommand in ("loads", "show", "diff", "churn", "renames"):
        assert subcommand in text
        assert script("history", subcommand, "--help") == 0
        assert "--environment NAME" in capsys.readouterr().out


def test_the_list_of_commands_has_the_subcommands() -> None:
    """That it is what --help prints, another test sees to."""
    document = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    assert "### history.py diff\n\n```text\nusage: history.py diff [-h]" in document
    assert "### psql.py" not in document


def test_stored_text_cannot_steer_the_terminal(history: None, ask: Ask, witness: Connection) -> None:
    query(witness, "UPDATE definition_groups SET description = E'\\x1b[2J', name = E'I\\x1b[1mV' WHERE name = 'IVV'")
    query(witness, "UPDATE group_memberships SET symbol = E'A\\x1bB', metadata = '\"\\u001b\"' WHERE symbol = 'MSFT'")
    query(witness, "UPDATE load_runs SET note = E'\\x1b', program = E'\\x1b'")
    query(witness, "UPDATE load_files SET path = E'\\x1b', warnings = '[\"\\u001b\"]', kept_symbols = ARRAY[E'\\x1b']")
    query(witness, "INSERT INTO symbol_renames VALUES (E'\\x1b', 'META', '2022-06-09', E'\\x1b')")
    for question in (["loads"], ["show", "3"], ["show", "4"], ["show", "5"], ["churn"], ["renames"],
                     ["diff", "--etf", "I\x1b[1mV", "--from", "2022-06-03", "--to", "2026-06-10"]):  # fmt: skip
        assert "\x1b" not in ask(*question, "--verbose")


def test_the_readonly_role_may_ask_everything_and_nothing_is_written(
    history: None, database: Database, witness: Connection, monkeypatch: pytest.MonkeyPatch, ask: Ask, script: Script,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = everything(witness)
    options = "-crole=app_readonly\t-cdefault_transaction_read_only=on"
    reader = database._replace(parameters={**database.parameters, "options": options})
    monkeypatch.setenv("DATABASE_URI", uri_with_password(reader))
    for question in QUESTIONS:
        assert ask(*question)
    file = tmp_path / "renames.csv"
    file.write_text("FB,META,2022-06-09\n")
    assert "added" in ask("renames", file, "--dry-run")
    assert script("history", "renames", file) == 1
    assert everything(witness) == before


def test_the_readwrite_role_may_accept_renames(
    history: None, database: Database, monkeypatch: pytest.MonkeyPatch, ask: Ask, tmp_path: Path
) -> None:
    writer = database._replace(parameters={**database.parameters, "options": "-crole=app_readwrite"})
    monkeypatch.setenv("DATABASE_URI", uri_with_password(writer))
    file = tmp_path / "renames.csv"
    for line in ("FB,META,2022-06-09", "FB,META,2022-06-10,later", "FB,META,2022-06-10,Meta"):
        file.write_text(line)
        ask("renames", file)
    assert ask("renames").splitlines()[1] == "FB   META  2022-06-10            Meta"


def test_a_reader_that_leaves_early_is_no_failure(history: None, database: Database) -> None:
    command = [sys.executable, str(REPOSITORY / "scripts" / "cache_maintenance" / "history.py"), "show", "2"]
    environment = {**os.environ, "DATABASE_URI": uri_with_password(database)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0

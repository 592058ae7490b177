"""generate_report.py as the person at the terminal meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import uri_with_password
from tests.files import write_fund
from tests.relationships.report_data import add_group, fill
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.settings import REPOSITORY

Script = Callable[..., int]
REPORT = REPOSITORY / "scripts" / "cache_maintenance" / "generate_report.py"


@pytest.fixture
def filled(connection: Connection) -> Connection:
    fill(connection)
    return connection


# Every command line that the original guide prints for this script, from a folder that has the guide's folders.
@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("--summary", ""),
        ("--detail", ""),
        ("--detail --format markdown --output scripts/cache_maintenance/relationship_report.md", "# Relationships"),
        ("--format json --output scripts/cache_maintenance/relationship_report.json", "{"),
        ("--detail --format markdown --output scripts/cache_maintenance/weekly_20251124.md", "# Relationships"),
        ("--detail --format markdown --output scripts/cache_maintenance/monthly_20251201.md", "# Relationships"),
        ("--format json --output scripts/cache_maintenance/monthly_20251201.json", "{"),
    ],
)
def test_the_command_lines_of_the_guide_work_as_printed(
    script: Script, filled: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], command: str, written: str,
) -> None:  # fmt: skip
    (tmp_path / "scripts" / "cache_maintenance").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert script("generate_report", *command.split()) == 0
    out, err = capsys.readouterr()
    if written:
        path = Path(command.rsplit(maxsplit=1)[-1])
        assert out == ""
        assert str(path) in err
        assert path.read_text().startswith(written)
        assert path.read_text().endswith("\n")
    else:
        assert out.startswith("Relationships, environment DEFAULT\n")


def test_the_summary_is_the_default_and_has_the_guides_sections(
    script: Script, filled: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("generate_report") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [title for title, rule in pairwise(lines) if rule == "=" * len(title) != ""] == [
        "Summary statistics", "Sector distribution", "Data quality",
    ]  # fmt: skip
    found = {tuple(line.split()) for line in lines}
    assert {
        ("ETFs", "3"), ("Stocks", "6"), ("Sectors", "12"), ("Themes", "1"), ("Universes", "1"),
        ("Relationships", "15"),
        ("information_technology", "2", "33.33"), ("unknown", "1", "16.67"),
        ("unassigned", "2", "33.33"),
        ("with", "members", "2", "66.67"), ("with", "weights", "2", "66.67"),
        ("with", "an", "as-of", "date", "0", "0.00"),
        ("classified", "3", "50.00", "83.33"), ("memberships", "compared", "15", "100.00"), ("findings", "0", "–"),
    } <= found  # fmt: skip


def test_the_detail_has_holdings_overlap_and_changes(
    script: Script, filled: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("generate_report", "--detail") == 0
    lines = capsys.readouterr().out.splitlines()
    found = {tuple(line.split()) for line in lines}
    assert {
        ("AAA", "3", "3", "100.00", "100.00", "0.3800", "2.6"),
        ("AAPL", "Apple", "Inc", "information_technology", "50.0000"),
        ("BBB", "4", "2"), ("BBB", "20.0", "16.0"),
        ("big", "The", "big", "3", "2", "2"), ("chips", "The", "chips", "1", "1", "0"),
        ("AAA:", "The", "AAA"),
    } <= found  # fmt: skip
    assert any(line.startswith("MSFT      Microsoft  information_technology  sector_etf  financials") for line in lines)


@pytest.mark.parametrize("format_", ["console", "markdown", "json", "html"])
@pytest.mark.parametrize("scope", ["--summary", "--detail"])
def test_every_format_goes_to_stdout_or_to_the_file_the_same(
    script: Script, filled: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str, scope: str
) -> None:
    assert script("generate_report", scope, "--format", format_) == 0
    shown, _ = capsys.readouterr()
    path = tmp_path / "report"
    assert script("generate_report", scope, "--format", format_, "--output", path) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{format_} report written to {path}\n")
    different = [pair for pair in zip(shown.splitlines(), path.read_text().splitlines(), strict=True)
                 if pair[0] != pair[1]]  # fmt: skip
    assert len(different) <= 1  # the time


def test_json_is_one_document_with_numbers(
    script: Script, filled: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("generate_report", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["summary"] == {
        "etfs": 3, "universes": 1, "sectors": 12, "themes": 1, "stocks": 6, "relationships": 15,
    }  # fmt: skip
    assert found["quality"] == {
        "etf_coverage": {"etfs": 3, "with_members": 2, "with_weights": 2, "with_all_weights": 1, "with_as_of": 0},
        "sector_coverage": {
            "stocks": 6, "classified": 3, "unknown": 1, "unassigned": 2,
            "weight": 120.0, "weight_classified": 100.0, "weight_unknown": 20.0, "weight_unassigned": 0.0,
            "classified_share": 50.0, "unknown_share": pytest.approx(100 / 6),
            "unassigned_share": pytest.approx(100 / 3), "classified_weight_share": pytest.approx(1000 / 12),
            "unknown_weight_share": pytest.approx(200 / 12), "unassigned_weight_share": 0.0,
        },
        "integrity": {"rows": 15, "wrong": 0, "percent": 100.0},
    }  # fmt: skip
    assert {sector["name"]: sector["percent"] for sector in found["sectors"]}["energy"] == 16.67


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--format", "html"],
        ["--json", "--format", "console"],
        ["--summary", "--detail"],
        ["--format", "pdf"],
        ["--output"],
    ],
)
def test_options_that_do_not_go_together(script: Script, arguments: list[str]) -> None:
    assert script("generate_report", *arguments) == 2


def test_json_may_be_said_twice(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("generate_report", "--json", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["summary"]["stocks"] == 0


@pytest.mark.parametrize("format_", ["console", "markdown", "json", "html"])
def test_a_database_without_data_is_a_report_of_zeros(script: Script, format_: str) -> None:
    assert script("generate_report", "--detail", "--format", format_) == 0


def test_quiet_prints_no_remark_and_no_report_for_people(
    script: Script, filled: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("generate_report", "--quiet") == 0
    assert script("generate_report", "--quiet", "--output", tmp_path / "report") == 0
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "report").read_text().startswith("Relationships")
    assert script("generate_report", "--quiet", "--json") == 0
    assert json.loads(capsys.readouterr().out)["environment"] == "DEFAULT"


def test_a_file_that_cannot_be_written_is_named(
    script: Script, filled: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "missing" / "report.md"
    assert script("generate_report", "--format", "markdown", "--output", path) == 1
    assert str(path) in capsys.readouterr().err


def test_long_lists_are_cut_for_people_and_whole_as_json(
    script: Script, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(42):
        add_group(connection, "ETF", f"FUND{number:02}", {"AAPL": 1} if number < 41 else {})
    assert script("generate_report", "--detail") == 0
    shown = capsys.readouterr().out
    assert "The 40 largest of 42; --verbose or --format json lists all." in shown
    assert ("FUND39: The FUND39" in shown, "FUND40: The FUND40" in shown) == (True, False)
    script("generate_report", "--detail", "--verbose")
    shown = capsys.readouterr().out
    assert "FUND40: The FUND40" in shown
    assert "Without weights, and so without a top 10: FUND41." in shown
    script("generate_report", "--detail", "--json")
    assert len(json.loads(capsys.readouterr().out)["etfs"]) == 42


def test_environments_do_not_mix(
    script: Script, filled: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    add_group(filled, "ETF", "ONLYHERE", {"ZZZ": 100}, "TEST")
    assert script("generate_report", "--detail", "--environment", "TEST", "--json") == 0
    test = json.loads(capsys.readouterr().out)
    assert (test["environment"], test["summary"]["stocks"]) == ("TEST", 1)
    assert script("generate_report", "--detail") == 0
    assert "ONLYHERE" not in capsys.readouterr().out


@pytest.mark.parametrize("format_", ["console", "markdown", "html"])
def test_formulas_are_defused_and_negative_numbers_stay_numbers(
    script: Script, connection: Connection, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    add_group(connection, "THEME", "=1+1", {})
    query(connection, "UPDATE definition_groups SET description = '@SUM(A1)' WHERE name = '=1+1'")
    add_group(connection, "ETF", "SHORT", {"AAPL": -5})
    assert script("generate_report", "--detail", "--format", format_) == 0
    shown = capsys.readouterr().out.replace("&#39;", "'")
    assert ("'=1+1" in shown, "'@SUM(A1)" in shown) == (True, True)
    assert ("-5.0000" in shown, "'-5" in shown) == (True, False)


def test_numbers_agree_with_the_loader(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fund(tmp_path, "SPY", {"AAPL": 60, "MSFT": 40})
    script("load_etf_holdings", "--holdings-dir", tmp_path)
    capsys.readouterr()
    script("generate_report", "--detail", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["freshness"][0]["path"] == str(tmp_path / "spy_holdings.csv")
    assert (found["last_changes"][0]["added"], len(found["last_changes"][0]["rows"])) == (2, 2)
    assert found["loads"][0]["load_id"] == found["last_changes"][0]["load_id"]


def test_the_summary_imports_nothing_heavy(filled: Connection, database: Database) -> None:
    heavy = ("pandas", "numpy", "sqlalchemy", "jinja2", "yoyo")
    program = (
        "import runpy, sys\nsys.argv = ['generate_report.py', '--summary']\n"
        f"try: runpy.run_path({str(REPORT)!r}, run_name='__main__')\n"
        f"except SystemExit as end: print([name for name in {heavy!r} if name in sys.modules], end.code)"
    )
    environment = {**os.environ, "DATABASE_URI": uri_with_password(database)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 0"


def run(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URI": uri_with_password(database)}
    command = [sys.executable, str(REPORT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_ending_of_the_output_says_the_format(script: Script, tmp_path: Path) -> None:
    for ending, start in ((".html", "<!doctype html>"), (".md", "# "), (".json", "{"), (".txt", "Relationships,")):
        path = tmp_path / f"report{ending}"
        assert script("generate_report", "--output", path) == 0
        assert path.read_text(encoding="utf-8").lower().startswith(start.lower())

"""The README is true: its commands run as printed, and its transcripts are what the scripts print."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tickstock.settings import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?:<!-- transcript: (\w+) -->\n)?```(\w+)\n(.*?)```", README, re.DOTALL)
SHELL = [line.split("#")[0].strip() for _, language, text in BLOCKS if language == "bash" for line in text.splitlines()]
SCRIPTS = [line for line in SHELL if line.startswith("python ")]
MAKE = [line for line in SHELL if line.startswith("make ")]
TRANSCRIPTS = {name: text.splitlines() for name, _, text in BLOCKS if name}

Script = Callable[..., int]


def run(script: Script, line: str, *more: str) -> int:
    _, path, *arguments = shlex.split(line)
    assert (REPOSITORY / path).is_file()
    return script(Path(path).stem, *arguments, *more)


def test_every_shell_line_is_known_here() -> None:
    assert [line for line in SHELL if line and line not in SCRIPTS + MAKE] == []
    assert {"make run", "make test"} == set(MAKE[:2])


@pytest.mark.parametrize("line", SCRIPTS)
def test_script_commands_run_as_printed(script: Script, line: str) -> None:
    assert run(script, line) == 0


@pytest.mark.parametrize("line", MAKE)
def test_make_targets_exist(line: str) -> None:
    subprocess.run([*shlex.split(line), "--dry-run"], cwd=REPOSITORY, check=True, capture_output=True)


def test_the_summary_is_what_refresh_prints(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    script("refresh")
    assert "\n".join(TRANSCRIPTS["summary"]) in capsys.readouterr().out


def test_the_preview_is_what_a_dry_run_prints(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script("load_etf_holdings")
    shutil.copytree(REPOSITORY / "holdings", tmp_path / "holdings")
    file = tmp_path / "holdings" / "edow_holdings.csv"
    text = file.read_text()
    for old, new in [("AAPL,3.333333", "AAPL,3.5"), ("AMGN,3.333333", "AMGN,3.166666"), ("VZ,", "GOOGL,")]:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    capsys.readouterr()
    command, *shown = TRANSCRIPTS["preview"]
    assert run(script, command.removeprefix("$ "), "--holdings-dir", str(file.parent)) == 0
    assert capsys.readouterr().out.splitlines() == shown


def test_every_setting_is_in_the_table_and_in_the_example() -> None:
    example = (REPOSITORY / ".env.example").read_text()
    source = (REPOSITORY / "tickstock" / "settings.py").read_text()
    names = set(re.findall(r'"([A-Z]+_[A-Z_]+)"', source))
    assert names == {"DATABASE_URI", "DATABASE_URL", "HOLDINGS_DIR", "TICKSTOCK_DATA_DIR"}
    for name in names - {"DATABASE_URL"}:
        assert f"`{name}`" in README
        assert f"\n{name}=\n" in example

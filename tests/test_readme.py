"""The README is true: its commands run as printed, and its transcripts are what the scripts print."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bars.flat_files import bars, day_file
from tests.bars.s3_server import FlatFiles
from tests.conftest import load_script
from tests.stored import query
from tickstock.bars.sessions import first_not_expected, new_york_now, period_start, sessions
from tickstock.bars.tickers import read_list
from tickstock.bars.tracked import read_tracked
from tickstock.db import Connection
from tickstock.settings import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?:<!-- transcript: (\w+) -->\n)?```(\w+)\n(.*?)```", README, re.DOTALL)
SHELL = [line.split("#")[0].strip() for _, language, text in BLOCKS if language == "bash" for line in text.splitlines()]
SCRIPTS = [line for line in SHELL if line.startswith("python ") and "/market_data/" not in line]
MARKET = [line for line in SHELL if line.startswith("python ") and "/market_data/" in line]
MAKE = [line for line in SHELL if line.startswith("make ")]
VERIFY = [line for line in SCRIPTS if "/maint_read_stock_cache_entries.py" in line]
CURL = [line for line in SHELL if line.startswith("curl ")]  # tests/scripts/test_serve.py runs them
TRANSCRIPTS = {name: text.splitlines() for name, _, text in BLOCKS if name}

# What jobs store of the symbols that the groups have, with invented capitalisations.
REFERENCE = """
    INSERT INTO symbols (symbol, type, name, market_cap, etf_type, issuer, source)
    SELECT symbol, 'CS', symbol, 1e9 * row_number() OVER (ORDER BY symbol), NULL, NULL, 'massive'
      FROM environment_stocks
    UNION ALL
    SELECT name, 'ETF', description, NULL, 'broad_market', 'Vanguard', 'massive'
      FROM environment_groups WHERE type = 'ETF'
    ON CONFLICT (symbol) DO NOTHING"""

# What others set for other programs.
AWS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS_FILE"}

Script = Callable[..., int]


def run(script: Script, line: str, *more: str) -> int:
    _, path, *arguments = shlex.split(line)
    assert (REPOSITORY / path).is_file()
    return script(Path(path).stem, *arguments, *more)


def as_printed(shown: list[str], printed: list[str]) -> bool:
    """Whether the lines shown were printed, in order and from the first to the last; "…" stands for some others."""
    blocks = [block.strip("\n").splitlines() for block in "\n".join(shown).split("…")]
    at = 0
    for number, block in enumerate(blocks):
        starts = [start for start in range(at, len(printed) - len(block) + 1)
                  if printed[start : start + len(block)] == block]  # fmt: skip
        if not starts or (number == 0 and starts[0] != 0):
            return False
        at = (starts[-1] if number == len(blocks) - 1 else starts[0]) + len(block)
    return not blocks[-1] or at == len(printed)


def test_the_comparison_of_transcripts_can_fail() -> None:
    assert as_printed(["a", "…", "d"], ["a", "b", "c", "d"])
    assert as_printed(["a", "…"], ["a", "b"])
    for printed in (["b", "a", "d"], ["a", "d", "e"], ["a", "b"], []):
        assert not as_printed(["a", "…", "d"], printed)
    assert not as_printed(["a"], ["a", "b"])


def test_every_shell_line_is_known_here() -> None:
    assert [line for line in SHELL if line and line not in SCRIPTS + MARKET + MAKE + CURL] == []
    assert {"make run", "make test"} == set(MAKE[:2])


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for what the commands write; and nobody at the address of the admin application."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADMIN_URL", "http://127.0.0.1:9")
    return tmp_path


def test_the_commands_run_as_printed_and_print_what_is_shown(
    script: Script, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After `make run`, one after the other."""
    reports = ("--reports", str(elsewhere / "reports"))
    assert script("refresh", "monthly", *reports) == 0
    for line in [line for line in SCRIPTS if line not in VERIFY]:
        more = reports if "/refresh.py" in line else ()
        assert (run(script, line, *more), line) == (0, line)
    assert {path.name for path in elsewhere.glob("report.*")} == {"report.html", "report.md", "report.json"}
    for name, (command, *shown) in TRANSCRIPTS.items():
        if name != "preview":
            capsys.readouterr()
            assert run(script, command.removeprefix("$ ")) == 0
            printed = capsys.readouterr().out.splitlines()
            assert as_printed(shown, printed), (name, printed)


def test_the_commands_of_market_data_run_as_printed(
    elsewhere: Path, bucket: FlatFiles, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a bucket with the last seven months of some tickers, and nobody at Yahoo's address."""
    today = new_york_now().date()
    tickers = ("AAPL", "T", *read_list(REPOSITORY / "tickers" / "sector_etfs.txt"))
    days = sessions(period_start("7mo", today), first_not_expected(new_york_now()))
    for number, day in enumerate(days):
        bucket.put(day, day_file(day, bars(day, 100 + number % 9, *tickers)))
    places = {"MASSIVE_CACHE_DIR": "massive_cache", "DATA_CACHE_DIR": "data_cache", "HTTPS_PROXY": "http://127.0.0.1:9"}
    for name, value in {**bucket.environment(), **places, "TICKERS_DIR": str(REPOSITORY / "tickers")}.items():
        monkeypatch.setenv(name, value)
    for line in MARKET:
        assert (run(lambda name, *arguments: load_script(name).main(arguments), line), line) == (0, line)
        assert "Traceback" not in capsys.readouterr().err
    assert len(list((elsewhere / "massive_cache").glob("*.csv.gz"))) == len(days)
    assert read_tracked(elsewhere / "data_cache", "XLK") is not None
    assert {path.suffix for path in elsewhere.iterdir() if path.is_file()} == {".png", ".html"}


def test_the_entries_are_verified_as_printed(
    script: Script, elsewhere: Path, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    """After `make run`, and jobs by which all that is known of each symbol came; before them it fails, and says why."""
    assert script("refresh", "monthly", "--reports", str(elsewhere / "reports")) == 0
    assert script("run_cache_synchronization") == 0
    (line,) = VERIFY
    capsys.readouterr()
    assert run(script, line) == 1
    assert "MASSIVE_API_KEY" in capsys.readouterr().out
    query(witness, REFERENCE)
    assert script("run_cache_synchronization") == 0
    assert run(script, line) == 0, capsys.readouterr().out


@pytest.mark.parametrize("line", MAKE)
def test_make_targets_exist(line: str) -> None:
    subprocess.run([*shlex.split(line), "--dry-run"], cwd=REPOSITORY, check=True, capture_output=True)


def test_the_list_of_commands_is_what_help_prints() -> None:
    document = load_script("write_command_docs").document()
    written = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    # Versions of Python break the lines at other places.
    assert document.split() == written.split()


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
    sources = [(REPOSITORY / "tickstock" / name).read_text() for name in ("settings.py", "market_settings.py")]
    names = set(re.findall(r'"([A-Z]+_[A-Z_]+|PORT)"', "".join(sources)))
    assert names - AWS == {
        "DATABASE_URI", "DATABASE_URL", "HOLDINGS_DIR", "TICKSTOCK_DATA_DIR", "ADMIN_URL", "BACKUP_DIR",
        "REDIS_URL", "ADMIN_HOST", "PORT", "TRUSTED_HOSTS", "ADMIN_HTTPS", "ADMIN_DIR", "ADMIN_TOKEN",
        "MASSIVE_ACCESS_KEY", "MASSIVE_SECRET_KEY", "MASSIVE_API_KEY", "MASSIVE_CALLS_PER_MINUTE", "MASSIVE_ENDPOINT",
        "MASSIVE_BUCKET", "MASSIVE_DAY_PREFIX", "MASSIVE_MINUTE_PREFIX", "MASSIVE_API_URL", "MASSIVE_CACHE_DIR",
        "DATA_CACHE_DIR", "DATA_CACHE_MAX_DAYS", "DATA_CACHE_CLEANUP_ENABLED", "TICKERS_DIR", "BARS_STORE",
        "BARS_STORE_ENDPOINT", "BARS_STORE_REGION", "BARS_STORE_ACCESS_KEY", "BARS_STORE_SECRET_KEY",
    }  # fmt: skip
    for name in names - AWS - {"DATABASE_URL"}:
        assert f"`{name}`" in README
        assert f"\n{name}=\n" in example

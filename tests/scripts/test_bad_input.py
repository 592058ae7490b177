"""Bad input: one clear line, the right exit status, nothing written, no traceback."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest

from tests.conftest import open_folder, uri_with_password
from tests.files import write_fund
from tests.stored import everything
from tickstock.db import Connection, Database
from tickstock.embedded import running_server
from tickstock.relationships.inputs import etf_inputs
from tickstock.settings import REPOSITORY

Script = Callable[..., int]


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    sheet.append(["symbol", "weight"])
    sheet.append(["AAPL", 100])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# name, content, what the one line says
FILES = {
    "empty": ("spy_holdings.csv", b"", "spy_holdings.csv: found an empty file"),
    "html": ("spy_holdings.csv", b"<!DOCTYPE HTML><html><body>404</body></html>", "found an HTML or XML page"),
    "json": ("voo_holdings.csv", b'{"response": "error calling"}', "voo_holdings.csv: found a JSON document"),
    "truncated xlsx": ("spy_holdings.xlsx", workbook()[:3000], "spy_holdings.xlsx: found"),
    "semicolons": ("spy_holdings.csv", b"symbol;weight\nAAPL;100\n", "';'"),
    "tabs": ("spy_holdings.csv", b"symbol\tweight\nAAPL\t100\n", "tab"),
    "utf-16": ("spy_holdings.csv", "symbol,weight\nAAPL,100\n".encode("utf-16"), "UTF-16"),
    "nul": ("spy_holdings.csv", b"symbol,weight\nAA\0PL,100\n", "spy_holdings.csv:2: found a NUL"),
    "a 10 MB line": ("spy_holdings.csv", b"symbol,weight\nAAPL," + b"1" * 10_000_000, "spy_holdings.csv:2: found"),
    "duplicate headers": ("spy_holdings.csv", b"symbol,weight,weight\nAAPL,100,1\n", "twice"),
    "weight abc": ("spy_holdings.csv", b"symbol,weight\nAAPL,abc\n", "spy_holdings.csv:2: found weight 'abc'"),
    "weight NaN": ("spy_holdings.csv", b"symbol,weight\nAAPL,NaN\n", "spy_holdings.csv:2: found weight 'NaN'"),
    "weight 1e400": ("spy_holdings.csv", b"symbol,weight\nAAPL,1e400\n", "spy_holdings.csv:2: found weight '1e400'"),
    "weight -5": ("spy_holdings.csv", b"symbol,weight\nAAPL,-5\n", "spy_holdings.csv:2: found weight '-5'"),
    "quotes": ("spy_holdings.csv", b'symbol,weight\n"A""B",100\n', "spy_holdings.csv:2: found"),
    "sql": ("spy_holdings.csv", b"symbol,weight\n'; DROP TABLE x;--,100\n", "spy_holdings.csv:2: found"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_bad_file_is_one_line_and_status_1(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str], witness: Connection, what: str
) -> None:
    name, content, expected = FILES[what]
    write_fund(tmp_path, "QQQ", {"AAPL": "60", "MSFT": "40"})
    (tmp_path / name).write_bytes(content)
    before = everything(witness)
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert expected in lines[0]
    assert len(lines[0]) < 300
    assert everything(witness) == before


def test_a_header_without_rows_is_refused_as_a_guard(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spy_holdings.csv").write_text("symbol,weight\n")
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 3
    assert "SPY: spy_holdings.csv holds no members at all" in capsys.readouterr().err


def test_two_files_for_one_fund(script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_fund(tmp_path, "SPY", {"AAPL": "100"})
    shutil.copy(path, tmp_path / "SPY_holdings.csv")
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 1
    assert "2 files for SPY (SPY_holdings.csv, spy_holdings.csv), expected one" in capsys.readouterr().err
    path.unlink()
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    assert "warning: SPY_holdings.csv: expected spy_holdings.csv" in capsys.readouterr().err


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything; so root is another user for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_file_without_permission_is_said() -> None:
    with open_folder() as place:
        place.mkdir(mode=0o755)
        write_fund(place, "SPY", {"AAPL": "100"}).chmod(0)
        (group,) = etf_inputs(place).groups
        assert group.read is not None
        group.read()  # as root, so that nothing is left to import
        with ordinary_user():
            (problem,) = group.read().problems
    assert str(problem) == (
        "spy_holdings.csv: found a file that may not be read, expected a readable file; change its permissions"
    )


def test_a_file_in_place_of_the_folder(script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_fund(tmp_path, "SPY", {"AAPL": "100"})
    assert script("load_etf_holdings", "--holdings-dir", path) == 1
    assert "found a file, expected a folder" in capsys.readouterr().err


def load_with(uri: str) -> subprocess.CompletedProcess[str]:
    """The whole process, as a person starts it."""
    return subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / "cache_maintenance" / "load_etf_holdings.py"],
        env={**os.environ, "DATABASE_URI": uri}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_no_database_is_worth_a_retry() -> None:
    result = load_with("postgresql://u:canary@127.0.0.1:1/d")
    assert result.returncode == 4
    assert result.stderr.startswith("error: no database answers at 127.0.0.1:1")
    assert len(result.stderr.splitlines()) == 1
    assert "canary" not in result.stderr


def test_a_database_that_does_not_exist(database: Database) -> None:
    result = load_with(uri_with_password(database._replace(parameters={**database.parameters, "dbname": "nowhere"})))
    assert result.returncode == 1
    assert 'database "nowhere" does not exist' in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_database_without_the_migrations(new_database: Callable[..., Database]) -> None:
    result = load_with(uri_with_password(new_database()))
    assert result.returncode == 1
    assert "run: make migrate" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_wrong_password(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_folder() as folder, running_server(folder, transport="tcp") as server:
        result = load_with(f"postgresql://{server.user}:canary@{server.host}:{server.port}/{server.database}")
    assert result.returncode == 1
    assert "password authentication failed" in result.stderr
    assert "canary" not in result.stderr
    assert len(result.stderr.splitlines()) == 1

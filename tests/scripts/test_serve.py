"""make serve, make admin-password and make admin-token, and what the README shows of the application."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.conftest import open_folder, uri_with_password
from tests.files import write_fund
from tests.test_readme import BLOCKS, CURL
from tickstock.db import Database
from tickstock.runtime_cache import RelationshipCache, share
from tickstock.settings import REPOSITORY
from tickstock.web.guard import COOKIE
from tickstock.web.secrets_file import KeptSecrets, read_secrets, set_password
from tickstock.web.sessions import Sessions

SCRIPTS = REPOSITORY / "scripts" / "maintenance"
LOADER = REPOSITORY / "scripts" / "cache_maintenance" / "load_etf_holdings.py"
PASSWORD = "correct horse battery"


@pytest.fixture
def environment(database: Database, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ, "DATABASE_URI": uri_with_password(database), "ADMIN_DIR": str(tmp_path / "admin"), "PORT": "0",
        "REDIS_URL": "none", "PYTHONPATH": str(REPOSITORY),
    }  # fmt: skip


def run(script: str, environment: dict[str, str], *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / f"{script}.py"), *arguments]
    return subprocess.run(command, env=environment, input=said, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Its address, as it prints it, and the process."""
    command = [sys.executable, str(SCRIPTS / "serve.py")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            found = next(filter(None, (re.match(r"(http://\S+)/admin/ ", line) for line in process.stderr)))
            yield found[1], process
        finally:
            process.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(environment: dict[str, str], ending: signal.Signals) -> None:
    with serving(environment) as (address, process):
        with urlopen(f"{address}/readyz", timeout=10) as answer:
            assert json.load(answer)["status"] == "ready"
        process.send_signal(ending)
        assert process.wait(20) == 0


def test_it_waits_for_no_stream_of_events(environment: dict[str, str], tmp_path: Path) -> None:
    headers = {"Cookie": log_in(tmp_path / "admin"), "Accept": "text/event-stream"}
    with (
        serving(environment) as (address, process),
        urlopen(Request(f"{address}/admin/events", headers=headers), timeout=10) as stream,
    ):
        assert stream.readline() == b"retry: 1000\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(4) == 0  # threads that are at work are waited for up to five seconds


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_restart_beside_the_embedded_server_loses_nothing(tmp_path: Path, ending: signal.Signals) -> None:
    with open_folder() as folder:
        environment = {
            **os.environ, "DATABASE_URI": "embedded", "TICKSTOCK_DATA_DIR": str(folder), "ADMIN_DIR": str(tmp_path),
            "PORT": "0", "REDIS_URL": "none", "PYTHONPATH": str(REPOSITORY),
        }  # fmt: skip
        cookie = log_in(tmp_path)
        with serving(environment) as (address, process):
            assert ask(f"{address}/readyz")["status"] == "ready"
            write_fund(tmp_path, "SPY", {"AAPL": 60, "NVDA": 40})
            load: list[str] = [sys.executable, str(LOADER), "--holdings-dir", str(tmp_path), "--quiet"]
            assert subprocess.run(load, env=environment, timeout=60, check=False).returncode == 0
            assert (folder / "data" / "postmaster.pid").exists()
            before = stats_and_fund(address, cookie)
            process.send_signal(ending)
            assert process.wait(30) == 0
        assert not (folder / "data" / "postmaster.pid").exists()
        with serving(environment) as (address, _):
            assert stats_and_fund(address, cookie) == before
        assert before[0] == 4  # the stocks in the fund, and in the sector unknown
        assert before[2] == {"AAPL", "NVDA", "60.000000", "40.000000"}


def ask(address: str) -> Any:
    with urlopen(address, timeout=10) as answer:
        return json.load(answer)


def log_in(folder: Path) -> str:
    """The cookie of somebody who is logged in to the application that keeps its secrets in a folder."""
    set_password(folder / "secrets.json", PASSWORD)
    kept = KeptSecrets(folder / "secrets.json")
    return f"{COOKIE}={Sessions(folder / 'sessions.json', lambda: kept().session_key).start()}"


def stats_and_fund(address: str, cookie: str) -> tuple[int, int, set[str]]:
    """Memberships and version of the cache, and the stocks and weights on the page of a fund."""
    with urlopen(Request(f"{address}/admin/cache/refresh", method="POST"), timeout=10) as answer:
        cache = json.load(answer)["cache"]
    with urlopen(Request(f"{address}/admin/funds/SPY", headers={"Cookie": cookie}), timeout=10) as page:
        shown = set(re.findall(r"AAPL|NVDA|\d\d\.\d{6}", page.read().decode()))
    return cache["memberships"], cache["version"], shown


def test_the_lines_of_the_readme_work(environment: dict[str, str]) -> None:
    assert len(CURL) == 1
    with serving(environment) as (address, _):
        for line in CURL:
            assert "http://localhost:5000" in line
            command = shlex.split(line.replace("http://localhost:5000", address))
            answer = subprocess.run([*command, "--silent", "--fail"], capture_output=True, text=True, check=True).stdout
            assert json.loads(answer)["status"] == "refreshed"


def test_the_python_of_the_readme_works(database: Database) -> None:
    (text,) = [text for _, language, text in BLOCKS if language == "python" and "get_relationship_cache" in text]
    cache = RelationshipCache(database)
    share(cache)
    try:
        exec(text, {})
    finally:
        share(None)
        cache.close()


def test_other_addresses_need_somebody_at_the_door(environment: dict[str, str]) -> None:
    refused = run("serve", {**environment, "ADMIN_HOST": "0.0.0.0"})
    assert refused.returncode == 2
    assert "make admin-password" in refused.stderr


def test_a_port_that_is_taken_is_told(environment: dict[str, str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        refused = run("serve", {**environment, "PORT": port})
    assert refused.returncode == 2
    assert f"cannot listen at 127.0.0.1:{port} (another program listens there)" in refused.stderr
    assert run("serve", {**environment, "PORT": "http"}).returncode == 1


def test_a_password_is_set(environment: dict[str, str], tmp_path: Path) -> None:
    for bad in ("short", "x" * 201):
        refused = run("admin_password", environment, said=bad + "\n")
        assert (refused.returncode, "characters, expected 12 to 200" in refused.stderr) == (1, True)
    assert run("admin_password", environment, said=PASSWORD + "\n").returncode == 0
    assert read_secrets(tmp_path / "admin" / "secrets.json").accepts_password(PASSWORD)


@pytest.mark.skipif(os.name == "nt", reason="there is no pty")
@pytest.mark.parametrize(("again", "status"), [(PASSWORD, 0), (PASSWORD + "x", 1)])
def test_on_a_terminal_a_password_is_asked_for_twice_and_not_shown(
    environment: dict[str, str], tmp_path: Path, again: str, status: int
) -> None:
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, str(SCRIPTS / "admin_password.py")], environment)
    shown = b""
    for prompt, answer in ((b"or more): ", PASSWORD), (b"Once more: ", again)):
        while not shown.endswith(prompt):
            shown += os.read(terminal, 1000)
        os.write(terminal, answer.encode() + b"\n")
    with suppress(OSError):  # the end of a terminal
        while said := os.read(terminal, 1000):
            shown += said
    _, ended = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(ended) == status
    assert PASSWORD.encode() not in shown
    assert (tmp_path / "admin" / "secrets.json").exists() is (status == 0)


def test_a_token_is_shown_once_and_can_be_taken_back(environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "admin" / "secrets.json"
    token = run("admin_token", environment).stdout.strip()
    assert read_secrets(path).accepts_token(token)
    assert token not in path.read_text()
    other = run("admin_token", environment).stdout.strip()
    assert [read_secrets(path).accepts_token(each) for each in (token, other)] == [False, True]
    assert run("admin_token", environment, "--remove").returncode == 0
    assert not read_secrets(path).accepts_token(other)

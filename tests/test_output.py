"""An output file is whole or absent, whatever happens while it is written."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tickstock.errors import TickstockError
from tickstock.output import write_output

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights, links and devices of POSIX")


def test_it_writes_what_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_output(path, "Größe\n")
    assert path.read_bytes() == "Größe\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_it_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("a long text of before")
    write_output(path, "new")
    assert path.read_text() == "new"


def test_a_reader_who_has_the_old_file_open_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    with path.open() as reader:
        write_output(path, "new")
        assert reader.read() == "old"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the write fails half way."""
    path = tmp_path / "report"
    path.write_text("old")
    done = _write_in_a_process(path, "x" * 100_000, "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))")
    assert done.returncode == 1
    assert f"cannot write {path}: File too large" in done.stdout
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_could_not_be_written_is_absent(tmp_path: Path) -> None:
    done = _write_in_a_process(
        tmp_path / "report", "x" * 100_000, "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    )
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_no_half_file(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    dying = "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)"
    assert _write_in_a_process(path, "x" * 100_000, dying).returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_an_interrupt_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_output(tmp_path / "report", "new")
    assert list(tmp_path.iterdir()) == []


def test_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "report"
    with pytest.raises(TickstockError, match=f"cannot write {path}: No such file or directory"):
        write_output(path, "new")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TickstockError, match=f"cannot write {tmp_path}: Is a directory"):
        write_output(tmp_path, "new")


@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may write anywhere")
def test_a_write_protected_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(TickstockError, match="write-protected"):
        write_output(path, "new")
    assert path.read_text() == "old"


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "reports" / "today"
    target.parent.mkdir()
    target.write_text("old")
    link = tmp_path / "latest"
    link.symlink_to(Path("reports") / "today")
    write_output(link, "new")
    assert (link.is_symlink(), target.read_text()) == (True, "new")
    assert [path.name for path in target.parent.iterdir()] == ["today"]


def test_a_link_to_nothing_yet_gets_its_target(tmp_path: Path) -> None:
    link = tmp_path / "latest"
    link.symlink_to("today")
    write_output(link, "new")
    assert (link.is_symlink(), (tmp_path / "today").read_text()) == (True, "new")


def test_rights_are_kept_and_new_files_get_those_of_the_umask(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        write_output(old, "")
        write_output(new, "")
        assert stat.S_IMODE(new.stat().st_mode) == 0o640
        old.chmod(0o604)
        write_output(old, "")
        assert stat.S_IMODE(old.stat().st_mode) == 0o604
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    os.chown(path, 12345, 12346)
    write_output(path, "new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    write_output(path, "new")
    reader.join()
    assert read == ["new"]
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_stays_a_device() -> None:
    with pytest.raises(TickstockError, match="cannot write /dev/full: No space left on device"):
        write_output(Path("/dev/full"), "new")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout here")
def test_stdout_by_its_name_is_written_to_wherever_it_goes(tmp_path: Path) -> None:
    assert _write_in_a_process(Path("/dev/stdout"), "new").stdout == "new"
    path = tmp_path / "all"
    path.write_text("before ")
    with path.open("a") as file:
        _write_in_a_process(Path("/dev/stdout"), "new", stdout=file)
    assert path.read_text() == "before new"


def _write_in_a_process(
    path: Path, content: str, before: str = "", stdout: object = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """write_output in a process of its own, after the statement ``before``; status 1 with the message on stdout."""
    program = (
        "import os, resource, signal, sys\nfrom pathlib import Path\nfrom tickstock.errors import TickstockError\n"
        f"from tickstock.output import write_output\n{before}\n"
        "try: write_output(Path(sys.argv[1]), sys.argv[2])\nexcept TickstockError as error: sys.exit(print(error) or 1)"
    )
    # -B: under a limit Python would cut its own .pyc files, and everybody would find them so.
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-B", "-c", program, path, content], stdout=stdout, text=True, check=False
    )

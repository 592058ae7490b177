"""The archive of flat files: files are whole or absent, and the manifest follows the files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from tickstock.bars.archive import Archive, Entry
from tickstock.bars.dataset import DAY, MINUTE
from tickstock.errors import BadInputError, TickstockError

MONDAY, TUESDAY = date(2025, 12, 1), date(2025, 12, 2)


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def names(archive: Archive) -> set[str]:
    return {str(path.relative_to(archive.folder)) for path in archive.folder.rglob("*") if path.is_file()}


def test_looking_creates_nothing(archive: Archive) -> None:
    assert archive.entries(DAY) == {}
    archive.sweep()
    with pytest.raises(BadInputError, match="2025-12-01"):
        archive.read(DAY, MONDAY)
    assert not archive.folder.exists()


def test_what_is_kept_is_found_again(archive: Archive) -> None:
    archive.keep(DAY, TUESDAY, b"tuesday", "e2")
    archive.keep(DAY, MONDAY, b"monday", "e1")
    archive.keep(MINUTE, MONDAY, b"minutes", "m1")
    again = Archive(archive.folder)
    assert list(again.entries(DAY).items()) == [
        (MONDAY, Entry("e1", 6, True, None, "e1")),
        (TUESDAY, Entry("e2", 7, True, None, "e2")),
    ]
    assert again.entries(MINUTE) == {MONDAY: Entry("m1", 7, True, None, "m1")}
    assert again.read(DAY, MONDAY) == b"monday"
    assert again.read(MINUTE, MONDAY) == b"minutes"
    assert names(archive) == {
        "2025-12-01.csv.gz", "2025-12-02.csv.gz", "minute/2025-12-01.csv.gz", "manifest.sqlite3",
    }  # fmt: skip


def test_a_file_put_there_by_hand_is_taken_up(archive: Archive) -> None:
    archive.folder.mkdir()
    archive.path(DAY, MONDAY).write_bytes(b"by hand")
    (archive.folder / "2025-13-41.csv.gz").write_bytes(b"no date")
    (archive.folder / "notes.txt").write_bytes(b"no flat file")
    expected = {MONDAY: Entry(md5(b"by hand"), 7, True, None, md5(b"by hand"))}
    assert archive.entries(DAY) == expected
    assert archive.entries(DAY) == expected


def test_a_file_changed_by_hand_has_another_etag(archive: Archive) -> None:
    archive.keep(DAY, MONDAY, b"object", "e1")
    archive.path(DAY, MONDAY).write_bytes(b"edited")
    assert archive.entries(DAY)[MONDAY].etag == md5(b"edited")


def test_a_file_that_was_only_touched_keeps_its_etag(archive: Archive) -> None:
    archive.keep(DAY, MONDAY, b"object", "uploaded-in-parts-2")
    os.utime(archive.path(DAY, MONDAY), (1, 1))
    assert archive.entries(DAY)[MONDAY].etag == "uploaded-in-parts-2"


def test_a_file_that_went_away_is_no_longer_kept(archive: Archive) -> None:
    archive.keep(DAY, MONDAY, b"object", "e1")
    archive.path(DAY, MONDAY).unlink()
    assert archive.entries(DAY) == {MONDAY: Entry("e1", 6, False, None, "e1")}


def test_a_faulty_object_is_set_aside(archive: Archive) -> None:
    archive.set_aside(MINUTE, MONDAY, b"<html>", "e1", "it is HTML")
    assert archive.entries(MINUTE) == {MONDAY: Entry("e1", 6, False, "it is HTML", "e1")}
    assert (archive.folder / "quarantine/minute/2025-12-01.csv.gz").read_bytes() == b"<html>"


def test_a_good_file_stays_in_use_beside_a_newer_faulty_object(archive: Archive) -> None:
    archive.keep(DAY, MONDAY, b"good", "e1")
    archive.set_aside(DAY, MONDAY, b"<html>", "e2", "it is HTML")
    assert archive.entries(DAY) == {MONDAY: Entry("e1", 4, True, "it is HTML", "e2")}
    assert archive.read(DAY, MONDAY) == b"good"


def test_a_good_object_ends_the_quarantine(archive: Archive) -> None:
    archive.set_aside(DAY, MONDAY, b"<html>", "e1", "it is HTML")
    archive.keep(DAY, MONDAY, b"good", "e2")
    assert archive.entries(DAY) == {MONDAY: Entry("e2", 4, True, None, "e2")}
    assert names(archive) == {"2025-12-01.csv.gz", "manifest.sqlite3"}


@pytest.mark.parametrize("damage", ["lost", "emptied", "garbage", "cut", "another table", "bad day"])
def test_a_broken_manifest_is_made_again_from_the_files(archive: Archive, damage: str) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(200)]
    for day in days:
        archive.keep(DAY, day, str(day).encode(), md5(str(day).encode()))
    before = archive.entries(DAY)
    manifest = archive.folder / "manifest.sqlite3"
    damaged(manifest, damage)
    again = Archive(archive.folder)
    assert again.entries(DAY) == before
    again.keep(MINUTE, MONDAY, b"minutes", "m1")
    assert Archive(archive.folder).entries(MINUTE)[MONDAY].etag == "m1"
    assert Archive(archive.folder).entries(DAY) == before
    if damage in ("lost", "emptied"):
        assert again.remarks == ()
    else:
        assert "manifest.sqlite3.broken-1" in again.remarks[0]
        assert (archive.folder / "manifest.sqlite3.broken-1").exists()


def damaged(manifest: Path, damage: str) -> None:
    if damage == "lost":
        manifest.unlink()
    elif damage == "emptied":
        manifest.write_bytes(b"")
    elif damage == "garbage":
        manifest.write_bytes(b"no database" * 1000)
    elif damage == "cut":
        manifest.write_bytes(manifest.read_bytes()[:5000])
    elif damage == "another table":
        manifest.unlink()
        execute(manifest, "CREATE TABLE days (other)")
    else:
        execute(manifest, "UPDATE days SET day = 'someday'  WHERE day = '2025-12-01'")


def execute(manifest: Path, statement: str) -> None:
    connection = sqlite3.connect(manifest)
    with connection:
        connection.execute(statement)
    connection.close()


def test_half_written_files_of_killed_processes_go_after_an_hour(archive: Archive) -> None:
    archive.keep(DAY, MONDAY, b"object", "e1")
    old, young = archive.folder / ".0123456789abcdef.tmp", archive.folder / ".0123456789abcdee.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 3700,) * 2)
    archive.sweep()
    assert not old.exists()
    assert young.exists()
    assert list(archive.entries(DAY)) == [MONDAY]


def test_many_threads_keep_at_once(archive: Archive) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(100)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda day: archive.keep(DAY, day, str(day).encode(), str(day)), days * 3))
    assert {day: entry.etag for day, entry in archive.entries(DAY).items()} == {day: str(day) for day in days}
    assert archive.remarks == ()


def test_many_processes_begin_at_once(archive: Archive) -> None:
    program = textwrap.dedent("""
        import sys
        from datetime import date, timedelta
        from pathlib import Path
        from tickstock.bars.archive import Archive
        from tickstock.bars.dataset import DAY
        archive = Archive(Path(sys.argv[1]))
        sys.stdin.read()
        for number in range(30):
            day = date(2025, 12, 1) + timedelta(days=number)
            archive.entries(DAY)
            archive.keep(DAY, day, str(day).encode(), "etag-" + str(day))
        assert not archive.remarks, archive.remarks
    """)
    command = [sys.executable, "-c", program, str(archive.folder)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    ended = [process.communicate(timeout=60) for process in running]
    assert [error.decode() for _, error in ended] == [""] * 8
    assert {entry.etag for entry in archive.entries(DAY).values()} == {
        f"etag-{MONDAY + timedelta(days=number)}" for number in range(30)
    }


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs root, to mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_leaves_nothing_half(small_disk: Path) -> None:
    archive = Archive(small_disk)
    archive.keep(DAY, MONDAY, b"a" * 50_000, "e1")
    with pytest.raises(TickstockError, match=r"2025-12-02\.csv\.gz: No space left on device"):
        archive.keep(DAY, TUESDAY, b"b" * 300_000, "e2")
    with pytest.raises(TickstockError, match="No space left on device"):
        archive.keep(DAY, MONDAY, b"b" * 300_000, "e2")
    assert archive.entries(DAY) == {MONDAY: Entry("e1", 50_000, True, None, "e1")}
    assert archive.read(DAY, MONDAY) == b"a" * 50_000
    assert names(archive) == {"2025-12-01.csv.gz", "manifest.sqlite3"}


def test_a_disk_full_of_others_does_not_hide_the_files(small_disk: Path) -> None:
    (small_disk / "2025-12-01.csv.gz").write_bytes(b"by hand")
    fill(small_disk / "others")
    archive = Archive(small_disk)
    assert archive.entries(DAY)[MONDAY].etag == md5(b"by hand")
    with pytest.raises(TickstockError, match="expected a disk with room"):
        archive.set_aside(DAY, TUESDAY, b"", "e1", "it is empty")


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_five_hundred_files_are_looked_at_in_no_time(archive: Archive) -> None:
    archive.folder.mkdir()
    for number in range(500):
        archive.path(DAY, MONDAY + timedelta(days=number)).write_bytes(b"x" * 1000)
    archive.entries(DAY)
    started = time.perf_counter()
    assert len(archive.entries(DAY)) == 500
    assert time.perf_counter() - started < 0.1

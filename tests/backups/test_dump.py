"""The rows of a dump come out as they went in, wherever the pieces in which they are read happen to end."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backups.conftest import write_program
from tickstock.backups import dump
from tickstock.backups.folder import Backup
from tickstock.backups.manifest import Manifest
from tickstock.backups.programs import Program
from tickstock.errors import BadInputError

# Lines as COPY writes them: a backslash is always followed by something, and never alone before a full stop.
LINES = st.lists(st.sampled_from([b"", b"1\t\\N", b"\\\\.", b"COPY p.a (b) FROM stdin;", b"x" * 40, b"--", b"\\n"]))


def script(tables: list[list[bytes]]) -> bytes:
    parts = [b"--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\nSET client_encoding = 'UTF8';\n"]
    for number, lines in enumerate(tables):
        parts.append(b'-- Data for Name: t\n\nCOPY "my ""own"" schema".t_%s (id, "a ""b"", c", "type") FROM stdin;\n'
                     % b"abc"[number : number + 1])  # fmt: skip
        parts += [line + b"\n" for line in lines]
        parts.append(b"\\.\n\n\n")
    return b"".join([*parts, b"SELECT pg_catalog.setval('public.t_id_seq', 2, true);\n"])


@pytest.mark.parametrize("piece", [1, 7, 1 << 18])
@given(tables=st.lists(LINES, max_size=3), skipped=st.integers(-1, 2))
def test_every_line_comes_out_once_and_in_order(piece: int, tables: list[list[bytes]], skipped: int) -> None:
    before, dump.PIECE = dump.PIECE, piece
    try:
        found = []
        for number, data in enumerate(dump._tables(io.BytesIO(script(tables)))):
            assert (data.table, data.columns) == (f"t_{'abc'[number]}", ("id", 'a "b", c', "type"))
            pieces = []
            while number != skipped and (lines := data.read()):
                assert lines.endswith(b"\n")
                pieces.append(lines)
            if number != skipped:
                assert data.read() == b""
                assert data.rows == len(tables[number])
            found.append(b"".join(pieces))
    finally:
        dump.PIECE = before
    expected = [b"".join(line + b"\n" for line in lines) for lines in tables]
    assert found == [b"" if number == skipped else lines for number, lines in enumerate(expected)]


@given(tables=st.lists(LINES, min_size=1, max_size=3), share=st.floats(0, 1))
def test_a_script_that_breaks_off_among_rows_is_noticed(tables: list[list[bytes]], share: float) -> None:
    whole = script(tables)
    last = whole.rindex(b"stdin;\n") + 7
    end = whole.index(b"\n\\.\n", last - 1) + 1 if tables[-1] else last
    cut = whole[: last + int((end + 2 - last) * share)]
    with pytest.raises(EOFError):
        read_all(dump._tables(io.BytesIO(cut)))


def read_all(tables: Iterator[dump.TableData]) -> None:
    for data in tables:
        while data.read():
            pass


def read_dump(program: Path, backup: Backup) -> None:
    with dump.reading_dump(Program(program, "18.1"), backup) as tables:
        read_all(tables)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("echo 'pg_restore: error: no such thing' >&2; exit 1", r"pg_restore: error: no such thing\); nothing"),
        ("printf 'COPY public.t (a) FROM stdin;\\n1\\n'; exit 0", r"it did not say why\); nothing"),
        ("printf 'COPY public.t (a) FROM stdin;\\n1\\n\\\\.\\n'; echo late >&2; exit 1", r"late\); nothing"),
    ],
)
def test_what_pg_restore_says_is_told(tmp_path: Path, program: str, message: str) -> None:
    path = write_program(tmp_path / "bin", "pg_restore", program)
    backup = Backup(tmp_path, Manifest("", "", "", "18.1", "", 1, None, (), {}, {}, 0, ""))
    with pytest.raises(BadInputError, match=rf"data\.dump is damaged, pg_restore cannot read it \({message}"):
        read_dump(path, backup)

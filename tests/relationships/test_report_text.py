"""Cells as text: no formula, no control character, no broken table, and numbers stay numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.relationships.report import console, markdown
from tickstock.relationships.report.tables import Cell, Section, Table, text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "  =", "\u00a0=", "\n+", "＝"])
def test_a_text_that_looks_like_a_formula_is_defused(start: str) -> None:
    assert text(f"{start}cmd()").startswith("'")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (-5, "-5"),
        (1245, "1,245"),
        (Decimal("-0.500000"), "-0.500000"),
        (Decimal("1234.5"), "1,234.5"),
        (Decimal("1E+3"), "1,000"),
        (Decimal("1E-7"), "0.0000001"),
    ],
)
def test_numbers_stay_numbers(number: Cell, shown: str) -> None:
    assert text(number) == shown


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, "–"),
        ("BRK.B", "BRK.B"),
        ("a=b", "a=b"),
        (date(2025, 11, 18), "2025-11-18"),
        (datetime(2025, 11, 18, 9, 5, 59, tzinfo=UTC), "2025-11-18 09:05"),
    ],
)
def test_other_cells(cell: Cell, shown: str) -> None:
    assert text(cell) == shown


@given(st.text())
def test_nothing_unprintable_reaches_a_terminal(stored: str) -> None:
    shown = text(stored)
    assert shown.isprintable()
    assert "\x1b" not in console.render("", [_section(stored)])


def test_characters_that_turn_the_line_are_replaced() -> None:
    assert text("AAPL\u202eLPAA\x1b[31m\u200b") == "AAPL\ufffdLPAA\ufffd[31m\ufffd"


@pytest.mark.parametrize(
    ("stored", "source"),
    [
        ("crypto_miners", "crypto_miners"),
        ("_x_ a__b", r"\_x\_ a\_\_b"),
        ("a|b", r"a\|b"),
        ("\\", r"\\"),
        ("*`<b>[x](y)", r"\*\`\<b\>\[x\](y)"),
        ("AT&amp;T", r"AT\&amp;T"),
    ],
)
def test_markdown_is_escaped(stored: str, source: str) -> None:
    assert markdown.escaped(stored) == source


@given(st.lists(st.tuples(st.text(), st.text(alphabet="|\\`*_[]<> \n\r\ta1='&~")), min_size=1, max_size=4))
def test_a_markdown_table_stays_a_table_whatever_the_names_hold(rows: list[tuple[str, str]]) -> None:
    names = tuple(rows[0])
    document = markdown.render("title", [_section(*names, rows=rows)])
    header, rule, *cells = [line for line in document.split("\n") if line.startswith("|")]
    assert (_parse(header), rule) == ([text(name).strip() for name in names], "| --- | --- |")
    assert [_parse(line) for line in cells] == [[text(cell).strip() for cell in row] for row in rows]


def test_numbers_are_aligned_right_in_markdown() -> None:
    table = Table("", ("name", "count", "mixed"), [("a", 1, 1), ("b", None, "x")])
    assert "| --- | ---: | --- |" in markdown.render("title", [Section("s", "S", (table,))])


def test_the_console_has_aligned_columns_and_short_cells() -> None:
    table = Table("", ("name", "count"), [("a" * 100, 1), ("b", 1000)])
    lines = console.render("title", [Section("s", "Section", (table,))]).splitlines()
    assert lines[-2:] == [f"{'a' * 59}…        1", f"{'b':<60}    1,000"]


def test_an_empty_table_says_none() -> None:
    section = Section("s", "Section", (Table("", ("name",), []),))
    assert console.render("title", [section]).endswith("none")
    assert markdown.render("title", [section]).endswith("none")


def _section(*headings: str, rows: Sequence[tuple[str, ...]] = ()) -> Section:
    return Section("s", "Section", (Table(headings[0], headings, rows or [headings]),))


def _parse(line: str) -> list[str]:
    """The cells of a row of a GitHub-flavoured table, their backslash escapes undone."""
    row = re.fullmatch(r"\|((?:\\.|[^|\\])*\|)+", line)
    assert row is not None
    cells = re.findall(r"((?:\\.|[^|\\])*)\|", line[1:])
    return [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell).strip() for cell in cells]

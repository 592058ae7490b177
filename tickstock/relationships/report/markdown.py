"""The report as GitHub-flavoured Markdown."""

from __future__ import annotations

import re

from tickstock.relationships.report.tables import Cell, Section, Table, text

# An underscore within a word is text; anywhere else it may begin emphasis.
_SPECIAL = re.compile(r"[\\`*\[\]<>|~&#$]|(?<![^\W_])_|_(?![^\W_])")


def render(head: str, sections: list[Section]) -> str:
    """The head as the title, each section under a heading, every table as a table."""
    title, *rest = head.splitlines()
    lines = [f"# {escaped(title)}", "", *map(escaped, rest), ""]
    for section in sections:
        lines += [f"## {escaped(section.title)}", ""]
        if section.note:
            lines += [escaped(section.note), ""]
        for table in section.tables:
            lines += [*_table(table), ""]
        if not section.tables:
            lines += ["none", ""]
    return "\n".join(lines).rstrip()


def escaped(words: str) -> str:
    """Text of one line that Markdown shows as it is, also in a table."""
    return _SPECIAL.sub(r"\\\g<0>", words)


def _table(table: Table) -> list[str]:
    lines = [f"### {escaped(text(table.title))}", ""] if table.title else []
    lines += [escaped(table.note), ""] if table.note else []
    if not table.rows:
        return [*lines, "none"]
    rule = ["---:" if numeric else "---" for numeric in table.numeric]
    return [*lines, _row(table.headings), f"| {' | '.join(rule)} |", *map(_row, table.rows)]


def _row(cells: tuple[Cell, ...]) -> str:
    return f"| {' | '.join(escaped(text(cell)) for cell in cells)} |"

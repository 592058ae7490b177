"""The report for a terminal."""

from __future__ import annotations

from textwrap import fill

from tickstock.relationships.report.tables import Section, Table, text

WIDEST_CELL = 60


def render(head: str, sections: list[Section]) -> str:
    """The head, and each section with its tables, as plain text."""
    return "\n".join([head, *(_section(section) for section in sections)]).rstrip()


def _section(section: Section) -> str:
    lines = ["", section.title, "=" * len(section.title)]
    if section.note:
        lines.append(fill(section.note, 100))
    for table in section.tables:
        lines += ["", _table(table)]
    return "\n".join(lines if section.tables else [*lines, "", "none"])


def _table(table: Table) -> str:
    from tabulate import tabulate

    lines = [line for line in (table.title and text(table.title), fill(table.note, 100)) if line]
    if not table.rows:
        return "\n".join([*lines, "none"])
    return "\n".join([
        *lines,
        tabulate(
            [[_short(text(cell)) for cell in row] for row in table.rows],
            headers=[_short(text(heading)) for heading in table.headings],
            colalign=["right" if numeric else "left" for numeric in table.numeric],
            disable_numparse=True,
        ),
    ])


def _short(cell: str) -> str:
    return cell if len(cell) <= WIDEST_CELL else f"{cell[: WIDEST_CELL - 1]}…"

"""The whole state of the tables, the past included, for comparing before and after; and files that say their date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.stored import query
from tickstock.db import Connection

DUMP = (
    "SELECT id, name, type, description, metadata::text, environment FROM definition_groups ORDER BY id",
    "SELECT id, group_id, symbol, weight::text, metadata::text FROM group_memberships ORDER BY id",
)
BELIEF = """
    SELECT d.day::date, g.id, m.symbol, m.weight::text, m.metadata::text
      FROM generate_series(date '2025-01-01', CURRENT_DATE + 2, interval '1 day') d (day)
     CROSS JOIN LATERAL groups_on(d.day::date) g
      LEFT JOIN LATERAL members_on(ARRAY[g.id], d.day::date) m ON true
     WHERE d.day < '2025-03-01' OR d.day > CURRENT_DATE - 2
     ORDER BY 1, 2, 3"""


def dump(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """Both tables without the columns that are clocks."""
    return [query(connection, sql) for sql in DUMP]


def belief(connection: Connection) -> list[tuple[Any, ...]]:
    """What held on each day, as it is known now."""
    return query(connection, BELIEF)


def state(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The tables, and what held on each day."""
    groups, rows = dump(connection)
    return {"groups": groups, "memberships": rows, "belief": belief(connection)}


def differences(before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    """Nothing, where two states are the same."""
    return [
        f"{word} {name}: {row}"
        for name in before
        for word, one, other in (("gone", before, after), ("new", after, before))
        for row in sorted({*map(str, one[name])} - {*map(str, other[name])})
    ]


def write_dated(folder: Path, etf: str, weights: Mapping[str, object], as_of: str) -> None:
    """A fund's file that says its own date, as iShares writes it."""
    lines = [f"{etf} ETF", f'Fund Holdings as of,"{as_of}"', "", "Ticker,Name,Asset Class,Weight (%)"]
    lines += [f'"{symbol}","{symbol}","Equity","{weight}"' for symbol, weight in weights.items()]
    (folder / f"{etf.lower()}_holdings.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")

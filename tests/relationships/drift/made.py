"""Drift as lines of text, and what a person does in psql."""

from __future__ import annotations

from collections.abc import Callable

from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.drift import Drift, DriftRow, State

FILE = {"AAPL": "40", "AMD": "5", "GOOG": "10", "MSFT": "25", "NVDA": "20"}
Look = Callable[..., tuple[Drift, dict[str, list[str]]]]


def line(row: DriftRow) -> str:
    """A row as: symbol changed: base file stored."""
    states = " ".join(text(state) for state in (row.base, row.file, row.stored))
    remarks = f"{' kept' if row.kept else ''}{' same' if row.same else ''}"
    return f"{row.symbol} {row.changed}: {states}{remarks}"


def text(state: State) -> str:
    if state.member is None:
        return "?"
    return ("none" if state.weight is None else f"{float(state.weight):g}") if state.member else "-"


def events(found: Drift) -> list[tuple[str, str]]:
    return [(event.event, event.name) for event in found.events]


def by_hand(witness: Connection, group: str, **weights: object) -> None:
    """What a person does in psql: None deletes a row, a weight edits it or makes it."""
    for symbol, weight in weights.items():
        if weight is None:
            query(witness, "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id"
                           " AND g.name = %s AND symbol = %s", group, symbol)  # fmt: skip
        else:
            query(witness, "INSERT INTO group_memberships (group_id, symbol, weight) SELECT id, %s, %s"
                           " FROM definition_groups WHERE name = %s"
                           " ON CONFLICT (group_id, symbol) DO UPDATE SET weight = EXCLUDED.weight",
                  symbol, weight, group)  # fmt: skip

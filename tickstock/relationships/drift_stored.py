"""What the last loads put on record, what they left, and what is stored: each a set-based statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement, stream
from tickstock.relationships.drift import Record

if TYPE_CHECKING:
    from tickstock.db import Cursor


def read_records(cursor: Cursor, only: str | None = None) -> list[Record]:
    """The groups of the session's environment that a load read from a file, by type and name."""
    cursor.execute(statement("drift/records"), {"only": only})
    return [Record._make(row) for row in cursor.fetchall()]


class StoredRow(NamedTuple):
    """A row of ``sql/drift/rows.sql``."""

    no: int
    symbol: str
    was: bool
    weight_then: Decimal | None
    is_stored: bool
    weight: Decimal | None
    run: int | None


def read_moved(cursor: Cursor, records: Sequence[Record]) -> set[int]:
    """The groups whose stored rows are not what the last load left."""
    values = {
        "groups": [record.group_id for record in records],
        "fingerprints": [record.stored_fingerprint for record in records],
    }
    cursor.execute(statement("drift/moved"), values)
    return {group_id for (group_id,) in cursor.fetchall()}


def read_rows(cursor: Cursor, records: Sequence[Record], moved: Collection[int]) -> Iterator[list[StoredRow]]:
    """The rows of each record in its turn; none for a group that has none, and had none."""
    values = {
        "groups": [record.group_id for record in records],
        "versions": [record.version for record in records],
        "moved": [record.group_id for record in records if record.group_id in moved],
    }
    rows = map(StoredRow._make, stream(cursor, statement("drift/rows"), values))
    groups = groupby(rows, key=lambda row: row.no)
    found = next(groups, None)
    for no in range(1, len(records) + 1):
        if found and found[0] == no:
            yield list(found[1])
            found = next(groups, None)
        else:
            yield []

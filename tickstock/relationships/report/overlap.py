"""What funds have in common, each two of some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tickstock.db import statement
from tickstock.relationships.report.model import Overlap

if TYPE_CHECKING:
    from tickstock.db import Cursor


def read_overlap(cursor: Cursor, groups: Sequence[int]) -> list[Overlap]:
    """Each of these funds, by their ids, with itself and with those after it."""
    cursor.execute(statement("reports/overlap"), {"groups": list(groups)})
    return [Overlap._make(row) for row in cursor.fetchall()]

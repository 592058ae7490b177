"""An environment in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.relationships.coverage import Coverage, SectorCount, read_coverage, read_sectors
from tickstock.relationships.summary import Summary, read_summary

if TYPE_CHECKING:
    from tickstock.db import Connection


class Stats(NamedTuple):
    """Counts of groups, stocks and relationships (all, and by type), and how much of it is in a sector."""

    summary: Summary
    by_type: dict[str, int]
    coverage: Coverage
    sectors: list[SectorCount]


def read_stats(connection: Connection) -> Stats:
    """Count what the session's environment holds; all zero where it holds nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, count(*) FROM environment_memberships GROUP BY type ORDER BY type")
        by_type = dict(cursor.fetchall())
    return Stats(read_summary(connection), by_type, read_coverage(connection), read_sectors(connection))

"""Read a report: one state of the database, in one transaction that writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tickstock.db import statement, transaction
from tickstock.relationships.checks import read_integrity
from tickstock.relationships.coverage import read_coverage, read_sectors
from tickstock.relationships.report.model import (
    ChangedRow,
    Collection,
    Conflict,
    Detail,
    Etf,
    EtfCoverage,
    Freshness,
    Holding,
    LastLoad,
    Report,
    Run,
)
from tickstock.relationships.report.overlap import read_overlap
from tickstock.relationships.summary import read_summary

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor


def read_report(connection: Connection, environment: str, detailed: bool = False) -> Report:
    """Read the report of an environment; all zero and empty where it holds nothing.

    ``connection`` is in autocommit mode. The role needs to read, no more.
    """
    with transaction(connection) as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute("SELECT set_config('tickstock.environment', %s, true)", (environment,))
        cursor.execute("SELECT COALESCE(max(version), 0), now() FROM data_version")
        version, made_at = cursor.fetchone()  # type: ignore[misc]
        (etf_coverage,) = _rows(cursor, "etf_coverage")
        return Report(
            environment,
            version,
            made_at,
            summary=read_summary(connection),
            sectors=tuple(read_sectors(connection)),
            etf_coverage=EtfCoverage._make(etf_coverage),
            sector_coverage=read_coverage(connection),
            integrity=read_integrity(connection),
            detail=_read_detail(cursor) if detailed else None,
        )


def _read_detail(cursor: Cursor) -> Detail:
    # After a first load nobody has counted the tables yet. The planner then takes them for small and would walk
    # through one of them for each row of another.
    cursor.execute("SET LOCAL enable_nestloop = off")
    return Detail(
        etfs=_read_etfs(cursor),
        overlap=tuple(read_overlap(cursor, [group for (group,) in _rows(cursor, "largest_funds")])),
        collections=tuple(map(Collection._make, _rows(cursor, "universes_and_themes"))),
        freshness=tuple(map(Freshness._make, _rows(cursor, "freshness"))),
        conflicts=tuple(map(Conflict._make, _rows(cursor, "sector_conflicts"))),
        runs=tuple(map(Run._make, _rows(cursor, "recent_loads"))),
        last_loads=tuple(_read_last_load(cursor, row) for row in _rows(cursor, "last_loads")),
    )


def _read_etfs(cursor: Cursor) -> tuple[Etf, ...]:
    holdings: dict[str, list[Holding]] = defaultdict(list)
    for etf, *holding in _rows(cursor, "top_holdings"):
        holdings[etf].append(Holding._make(holding))
    return tuple(Etf._make((*row, tuple(holdings[row[0]]))) for row in _rows(cursor, "etfs"))


def _read_last_load(cursor: Cursor, load: tuple[Any, ...]) -> LastLoad:
    type_, load_id, *_ = load
    rows = _rows(cursor, "load_changes", {"type": type_, "load_id": load_id})
    return LastLoad._make((*load, tuple(map(ChangedRow._make, rows))))


def _rows(cursor: Cursor, name: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    cursor.execute(statement(f"reports/{name}"), values)
    return cursor.fetchall()

"""The report as one JSON document; ``docs/json.md`` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from tickstock.relationships.coverage import Coverage
from tickstock.relationships.report.model import Collection, Detail, LastLoad, Report


def render(report: Report) -> str:
    return json.dumps(as_json(report), indent=2)


def as_json(report: Report) -> dict[str, Any]:
    """Plain values: counts as integers, weights and percents as numbers, dates in ISO 8601."""
    return {
        "environment": report.environment,
        "data_version": report.data_version,
        "made_at": report.made_at.isoformat(),
        "summary": _plain(report.summary),
        "sectors": _plain(report.sectors),
        "quality": {
            "etf_coverage": _plain(report.etf_coverage),
            "sector_coverage": _coverage(report.sector_coverage),
            "integrity": {**_plain(report.integrity), "percent": report.integrity.percent},
        },
        **(_detail(report.detail) if report.detail else {}),
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    shares = [f"{state}{by}_share" for by in ("", "_weight") for state in ("classified", "unknown", "unassigned")]
    return {**_plain(coverage), **{share: getattr(coverage, share) for share in shares}}


def _detail(detail: Detail) -> dict[str, Any]:
    return {
        "etfs": _plain(detail.etfs),
        "overlap": _plain(detail.overlap),
        "universes": _collections(detail.collections, "UNIVERSE"),
        "themes": _collections(detail.collections, "THEME"),
        "freshness": _plain(detail.freshness),
        "sector_conflicts": _plain(detail.conflicts),
        "loads": _plain(detail.runs),
        "last_changes": [_last_load(load) for load in detail.last_loads],
    }


def _collections(collections: Iterable[Collection], type_: str) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in one._asdict().items() if name != "type"}
        for one in collections
        if one.type == type_
    ]


def _last_load(load: LastLoad) -> dict[str, Any]:
    return {**_plain(load), "rows": [{**_plain(row), "move": _plain(row.move)} for row in load.rows]}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value

"""Report, statistics and validation say the same of the same state, and plain SQL on the two tables says so too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stored import query
from tickstock.db import Connection, Database

PLAIN = """
    WITH m AS (SELECT g.type, g.name, m.symbol, m.weight FROM group_memberships m
                 JOIN definition_groups g ON g.id = m.group_id WHERE g.environment = 'DEFAULT'),
         stock AS (SELECT DISTINCT symbol FROM m
                    WHERE symbol NOT IN (SELECT name FROM definition_groups WHERE type = 'ETF')),
         sector AS (SELECT symbol, min(name) AS name FROM m WHERE type = 'SECTOR' GROUP BY symbol),
         held AS (SELECT m.weight, s.name AS sector FROM m JOIN stock USING (symbol) LEFT JOIN sector s USING (symbol)
                   WHERE m.type = 'ETF')
    SELECT (SELECT count(*) FROM definition_groups WHERE type = 'ETF'), (SELECT count(*) FROM stock),
           (SELECT count(*) FROM m), (SELECT count(*) FROM sector WHERE name <> 'unknown'),
           (SELECT count(*) FROM sector WHERE name = 'unknown'),
           (SELECT count(*) FROM stock WHERE symbol NOT IN (SELECT symbol FROM sector)),
           (SELECT round(100 * sum(weight) FILTER (WHERE sector <> 'unknown') / sum(weight), 6)::float FROM held)"""


@pytest.fixture
def database(new_database: Callable[..., Database], clean: str) -> Database:
    return new_database(clean)


def test_they_agree(
    script: Callable[..., int], database: Database, witness: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    # A stock without a sector and one that is unknown, both with weights, so that no share is plainly 100 %.
    query(witness, """DELETE FROM group_memberships WHERE symbol = 'AAPL' AND group_id IN
                      (SELECT id FROM definition_groups WHERE type = 'SECTOR');
                      UPDATE group_memberships SET group_id = (SELECT id FROM definition_groups WHERE name = 'unknown')
                       WHERE symbol = 'MSFT'
                         AND group_id IN (SELECT id FROM definition_groups WHERE type = 'SECTOR')""")  # fmt: skip

    def document(name: str, *arguments: str) -> dict[str, Any]:
        script(name, *arguments, "--json")
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    stats = document("query_relationships", "--stats")
    report = document("generate_report", "--detail")
    checks = document("validate_relationships")
    ((etfs, stocks, rows, classified, unknown, unassigned, weight_share),) = query(witness, PLAIN)

    assert (stats["etfs"], stats["stocks"], stats["relationships"]) == (etfs, stocks, rows)
    assert {key: report["summary"][key] for key in report["summary"]} == {key: stats[key] for key in report["summary"]}
    coverage = report["quality"]["sector_coverage"]
    counted = (classified, unknown, unassigned)
    assert (coverage["classified"], coverage["unknown"], coverage["unassigned"]) == counted
    assert tuple(stats["sector_coverage"][key]["stocks"] for key in ("classified", "unknown", "unassigned")) == counted
    assert sum(counted) == stocks
    assert coverage["classified_weight_share"] == pytest.approx(weight_share, abs=1e-6)
    assert stats["sector_coverage"]["classified"]["weight_percent"] == pytest.approx(weight_share, abs=0.005)
    assert {one["sector"]: one["stocks"] for one in stats["stocks_by_sector"]} == {
        one["name"]: one["stocks"] for one in report["sectors"]
    }
    assert checks["integrity"] == report["quality"]["integrity"]
    summaries = {check["name"]: check["summary"] for check in checks["checks"]}
    assert summaries["etf_holdings"] == f"{etfs} ETFs, 0 empty"
    assert summaries["stock_sectors"] == f"{stocks:,} stocks, {unassigned} orphans"
    assert len(report["etfs"]) == etfs

"""A validation in words: lines for people, values for JSON. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from tickstock.relationships.checks import FAIL, PASS, SEED_CHECKS, WARN, CheckResult, Validation
from tickstock.terminal import printable

LISTED = 10
ALONE = {"files": "drift.py --verbose"}  # what lists the findings of a check that is no SQL
SIGNS = {PASS: "✓ PASS", WARN: "⚠ WARN", FAIL: "✗ FAIL"}


def lines(validation: Validation, verbose: bool = False) -> Iterator[str]:
    """A line a check, its findings under it (the first 10 unless verbose), and the overall status."""
    for number, check in enumerate(validation.checks, start=1):
        place = f"[{number}/{SEED_CHECKS}] " if number <= SEED_CHECKS else ""
        title = f"Validating {check.title}..."
        yield f"{place:<6}{title:<33}{SIGNS[check.status]} ({check.summary})"
        yield from _finding_lines(check, verbose)
    yield ""
    yield f"Overall Status:     {SIGNS[validation.status]} ({_passed(validation)})"


def _finding_lines(check: CheckResult, verbose: bool) -> Iterator[str]:
    listed = check.findings if verbose else check.findings[:LISTED]
    for mend, findings in groupby(listed, lambda finding: finding.mend):
        for finding in findings:
            yield f"        {finding.severity}: {printable(finding.found)}"
        yield f"          mend: {printable(mend)}"
    if len(listed) < check.count:
        how = ALONE.get(check.name, f"psql -f sql/checks/{check.name}.sql") if verbose else "--verbose"
        yield f"        … and {check.count - len(listed):,} more ({how} lists them)"


def _passed(validation: Validation) -> str:
    warned, failed = validation.having(WARN), validation.having(FAIL)
    parts = [f"{validation.having(PASS)}/{len(validation.checks)} passed"]
    if warned:
        parts.append(f"{warned} warning{'s' if warned > 1 else ''}")
    if failed:
        parts.append(f"{failed} failed")
    return ", ".join(parts)


def as_json(validation: Validation) -> dict[str, Any]:
    """The JSON shape of ``validate_relationships.py``; ``docs/json.md`` describes it."""
    return {
        "environment": validation.environment,
        "status": validation.status,
        "passed": validation.having(PASS),
        "warnings": validation.having(WARN),
        "failed": validation.having(FAIL),
        "integrity": {**validation.integrity._asdict(), "percent": validation.integrity.percent},
        "checks": [
            {
                "name": check.name,
                "status": check.status,
                "summary": check.summary,
                "count": check.count,
                "findings": [
                    {
                        "severity": finding.severity,
                        "type": finding.group_type,
                        "group": finding.group_name,
                        "symbol": finding.symbol,
                        "found": finding.found,
                        "mend": finding.mend,
                    }
                    for finding in check.findings
                ],
            }
            for check in validation.checks
        ],
    }

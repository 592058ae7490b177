"""Whether what is stored can be right. Each check is one file in ``sql/checks/``; every row it gives is a finding.

One compares the files themselves, which no SQL can read: :mod:`tickstock.relationships.check_files`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement, transaction
from tickstock.relationships.mends import Origin, read_origin
from tickstock.relationships.summary import Summary, read_summary

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

LISTED = 1000  # findings of a check that are kept; all are counted
# After a first load nobody has counted the tables yet. The planner then takes them for small and would walk through
# them once for every row; all checks read them whole anyway.
_PLAN = "enable_nestloop = off"

PASS, WARN, FAIL = "pass", "warn", "fail"


class Finding(NamedTuple):
    """One thing that is wrong (``fail``) or odd (``warn``).

    ``found`` is a sentence that names the rows; ``mend`` is the command line, or the SQL, that mends it. A finding
    about a whole group has no symbol, one about a stock in several groups no group.
    """

    severity: str
    group_type: str | None
    group_name: str | None
    symbol: str | None
    found: str
    mend: str


class CheckResult(NamedTuple):
    """What a check found. ``status`` is ``pass``, ``warn`` or ``fail``; ``count`` counts all findings, of which
    ``findings`` holds the first 1,000, failures first."""

    name: str
    title: str
    status: str
    summary: str
    findings: tuple[Finding, ...]
    count: int  # type: ignore[assignment]  # it hides a method of tuple that nobody needs


class Integrity(NamedTuple):
    """How many stored memberships were compared with files and history, and how many findings there were."""

    rows: int
    wrong: int

    @property
    def percent(self) -> float:
        """The share of rows without a finding, rounded down to hundredths: 100 only where there is none."""
        if not self.wrong:
            return 100.0
        return max(0, min(9999, 10000 * (self.rows - self.wrong) // max(1, self.rows))) / 100


class Validation(NamedTuple):
    """The results of all checks of one environment, at one moment."""

    environment: str
    checks: tuple[CheckResult, ...]
    integrity: Integrity

    @property
    def status(self) -> str:
        """``fail`` if a check failed, else ``pass``: warnings do not fail."""
        return FAIL if self.having(FAIL) else PASS

    def having(self, status: str) -> int:
        """How many checks have this status."""
        return sum(check.status == status for check in self.checks)


class _Counts(NamedTuple):
    """What ``sql/checks/counts.sql`` counts, in its order."""

    sectors: int
    has_unknown: bool
    weighted: int
    assigned: int
    files: int
    dated: int
    oldest: date | None


class _Found(NamedTuple):
    """All that a summary may speak of: what is stored, how many findings the check has, and what it noted."""

    stored: Summary
    counts: _Counts
    failed: int
    total: int
    note: str


class Findings(NamedTuple):
    """The first findings of a check, the number of all, and of those that fail; and a note for the summary."""

    first: list[Finding]
    total: int
    failed: int
    note: str = ""


class _Check(NamedTuple):
    name: str
    title: str
    summary: Callable[[_Found], str]
    find: Callable[[Cursor, str], Findings] | None = None


def _integrity(found: _Found) -> str:
    return f"{Integrity(found.stored.relationships, found.total).percent:.4g}% integrity"


def _sectors(found: _Found) -> str:
    counts = found.counts
    foreign = found.stored.sectors - counts.sectors - counts.has_unknown
    unknown = "and unknown" if counts.has_unknown else "unknown is missing"
    return f"{counts.sectors}/11 sectors, {unknown}{f', {foreign} foreign' if foreign else ''}"


def _freshness(found: _Found) -> str:
    counts = found.counts
    oldest = f", the oldest as of {counts.oldest}" if counts.oldest else ""
    return f"{counts.files:,} files, {counts.files - counts.dated:,} without a date{oldest}"


def _changed_files(cursor: Cursor, name: str) -> Findings:
    from tickstock.relationships.check_files import changed_files  # it loads what reads files

    return changed_files(cursor, LISTED)


# The five of old come first. A finding that nothing of a kind is stored is no empty group.
CHECKS = (
    _Check("etf_holdings", "ETF holdings", lambda f: f"{f.stored.etfs:,} ETFs, {min(f.total, f.stored.etfs):,} empty"),
    _Check("stock_sectors", "stock-to-sector", lambda f: f"{f.stored.stocks:,} stocks, {f.failed:,} orphans"),
    _Check("integrity", "bidirectional", _integrity),
    _Check("sector_mappings", "sector mappings", _sectors),
    _Check("themes", "theme definitions", lambda f: f"{f.stored.themes:,} themes, {f.failed:,} empty"),
    _Check("universes", "universes", lambda f: f"{f.stored.universes:,} universes, {f.failed:,} empty"),
    _Check("one_sector", "one sector each", lambda f: f"{f.stored.stocks:,} stocks, {f.total:,} in several"),
    _Check("sector_evidence", "sector evidence", lambda f: f"{f.counts.assigned:,} rows, {f.total:,} in doubt"),
    _Check("weights", "weights", lambda f: f"{f.counts.weighted:,} of {f.stored.etfs:,} ETFs have weights"),
    _Check("spellings", "spellings", lambda f: f"{f.stored.relationships:,} rows, {f.total:,} misspelt"),
    _Check("duplicates", "duplicates", lambda f: f"{f.total:,} twice"),
    _Check("subsets", "subsets", lambda f: f"{f.total:,} with stragglers"),
    _Check("freshness", "freshness", _freshness),
    _Check("ledger", "ledger", lambda f: f"{f.counts.files:,} files on record"),
    _Check("files", "files", lambda f: f"{f.counts.files:,} files, {f.total:,} rows changed{f.note}", _changed_files),
)
SEED_CHECKS = 5


def run_checks(connection: Connection, environment: str) -> Validation:
    """Run all checks on one environment. They all see the same moment, and nothing can be written.

    The connection must be in autocommit mode, outside of a transaction. A read-only role will do.
    """
    with transaction(connection) as cursor:
        cursor.execute(f"SET TRANSACTION READ ONLY; SET LOCAL {_PLAN}")
        cursor.execute("SELECT set_config('tickstock.environment', %s, true)", (environment,))
        stored = read_summary(connection)
        cursor.execute(statement("checks/counts"))
        counts = _Counts._make(cursor.fetchone())  # type: ignore[arg-type]
        origin = read_origin(cursor, environment)
        results = tuple(_run(cursor, check, stored, counts, origin) for check in CHECKS)
    wrong = next(result.count for result in results if result.name == "integrity")
    return Validation(environment, results, Integrity(stored.relationships, wrong))


def read_integrity(connection: Connection) -> Integrity:
    """The integrity alone, of the environment that the session has set (``tickstock.environment``)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET {_PLAN}")
        wrong = _findings(cursor, "integrity").total
        cursor.execute("RESET enable_nestloop")
        cursor.execute("SELECT count(*) FROM environment_memberships")
        return Integrity(int(cursor.fetchone()[0]), wrong)  # type: ignore[index]


def _run(cursor: Cursor, check: _Check, stored: Summary, counts: _Counts, origin: Origin) -> CheckResult:
    found = (check.find or _findings)(cursor, check.name)
    return CheckResult(
        check.name,
        check.title,
        FAIL if found.failed else WARN if found.total else PASS,
        check.summary(_Found(stored, counts, found.failed, found.total, found.note)),
        tuple(finding._replace(mend=origin.complete(finding.mend)) for finding in found.first),
        found.total,
    )


def _findings(cursor: Cursor, name: str) -> Findings:
    """What a file of ``sql/checks/`` finds."""
    check = statement(f"checks/{name}").rstrip().removesuffix(";")
    cursor.execute(
        f"SELECT *, count(*) OVER (), count(*) FILTER (WHERE severity = 'fail') OVER () FROM (\n{check}\n) findings"  # noqa: S608
        f" ORDER BY severity, group_type, group_name, symbol LIMIT {LISTED}"
    )
    rows = cursor.fetchall()
    return Findings([Finding._make(row[:-2]) for row in rows], *(rows[0][-2:] if rows else (0, 0)))

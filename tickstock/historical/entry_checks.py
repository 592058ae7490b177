"""Whether the stored entries can be right. Each check is one file in ``sql/entry_checks/``; every row is a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement, transaction

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

LISTED = 1000  # findings of a check that are kept; all are counted
PASS, WARN, FAIL = "pass", "warn", "fail"


class Stored(NamedTuple):
    """An organised entry: how many symbols it has (None: it counts none), how long its text is, since when it is so."""

    type: str
    name: str
    key: str
    count: int | None  # type: ignore[assignment]  # it hides a method of tuple that nobody needs
    bytes: int
    updated_at: datetime | None


class Counts(NamedTuple):
    """What the entries are made from, and when they were last organised (None: never). ``loaded`` have a row in
    ``symbols``; the others only groups know."""

    stocks: int
    loaded_stocks: int
    stocks_with_market_cap: int
    etfs: int
    loaded_etfs: int
    organized_at: datetime | None


class Finding(NamedTuple):
    """What is wrong (``fail``) or odd (``warn``) with an entry, or (None) with all; ``mend`` says what to do."""

    severity: str
    entry: str | None
    found: str
    mend: str


class Check(NamedTuple):
    """What a check found: all findings are counted, the first 1,000 are here, failures first."""

    name: str
    title: str
    summary: str
    findings: tuple[Finding, ...]
    count: int  # type: ignore[assignment]  # as above

    @property
    def status(self) -> str:
        """``fail``, ``warn`` or ``pass``."""
        if not self.findings:
            return PASS
        return FAIL if self.findings[0].severity == FAIL else WARN


class Analysis(NamedTuple):
    """The entries of an environment at one moment, entries of foreign types by type, and what the checks found."""

    environment: str
    entries: tuple[Stored, ...]
    foreign: dict[str, int]
    counts: Counts
    checks: tuple[Check, ...]

    @property
    def status(self) -> str:
        """``fail`` if a check failed, else ``pass``: warnings do not fail."""
        return FAIL if any(check.status == FAIL for check in self.checks) else PASS

    @property
    def recommendations(self) -> tuple[str, ...]:
        """What mends the findings, each once, in the order of the checks."""
        return tuple(dict.fromkeys(finding.mend for check in self.checks for finding in check.findings))


class _About(NamedTuple):
    entries: Counter[tuple[str, str]]
    counts: Counts


def _many(*places: tuple[str, str]) -> Callable[[_About], str]:
    return lambda about: f"{sum(about.entries[place] for place in places):,} entries"


# What a check is called, and what it looked at.
CHECKS: dict[str, tuple[str, Callable[[_About], str]]] = {
    "recent": ("recency", lambda a: f"organised at {a.counts.organized_at:%Y-%m-%d %H:%M:%S} UTC"
               if a.counts.organized_at else "never organised"),
    "categories": ("categories", lambda a: f"{a.entries.total():,} entries"),
    "symbols": ("symbols", lambda a: f"{a.counts.stocks:,} stocks, {a.counts.etfs:,} ETFs"),
    "coverage": ("coverage", lambda a: f"{a.counts.loaded_stocks + a.counts.loaded_etfs:,} loaded symbols"),
    "bands": ("market cap bands", lambda a: f"{a.counts.stocks_with_market_cap:,} stocks with a market cap"),
    "sectors": ("sector leaders", _many(("stock_universe", "sector_leaders"))),
    "leaders": ("leaders and counts", lambda a: f"{a.entries['stock_universe', 'market_leaders']:,} lists of leaders"),
    "themes": ("themes", lambda a: f"{a.entries['stock_universe', 'themes']:,} themes"),
    "complete": ("complete lists", _many(("stock_universe", "complete"), ("etf_universe", "complete"))),
    "funds": ("ETF metadata", lambda a: f"{a.counts.loaded_etfs:,} loaded ETFs"),
}  # fmt: skip


def analyze(connection: Connection, environment: str) -> Analysis:
    """Read and check the entries. Everything is of one moment, and nothing can be written; a read-only role will do.

    The connection must be in autocommit mode, outside of a transaction.
    """
    with transaction(connection) as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute("SELECT set_config('tickstock.environment', %s, true)", (environment,))
        cursor.execute(statement("entry_checks/stored"))
        entries = tuple(map(Stored._make, cursor.fetchall()))
        cursor.execute(statement("entry_checks/foreign"))
        foreign = dict(cursor.fetchall())
        cursor.execute(statement("entry_checks/counts"))
        counts = Counts._make(cursor.fetchone())  # type: ignore[arg-type]
        about = _About(Counter((entry.type, entry.name) for entry in entries), counts)
        checks = tuple(_run(cursor, name, title, summary(about)) for name, (title, summary) in CHECKS.items())
    return Analysis(environment, entries, foreign, counts, checks)


def _run(cursor: Cursor, name: str, title: str, summary: str) -> Check:
    check = statement(f"entry_checks/{name}").rstrip().removesuffix(";")
    cursor.execute(
        f"SELECT *, count(*) OVER () FROM (\n{check}\n) findings"  # noqa: S608 - a file of ours
        f" ORDER BY severity, entry, found LIMIT {LISTED}"
    )
    rows = cursor.fetchall()
    return Check(name, title, summary, tuple(Finding._make(row[:-1]) for row in rows), rows[0][-1] if rows else 0)

"""Which sector each stock is in: evidence from files and stored funds, weighed in the database.

The result is staged like the rows of a file, and goes the way of every load from there: plan, guards, apply.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.checksum import file_checksum
from tickstock.db import statement
from tickstock.errors import BadInputError
from tickstock.relationships.plan import Coverage, Options, StoredGroup
from tickstock.relationships.staging import Staged, StagedFile

if TYPE_CHECKING:
    from tickstock.db import Cursor
    from tickstock.relationships.entering import Coming
    from tickstock.sources.records import Problem

LISTED_CONFLICTS = 20


class Evidence(NamedTuple):
    """What one source says of one stock. ``sector`` None: the source lists it without one."""

    symbol: str
    source: str
    sector: str | None
    industry: str | None
    name: str | None
    origin: str
    as_of: date | None = None
    weight: Decimal | None = None


class Found(NamedTuple):
    """What the files say, what was odd about them, and what is wrong."""

    evidence: Sequence[Evidence]
    warnings: Sequence[str] = ()
    problems: Sequence[Problem] = ()


class Method(NamedTuple):
    """Where the evidence is, and how to weigh it. The files are only read where something may be new.

    ``sources`` are those that the run looked at; what it did not look at and is stronger stays. ``build``: the
    run looks at little, and takes nothing away that another has found out. ``checksum`` stands for all files.
    ``coming``: what other dry runs would bring, for the preview of a whole run.
    """

    read: Callable[[], Found]
    sources: frozenset[str]
    path: Path
    checksum: str
    build: bool = False
    coming: tuple[Coming, ...] = ()

    def stage(self, cursor: Cursor, options: Options, stored: Mapping[str, StoredGroup]) -> Staged:
        """Stage the sector of every stock; nothing, where all is as the last load of the same evidence left it.

        Raises:
            BadInputError: the evidence has problems; every one of them is listed.
        """
        values = {
            "environment": options.environment,
            "build": self.build,
            "kinds": sorted(self.sources),
            "leave_hand": options.leave_hand,
            "sources": options.sources,
            "nowhere": f"in none of: {', '.join(words for source, words in _WORDS.items() if source in self.sources)}",
        }
        cursor.execute(statement("sectors/tables"))
        _copy(cursor, "coming", self.coming)
        cursor.execute(statement("sectors/stocks"), values)
        if "sector_etf" in self.sources:
            cursor.execute(statement("sectors/sector_etfs"), values)
        cursor.execute(statement("sectors/state"))
        (state,) = cursor.fetchone()  # type: ignore[misc]
        checksum = file_checksum(json.dumps([self.checksum, state, sorted(self.sources), self.build]).encode())
        if not options.full and _settled(cursor, stored, checksum):
            cursor.execute(statement("sectors/settled"), values)
            return Staged({}, [], [])
        found = self.read()
        if found.problems:
            raise BadInputError("\n".join(map(str, found.problems)))
        _copy(cursor, "evidence", found.evidence)
        cursor.execute("ANALYZE evidence; ANALYZE sector_symbols")
        cursor.execute(statement("sectors/decide"), values)
        warnings = (*found.warnings, *_of_no_stock(cursor), *self._another_list(cursor, options))
        cursor.execute(statement("sectors/stage"), {"path": str(self.path), "checksum": checksum})
        return Staged(_staged_files(cursor), [], [], warnings)

    def _another_list(self, cursor: Cursor, options: Options) -> Iterator[str]:
        """A warning where the last run had another classification: an option forgotten undoes what it did."""
        cursor.execute(
            "SELECT f.path FROM load_files f JOIN definition_groups g ON g.id = f.group_id"
            " WHERE g.type = 'SECTOR' AND g.name = 'unknown' AND g.environment = %s AND right(f.path, 4) = '.csv'"
            " AND f.scope = 'present' AND f.undone_by IS NULL ORDER BY f.id DESC LIMIT 1",
            (options.environment,),
        )
        row = cursor.fetchone()
        if row and not self.build and row[0] != str(self.path):
            yield f"the last run classified from {row[0]}, this one does from {self.path} (--classification)"


_WORDS = {
    "override": "overrides",
    "sector_etf": "sector SPDRs",
    "issuer_file": "issuers' files",
    "classification": "classification",
    "symbol_rule": "symbol rules",
}


def _settled(cursor: Cursor, stored: Mapping[str, StoredGroup], checksum: str) -> bool:
    """Whether every sector is as a load left it that had the same evidence, and none of another kind has a stock."""
    cursor.execute("SELECT name FROM staged_groups")
    names = [name for (name,) in cursor.fetchall()]
    groups = [stored.get(name) for name in names]
    return all(group and group.last_checksum == checksum and not group.drifted for group in groups) and not any(
        group.members for group in stored.values() if group.name not in names
    )


def _copy(cursor: Cursor, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    import csv
    import io

    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    lines.seek(0)
    cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", lines)


def _of_no_stock(cursor: Cursor) -> Iterator[str]:
    """A warning of overrides for what is no member of anything: a typing error, most likely."""
    cursor.execute(
        "SELECT symbol FROM evidence WHERE source = 'override'"
        " EXCEPT SELECT symbol FROM sector_symbols ORDER BY 1"
    )
    symbols = [symbol for (symbol,) in cursor.fetchall()]
    if symbols:
        more = f" and {len(symbols) - 5} more" if len(symbols) > 5 else ""
        yield f"overrides for what is no stock here: {', '.join(symbols[:5])}{more}"


def _staged_files(cursor: Cursor) -> dict[str, StagedFile]:
    cursor.execute("SELECT no, name, path, format, checksum, fingerprint, members FROM staged_groups")
    return {
        name: StagedFile(
            no, name, "", Path(path), format_, checksum, fingerprint, None, members, members, (), 0,
            Decimal(0), Decimal(0), (),
        )
        for no, name, path, format_, checksum, fingerprint, members in cursor.fetchall()
    }  # fmt: skip


def read_coverage(cursor: Cursor, options: Options) -> Coverage:
    """What the stocks come to that :meth:`Method.stage` decided on, once the plan that came of it is applied."""
    cursor.execute(statement("sectors/coverage"), {"environment": options.environment})
    rows = cursor.fetchall()
    return Coverage(
        {source: stocks for source, stocks, _, _ in rows},
        sum(classified for _, _, classified, _ in rows),
        sum(conflicts for *_, conflicts in rows),
    )


def conflict_warnings(cursor: Cursor) -> Iterator[str]:
    """A sentence for each stock that two sector SPDRs hold: which wins, and which loses."""
    cursor.execute(statement("sectors/conflicts"))
    rows = cursor.fetchall()
    for symbol, sector, reason, others in rows[:LISTED_CONFLICTS]:
        yield f"{symbol}: {sector} ({reason}), not {others}"
    if len(rows) > LISTED_CONFLICTS:
        yield f"… and {len(rows) - LISTED_CONFLICTS} more stocks that two sector SPDRs hold"


def count_unclassified(cursor: Cursor) -> dict[str, int]:
    """How many stocks the plan moves from each sector to ``unknown``."""
    cursor.execute(
        "SELECT g.name, count(*) FROM planned_rows r JOIN planned_groups g USING (no)"
        " JOIN (planned_rows u JOIN planned_groups ug ON ug.no = u.no AND ug.name = 'unknown')"
        "   ON u.symbol = r.symbol AND u.action = 'added'"
        " WHERE r.action = 'removed' GROUP BY g.name"
    )
    return dict(cursor.fetchall())


def rules() -> Iterable[Evidence]:
    """The symbol rules as evidence."""
    from tickstock.sector_rules import SYMBOL_RULES

    for symbol, (sector, industry) in SYMBOL_RULES.items():
        yield Evidence(symbol, "symbol_rule", sector, industry, None, "symbol rule")

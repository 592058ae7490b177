"""A report as sections of tables, for people. What is too long is cut, and says so; JSON has all of it."""

from __future__ import annotations

from decimal import Decimal

from tickstock.relationships.report import detail_sections
from tickstock.relationships.report.model import Report
from tickstock.relationships.report.tables import Cell, Section, Table
from tickstock.terminal import printable

UNKNOWN = "unknown"
UNASSIGNED = "unassigned"


def sections(report: Report, limit: int | None) -> list[Section]:
    """All sections of a report; lists of the detail have up to ``limit`` rows, all where it is None."""
    result = [_summary(report), _sectors(report), _quality(report)]
    return result + (detail_sections.sections(report.detail, limit) if report.detail else [])


def head(report: Report) -> str:
    """The title and, on a line of its own, which state this is."""
    environment = printable(report.environment)
    made_at = f"{report.made_at:%Y-%m-%d %H:%M} UTC"
    return f"Relationships, environment {environment}\n{made_at}, version {report.data_version:,} of the data"


def percent(share: float | None) -> Decimal | None:
    """A share in percent as a cell, with two decimals."""
    return None if share is None else Decimal(f"{share:.2f}")


def _summary(report: Report) -> Section:
    counts = report.summary
    rows: list[tuple[Cell, ...]] = [
        ("ETFs", counts.etfs),
        ("Stocks", counts.stocks),
        ("Sectors", counts.sectors),
        ("Themes", counts.themes),
        ("Universes", counts.universes),
        ("Relationships", counts.relationships),
    ]
    note = "Sectors: the groups of that type, unknown among them. A fund that a fund holds is no stock."
    return Section("summary", "Summary statistics", (Table("", ("what", "count"), rows),), note)


def _sectors(report: Report) -> Section:
    coverage = report.sector_coverage
    rows: list[tuple[Cell, ...]] = [
        (sector.name, sector.stocks, sector.percent)
        for sector in sorted(report.sectors, key=lambda sector: sector.name == UNKNOWN)
    ]
    if coverage.unassigned:
        rows.append((UNASSIGNED, coverage.unassigned, percent(coverage.unassigned_share)))
    note = f"Percent of all {coverage.stocks:,} stocks. Unknown: not classified yet; unassigned: in no sector group."
    return Section("sectors", "Sector distribution", (Table("", ("sector", "stocks", "%"), rows),), note)


def _quality(report: Report) -> Section:
    return Section("quality", "Data quality", (_etf_coverage(report), _sector_coverage(report), _integrity(report)))


def _etf_coverage(report: Report) -> Table:
    found = report.etf_coverage
    named = {
        "funds": found.etfs,
        "with members": found.with_members,
        "with weights": found.with_weights,
        "with a weight for every member": found.with_all_weights,
        "with an as-of date": found.with_as_of,
    }
    rows = [(name, count, percent(100 * count / found.etfs if found.etfs else None)) for name, count in named.items()]
    return Table("ETF holdings coverage", ("what", "funds", "%"), rows)


def _sector_coverage(report: Report) -> Table:
    found = report.sector_coverage
    rows = [
        ("classified", found.classified, percent(found.classified_share), percent(found.classified_weight_share)),
        (UNKNOWN, found.unknown, percent(found.unknown_share), percent(found.unknown_weight_share)),
        (UNASSIGNED, found.unassigned, percent(found.unassigned_share), percent(found.unassigned_weight_share)),
    ]
    note = "By weight: of the sum of all weights in all funds."
    return Table("Sector coverage", ("stocks", "count", "% by count", "% by weight"), rows, note)


def _integrity(report: Report) -> Table:
    found = report.integrity
    rows = [("memberships compared", found.rows, percent(found.percent)), ("findings", found.wrong, None)]
    note = "What was loaded, what is stored and what the history says, compared row by row; "
    note += "validate_relationships.py lists the findings."
    return Table("Integrity", ("what", "count", "% in order"), rows, note)

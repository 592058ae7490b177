"""What the plots of the HTML page show, as numbers: a page needs no more than widths and shades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from tickstock.relationships.coverage import SectorCount
from tickstock.relationships.report.detail_sections import matrix, rounded
from tickstock.relationships.report.model import Etf, Freshness, Overlap, Report
from tickstock.relationships.report.sections import UNASSIGNED, UNKNOWN, percent
from tickstock.relationships.report.tables import Cell

AGES = ((7, "up to 7 days"), (31, "8 to 31 days"), (92, "32 to 92 days"))


class Bar(NamedTuple):
    """A bar: ``width`` in percent of the longest, ``kind`` chooses its colour, ``values`` stand beside it."""

    label: str
    width: float
    kind: str
    values: tuple[Cell, ...]


class Part(NamedTuple):
    """A part of a stacked bar, ``share`` percent of it."""

    label: str
    share: float
    kind: str


class Stack(NamedTuple):
    """A stacked bar. The shares of its parts sum to 100, or there are none."""

    label: str
    parts: tuple[Part, ...]

    @property
    def alternative(self) -> str:
        """The bar in words."""
        return f"{self.label}: " + (", ".join(f"{part.label} {part.share:.1f} %" for part in self.parts) or "none")


class Shade(NamedTuple):
    """A cell of a heat map; ``level`` is 0 to 1, None where there is nothing to compare."""

    value: Cell
    level: float | None


def sector_bars(report: Report) -> list[Bar]:
    """The sectors, the biggest first; after them what is unknown and what is in no sector group."""
    found = [_sector(sector) for sector in sorted(report.sectors, key=lambda sector: sector.name == UNKNOWN)]
    coverage = report.sector_coverage
    if coverage.unassigned:
        share = percent(coverage.unassigned_share)
        assert share is not None
        found.append((UNASSIGNED, coverage.unassigned, share, UNASSIGNED))
    longest = max((stocks for _, stocks, _, _ in found), default=0) or 1
    return [Bar(label, 100 * stocks / longest, kind, (stocks, share)) for label, stocks, share, kind in found]


def _sector(sector: SectorCount) -> tuple[str, int, Decimal, str]:
    if sector.name == UNKNOWN:
        return UNKNOWN, sector.stocks, sector.percent, UNKNOWN
    return sector.description or sector.name, sector.stocks, sector.percent, "known"


def coverage_stacks(report: Report) -> list[Stack]:
    """How much of the stocks has a sector, by count and by weight."""
    found = report.sector_coverage
    return [
        _stack("by count", ("classified", found.classified_share, "known"),
               (UNKNOWN, found.unknown_share, UNKNOWN), (UNASSIGNED, found.unassigned_share, UNASSIGNED)),
        _stack("by weight", ("classified", found.classified_weight_share, "known"),
               (UNKNOWN, found.unknown_weight_share, UNKNOWN),
               (UNASSIGNED, found.unassigned_weight_share, UNASSIGNED)),
    ]  # fmt: skip


def concentration_bars(etfs: Iterable[Etf]) -> list[Bar]:
    """The share of the ten largest holdings, the most concentrated fund first; those without weights last."""
    by_share = sorted(etfs, key=lambda etf: (-(etf.top_10_percent or 0), etf.name))
    return [
        Bar(
            etf.name, max(0.0, min(float(etf.top_10_percent or 0), 100)), "known",
            (etf.top_10_percent, etf.effective, rounded(etf.herfindahl, 4), etf.members, etf.weighted,
             rounded(etf.weight, 2)),
        )
        for etf in by_share
    ]  # fmt: skip


def overlap_heat(overlap: Sequence[Overlap], value: str) -> list[list[Shade]]:
    """A row of shades a fund, by the share of the smaller fund's members, or of 100 % of weight, that is shared.

    The level is the root of that share: most funds share little, and little should not look like nothing.
    """
    names, rows = matrix(overlap, value)
    members = {pair.etf: pair.stocks for pair in overlap if pair.etf == pair.other}
    return [
        [
            Shade(cell, None if one == other else _level(cell, min(members[one], members[other]), value))
            for other, cell in zip(names, row, strict=True)
        ]
        for one, row in zip(names, rows, strict=True)
    ]


def freshness_stack(freshness: Sequence[Freshness]) -> Stack:
    """The groups by the age of what they hold."""
    labels = [*(label for _, label in AGES), "older", "no date"]
    kinds = ["fresh", "recent", "old", "stale", UNKNOWN]
    counts = dict.fromkeys(labels, 0)
    for one in freshness:
        counts[_age(one.days)] += 1
    whole = len(freshness)
    parts = [(label, 100 * counts[label] / whole if whole else None, kind)
             for label, kind in zip(labels, kinds, strict=True)]  # fmt: skip
    return _stack("groups by the age of their data", *parts)


def _age(days: int | None) -> str:
    if days is None:
        return "no date"
    return next((label for limit, label in AGES if days <= limit), "older")


def _level(cell: Cell, members: int, value: str) -> float | None:
    if cell is None:
        return None
    whole = members if value == "stocks" else 100
    return min(1.0, max(0.0, float(cell) / whole)) ** 0.5 if whole else 0.0  # type: ignore[arg-type]


def _stack(label: str, *parts: tuple[str, float | None, str]) -> Stack:
    return Stack(label, tuple(Part(name, share, kind) for name, share, kind in parts if share and share > 0))

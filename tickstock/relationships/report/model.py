"""What a report says, as data. Every percent is a number from 0 to 100, every weight percent of a fund."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from tickstock.relationships.checks import Integrity
from tickstock.relationships.coverage import Coverage, SectorCount
from tickstock.relationships.summary import Summary


class EtfCoverage(NamedTuple):
    """Numbers of funds: all, and those with a member, a weight, a weight for every member, a date."""

    etfs: int
    with_members: int
    with_weights: int
    with_all_weights: int
    with_as_of: int


class Holding(NamedTuple):
    """A member of a fund. ``name`` and ``sector`` are None where nothing is known of the stock."""

    symbol: str
    name: str | None
    sector: str | None
    weight: Decimal | None


class Etf(NamedTuple):
    """A fund and its concentration, which is None where it has no weights.

    With a share being a weight by the sum of the fund's weights: ``top_10_percent`` is 100 times the sum of the ten
    largest shares, ``herfindahl`` the sum of all squared shares (from near 0 to 1), ``effective`` 1 by that.
    """

    name: str
    description: str | None
    members: int
    weighted: int
    weight: Decimal | None
    top_10_percent: Decimal | None
    herfindahl: Decimal | None
    effective: Decimal | None
    top_holdings: tuple[Holding, ...]


class Overlap(NamedTuple):
    """What two funds share: stocks, and the sum of the lesser weights (None where no shared stock has both).

    ``etf`` is the larger of the two; a fund with itself is among the pairs.
    """

    etf: str
    other: str
    stocks: int
    weight: Decimal | None


class Collection(NamedTuple):
    """A universe or a theme: its members, those that some fund holds, and those that have a sector."""

    type: str
    name: str
    description: str | None
    members: int
    held: int
    classified: int


class Freshness(NamedTuple):
    """Where a group comes from: as-of date, its age in days, time and file of the load; None where unknown."""

    type: str
    name: str
    as_of: date | None
    days: int | None
    loaded_at: datetime | None
    path: str | None


class Conflict(NamedTuple):
    """One piece of evidence for another sector than the one that a stock is in."""

    symbol: str
    name: str | None
    sector: str
    source: str | None
    other_sector: str | None
    other_source: str | None
    origin: str | None


class Run(NamedTuple):
    """A transaction that changed something, by a load or by a hand; ``type`` is several, with commas, of a hand."""

    load_id: int
    committed_at: datetime
    who: str
    program: str
    kind: str
    type: str | None
    mode: str | None
    added: int | None
    changed: int | None
    removed: int | None
    put_back: int | None


class ChangedRow(NamedTuple):
    """A membership that a load added, changed or removed."""

    action: str
    group: str
    symbol: str
    old_weight: Decimal | None
    new_weight: Decimal | None

    @property
    def move(self) -> Decimal | None:
        """By how much the weight grew."""
        return None if self.old_weight is None or self.new_weight is None else self.new_weight - self.old_weight


class LastLoad(NamedTuple):
    """The last load of a type that changed a membership: counts, and the rows that matter most.

    ``rows`` holds at most 10 changed ones (the largest moves first), 20 added and 20 removed (the heaviest first).
    """

    type: str
    load_id: int
    committed_at: datetime
    added: int
    changed: int
    removed: int
    rows: tuple[ChangedRow, ...]


class Detail(NamedTuple):
    """What ``--detail`` adds. Funds and collections: the largest first; runs: the latest first."""

    etfs: tuple[Etf, ...]
    overlap: tuple[Overlap, ...]
    collections: tuple[Collection, ...]
    freshness: tuple[Freshness, ...]
    conflicts: tuple[Conflict, ...]
    runs: tuple[Run, ...]
    last_loads: tuple[LastLoad, ...]


class Report(NamedTuple):
    """One state of one environment: ``data_version`` is its version, ``made_at`` (UTC) when it was read."""

    environment: str
    data_version: int
    made_at: datetime
    summary: Summary
    sectors: tuple[SectorCount, ...]
    etf_coverage: EtfCoverage
    sector_coverage: Coverage
    integrity: Integrity
    detail: Detail | None = None

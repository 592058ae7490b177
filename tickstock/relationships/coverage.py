"""How much of an environment is in a sector, and how many stocks each sector has.

Both read the views of one environment; which one, the setting ``tickstock.environment`` of the connection says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement

if TYPE_CHECKING:
    from decimal import Decimal

    from tickstock.db import Connection


class Coverage(NamedTuple):
    """Distinct stocks, and sums of their weights in all funds, by what is known of their sector.

    ``unknown`` stocks are in the group of that name, ``unassigned`` ones in no sector group at all. The three
    counts add up to ``stocks``, the three weights to ``weight``.
    """

    stocks: int
    classified: int
    unknown: int
    unassigned: int
    weight: Decimal
    weight_classified: Decimal
    weight_unknown: Decimal
    weight_unassigned: Decimal

    @property
    def classified_share(self) -> float | None:
        """Percent of the stocks; None where there are none."""
        return _percent(self.classified, self.stocks)

    @property
    def unknown_share(self) -> float | None:
        """Percent of the stocks; None where there are none."""
        return _percent(self.unknown, self.stocks)

    @property
    def unassigned_share(self) -> float | None:
        """Percent of the stocks; None where there are none."""
        return _percent(self.unassigned, self.stocks)

    @property
    def classified_weight_share(self) -> float | None:
        """Percent of the weight; None where no fund has weights."""
        return _percent(self.weight_classified, self.weight)

    @property
    def unknown_weight_share(self) -> float | None:
        """Percent of the weight; None where no fund has weights."""
        return _percent(self.weight_unknown, self.weight)

    @property
    def unassigned_weight_share(self) -> float | None:
        """Percent of the weight; None where no fund has weights."""
        return _percent(self.weight_unassigned, self.weight)


class SectorCount(NamedTuple):
    """A sector group, ``unknown`` among them; ``percent`` of all stocks of the environment, two decimals."""

    name: str
    description: str | None
    stocks: int
    percent: Decimal


def read_coverage(connection: Connection) -> Coverage:
    """Count the stocks of the connection's environment; all zero where it has none."""
    with connection.cursor() as cursor:
        cursor.execute(statement("reports/coverage"))
        return Coverage._make(cursor.fetchone())  # type: ignore[arg-type]


def read_sectors(connection: Connection) -> list[SectorCount]:
    """The sector groups of the connection's environment, the biggest first."""
    with connection.cursor() as cursor:
        cursor.execute(statement("reports/sectors"))
        return [SectorCount._make(row) for row in cursor.fetchall()]


def _percent(part: Decimal | int, whole: Decimal | int) -> float | None:
    return float(100 * part / whole) if whole else None

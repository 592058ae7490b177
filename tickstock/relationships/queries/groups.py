"""Who is in a fund, a sector, a theme or a universe."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.relationships.queries.names import ETF, SECTOR, Kind, require_group

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from tickstock.db import Connection


class Member(NamedTuple):
    """A symbol in a group; ``weight`` is percent of a fund, None where it is not known."""

    symbol: str
    weight: Decimal | None
    name: str | None
    sector: str | None


class LoadedFile(NamedTuple):
    """The file that a group was last loaded from; ``as_of`` is None where it says no date."""

    path: str
    as_of: date | None
    loaded_at: datetime
    load_id: int


class Fund(NamedTuple):
    """A fund with its holdings, the heaviest first; ``file`` is None where no load made it."""

    etf: str
    name: str | None
    holdings: list[Member]
    file: LoadedFile | None

    @property
    def weights(self) -> list[Decimal]:
        """The weights that are known, in percent."""
        return [holding.weight for holding in self.holdings if holding.weight is not None]


class Group(NamedTuple):
    """A theme or a universe with its members, by symbol (by weight first, should a hand have given them any)."""

    name: str
    description: str | None
    members: list[Member]


class SectorMember(NamedTuple):
    """A symbol in a sector, and what put it there; all None for a row that a hand made."""

    symbol: str
    name: str | None
    industry: str | None
    source: str | None
    confidence: str | None


class Sector(NamedTuple):
    """A sector with its industries and its members, by symbol."""

    sector: str
    description: str | None
    industries: list[str]
    members: list[SectorMember]


def read_fund(connection: Connection, name: str) -> Fund:
    """The fund of this name, whatever the case. Raises TickstockError where there is none."""
    group = require_group(connection, ETF, name)
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/last_file"), {"group": group.id})
        row = cursor.fetchone()
    return Fund(
        group.name, group.description, _members(connection, group.id), LoadedFile._make(row) if row else None
    )


def read_group(connection: Connection, kind: Kind, name: str) -> Group:
    """The theme or universe of this name, whatever the case. Raises TickstockError where there is none."""
    group = require_group(connection, kind, name)
    return Group(group.name, group.description, _members(connection, group.id))


def read_sector(connection: Connection, name: str) -> Sector:
    """The sector of this name, or alias (``Technology``). Raises TickstockError where there is none."""
    group = require_group(connection, SECTOR, name)
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/sector"), {"group": group.id})
        members = [SectorMember._make(row) for row in cursor.fetchall()]
    return Sector(group.name, group.description, read_industries(connection, group.id), members)


def read_industries(connection: Connection, sector: int) -> list[str]:
    """The industries of a sector, none where its metadata lists none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT metadata -> 'industries' FROM environment_groups WHERE id = %s", (sector,))
        ((industries,),) = cursor.fetchall()
    return [str(each) for each in industries] if isinstance(industries, list) else []


def _members(connection: Connection, group_id: int) -> list[Member]:
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/members"), {"group": group_id})
        return [Member._make(row) for row in cursor.fetchall()]

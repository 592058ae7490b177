"""What funds have in common, by count and by weight."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.errors import UsageError
from tickstock.relationships.queries.names import ETF, require_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickstock.db import Connection


class FundSize(NamedTuple):
    """A fund: how many holdings, how many of them with a weight, and the sum of these (None without any)."""

    etf: str
    name: str | None
    holdings: int
    weighted: int
    weight_sum: Decimal | None


class Common(NamedTuple):
    """A symbol that two funds hold: its weight in each, and the smaller of them (None where one is not known)."""

    symbol: str
    name: str | None
    first: Decimal | None
    second: Decimal | None
    shared: Decimal | None


class Pair(NamedTuple):
    """Two funds; ``weight`` is the sum of the smaller weights, None where one of the funds has no weights."""

    first: FundSize
    second: FundSize
    common: list[Common]
    weight: Decimal | None


class Overlap(NamedTuple):
    """The funds in the order they were asked for, and each two of them; the heaviest common holdings first."""

    funds: list[FundSize]
    pairs: list[Pair]


def read_overlap(connection: Connection, names: Sequence[str]) -> Overlap:
    """Compare each two of the funds.

    Raises:
        UsageError: fewer than two different funds.
        TickstockError: there is no such fund.
    """
    groups = list(dict.fromkeys(require_group(connection, ETF, name) for name in names))
    if len(groups) < 2:
        raise UsageError(f"--overlap compares funds with each other; found {len(groups)}, expected at least 2")
    ids = [group.id for group in groups]
    common: dict[tuple[int, int], list[Common]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT group_id, count(*), count(weight), sum(weight) FROM environment_memberships"
            " WHERE group_id = ANY (%s) GROUP BY group_id",
            (ids,),
        )
        sizes = {group_id: size for group_id, *size in cursor.fetchall()}
        cursor.execute(statement("queries/common"), {"groups": ids})
        for first, second, *row in cursor.fetchall():
            common.setdefault((first - 1, second - 1), []).append(Common._make(row))
    funds = [FundSize(group.name, group.description, *sizes.get(group.id, (0, 0, None))) for group in groups]
    places = combinations(range(len(funds)), 2)
    return Overlap(funds, [_pair(funds[i], funds[j], common.get((i, j), [])) for i, j in places])


def _pair(first: FundSize, second: FundSize, common: list[Common]) -> Pair:
    weight = None
    if first.weighted and second.weighted:
        weight = sum((each.shared for each in common if each.shared is not None), Decimal(0))
    return Pair(first, second, common, weight)

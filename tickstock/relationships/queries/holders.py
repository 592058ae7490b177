"""Which funds hold a symbol, and how much of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.relationships.queries.names import STOCK, not_found, stored_funds, stored_symbols

if TYPE_CHECKING:
    from decimal import Decimal

    from tickstock.db import Connection


class FundWeight(NamedTuple):
    """A fund and the percent of it that the symbol is; None where it is not known."""

    etf: str
    name: str | None
    weight: Decimal | None


class Holders(NamedTuple):
    """The funds that hold a symbol with at least ``min_weight`` percent, the heaviest first.

    Without a ``min_weight`` they are all there, unknown weights last. ``below`` and ``unweighted`` count the
    funds that hold less, and those left out since nobody knows how much they hold.
    """

    symbol: str
    name: str | None
    min_weight: Decimal | None
    funds: list[FundWeight]
    below: int
    unweighted: int


def read_holders(connection: Connection, asked: str, min_weight: Decimal | None) -> Holders:
    """The funds that hold a stock, or another fund, in any spelling of its symbol.

    Raises:
        TickstockError: it is neither a member of anything nor a fund.
    """
    symbol = stored_symbols(connection, [asked]).get(asked) or stored_funds(connection, [asked]).get(asked)
    if symbol is None:
        raise not_found(connection, STOCK, asked)
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/holders"), {"symbol": symbol})
        funds = [FundWeight._make(row) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT name FROM stock_sectors WHERE symbol = %s ORDER BY sector = 'unknown', sector LIMIT 1", (symbol,)
        )
        row = cursor.fetchone()
    return holders_of(symbol, row[0] if row else None, funds, min_weight)


def holders_of(symbol: str, name: str | None, funds: list[FundWeight], min_weight: Decimal | None) -> Holders:
    """All funds that hold a symbol, sorted, as the answer to which of them hold at least ``min_weight``."""
    if min_weight is None:
        return Holders(symbol, name, None, funds, 0, 0)
    known = [fund.weight for fund in funds if fund.weight is not None]
    enough = [fund for fund in funds if fund.weight is not None and fund.weight >= min_weight]
    return Holders(symbol, name, min_weight, enough, len(known) - len(enough), len(funds) - len(known))

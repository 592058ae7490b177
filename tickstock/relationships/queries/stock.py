"""Everything that a stock is a member of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.db import statement
from tickstock.relationships.queries.names import STOCK, not_found, stored_symbols, typed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tickstock.db import Connection


class Holder(NamedTuple):
    """A fund that holds the stock; ``weight`` is percent of the fund, None where it is not known."""

    etf: str
    weight: Decimal | None


class Evidence(NamedTuple):
    """Why a stock is in its sector, as its metadata says; all None for a row that a hand made."""

    source: str | None = None
    confidence: str | None = None
    reason: str | None = None
    conflicts: Any = ()


class Stock(NamedTuple):
    """A stock. ``sectors`` has one name, or none where it was never assigned; two are an error in the data.

    Name, industry and evidence are those of the first sector. All lists are sorted by name.
    """

    symbol: str
    name: str | None
    sectors: list[str]
    industry: str | None
    etfs: list[Holder]
    themes: list[str]
    universes: list[str]
    evidence: Evidence


def read_stock(connection: Connection, asked: str) -> Stock:
    """The stock of this symbol, in any spelling.

    Raises:
        TickstockError: it is a member of nothing, or a fund.
    """
    # Letters alone are nearly always spelled as they are stored; the rules for spellings take long to import.
    symbol = typed(asked).upper()
    rows = _memberships(connection, symbol) if symbol.isascii() and symbol.isalpha() else []
    if not rows:
        symbol = stored_symbols(connection, [asked]).get(asked, "")
        rows = _memberships(connection, symbol) if symbol else []
    if not rows or rows[0].is_fund:
        raise not_found(connection, STOCK, asked)
    return stock_of(symbol, rows)


def stock_of(symbol: str, rows: Sequence[Membership]) -> Stock:
    """A stock from its memberships, which are sorted by type and name."""
    of_type = {kind: [row for row in rows if row.type == kind] for kind in ("ETF", "SECTOR", "THEME", "UNIVERSE")}
    first = of_type["SECTOR"][0] if of_type["SECTOR"] else None
    return Stock(
        symbol=symbol,
        name=first.name if first else None,
        sectors=[row.group for row in of_type["SECTOR"]],
        industry=first.industry if first else None,
        etfs=[Holder(row.group, row.weight) for row in of_type["ETF"]],
        themes=[row.group for row in of_type["THEME"]],
        universes=[row.group for row in of_type["UNIVERSE"]],
        evidence=Evidence(first.source, first.confidence, first.reason, first.conflicts) if first else Evidence(),
    )


class Membership(NamedTuple):
    """A group that a stock is a member of; the evidence counts for sectors alone."""

    type: str
    group: str
    weight: Decimal | None
    name: str | None
    industry: str | None
    source: str | None
    confidence: str | None
    reason: str | None
    conflicts: Any
    is_fund: bool = False


def evidence_of(metadata: Any) -> tuple[Any, ...]:
    """What a :class:`Membership` has of its metadata, as ``queries/stock.sql`` takes it out."""
    found = metadata if isinstance(metadata, dict) else {}
    texts = (found.get(each) for each in ("name", "industry", "source", "confidence", "reason"))
    return *(_text(each) for each in texts), found.get("conflicts", [])


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    from json import dumps

    return dumps(value, ensure_ascii=False)


def _memberships(connection: Connection, symbol: str) -> list[Membership]:
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/stock"), {"symbol": symbol})
        return [Membership._make(row) for row in cursor.fetchall()]

"""What a portfolio of funds and stocks comes down to: stocks, sectors, and what cannot be traced."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.relationships.guards import SUM_ODD
from tickstock.relationships.queries.names import stored_funds, stored_symbols
from tickstock.symbols import read_ticker

if TYPE_CHECKING:
    from tickstock.db import Connection
    from tickstock.relationships.queries.portfolio import Portfolio


class Position(NamedTuple):
    """A position of the portfolio; ``kind`` is ``fund``, ``stock`` or ``unknown``."""

    symbol: str
    kind: str
    percent: Decimal
    amount: Decimal


class StockExposure(NamedTuple):
    """Percent of the portfolio that is one stock, and the positions, with their percents, that it comes through."""

    symbol: str
    name: str | None
    sector: str | None
    percent: Decimal
    through: list[tuple[str, Decimal]]


class Untraced(NamedTuple):
    """A part of the portfolio that does not come down to stocks, where it lies, and why."""

    symbol: str
    position: str
    reason: str
    percent: Decimal
    amount: Decimal


class Exposure(NamedTuple):
    """Percents of the portfolio's sum; ``traced`` and all of ``untraced`` together are 100.

    All lists start with what is biggest, shorts as big as longs. ``sectors`` has None for stocks that no sector
    has; they sum to ``traced``.
    """

    portfolio: Portfolio
    positions: list[Position]
    traced: Decimal
    stocks: list[StockExposure]
    sectors: list[tuple[str | None, Decimal]]
    untraced: list[Untraced]
    remarks: list[str]


def read_exposure(connection: Connection, portfolio: Portfolio) -> Exposure:
    """Look through the funds of the portfolio, and through funds that these hold, to the stocks."""
    amounts, kinds = _resolved(connection, portfolio)
    total = portfolio.total
    known = {symbol: amount for symbol, amount in amounts.items() if kinds[symbol] in ("fund", "stock")}
    ends = _ends(connection, known)
    stocks = _stocks([end for end in ends if end.what == "stock"], total)
    untraced = [
        Untraced(end.symbol, end.position, end.what, _percent(end.amount, total), end.amount)
        for end in ends
        if end.what != "stock" and end.amount
    ]
    untraced += [
        Untraced(symbol, symbol, kinds[symbol], _percent(amount, total), amount)
        for symbol, amount in amounts.items()
        if symbol not in known
    ]
    return Exposure(
        portfolio,
        [
            Position(symbol, kinds[symbol] if symbol in known else "unknown", _percent(amount, total), amount)
            for symbol, amount in amounts.items()
        ],
        sum((stock.percent for stock in stocks), Decimal(0)),
        stocks,
        _sectors(stocks),
        sorted(untraced, key=lambda part: (-abs(part.amount), part.symbol, part.position)),
        [*portfolio.remarks, *_scaled(ends)],
    )


class _End(NamedTuple):
    """A line of ``queries/exposure.sql``: what a part of a position comes down to."""

    what: str
    symbol: str
    position: str
    name: str | None
    sector: str | None
    weight_sum: Decimal | None
    amount: Decimal


def _ends(connection: Connection, amounts: dict[str, Decimal]) -> list[_End]:
    with connection.cursor() as cursor:
        cursor.execute(
            statement("queries/exposure"), {"symbols": list(amounts), "amounts": list(amounts.values())}
        )
        return [_End._make(row) for row in cursor.fetchall()]


def _scaled(ends: list[_End]) -> list[str]:
    sums = {end.symbol: end.weight_sum for end in ends if end.weight_sum and end.weight_sum > SUM_ODD[1]}
    return [f"the weights of {fund} sum to {total:.2f} %; scaled to 100" for fund, total in sorted(sums.items())]


def _resolved(connection: Connection, portfolio: Portfolio) -> tuple[dict[str, Decimal], dict[str, str]]:
    """Amounts by the symbol as it is stored, and what each symbol is: fund, stock, or why it is not known."""
    cash = [ticker for ticker in portfolio.amounts if _is_cash(ticker)]
    funds = stored_funds(connection, [ticker for ticker in portfolio.amounts if ticker not in cash])
    others = [ticker for ticker in portfolio.amounts if ticker not in funds and ticker not in cash]
    stocks = stored_symbols(connection, others)
    amounts: dict[str, Decimal] = {}
    kinds: dict[str, str] = {}
    for ticker, amount in portfolio.amounts.items():
        found = read_ticker(ticker)
        symbol = funds.get(ticker) or stocks.get(ticker) or found.symbol or ticker
        amounts[symbol] = amounts.get(symbol, Decimal(0)) + amount
        if ticker in cash:
            kinds[symbol] = "cash"
        elif ticker in funds or ticker in stocks:
            kinds[symbol] = "fund" if ticker in funds else "stock"
        else:
            kinds[symbol] = f"no stock ({found.no_stock})" if found.no_stock else "unknown symbol"
    return amounts, kinds


def _is_cash(ticker: str) -> bool:
    """What a broker's list calls cash. The ticker CASH is a small bank's, and hardly ever meant."""
    return ticker.upper() in ("CASH", "USD", "US DOLLAR") or ticker.upper().startswith("CASH ")


def _stocks(ends: list[_End], total: Decimal) -> list[StockExposure]:
    """One line a stock, of lines a stock and position."""
    of_stock: dict[str, list[_End]] = defaultdict(list)
    for end in ends:
        of_stock[end.symbol].append(end)
    stocks = [
        StockExposure(
            symbol,
            parts[0].name,
            parts[0].sector,
            _percent(sum((part.amount for part in parts), Decimal(0)), total),
            sorted(
                ((part.position, _percent(part.amount, total)) for part in parts),
                key=lambda through: (-abs(through[1]), through[0]),
            ),
        )
        for symbol, parts in of_stock.items()
    ]
    return sorted(stocks, key=lambda stock: (-abs(stock.percent), stock.symbol))


def _sectors(stocks: list[StockExposure]) -> list[tuple[str | None, Decimal]]:
    percents: dict[str | None, Decimal] = defaultdict(Decimal)
    for stock in stocks:
        percents[stock.sector] += stock.percent
    return sorted(percents.items(), key=lambda item: (-abs(item[1]), item[0] or ""))


def _percent(amount: Decimal, total: Decimal) -> Decimal:
    return 100 * amount / total

"""Answers about funds and portfolios in words: lines for people. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from tickstock.relationships.queries.text import counted, exact, size
from tickstock.terminal import aligned, printable, table

if TYPE_CHECKING:
    from tickstock.relationships.queries.exposure import Exposure, StockExposure, Untraced
    from tickstock.relationships.queries.holders import Holders
    from tickstock.relationships.queries.overlap import Overlap, Pair

LISTED = 10
_HIDDEN = Decimal("0.005")  # percent; shown as 0.00


def where_lines(holders: Holders, verbose: bool = False) -> Iterator[str]:
    """The funds that hold a symbol, and how many more there are."""
    yield printable(f"{holders.symbol} - {holders.name}" if holders.name else holders.symbol)
    least = "" if holders.min_weight is None else f" with at least {holders.min_weight:f} %"
    yield f"Held by {counted(len(holders.funds), 'ETF')}{least}{':' if holders.funds else ''}"
    rows = [
        [fund.etf, "" if fund.weight is None else f"{fund.weight:f} %", fund.name or ""]
        for fund in holders.funds
    ]
    yield from (f"  - {line}" for line in aligned(rows, right=[1]))
    if holders.below:
        yield f"{counted(holders.below, 'more ETF')} with less"
    if holders.unweighted:
        yield f"{counted(holders.unweighted, 'more ETF')} without a known weight"


def overlap_lines(overlap: Overlap, verbose: bool = False) -> Iterator[str]:
    """Each two funds: what they share, and the ten biggest common holdings (``verbose``: all)."""
    for fund in overlap.funds:
        title = f"{fund.etf} - {fund.name}" if fund.name else fund.etf
        yield printable(f"{title}: {size(fund.holdings, fund.weighted, fund.weight_sum)}")
    for pair in overlap.pairs:
        yield ""
        yield from _pair_lines(pair, verbose)


def _pair_lines(pair: Pair, verbose: bool) -> Iterator[str]:
    first, second = printable(pair.first.etf), printable(pair.second.etf)
    yield f"{first} and {second}: {len(pair.common):,} in common"
    shares = [
        f"{100 * len(pair.common) / fund.holdings if fund.holdings else 0:.2f} % of {printable(fund.etf)}"
        for fund in (pair.first, pair.second)
    ]
    yield f"  by count   {', '.join(shares)}"
    without = [printable(fund.etf) for fund in (pair.first, pair.second) if not fund.weighted]
    unknown = f"unknown: {' and '.join(without)} {'has' if len(without) == 1 else 'have'} no weights"
    yield f"  by weight  {unknown if pair.weight is None else f'{pair.weight:z.2f} %'}"
    shown = pair.common if verbose else pair.common[:LISTED]
    rows = [[each.symbol, exact(each.first), exact(each.second), each.name or ""] for each in shown]
    header = ["symbol", f"{first} %", f"{second} %", "name"]
    yield from (f"  {line}" for line in table(header, rows, right=[1, 2]))
    if len(shown) < len(pair.common):
        yield f"  … and {len(pair.common) - len(shown):,} more (--verbose lists them)"


def exposure_lines(exposure: Exposure, verbose: bool = False) -> Iterator[str]:
    """A portfolio: how much of it is covered, sectors, and the ten biggest stocks (``verbose``: all)."""
    portfolio = exposure.portfolio
    yield printable(f"Portfolio: {portfolio.name}, {counted(len(exposure.positions), 'position')}")
    yield f"Traced to stocks: {_percent(exposure.traced)} %"
    yield f"Not traced: {_percent(sum((part.percent for part in exposure.untraced), Decimal(0)))} %"
    yield from _untraced_lines(exposure.untraced, portfolio.basis, verbose)
    if not exposure.stocks:
        return
    yield ""
    sectors = [[sector or "unassigned", _percent(percent)] for sector, percent in exposure.sectors]
    yield from table(["sector", "%"], sectors, right=[1])
    yield ""
    shown = exposure.stocks if verbose else exposure.stocks[:LISTED]
    yield from table(["symbol", "%", "name", "through"], [_stock_row(stock) for stock in shown], right=[1])
    if len(shown) < len(exposure.stocks):
        yield f"… and {len(exposure.stocks) - len(shown):,} more (--verbose lists them)"


def _untraced_lines(parts: Sequence[Untraced], basis: str, verbose: bool) -> Iterator[str]:
    shown = [part for part in parts if verbose or abs(part.percent) >= _HIDDEN]
    rows = [
        [
            part.symbol if part.symbol == part.position else f"{part.symbol} in {part.position}",
            f"{_percent(part.percent)} %",
            "" if basis == "weight" else f"{part.amount:,.2f}",
            part.reason,
        ]
        for part in shown
    ]
    yield from (f"  - {line}" for line in aligned(rows, right=[1, 2]))


def _stock_row(stock: StockExposure) -> list[str]:
    through = ", ".join(f"{position} {_percent(percent)}" for position, percent in stock.through)
    return [stock.symbol, _percent(stock.percent), stock.name or "", through]


def _percent(percent: Decimal) -> str:
    return f"{percent:z.2f}"

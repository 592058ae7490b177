"""Answers about stocks, groups and an environment in words: lines for people. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from tickstock.terminal import printable, table

if TYPE_CHECKING:
    from tickstock.relationships.queries.groups import Fund, Group, Sector
    from tickstock.relationships.queries.stats import Stats
    from tickstock.relationships.queries.stock import Evidence, Stock


def stock_lines(stock: Stock, verbose: bool = False) -> Iterator[str]:
    """A stock and its groups; ``verbose`` adds why it is in its sector."""
    yield titled("Stock", stock.symbol, stock.name)
    yield f"Sector: {printable(', '.join(stock.sectors)) or 'unassigned'}"
    yield f"Industry: {printable(stock.industry or 'Unknown')}"
    if verbose and stock.sectors:
        yield from evidence_lines(stock.evidence)
    yield from ("", f"Member of {counted(len(stock.etfs), 'ETF')}{':' if stock.etfs else ''}")
    width = max((len(holder.etf) for holder in stock.etfs), default=0)
    for holder in stock.etfs:
        yield listed(holder.etf, width, holder.weight)
    for noun, names in (("theme", stock.themes), ("universe", stock.universes)):
        if names:
            yield from ("", f"Member of {counted(len(names), noun)}:", *(listed(name) for name in names))


def evidence_lines(evidence: Evidence) -> Iterator[str]:
    """Why a stock is in its sector."""
    yield from ("", "Evidence:")
    yield f"  source      {printable(evidence.source or 'by hand')}"
    for noun in ("confidence", "reason"):
        if text := getattr(evidence, noun):
            yield f"  {noun:<10}  {printable(text)}"
    conflicts = evidence.conflicts if isinstance(evidence.conflicts, list) else []
    for conflict in conflicts:
        if isinstance(conflict, dict):
            where = ", ".join(str(conflict[key]) for key in ("source", "origin") if conflict.get(key))
            yield f"  conflict    {printable(str(conflict.get('sector')))} ({printable(where)})"


def etf_lines(fund: Fund, verbose: bool = False) -> Iterator[str]:
    """A fund: where it comes from, and its holdings, the heaviest first."""
    yield titled("ETF", fund.etf, fund.name)
    yield size(len(fund.holdings), len(fund.weights), sum(fund.weights, Decimal(0)))
    if file := fund.file:
        as_of = f"as of {file.as_of}" if file.as_of else "without an as-of date"
        name = printable(file.path.replace("\\", "/").rpartition("/")[2])
        yield f"{as_of}, loaded {file.loaded_at:%Y-%m-%d %H:%M} UTC from {name} (load {file.load_id})"
    yield ""
    rows = [[each.symbol, exact(each.weight), each.name or "", each.sector or ""] for each in fund.holdings]
    yield from table(["symbol", "weight %", "name", "sector"], rows, right=[1])


def theme_lines(group: Group, verbose: bool = False) -> Iterator[str]:
    """A theme and its members."""
    yield from _group_lines("Theme", group)


def universe_lines(group: Group, verbose: bool = False) -> Iterator[str]:
    """A universe and its members."""
    yield from _group_lines("Universe", group)


def _group_lines(noun: str, group: Group) -> Iterator[str]:
    yield titled(noun, group.name, group.description)
    yield from (counted(len(group.members), "member"), "")
    rows = [[each.symbol, each.name or "", each.sector or ""] for each in group.members]
    yield from table(["symbol", "name", "sector"], rows)


def sector_lines(sector: Sector, verbose: bool = False) -> Iterator[str]:
    """A sector, its industries, and its members with what put each of them there."""
    yield titled("Sector", sector.sector, sector.description)
    yield f"Industries: {printable('; '.join(sector.industries))}"
    yield from (counted(len(sector.members), "member"), "")
    rows = [
        [each.symbol, each.name or "", each.industry or "", each.source or "by hand", each.confidence or ""]
        for each in sector.members
    ]
    yield from table(["symbol", "name", "industry", "source", "confidence"], rows)


def stats_lines(stats: Stats, verbose: bool = False) -> Iterator[str]:
    """An environment in numbers: groups, relationships by type, sector coverage, stocks by sector."""
    for noun, count in stats.summary._asdict().items():
        yield f"{noun:<14}{count:>10,}"
    for kind, count in stats.by_type.items():
        yield f"  {printable(kind):<12}{count:>10,}"
    coverage = stats.coverage
    rows = [
        [
            word,
            f"{getattr(coverage, word):,}",
            _share(getattr(coverage, f"{word}_share")),
            _share(getattr(coverage, f"{word}_weight_share")),
        ]
        for word in ("classified", "unknown", "unassigned")
    ]
    yield ""
    header = ["sector coverage", "stocks", "% of stocks", "% of weight"]
    yield from table(header, rows, right=[1, 2, 3])
    if counts := [[each.name, f"{each.stocks:,}", f"{each.percent:.2f}"] for each in stats.sectors]:
        yield ""
        yield from table(["sector", "stocks", "% of stocks"], counts, right=[1, 2])


def titled(noun: str, name: str, description: str | None) -> str:
    """``Stock: AAPL - Apple Inc.``, or ``Stock: ZZZ`` where nothing is known."""
    return printable(f"{noun}: {name} - {description}" if description else f"{noun}: {name}")


def counted(count: int, noun: str) -> str:
    """``1 ETF``, ``10 ETFs``, ``2 entries``, ``3 days``."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}"


def size(holdings: int, weighted: int, weight_sum: Decimal | None) -> str:
    """``30 holdings, weights sum to 100.00 %``."""
    known = "" if weighted == holdings else f" of {weighted:,} of them"
    weights = f"weights{known} sum to {weight_sum:z.2f} %" if weighted else "no weights"
    return f"{counted(holdings, 'holding')}, {weights}"


def listed(name: str, width: int = 0, weight: Decimal | None = None) -> str:
    """A line of a list, with the weight in its column where there is one."""
    name = printable(name)
    return f"  - {name}" if weight is None else f"  - {name:<{width}}  {weight:>11f} %"


def exact(weight: Decimal | None) -> str:
    """A weight as it is stored; nothing where it is not known."""
    return "" if weight is None else f"{weight:f}"


def _share(percent: float | None) -> str:
    return "-" if percent is None else f"{percent:.2f}"

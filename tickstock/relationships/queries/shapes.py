"""Answers as JSON documents; ``docs/json.md`` describes them. Weights and percents are numbers, unknown ones null."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickstock.relationships.queries.exposure import Exposure
    from tickstock.relationships.queries.groups import Fund, Group, Sector
    from tickstock.relationships.queries.holders import Holders
    from tickstock.relationships.queries.overlap import FundSize, Overlap, Pair
    from tickstock.relationships.queries.stats import Stats
    from tickstock.relationships.queries.stock import Stock

Document = dict[str, Any]


def stock_document(stock: Stock) -> Document:
    return {
        "symbol": stock.symbol,
        "name": stock.name,
        "sector": stock.sectors[0] if stock.sectors else None,
        "other_sectors": stock.sectors[1:],
        "industry": stock.industry,
        "etfs": [{"etf": holder.etf, "weight": _number(holder.weight)} for holder in stock.etfs],
        "themes": stock.themes,
        "universes": stock.universes,
        "evidence": {**stock.evidence._asdict(), "conflicts": stock.evidence.conflicts or []},
    }


def etf_document(fund: Fund) -> Document:
    file = fund.file
    return {
        "etf": fund.etf,
        "name": fund.name,
        "count": len(fund.holdings),
        "weighted": len(fund.weights),
        "weight_sum": _number(sum(fund.weights)) if fund.weights else None,
        "as_of": file.as_of.isoformat() if file and file.as_of else None,
        "loaded_at": file.loaded_at.isoformat() if file else None,
        "load_id": file.load_id if file else None,
        "file": file.path if file else None,
        "holdings": [
            {"symbol": each.symbol, "weight": _number(each.weight), "name": each.name, "sector": each.sector}
            for each in fund.holdings
        ],
    }


def sector_document(sector: Sector) -> Document:
    return {
        "sector": sector.sector,
        "description": sector.description,
        "industries": sector.industries,
        "count": len(sector.members),
        "members": [member._asdict() for member in sector.members],
    }


def theme_document(group: Group) -> Document:
    return group_document("theme", group)


def universe_document(group: Group) -> Document:
    return group_document("universe", group)


def group_document(noun: str, group: Group) -> Document:
    """A theme or a universe, under its noun."""
    members = [{"symbol": each.symbol, "name": each.name, "sector": each.sector} for each in group.members]
    return {noun: group.name, "description": group.description, "count": len(members), "members": members}


def stats_document(stats: Stats) -> Document:
    coverage = stats.coverage
    words = ("classified", "unknown", "unassigned")
    return {
        **stats.summary._asdict(),
        "relationships_by_type": stats.by_type,
        "sector_coverage": {
            word: {
                "stocks": getattr(coverage, word),
                "percent": getattr(coverage, f"{word}_share"),
                "weight_percent": getattr(coverage, f"{word}_weight_share"),
            }
            for word in words
        },
        "stocks_by_sector": [
            {
                "sector": each.name,
                "description": each.description,
                "stocks": each.stocks,
                "percent": _number(each.percent),
            }
            for each in stats.sectors
        ],
    }


def where_document(holders: Holders) -> Document:
    return {
        "symbol": holders.symbol,
        "name": holders.name,
        "min_weight": _number(holders.min_weight),
        "etfs": [{"etf": fund.etf, "name": fund.name, "weight": _number(fund.weight)} for fund in holders.funds],
        "below": holders.below,
        "unweighted": holders.unweighted,
    }


def overlap_document(overlap: Overlap) -> Document:
    return {
        "funds": [{**fund._asdict(), "weight_sum": _number(fund.weight_sum)} for fund in overlap.funds],
        "pairs": [_pair_document(pair) for pair in overlap.pairs],
    }


def _pair_document(pair: Pair) -> Document:
    first, second = pair.first.etf, pair.second.etf
    return {
        "etfs": [first, second],
        "count": len(pair.common),
        "percent_of_holdings": {fund.etf: _share(len(pair.common), fund) for fund in (pair.first, pair.second)},
        "weight": _number(pair.weight),
        "common": [
            {
                "symbol": each.symbol,
                "name": each.name,
                "weights": {first: _number(each.first), second: _number(each.second)},
                "shared": _number(each.shared),
            }
            for each in pair.common
        ],
    }


def exposure_document(exposure: Exposure) -> Document:
    portfolio = exposure.portfolio
    money = portfolio.basis != "weight"
    return {
        "portfolio": portfolio.name,
        "basis": portfolio.basis,
        "sum": _number(portfolio.total),
        "traced_percent": _number(exposure.traced),
        "untraced_percent": _number(sum((part.percent for part in exposure.untraced), Decimal(0))),
        "positions": [
            {
                "symbol": each.symbol,
                "kind": each.kind,
                "percent": _number(each.percent),
                "value": _number(each.amount) if money else None,
            }
            for each in exposure.positions
        ],
        "stocks": [
            {
                "symbol": stock.symbol,
                "name": stock.name,
                "sector": stock.sector,
                "percent": _number(stock.percent),
                "through": [{"symbol": symbol, "percent": _number(percent)} for symbol, percent in stock.through],
            }
            for stock in exposure.stocks
        ],
        "sectors": [{"sector": sector, "percent": _number(percent)} for sector, percent in exposure.sectors],
        "untraced": [
            {
                "symbol": part.symbol,
                "position": part.position,
                "reason": part.reason,
                "percent": _number(part.percent),
                "value": _number(part.amount) if money else None,
            }
            for part in exposure.untraced
        ],
        "remarks": exposure.remarks,
    }


def _share(count: int, fund: FundSize) -> float:
    return 100 * count / fund.holdings if fund.holdings else 0.0


def _number(value: Decimal | int | None) -> float | None:
    """A number with at most six decimals, as weights are stored."""
    return None if value is None else float(round(Decimal(value), 6))

"""Funds, stocks, sectors, themes and universes in the memory of an application.

    from tickstock.runtime_cache import get_relationship_cache

    cache = get_relationship_cache()
    cache.get_etf_holdings("SPY")     # (Holding(symbol='NVDA', weight=7.9), ...)
    cache.get_stock_sector("AAPL")    # 'information_technology'
"""

from tickstock.runtime_cache.answers import Answer, FundWeight, Holding, Name
from tickstock.runtime_cache.cache import RelationshipCache
from tickstock.runtime_cache.shared import get_relationship_cache, share
from tickstock.runtime_cache.snapshot import Snapshot

__all__ = [
    "Answer",
    "FundWeight",
    "Holding",
    "Name",
    "RelationshipCache",
    "Snapshot",
    "get_relationship_cache",
    "share",
]

"""``/admin/cache``: how the cache is, and telling it to read the data again."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, request

from tickstock.runtime_cache.cache import Stats
from tickstock.runtime_cache.snapshot import TYPES
from tickstock.web.access import check_program

if TYPE_CHECKING:
    from tickstock.runtime_cache import RelationshipCache
    from tickstock.web.config import WebConfig


def cache_api(config: WebConfig) -> Blueprint:
    """The endpoints of the cache, for programs."""
    pages, cache = Blueprint("cache_api", __name__, url_prefix="/admin/cache"), config.cache
    pages.before_request(lambda: check_program(config.secrets()))

    @pages.get("/stats")
    def stats() -> dict[str, Any]:
        return stats_document(cache.get_stats())

    @pages.get("/test")
    def test() -> dict[str, Any]:
        return {"status": "ok", "questions": list(_sample(cache)), "cache": stats_document(cache.get_stats())}

    @pages.post("/refresh")
    def refresh() -> dict[str, Any]:
        if _wants_warm():
            return {"status": "refreshed", "warm": True, "cache": stats_document(cache.refresh())}
        cache.invalidate()
        return {"status": "invalidated", "warm": False, "cache": stats_document(cache.get_stats())}

    @pages.post("/warm")
    def warm() -> dict[str, Any]:
        return {"status": "warm", "cache": stats_document(cache.warm_cache())}

    return pages


def stats_document(stats: Stats) -> dict[str, Any]:
    """The statistics as JSON, with the share of hits."""
    asked = stats.hits + stats.misses
    return {**stats._asdict(), "hit_rate": round(stats.hits / asked, 4) if asked else None}


def _wants_warm() -> bool:
    """The body is JSON, whatever its content type says, or empty."""
    try:
        body = json.loads(request.get_data(cache=False) or b"{}")
        warm = body.get("warm", True)
    except (ValueError, AttributeError, RecursionError):
        warm = None
    if not isinstance(warm, bool):
        abort(400, 'found another body, expected JSON like {"warm": true}, or none')
    return warm


def _sample(cache: RelationshipCache) -> Any:
    """One question of each kind, about the first name of each list, with the microseconds that it took."""
    state = cache.snapshot()
    etf, sector, theme, universe = (next(iter(state.names[type_]), "") for type_ in TYPES)
    symbol = next(iter(state.holdings(etf)), ("",))[0]
    for question, about, ask in (
        ("get_etf_holdings", etf, state.holdings),
        ("get_stock_etfs", symbol, state.etfs),
        ("get_stock_sector", symbol, state.sector),
        ("get_sector_stocks", sector, state.stocks),
        ("get_theme_members", theme, state.theme),
        ("get_universe_members", universe, state.universe),
    ):
        ask(about)
        begun = time.perf_counter_ns()
        found = ask(about)
        taken = (time.perf_counter_ns() - begun) / 1000
        answers = int(found is not None) if isinstance(found, str | None) else len(found)
        yield {"question": question, "about": about, "answers": answers, "microseconds": round(taken, 3)}

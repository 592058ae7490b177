"""The study as a document for programs; docs/volume.md lists its keys."""

from __future__ import annotations

import math
from typing import Any

from tickstock.bars.volume.divergences import Divergence
from tickstock.bars.volume.profile import Profile
from tickstock.bars.volume.report import Report
from tickstock.bars.volume.scores import Score
from tickstock.bars.volume.study import Study


def document(result: Report, daily: bool = False) -> dict[str, Any]:
    """Every study, in order, and every failure. ``daily`` adds the values of each day."""
    return {
        "studies": [study_document(one, daily) for one in result.studies],
        "failed": [{"ticker": ticker, "error": error} for ticker, error in result.failed],
    }


def study_document(one: Study, daily: bool = False) -> dict[str, Any]:
    """One study: numbers are not rounded, what is not known is None (``null``), days are ISO 8601."""
    rolling, anchored = one.vwap_kinds
    result = {
        "ticker": one.ticker,
        "first_day": str(one.bars.days[0]),
        "last_day": str(one.bars.days[-1]),
        "sessions": len(one.bars),
        "basis": {
            "source": one.basis.source,
            "adjustment": one.basis.adjustment,
            "coverage": one.basis.counts or one.basis.coverage,
        },
        "vwap": {
            "rolling": rolling,
            "anchored": anchored,
            "anchor_day": str(one.anchor.day),
            "anchor_reason": one.anchor.reason,
        },
        "latest": one.latest(),
        "accumulation": _score(one.accumulation),
        "distribution": _score(one.distribution),
        "divergences": [_divergence(each) for each in one.divergences],
        "profile": _profile(one.profile),
        "half_days": sorted(map(str, one.half_days)),
        "remarks": list(one.remarks),
    }
    return {**result, "daily": _daily(one)} if daily else result


def _score(score: Score) -> dict[str, Any]:
    return {
        "score": score.value,
        "lowest": score.lowest,
        "highest": 10.0,
        "reading": score.word,
        "known": round(score.known, 3),
        "components": [
            {"name": part.name, "weight": part.weight, "points": part.value, "evidence": part.evidence}
            for part in score.components
        ],
    }


def _divergence(each: Divergence) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "indicator": each.indicator,
        "pivots": [
            {"day": str(pivot.day), "price": pivot.price, "indicator": pivot.indicator}
            for pivot in (each.first, each.second)
        ],
        "confirmed": str(each.confirmed),
    }


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "point_of_control": profile.point_of_control,
        "value_area": [profile.value_low, profile.value_high],
        "bins": [
            {"from": float(low), "to": float(high), "volume": float(volume)}
            for low, high, volume in zip(profile.edges[:-1], profile.edges[1:], profile.volume, strict=True)
        ],
    }


def _daily(one: Study) -> dict[str, list[Any]]:
    bars = {name: getattr(one.bars, name) for name in ("open", "high", "low", "close", "volume")}
    columns = {**bars, **vars(one.series)}
    return {
        "day": list(map(str, one.bars.days)),
        **{name: [None if math.isnan(value) else value for value in map(float, column)]
           for name, column in columns.items()},
    }  # fmt: skip

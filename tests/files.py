"""Small input folders for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Weights = Mapping[str, object]


def write_fund(folder: Path, etf: str, weights: Weights) -> Path:
    """Write ``{etf}_holdings.csv``; a weight of None is left empty."""
    path = folder / f"{etf.lower()}_holdings.csv"
    lines = [f"{symbol},{'' if weight is None else weight}" for symbol, weight in weights.items()]
    path.write_text("\n".join(["symbol,weight", *lines, ""]), encoding="utf-8")
    return path


def write_universe(folder: Path, name: str, symbols: list[str]) -> Path:
    path = folder / f"{name}.csv"
    path.write_text("\n".join(["symbol", *symbols, ""]), encoding="utf-8")
    return path

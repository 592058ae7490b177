"""Frames of daily bars for tests, and strategies that make them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from hypothesis import strategies as st

COLUMNS = ["Open", "High", "Low", "Close", "Volume"]
# Cents, so that equal prices happen; flat bars and days without volume happen too, and volumes have fractions.
_PRICE = st.integers(100, 400).map(lambda cents: cents / 100)
_VOLUME = st.one_of(st.just(0.0), st.integers(1, 10**6).map(float), st.floats(1, 1e6))
_FLAT = st.tuples(_PRICE, _VOLUME).map(lambda bar: (bar[0], bar[0], bar[0], bar[0], bar[1]))
_BAR = st.tuples(_PRICE, _PRICE, _PRICE, _PRICE, _VOLUME).map(
    lambda bar: (bar[2], max(bar[:4]), min(bar[:4]), bar[3], bar[4])
)
_ONE = st.one_of(_BAR, _BAR, _FLAT)


def frame_of(rows: Sequence[Sequence[float]]) -> pd.DataFrame:
    index = pd.DatetimeIndex(pd.bdate_range("2025-01-02", periods=len(rows)), name="Date")
    return pd.DataFrame(np.array(rows, dtype=float).reshape(-1, 5), columns=COLUMNS, index=index)


def frames(least: int = 1, most: int = 80) -> st.SearchStrategy[pd.DataFrame]:
    return st.lists(_ONE, min_size=least, max_size=most).map(frame_of)


def walk(sessions: int, seed: int = 1) -> pd.DataFrame:
    """A random walk that looks like a stock."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.015, sessions)))
    opened = close * np.exp(random.normal(0, 0.006, sessions))
    high = np.maximum(opened, close) * (1 + random.uniform(0, 0.01, sessions))
    low = np.minimum(opened, close) * (1 - random.uniform(0, 0.01, sessions))
    volume = np.exp(random.normal(15, 0.4, sessions))
    return frame_of(np.column_stack([opened, high, low, close, volume]).tolist())

"""What did not answer is left alone for a while: many tickers are often read one after the other."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Pauses(Generic[K, V]):
    """What is left alone for ``seconds``, each with what is to be said of it meanwhile; for any number of threads."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: dict[K, tuple[float, V]] = {}

    def begin(self, key: K, value: V) -> None:
        """Leave it alone from now on."""
        self._until[key] = time.monotonic() + self.seconds, value

    def get(self, key: K) -> V | None:
        """What is to be said of it; None where it may be asked."""
        until, value = self._until.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def clear(self) -> None:
        """Everything may be asked."""
        self._until.clear()

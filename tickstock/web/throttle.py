"""Whoever guesses waits: longer with each wrong guess."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 3  # wrong guesses without a pause
LONGEST = 300.0  # seconds
_FORGET = 3600.0  # seconds after the last wrong guess
_MOST = 1000  # addresses
_TOGETHER = "all addresses"


class Throttle:
    """Counts wrong guesses by address, and of all addresses together, for those that have many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """The seconds that this address has to wait for its next guess; 0.0 where it may guess."""
        now = self._clock()
        with self._lock:
            return max(self._wait(address, FREE, now), self._wait(_TOGETHER, 10 * FREE, now))

    def wrong(self, address: str) -> None:
        """Count a wrong guess."""
        now = self._clock()
        with self._lock:
            for each in (address, _TOGETHER):
                guesses, last = self._wrong.pop(each, (0, now))
                self._wrong[each] = (1 if now - last > _FORGET else guesses + 1, now)
            while len(self._wrong) > _MOST:
                self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """Forget what this address got wrong."""
        with self._lock:
            self._wrong.pop(address, None)

    def _wait(self, address: str, free: int, now: float) -> float:
        guesses, last = self._wrong.get(address, (0, now))
        if guesses <= free:
            return 0.0
        pause: float = min(2.0 ** min(guesses - free, 30), LONGEST)
        return max(0.0, last + pause - now)

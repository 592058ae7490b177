"""Who is logged in. A cookie carries a random number; what it stands for is in a file, so a restart logs nobody out."""

from __future__ import annotations

import json
import math
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tickstock.web.secrets_file import seal, write_private

LONGEST = 8 * 3600.0  # seconds from the login on
IDLE = 30 * 60.0  # seconds without a request
MOST = 50  # at once; the one that was not used for longest goes
_STEP = 30.0  # seconds: so much of its use need not be on disk


class _Session(NamedTuple):
    started: float
    seen: float


class Sessions:
    """The sessions of a file. ``key`` gives the key of the cookies: with another key nobody is logged in any more."""

    def __init__(self, path: Path, key: Callable[[], str], clock: Callable[[], float] = time.time) -> None:
        self._path, self._key, self._clock = path, key, clock
        self._lock = threading.Lock()
        self._sessions = _read(path)
        self._written_at = -math.inf

    def start(self) -> str:
        """A new session, as the value of its cookie."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._sessions[self._digest(cookie)] = _Session(now, now)
            self._write()
        return cookie

    def find(self, cookie: str) -> bool:
        """Whether somebody is logged in by this cookie. That it was used counts as a sign of life."""
        place, now = self._digest(cookie), self._clock()
        with self._lock:
            session = self._sessions.get(place)
            if session is None or not _holds(session, now):
                return False
            self._sessions[place] = session._replace(seen=now)
            if now - self._written_at > _STEP:
                self._write()
        return True

    def holds(self, cookie: str) -> bool:
        """Whether somebody is logged in by this cookie. To ask so is no sign of life: nobody has to sit there."""
        with self._lock:
            session = self._sessions.get(self._digest(cookie))
            return session is not None and _holds(session, self._clock())

    def end(self, cookie: str) -> None:
        """Log out. Who has kept the cookie has nothing."""
        with self._lock:
            if self._sessions.pop(self._digest(cookie), None):
                self._write()

    def form_token(self, cookie: str) -> str:
        """What a form of this session has to send along, and a page of somebody else cannot know."""
        return seal(self._key(), "form", cookie)

    def _digest(self, cookie: str) -> str:
        return seal(self._key(), "session", cookie)

    def _write(self) -> None:
        now = self._clock()
        kept = sorted(self._sessions.items(), key=lambda each: each[1].seen)[-MOST:]
        self._sessions = {place: session for place, session in kept if _holds(session, now)}
        write_private(self._path, json.dumps(self._sessions) + "\n")
        self._written_at = now


def _holds(session: _Session, now: float) -> bool:
    return session.started <= now < session.started + LONGEST and now < session.seen + IDLE


def _read(path: Path) -> dict[str, _Session]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(place): _Session(float(started), float(seen)) for place, (started, seen) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # everybody logs in again

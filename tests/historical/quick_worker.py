"""A worker whose heart beats fast, so that its death is noticed within a second: what worker.py runs, but for that.

Its day is the scene's, or with ``today`` the real one. ``kill=N`` ends it by SIGKILL as it talks to the database the
N-th time in its jobs; ``once``: when no job is left. At its end it writes how often it talked.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from typing import Any

import psycopg2
from psycopg2.extensions import cursor

from tests.bars.scene import NOW
from tickstock.bars.sessions import new_york_now
from tickstock.db import Database
from tickstock.historical.work import Means
from tickstock.historical.worker import Beat, work
from tickstock.settings import read_settings


class Points:
    """Of this process: how often it talked, and when it is to be killed."""

    passed = 0
    deadly = 0


class CountingCursor(cursor):
    def execute(self, *arguments: Any) -> None:
        point()
        super().execute(*arguments)

    def copy_expert(self, *arguments: Any) -> None:
        point()
        super().copy_expert(*arguments)


def point() -> None:
    Points.passed += 1
    if Points.passed == Points.deadly:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    options = dict(word.partition("=")[::2] for word in sys.argv[1:])
    Points.deadly = int(options.get("kill") or 0)
    connect = psycopg2.connect
    psycopg2.connect = lambda *values, **named: connect(*values, **named, cursor_factory=CountingCursor)
    settings = read_settings()
    assert settings.database is not None
    now = new_york_now if "today" in options else _now
    means = Means(Database(settings.database, "worker"), settings.market, now, lambda: False, settings.redis)
    work(means, _tell, Beat(0.2, 1.0), wait="once" not in options)
    _tell(f"points={Points.passed}")


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _now() -> datetime:
    return NOW

"""The history that query_relationships.py is asked about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests import past_loads
from tests.conftest import load_script
from tickstock.db import Connection, Database

NewDatabase = Callable[..., Database]
Ask = Callable[..., list[str]]

TECH = {"name": "Apple Inc.", "industry": "Software", "source": "classification", "confidence": "medium"}
MEDIA = {"name": "Facebook, Inc.", "industry": "Media", "source": "classification", "confidence": "medium"}


class World:
    """The runs of the history that the tests ask about, by name; ``connection`` sees what is committed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        past_loads.install(connection, "2021-06-01")
        self.first = past_loads.load(
            connection, "2021-06-14", "2021-06-11",
            {"SPY": {"AAPL": "6", "FB": "2", "MSFT": "5"}, "DIA": {"AAPL": None, "DWDP": None}},
        )  # fmt: skip
        self.sectors = past_loads.load(
            connection, "2021-06-15", None,
            {"information_technology": {"AAPL": TECH}, "communication_services": {"FB": MEDIA}}, "SECTOR",
        )  # fmt: skip
        self.dow = past_loads.load(connection, "2021-06-16", "2021-06-11", {"dow30": {"AAPL": None}}, "UNIVERSE")
        self.social = past_loads.load(connection, "2021-06-16", None, {"social media": {"FB": None}}, "THEME")
        # A second file of the day corrects the first.
        self.corrected = past_loads.load(
            connection, "2021-06-28", "2021-06-11", {"SPY": {"AAPL": "6.25", "FB": "2", "MSFT": "5"}}
        )
        self.renamed = past_loads.load(
            connection, "2022-06-13", "2022-06-10", {"SPY": {"AAPL": "6.5", "META": "1.9", "MSFT": "5"}}
        )
        self.later = past_loads.load(connection, "2022-07-05", "2022-07-01", {"QQQ": {"AAPL": "12", "META": "3"}})
        self.gone = past_loads.remove(connection, "2023-01-09", "DIA")
        past_loads.rename(connection, "FB", "META", "2022-06-09")


def run(*arguments: str | Path) -> int:
    status = load_script("query_relationships").main([str(argument) for argument in arguments])
    assert isinstance(status, int)
    return status

"""A small environment by plain SQL, whose report is worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.stored import query
from tickstock.db import Connection

Members = Mapping[str, object]

# Shares .5 .3 .2: Herfindahl .25 + .09 + .04 = .38, effective 1 / .38 = 2.63…
AAA = {"AAPL": 50, "MSFT": 30, "NVDA": 20}
# 20 in all, so shares .4 .4 .2: Herfindahl .16 + .16 + .04 = .36, effective 2.77…; JPM has no weight.
BBB = {"AAPL": 8, "MSFT": 8, "XOM": 4, "JPM": None}
# Both hold AAPL and MSFT; the lesser weights are 8 and 8.

CONFLICT = [{"sector": "financials", "source": "classification", "origin": "stock_classification.csv"}]


def add_group(connection: Connection, type_: str, name: str, members: Members, environment: str = "DEFAULT") -> None:
    """A group made by hand, with its members and their weights."""
    query(
        connection,
        "INSERT INTO definition_groups (type, name, description, environment) VALUES (%s, %s, %s, %s)",
        type_, name, f"The {name}", environment,
    )  # fmt: skip
    for symbol, weight in members.items():
        query(
            connection,
            "INSERT INTO group_memberships (group_id, symbol, weight)"
            " SELECT id, %s, %s FROM definition_groups WHERE type = %s AND name = %s AND environment = %s",
            symbol, weight, type_, name, environment,
        )  # fmt: skip


def add_to_sector(connection: Connection, symbol: str, sector: str, **more: object) -> None:
    """A stock in a sector, with ``more`` in the metadata of its membership."""
    query(
        connection,
        "INSERT INTO group_memberships (group_id, symbol, metadata)"
        " SELECT id, %s, %s FROM definition_groups WHERE type = 'SECTOR' AND name = %s AND environment = 'DEFAULT'",
        symbol, json.dumps(more), sector,
    )  # fmt: skip


def fill(connection: Connection) -> None:
    """Three funds (one empty), a universe, a theme, and the sectors of 4 of 6 stocks. 15 memberships."""
    add_group(connection, "ETF", "AAA", AAA)
    add_group(connection, "ETF", "BBB", BBB)
    add_group(connection, "ETF", "EEE", {})
    add_group(connection, "UNIVERSE", "big", {"AAPL": None, "MSFT": None, "TSLA": None})
    add_group(connection, "THEME", "chips", {"NVDA": None})
    technology = "information_technology"
    add_to_sector(connection, "AAPL", technology, name="Apple Inc", source="sector_etf", conflicts=[])
    add_to_sector(connection, "MSFT", technology, name="Microsoft", source="sector_etf", conflicts=CONFLICT)
    add_to_sector(connection, "XOM", "energy")
    add_to_sector(connection, "NVDA", "unknown", source="unclassified")

"""A database with nothing to find fault with: the shipped files loaded, and every stock classified."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from tests.conftest import load_script, uri_with_password
from tests.stored import query
from tickstock.db import Database, closing

_numbers = count(1)

LOADERS = (
    "load_etf_holdings", "load_universes", "organize_sectors_industries", "organize_universe", "enrich_sectors",
)  # fmt: skip


@contextmanager
def clean_database(server: Mapping[str, Any], template: str) -> Iterator[str]:
    """Give the name of such a database, to be copied."""
    name = f"tickstock_test_clean_{os.getpid()}_{next(_numbers)}"
    database = Database({**server, "dbname": name}, "test")
    with closing(Database(server, "test").connect()) as connection:
        query(connection, f"CREATE DATABASE {name} TEMPLATE {template}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_URI", uri_with_password(database))
            patch.delenv("HOLDINGS_DIR", raising=False)
            for loader in LOADERS:
                assert load_script(loader).main(["--quiet"]) == 0
        yield name
        query(connection, f"DROP DATABASE {name} WITH (FORCE)")

"""A fingerprint is the same on every server, whatever its encoding."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from tests.stored import query
from tickstock.backups.contents import Content, read_contents

ROWS = {1: "Nestlé", 2: 'quoted "name", 100%', 3: "plain"}
# The first 64 bits of each row's MD5, summed.
SUM = sum(
    int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], signed=True)
    for text in ("(1,Nestlé)", '(2,"quoted ""name"", 100%")', "(3,plain)")
)


@pytest.mark.parametrize("encoding", ["UTF8", "LATIN1"])
def test_a_fingerprint_does_not_know_the_servers_encoding(server: Mapping[str, Any], encoding: str) -> None:
    name = f"tickstock_test_{encoding.lower()}"
    with closing(psycopg2.connect(**server)) as connection:
        connection.autocommit = True
        query(connection, f"CREATE DATABASE {name} ENCODING {encoding} LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        try:
            parameters = {**server, "dbname": name, "client_encoding": "UTF8"}
            with closing(psycopg2.connect(**parameters)) as other, other.cursor() as cursor:
                cursor.execute("CREATE TABLE t (id integer, name text)")
                cursor.execute("INSERT INTO t SELECT * FROM unnest(%s, %s)", (list(ROWS), list(ROWS.values())))
                found = read_contents(cursor, {"t": ("id", "name")})
        finally:
            query(connection, f"DROP DATABASE {name}")
    assert found == {"t": Content(("id", "name"), 3, str(SUM))}

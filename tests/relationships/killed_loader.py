"""A loader that kills itself before its n-th statement: killed_loader.py FOLDER N. The tests start it."""

import itertools
import os
import signal
import sys
from pathlib import Path

from psycopg2.extensions import cursor

from tickstock.db import Connection, Database, closing
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options
from tickstock.settings import read_settings

statements = itertools.count(1)


def count() -> None:
    if next(statements) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)


class DeadlyCursor(cursor):
    def execute(self, *arguments: object) -> None:
        count()
        super().execute(*arguments)  # type: ignore[arg-type]

    def copy_expert(self, *arguments: object) -> None:
        count()
        super().copy_expert(*arguments)  # type: ignore[arg-type]


class DeadlyDatabase(Database):
    def connect(self) -> Connection:
        connection = super().connect()
        connection.cursor_factory = DeadlyCursor
        return connection


settings = read_settings()
assert settings.database is not None
database = DeadlyDatabase(settings.database, "killed")
with closing(database.connect()) as connection:
    load(database, connection, etf_inputs(Path(sys.argv[1])), Options("ETF", force=True))

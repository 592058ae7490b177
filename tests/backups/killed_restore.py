"""A restore that kills itself before its n-th statement: killed_restore.py BACKUP N. The tests start it."""

import itertools
import os
import signal
import sys
from pathlib import Path

from psycopg2.extensions import cursor

from tickstock.backups.folder import read_backup
from tickstock.backups.restore import restore
from tickstock.db import Database, closing
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


settings = read_settings()
assert settings.database is not None
database = Database(settings.database, "killed")
with closing(database.connect()) as connection:
    connection.cursor_factory = DeadlyCursor
    restore(database, connection, read_backup(Path(sys.argv[1])), force=True)

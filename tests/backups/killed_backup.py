"""A backup that kills itself before its n-th statement: killed_backup.py FOLDER N. The tests start it."""

import itertools
import os
import signal
import sys
from pathlib import Path

from psycopg2.extensions import cursor

from tickstock.backups.backup import make_backup
from tickstock.db import Database, closing
from tickstock.settings import read_settings

statements = itertools.count(1)


class DeadlyCursor(cursor):
    def execute(self, *arguments: object) -> None:
        if next(statements) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        super().execute(*arguments)  # type: ignore[arg-type]


settings = read_settings()
assert settings.database is not None
programs = os.environ.get("TICKSTOCK_TEST_BINARIES")
database = Database(settings.database, "killed", binaries=Path(programs) if programs else None)
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
with closing(database.connect()) as connection:
    connection.cursor_factory = DeadlyCursor
    make_backup(database, connection, Path(sys.argv[1]))

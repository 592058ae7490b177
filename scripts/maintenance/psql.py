"""Open psql on whichever database is in use."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/psql.py
    scripts/maintenance/psql.py -- -c "SELECT count(*) FROM group_memberships"
"""


def _psql(options: argparse.Namespace) -> int:
    from psycopg2.extensions import make_dsn

    from tickstock.db import open_database
    from tickstock.errors import TickstockError
    from tickstock.settings import read_settings

    with open_database(read_settings(), "psql") as database:
        program = shutil.which("psql", path=os.pathsep.join([str(database.binaries or ""), os.environ.get("PATH", "")]))
        if program is None:
            raise TickstockError("found no psql; install the PostgreSQL client (Debian: postgresql-client)")
        address = {name: value for name, value in database.parameters.items() if name != "password"}
        password = database.parameters.get("password")
        environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is psql's
        command = [program, "--dbname", make_dsn(**address), *options.arguments]
        return subprocess.run(command, env=environment, check=False).returncode


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("psql", "Open psql on the database in use, embedded or DATABASE_URI.", EXAMPLES)
    parser.add_argument("arguments", nargs="*", help="passed on to psql, after --")
    return console.run(parser, _psql, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Open psql on whichever database is in use."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/psql.py
    scripts/maintenance/psql.py -- -c "SELECT count(*) FROM group_memberships"
"""

VARIABLES = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}  # fmt: skip


def _psql(options: argparse.Namespace) -> int:
    from tickstock.db import open_database
    from tickstock.errors import TickstockError
    from tickstock.settings import read_settings

    with open_database(read_settings(), "psql", as_it_is=True) as database:
        program = shutil.which("psql", path=os.pathsep.join([str(database.binaries or ""), os.environ.get("PATH", "")]))
        if program is None:
            raise TickstockError("found no psql; install the PostgreSQL client (Debian: postgresql-client)")
        values = {VARIABLES[k]: v for k, v in database.parameters.items() if k in VARIABLES}
        return subprocess.run([program, *options.arguments], env={**os.environ, **values}, check=False).returncode


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("psql", "Open psql on the database in use, embedded or DATABASE_URI.", EXAMPLES)
    parser.add_argument("arguments", nargs="*", help="passed on to psql, after --")
    return console.run(parser, _psql, argv)


if __name__ == "__main__":
    sys.exit(main())

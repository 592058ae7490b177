"""Bring the tables of the database up to date."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/migrate.py
"""


def _migrate(options: argparse.Namespace) -> int:
    from tickstock.db import Database, open_database
    from tickstock.migrations import migrate
    from tickstock.settings import read_settings

    settings = read_settings()
    if settings.database is None:
        with open_database(settings, "migrate"):
            console.show("the embedded database is up to date")
        return 0
    done = migrate(Database(settings.database, "migrate"))
    console.show("\n".join(f"applied {name}" for name in done) or "the database is up to date")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("migrate", "Apply the migrations under sql/ that the database lacks.", EXAMPLES)
    return console.run(parser, _migrate, argv)


if __name__ == "__main__":
    sys.exit(main())

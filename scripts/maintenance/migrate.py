"""Bring the tables of the database up to date."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/migrate.py
"""


def _migrate(options: argparse.Namespace) -> int:
    from tickstock.db import open_database
    from tickstock.migrations import migrate
    from tickstock.settings import read_settings

    with open_database(read_settings(), "migrate") as database:
        done = migrate(database)
        if not options.quiet:
            console.show("\n".join(f"applied {name}" for name in done) or "nothing to apply")
            console.show(f"{database.place} is up to date")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("migrate", "Apply the migrations under sql/ that the database lacks.", EXAMPLES)
    return console.run(parser, _migrate, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Print the address of whichever database is in use. A password is never printed."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/db_uri.py
"""


def _db_uri(options: argparse.Namespace) -> int:
    from tickstock.db import open_database
    from tickstock.settings import read_settings

    with open_database(read_settings(), "db_uri") as database:
        console.show(database.uri)
        if database.binaries:
            console.say(options, "the embedded server runs only while a script uses it; make psql opens it")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("db_uri", "Print the address of the database in use, without its password.", EXAMPLES)
    return console.run(parser, _db_uri, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Bring the groups of an old database, which live in cache_entries, into the relational tables."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/migrate_cache_entries.py --dry-run
    scripts/maintenance/migrate_cache_entries.py
    scripts/maintenance/migrate_cache_entries.py --force SPY
"""


def _migrate(options: argparse.Namespace) -> int:
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.entries_command import execute
    from tickstock.load_command import status_of
    from tickstock.settings import read_settings

    settings = read_settings()
    with (
        open_database(settings, "migrate_cache_entries") as database,
        closing(migrations.connect(database, writes=True)) as connection,
    ):
        if database.note:
            console.say(options, database.note)
        result = execute(options, database, connection, settings.holdings)
    return status_of(options, result)


def _parser() -> argparse.ArgumentParser:
    result = console.parser("migrate_cache_entries", f"{__doc__} The entries themselves stay as they are.", EXAMPLES)
    result.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    force_help = "go past the guards, for all groups or for those named"
    result.add_argument("--force", nargs="*", action="extend", metavar="GROUP", help=force_help)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    return console.run(_parser(), _migrate, argv)


if __name__ == "__main__":
    sys.exit(main())

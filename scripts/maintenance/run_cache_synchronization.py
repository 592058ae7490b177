"""Organise cache_entries: the categories that an application starts with, from symbols and groups."""

import argparse
import sys
import time
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/run_cache_synchronization.py --dry-run
    scripts/maintenance/run_cache_synchronization.py
    scripts/maintenance/run_cache_synchronization.py --no-delete --verbose
"""


def _synchronize(options: argparse.Namespace) -> int:
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.historical import organize_text as text
    from tickstock.historical.announce import publish_changes
    from tickstock.historical.organize import APPEND, REPLACE, Options, organize
    from tickstock.settings import read_settings

    settings = read_settings()
    how = Options(options.environment, APPEND if options.no_delete else REPLACE, options.dry_run)
    started = time.monotonic()
    with open_database(settings, "run_cache_synchronization") as database:
        if database.note:
            console.say(options, database.note)
        with closing(migrations.connect(database, writes=True)) as connection:
            organized = organize(connection, how)
        if organized.changes and not how.dry_run:
            options.committed.append(f"entries of {how.environment}")
            if settings.redis and (untold := publish_changes(settings.redis, organized)):
                console.say(options, f"warning: {untold}")
        place = database.place
    for warning in text.warnings(organized):
        console.say(options, f"warning: {warning}")
    if options.json:
        import json

        console.show(json.dumps(text.as_json(organized), indent=2))
    elif not options.quiet:
        console.show("\n".join(text.lines(organized, options.verbose)))
        if not how.dry_run:
            done = f"Committed to {place}" if organized.changes else "Nothing to do"
            console.show(f"{done} ({time.monotonic() - started:.1f} s)")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser(
        "run_cache_synchronization",
        f"{__doc__} In one transaction; entries of other types (app_settings) are not touched. A second run changes "
        "nothing. docs/cache_organization.md describes the entries.",
        EXAMPLES,
    )
    parser.add_argument("--no-delete", action="store_true", help="append: keep every entry that is there, add new ones")
    parser.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    return console.run(parser, _synchronize, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Back up everything that the suite keeps: groups, memberships, and the whole record of how they came to be."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tickstock import console
from tickstock.option_values import number

EXAMPLES = """
    scripts/cache_maintenance/backup.py
    scripts/cache_maintenance/backup.py --keep 10
    scripts/cache_maintenance/backup.py --to /mnt/disk/backups
"""


def _backup(options: argparse.Namespace) -> int:
    from tickstock import migrations
    from tickstock.backups.backup import make_backup
    from tickstock.backups.folder import keep_newest
    from tickstock.backups.text import backup_json, backup_lines
    from tickstock.db import closing, open_database
    from tickstock.errors import UsageError
    from tickstock.settings import read_settings

    if options.environment != "DEFAULT":
        raise UsageError("a backup has all environments; leave --environment out")
    settings = read_settings()
    folder = (options.to or settings.backups).absolute()
    with open_database(settings, "backup") as database:
        if database.note:
            console.say(options, database.note)
        with closing(migrations.connect(database)) as connection:
            made = make_backup(database, connection, folder)
    options.committed.append(f"backup {made.path.name}")
    removed = keep_newest(folder, made, options.keep) if options.keep else []
    if options.json:
        import json

        console.show(json.dumps({**backup_json(made), "removed": [str(path) for path in removed]}, indent=2))
    elif not options.quiet:
        console.show("\n".join(backup_lines(made, removed)))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("backup", __doc__ or "", EXAMPLES)
    parser.add_argument("--to", metavar="FOLDER", type=Path, help="where backups go (BACKUP_DIR)")
    parser.add_argument("--keep", metavar="N", type=number, help="remove all but the N newest of this database")
    return console.run(parser, _backup, argv)


if __name__ == "__main__":
    sys.exit(main())

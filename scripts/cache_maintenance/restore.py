"""Put a backup back, all of it or nothing; without a name, list the backups that there are."""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tickstock import console

if TYPE_CHECKING:
    from pathlib import Path

    from tickstock.db import Connection, Database

EXAMPLES = """
    scripts/cache_maintenance/restore.py
    scripts/cache_maintenance/restore.py latest --dry-run
    scripts/cache_maintenance/restore.py latest
    scripts/cache_maintenance/restore.py 2026-11-21T161010Z --force
"""


def _restore(options: argparse.Namespace) -> int:
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.errors import UsageError
    from tickstock.settings import read_settings

    if options.environment != "DEFAULT":
        raise UsageError("a backup has all environments, and all are restored; leave --environment out")
    settings = read_settings()
    with open_database(settings, "restore") as database:
        if database.note:
            console.say(options, database.note)
        with closing(migrations.connect(database)) as connection:
            if options.backup is None:
                return _list(options, connection, settings.backups)
            return _put_back(options, database, connection, settings.backups)


def _put_back(options: argparse.Namespace, database: "Database", connection: "Connection", folder: "Path") -> int:
    from tickstock.backups import text
    from tickstock.backups.contents import read_origin
    from tickstock.backups.folder import find_backup
    from tickstock.backups.restore import preview, restore
    from tickstock.errors import RefusedError
    from tickstock.load_command import note_committed

    started = time.monotonic()
    with connection.cursor() as cursor:
        backup = find_backup(folder, options.backup, read_origin(cursor))
    if options.dry_run:
        done = preview(database, connection, backup)
    else:
        done = restore(database, connection, backup, options.force)
        assert done.load_id
        untold = note_committed(options, database, "restore", done.load_id)
        done = done._replace(warning="; ".join(filter(None, (done.warning, *untold))))
    if done.warning:
        console.say(options, f"warning: {done.warning}")
    if options.json:
        import json

        console.show(json.dumps(text.restored_json(done), indent=2))
    elif not options.quiet:
        where = f"{database.place} ({time.monotonic() - started:.1f} s)"
        console.show("\n".join(text.restored_lines(done, where)))
    if options.dry_run and done.lost and done.lost.refused and not options.force:
        found = text.objection(backup, done.lost)
        return console.fail(options, RefusedError(f"{found}; this would be refused, --force goes on"))
    return 0


def _list(options: argparse.Namespace, connection: "Connection", folder: "Path") -> int:
    from tickstock.backups import text
    from tickstock.backups.folder import list_backups
    from tickstock.backups.lost import count_since

    backups = list_backups(folder)
    with connection.cursor() as cursor:
        since = count_since(cursor, [backup.manifest for backup in backups])
    if options.json:
        import json

        listed = [{**text.backup_json(each), "since": after} for each, after in zip(backups, since, strict=True)]
        console.show(json.dumps({"folder": str(folder), "backups": listed}, indent=2))
    elif not options.quiet:
        console.show("\n".join(text.list_lines(backups, since, folder)))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("restore", __doc__ or "", EXAMPLES)
    parser.add_argument("backup", nargs="?", metavar="BACKUP", help="its folder, its name in BACKUP_DIR, or latest")
    parser.add_argument("--dry-run", action="store_true", help="read it, tell what would be lost, write nothing")
    parser.add_argument("--force", action="store_true", help="go on where changes since the backup would be lost")
    return console.run(parser, _restore, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Take one load back: every row that it changed becomes what it was before. The undo is a load, and can be undone."""

import argparse
import sys
import time
from collections.abc import Sequence

from tickstock import console
from tickstock.option_values import number

EXAMPLES = """
    scripts/cache_maintenance/undo_load.py 12 --dry-run
    scripts/cache_maintenance/undo_load.py 12
    scripts/cache_maintenance/undo_load.py 12 --etf SPY
"""


def _undo(options: argparse.Namespace) -> int:
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.load_command import settled, status_of
    from tickstock.relationships import undo_text
    from tickstock.relationships.change import carry_out
    from tickstock.relationships.plan import Options, row_changes
    from tickstock.relationships.undo import Undo, read_run
    from tickstock.settings import read_settings

    started = time.monotonic()
    with (
        open_database(read_settings(), "undo_load") as database,
        closing(migrations.connect(database)) as connection,
    ):
        if database.note:
            console.say(options, database.note)
        run = read_run(connection, options.load, options.environment)
        how = Options(
            run.type, options.environment, "undo", dry_run=options.dry_run, only=options.etf, force=options.force
        )
        outcome = settled(options, database, carry_out(database, connection, Undo(run, how)))
        for line in (*outcome.plan.warnings, *outcome.plan.overridden):
            console.say(options, f"warning: {line}")
        changes = () if connection.closed else row_changes(connection)
        result = undo_text.as_json(run, outcome, list(changes) if options.json and options.verbose else None)
        if options.json:
            import json

            console.show(json.dumps(result, indent=2))
        elif not options.quiet:
            for line in undo_text.lines(run, outcome, changes, options.verbose):
                console.show(line)
            if not options.dry_run:
                took = f"{database.place} ({time.monotonic() - started:.1f} s)"
                console.show(f"{undo_text.ending(run, outcome)} {took}")
    return status_of(options, result, outcome.plan.advice)


def _parser() -> argparse.ArgumentParser:
    result = console.parser("undo_load", __doc__, EXAMPLES)
    result.add_argument("load", metavar="LOAD", type=number, help="its number (history.py loads)")
    result.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    result.add_argument("--etf", metavar="SYMBOL", type=str.upper, help="take back what it did to this fund alone")
    result.add_argument("--force", action="store_true", help="put back also what has been changed since")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    return console.run(_parser(), _undo, argv)


if __name__ == "__main__":
    sys.exit(main())

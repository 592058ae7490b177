"""The weekly run in one command: sectors, themes, ETF holdings, universes, and a summary."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from tickstock import console
from tickstock.errors import NoInputError, TickstockError
from tickstock.load_command import Loader, execute, options_of, parser, status_of
from tickstock.loaders import ALL, ETFS

EXAMPLES = """
    scripts/cache_maintenance/refresh.py --dry-run
    scripts/cache_maintenance/refresh.py --mode incremental
    scripts/cache_maintenance/refresh.py --holdings-dir ~/Downloads/holdings
"""

TRY_NEXT = """
Try next (python is the one in .venv/bin):
  make psql
      the tables, in psql
  python scripts/cache_maintenance/load_etf_holdings.py --dry-run
      what a load would change
  python scripts/cache_maintenance/refresh.py --mode incremental
      the weekly run: only what changed
"""


def _refresh(options: argparse.Namespace) -> int:
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.relationships.summary import read_summary
    from tickstock.settings import read_settings

    # One database for all steps: the embedded server starts once.
    with open_database(read_settings(), "refresh") as database:
        if database.note:
            console.say(options, database.note)
        migrations.connect(database).close()
        steps = [_step(number, loader, options) for number, loader in enumerate(ALL, start=1)]
        with closing(database.connect()) as connection:
            summary = read_summary(connection, options.environment)._asdict()
    if options.json:
        console.show(json.dumps({"steps": steps, "summary": summary}, indent=2))
    elif not options.quiet:
        console.show("\n" + "\n".join(f"{noun:<14}{count:>8,}" for noun, count in summary.items()))
        if options.mode == "full" and not options.dry_run:
            console.show(TRY_NEXT.rstrip())
    return max(int(step["status"]) for step in steps)


def _step(number: int, loader: Loader, options: argparse.Namespace) -> dict[str, Any]:
    """One loader; what goes wrong in it is said, and the others run all the same."""
    if not (options.json or options.quiet):
        console.show(f"[{number}/{len(ALL)}] {loader.program}")
    try:
        result = execute(loader, options_of(loader, options))
        return {"status": status_of(options, result), **result}
    except NoInputError as error:
        console.say(options, f"nothing loaded, what is stored stays: {error}")
        return {"status": 0, "type": loader.type, "error": str(error)}
    except TickstockError as error:
        return {"status": console.fail(options, error), "type": loader.type, "error": str(error)}


def main(argv: Sequence[str] | None = None) -> int:
    # The options of the loader that has the most; refresh is no loader of one fund.
    arguments = parser(ETFS._replace(program="refresh", type="ALL", description=__doc__, examples=EXAMPLES))
    return console.run(arguments, _refresh, argv)


if __name__ == "__main__":
    sys.exit(main())

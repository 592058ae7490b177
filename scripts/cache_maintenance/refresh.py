"""The weekly and the monthly run in one command: back up, load, classify, check, refresh the cache, report."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tickstock import console
from tickstock.settings import REPOSITORY

EXAMPLES = """
    scripts/cache_maintenance/refresh.py weekly --dry-run
    scripts/cache_maintenance/refresh.py weekly
    scripts/cache_maintenance/refresh.py monthly --holdings-dir ~/Downloads/holdings
"""

TRY_NEXT = """
Try next (python is the one in .venv/bin):
  python scripts/cache_maintenance/query_relationships.py --stock AAPL
      what is true of a stock
  python scripts/cache_maintenance/query_relationships.py --overlap SPY QQQ
      what two funds have in common
  python scripts/cache_maintenance/refresh.py weekly --dry-run
      what the weekly run would change
  python scripts/cache_maintenance/history.py loads
      what was loaded; undo_load.py takes any of it back
  make psql
      the tables, in psql
  make admin-password, then make serve
      all of it in a browser
  make worker
      what loads bars into your database; README, Historical data in your database
  python scripts/market_data/check_massive.py
      bars: what your plan of Massive.com has; README, Bars
"""


def _refresh(options: argparse.Namespace) -> int:
    from tickstock import migrations, runbook
    from tickstock.db import closing, open_database
    from tickstock.settings import read_settings

    settings = read_settings()
    # One database for all steps: the embedded server starts once.
    with open_database(settings, "refresh") as database:
        if database.note:
            console.say(options, database.note)
        with closing(migrations.connect(database)) as connection:
            results = runbook.carry_out(options, runbook.steps(options, settings, database, connection))
    status = max(int(result["status"]) for result in results)
    if options.json:
        console.show(json.dumps({"run": options.run, "dry_run": options.dry_run, "steps": results}, indent=2))
    elif not options.quiet and not status and not options.dry_run:
        console.show(TRY_NEXT.rstrip())
    return status


def _parser() -> argparse.ArgumentParser:
    result = console.parser("refresh", __doc__, EXAMPLES)
    result.add_argument(
        "run",
        choices=["weekly", "monthly"],
        help="weekly: what changed since the last load, and what a hand did stays; monthly: every file, put back whole",
    )
    result.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    result.add_argument("--holdings-dir", metavar="FOLDER", type=Path, help="where the files are (HOLDINGS_DIR)")
    for kind in ("classification", "overrides"):
        result.add_argument(f"--{kind}", metavar="FILE", type=Path, help="as enrich_sectors.py takes it")
    result.add_argument("--skip-bad-files", action="store_true", help="load the rest when files have problems")
    result.add_argument("--keep-manual", action="store_true", help="monthly: leave what was made or edited by hand")
    force_help = "go past the guards, for all groups or for those named"
    result.add_argument("--force", nargs="*", action="extend", metavar="GROUP", help=force_help)
    reports = REPOSITORY / "reports"
    result.add_argument("--reports", metavar="FOLDER", type=Path, default=reports, help="where reports go (reports/)")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    return console.run(_parser(), _refresh, argv)


if __name__ == "__main__":
    sys.exit(main())

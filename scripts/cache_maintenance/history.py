"""Tell what was loaded, what each run changed, and how a fund, universe, sector or theme came to be what it is."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tickstock import console, history_command
from tickstock.option_values import day, number

EXAMPLES = """
    scripts/cache_maintenance/history.py loads
    scripts/cache_maintenance/history.py show 12
    scripts/cache_maintenance/history.py show 12 --group SPY --verbose
    scripts/cache_maintenance/history.py diff --etf SPY --from 2025-01-03 --to 2025-06-30
    scripts/cache_maintenance/history.py churn --from 2025-01-01
    scripts/cache_maintenance/history.py churn --etf SPY --json
    scripts/cache_maintenance/history.py renames
    scripts/cache_maintenance/history.py renames renames.csv --dry-run
"""


def _parser() -> argparse.ArgumentParser:
    result = console.parser("history", __doc__ or "", EXAMPLES)
    commands = result.add_subparsers(required=True, dest="command")

    about = "the runs that changed something, the latest first"
    loads = console.subcommand(commands, "loads", about, history_command.loads)
    loads.add_argument("--limit", metavar="N", type=number, default=20, help="how many (20)")

    show = console.subcommand(commands, "show", "the story of one run, to the row", history_command.show)
    show.add_argument("load", metavar="LOAD", type=number, help="its number in history.py loads")
    show.add_argument("--group", metavar="NAME", help="of this fund, universe, sector or theme alone")

    diff = console.subcommand(commands, "diff", "what changed in a group between two days", history_command.diff)
    which = diff.add_mutually_exclusive_group(required=True)
    for option, noun in (("etf", "fund"), ("universe", "universe"), ("theme", "theme"), ("sector", "sector")):
        which.add_argument(f"--{option}", metavar="SYMBOL" if option == "etf" else "NAME", help=f"of this {noun}")
    diff.add_argument("--from", dest="from_day", metavar="DATE", type=day, required=True, help="the earlier day")
    diff.add_argument("--to", dest="to_day", metavar="DATE", type=day, required=True, help="the later day")

    churn = console.subcommand(commands, "churn", "how much funds change from file to file", history_command.churn)
    churn.add_argument("--etf", metavar="SYMBOL", help="this fund, a line a file; otherwise a line a fund")
    churn.add_argument("--from", dest="from_day", metavar="DATE", type=day, help="files from this day on")
    churn.add_argument("--to", dest="to_day", metavar="DATE", type=day, help="files up to this day")

    about = "the accepted renames of companies; with a file, make them what it says"
    renames = console.subcommand(commands, "renames", about, history_command.renames)
    renames.add_argument("file", metavar="FILE", type=Path, nargs="?", help="CSV with old,new,date and maybe a note")
    renames.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    return console.run(_parser(), lambda options: options.work(options), argv)


if __name__ == "__main__":
    sys.exit(main())

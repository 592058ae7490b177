"""The weekly run in one command: sectors, themes, ETF holdings, universes, and a summary."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tickstock import console
from tickstock.load_command import command
from tickstock.loaders import ALL

EXAMPLES = """
    scripts/cache_maintenance/refresh.py --dry-run
    scripts/cache_maintenance/refresh.py --mode incremental
    scripts/cache_maintenance/refresh.py --holdings-dir ~/Downloads/holdings
"""

TRY_NEXT = """
Try next:
  make psql                                                             the tables, in psql
  python scripts/cache_maintenance/load_etf_holdings.py --dry-run       what a load would change
  python scripts/cache_maintenance/refresh.py --mode incremental        the weekly run: only what changed
(python is .venv/bin/python here, or activate the environment: source .venv/bin/activate)
"""


def _refresh(options: argparse.Namespace) -> int:
    from tickstock.db import closing, open_database
    from tickstock.relationships.summary import read_summary
    from tickstock.settings import read_settings

    # One database for all steps: the embedded server starts once.
    with open_database(read_settings(), "refresh") as database:
        if database.note:
            console.say(options, database.note)
        for number, loader in enumerate(ALL, start=1):
            console.say(options, f"[{number}/{len(ALL)}] {loader.program}")
            status = command(loader, _arguments(options, loader.reads_files))
            if status:
                return status
        with closing(database.connect()) as connection:
            summary = read_summary(connection, options.environment)
    if options.json:
        print(json.dumps(summary._asdict()))
    elif not options.quiet:
        print()
        for noun, count in summary._asdict().items():
            print(f"{noun:<14}{count:>8,}")
        print(TRY_NEXT, end="")
    return 0


def _arguments(options: argparse.Namespace, reads_files: bool) -> list[str]:
    arguments = ["--mode", options.mode, "--environment", options.environment]
    arguments += [f"--{flag}" for flag in ("verbose", "quiet") if getattr(options, flag)]
    if options.dry_run:
        arguments.append("--dry-run")
    if options.json:
        arguments.append("--quiet")
    if reads_files and options.holdings_dir:
        arguments += ["--holdings-dir", str(options.holdings_dir)]
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("refresh", "Load everything in order, and say what is there afterwards.", EXAMPLES)
    parser.add_argument("--mode", choices=["full", "incremental", "dry-run"], default="full", help="as of the loaders")
    parser.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    parser.add_argument("--holdings-dir", metavar="FOLDER", type=Path, help="where the files are (HOLDINGS_DIR)")
    return console.run(parser, _refresh, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Apply a plan that a loader's --dry-run --plan has saved: exactly as it was looked at, or not at all."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tickstock import console

EXAMPLES = """
    scripts/cache_maintenance/load_etf_holdings.py --dry-run --plan plan.json
    scripts/cache_maintenance/apply_plan.py plan.json
"""


def _apply(options: argparse.Namespace) -> int:
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.errors import UsageError
    from tickstock.load_command import settled, show_outcome
    from tickstock.relationships import text
    from tickstock.relationships.change import carry_out
    from tickstock.relationships.plan import row_changes
    from tickstock.relationships.saved_plan import SavedPlan
    from tickstock.settings import read_settings

    started = time.monotonic()
    change = SavedPlan(options.plan)
    if (of := change.options.environment) != options.environment:
        raise UsageError(f"the plan {options.plan} is of the environment {of}: --environment {of}")
    with (
        open_database(read_settings(), "apply_plan") as database,
        closing(migrations.connect(database)) as connection,
    ):
        if database.note:
            console.say(options, database.note)
        outcome = settled(options, database, carry_out(database, connection, change))
        show_outcome(options, outcome, connection, f"{database.place} ({time.monotonic() - started:.1f} s)")
        if options.json:
            listed = options.verbose and not connection.closed
            console.show(json.dumps(text.as_json(outcome, row_changes(connection) if listed else None), indent=2))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("apply_plan", __doc__ or "", EXAMPLES)
    parser.add_argument("plan", metavar="FILE", type=Path, help="what --plan has saved")
    return console.run(parser, _apply, argv)


if __name__ == "__main__":
    sys.exit(main())

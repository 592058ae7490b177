"""Tell which rows are no longer as the last load left them: the file changed, the database changed, or both."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock import console

if TYPE_CHECKING:
    from tickstock.relationships.drift import DriftRow
    from tickstock.relationships.drift_read import Changes

EXAMPLES = """
    scripts/cache_maintenance/drift.py
    scripts/cache_maintenance/drift.py --verbose
    scripts/cache_maintenance/drift.py --etf SPY --json
    scripts/cache_maintenance/drift.py --holdings-dir downloads --quiet
"""


def _drift(options: argparse.Namespace) -> int:
    from tickstock.errors import TickstockError
    from tickstock.relationships.drift import Scope
    from tickstock.relationships.drift_read import read_drift
    from tickstock.relationships.drift_text import as_json, lines, row_lines

    rows: dict[int, list[DriftRow]] = {}

    def look(changes: "Changes") -> None:
        if options.verbose and options.json:
            rows[changes.record.group_id] = changes.rows
        elif options.verbose and not options.quiet:
            console.show("\n".join(row_lines(changes.record, changes.rows)))

    folder = options.holdings_dir and options.holdings_dir.absolute()
    with console.connected(options, "drift") as connection:
        drift = read_drift(connection, Scope(options.environment, options.etf, folder), look)
    if options.json:
        import json

        console.show(json.dumps(as_json(drift, rows if options.verbose else None), indent=2))
    elif not options.quiet:
        console.show("\n".join(lines(drift, options.verbose)))
    elif drift.database_changed:
        found = "the database is not what the last loads left; run it without --quiet"
        return console.fail(options, TickstockError(found))
    return 1 if drift.database_changed else 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser(
        "drift",
        f"{__doc__} Ends with 0 if the database is what the last loads left (files may wait, and rows that a load kept "
        "for a hand are known), with 1 if it is not. Writes nothing.",
        EXAMPLES,
    )
    parser.add_argument("--etf", metavar="SYMBOL", type=str.upper, help="this fund alone")
    parser.add_argument(
        "--holdings-dir",
        metavar="FOLDER",
        type=Path,
        help="compare with the files of this folder (with those that the last loads read)",
    )
    return console.run(parser, _drift, argv)


if __name__ == "__main__":
    sys.exit(main())

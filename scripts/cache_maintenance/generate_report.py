"""Report what the groups hold, how complete it is and what changed: for a terminal, a page, a document, a program."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tickstock import console

FORMATS = ("console", "markdown", "json", "html")
ENDINGS = {".md": "markdown", ".json": "json", ".html": "html"}
EXAMPLES = """
    scripts/cache_maintenance/generate_report.py --summary
    scripts/cache_maintenance/generate_report.py --detail
    scripts/cache_maintenance/generate_report.py --detail --format html --output report.html
    scripts/cache_maintenance/generate_report.py --detail --format markdown --output report.md
    scripts/cache_maintenance/generate_report.py --format json --output report.json
"""


def _report(options: argparse.Namespace) -> int:
    from tickstock.output import write_output
    from tickstock.relationships.report.formats import render
    from tickstock.relationships.report.read import read_report

    name = _format(options)
    with console.connected(options, "generate_report") as connection:
        report = read_report(connection, options.environment, options.detail)
    document = render(report, name, everything=options.verbose)
    if options.output:
        write_output(options.output, [document, "\n"])
        console.say(options, f"{name} report written to {options.output}")
    elif name != "console" or not options.quiet:
        console.show(document)
    return 0


def _format(options: argparse.Namespace) -> str:
    from tickstock.errors import UsageError

    if options.json and options.format not in (None, "json"):
        raise UsageError(
            f"--json is --format json, it does not go with --format {options.format}; leave one of them out"
        )
    ending = options.output.suffix.casefold() if options.output else ""
    return "json" if options.json else options.format or ENDINGS.get(ending, "console")


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("generate_report", __doc__, EXAMPLES)
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("--summary", action="store_true", help="counts, sectors and data quality (the default)")
    scope.add_argument(
        "--detail",
        action="store_true",
        help="also top 10 holdings, concentration, overlap, universes, themes, freshness, conflicts, changes",
    )
    parser.add_argument("--format", choices=FORMATS, help="console, or what the ending of --output says")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it to this file; it is whole or absent")
    return console.run(parser, _report, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Show the organised entries of cache_entries, compare them with symbols and groups, and check them."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/dev_tools/maint_read_stock_cache_entries.py
    scripts/dev_tools/maint_read_stock_cache_entries.py --verbose
    scripts/dev_tools/maint_read_stock_cache_entries.py --json
"""


def _read(options: argparse.Namespace) -> int:
    from tickstock.errors import TickstockError
    from tickstock.historical import entry_checks_text as text
    from tickstock.historical.entry_checks import FAIL, analyze

    with console.connected(options, "maint_read_stock_cache_entries") as connection:
        analysis = analyze(connection, options.environment)
    if options.json:
        import json

        console.show(json.dumps(text.as_json(analysis), indent=2))
    elif not options.quiet:
        console.show("\n".join(text.lines(analysis, options.verbose)))
    elif analysis.status == FAIL:
        failed = ", ".join(check.name for check in analysis.checks if check.status == FAIL)
        return console.fail(options, TickstockError(f"found what cannot be right ({failed}); run it without --quiet"))
    return 1 if analysis.status == FAIL else 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser(
        "maint_read_stock_cache_entries",
        f"{__doc__} Ends with 1 if a check fails; warnings do not fail. Writes nothing. "
        "docs/cache_organization.md tells what each check looks for.",
        EXAMPLES,
    )
    return console.run(parser, _read, argv)


if __name__ == "__main__":
    sys.exit(main())

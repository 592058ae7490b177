"""Check what is stored: against the files, the history and the ledger, and for what cannot be right."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/cache_maintenance/validate_relationships.py
    scripts/cache_maintenance/validate_relationships.py --verbose
    scripts/cache_maintenance/validate_relationships.py --json
"""


def _validate(options: argparse.Namespace) -> int:
    from tickstock.errors import TickstockError
    from tickstock.relationships.checks import FAIL, run_checks
    from tickstock.relationships.checks_text import as_json, lines

    with console.connected(options, "validate_relationships") as connection:
        validation = run_checks(connection, options.environment)
    if options.json:
        import json

        console.show(json.dumps(as_json(validation), indent=2))
    elif not options.quiet:
        console.show("\n".join(lines(validation, options.verbose)))
    elif validation.status == FAIL:
        failed = ", ".join(check.name for check in validation.checks if check.status == FAIL)
        return console.fail(options, TickstockError(f"found what cannot be right ({failed}); run it without --quiet"))
    return 1 if validation.status == FAIL else 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser(
        "validate_relationships",
        "Check what is stored: against the files, the history and the ledger, and for what cannot be right. "
        "Ends with 1 if a check fails; warnings do not fail. docs/checks.md tells what each looks for.",
        EXAMPLES,
    )
    return console.run(parser, _validate, argv)


if __name__ == "__main__":
    sys.exit(main())

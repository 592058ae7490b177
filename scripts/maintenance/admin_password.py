"""Set the password of the admin application."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

SHORTEST = 12
LONGEST = 200
EXAMPLES = """
    scripts/maintenance/admin_password.py
    scripts/maintenance/admin_password.py < password.txt
"""


def _set(options: argparse.Namespace) -> int:
    from tickstock.errors import BadInputError
    from tickstock.settings import read_settings
    from tickstock.web.secrets_file import set_password

    folder = read_settings().serve.folder
    password = _ask() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInputError(f"found a password of {len(password)} characters, expected {SHORTEST} to {LONGEST}")
    set_password(folder / "secrets.json", password)
    if not options.quiet:
        console.show("the password is set; whoever was logged in has to log in again")
    return 0


def _ask() -> str:
    from getpass import getpass

    from tickstock.errors import BadInputError

    first = getpass(f"New password ({SHORTEST} characters or more): ")
    if getpass("Once more: ") != first:
        raise BadInputError("the two were not the same; nothing was changed")
    return first


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("admin_password", "Set the password of the admin application (make serve).", EXAMPLES)
    return console.run(parser, _set, argv)


if __name__ == "__main__":
    sys.exit(main())

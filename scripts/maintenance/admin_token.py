"""Make a token that programs send to the admin application."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/admin_token.py
    scripts/maintenance/admin_token.py --remove
"""


def _token(options: argparse.Namespace) -> int:
    from tickstock.settings import read_settings
    from tickstock.web.secrets_file import new_token, remove_token

    path = read_settings().serve.folder / "secrets.json"
    if options.remove:
        remove_token(path)
        console.say(options, "no token lets anybody in any more; programs on this machine need none")
        return 0
    token = new_token(path)
    console.say(options, "send it as Authorization: Bearer TOKEN; it is shown this once, an older one counts no more:")
    console.show(token)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    text = "Make the token that programs send to the admin application; from then on they must."
    parser = console.parser("admin_token", text, EXAMPLES)
    parser.add_argument("--remove", action="store_true", help="take the token back, instead")
    return console.run(parser, _token, argv)


if __name__ == "__main__":
    sys.exit(main())

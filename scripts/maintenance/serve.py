"""Serve the admin application, until Ctrl-C."""

import argparse
import signal
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/serve.py
    scripts/maintenance/serve.py --environment TEST
"""


def _serve(options: argparse.Namespace) -> int:
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.runtime_cache import RelationshipCache
    from tickstock.settings import read_settings
    from tickstock.web.serving import serve

    settings = read_settings()
    with open_database(settings, "serve") as database:
        if database.note:
            console.say(options, database.note)
        with closing(migrations.connect(database)):
            pass  # its tables are there, and of this version
        cache = RelationshipCache(database, environment=options.environment)
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: sys.exit(0))  # which waitress takes for the end
        try:
            serve(settings, database, cache, lambda address: console.say(options, f"{address} (Ctrl-C ends it)"))
        finally:
            cache.close()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    text = "Serve the admin application at 127.0.0.1:5000, or at ADMIN_HOST and PORT."
    return console.run(console.parser("serve", text, EXAMPLES), _serve, argv)


if __name__ == "__main__":
    sys.exit(main())

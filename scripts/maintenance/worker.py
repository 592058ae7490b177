"""Work on the jobs that load historical bars, until Ctrl-C; a job under way is given back, and goes on later."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console

EXAMPLES = """
    scripts/maintenance/worker.py
    scripts/maintenance/worker.py --once
"""


def _work(options: argparse.Namespace) -> int:
    from tickstock import migrations, queue_schema
    from tickstock.bars.sessions import new_york_now
    from tickstock.db import closing, open_database
    from tickstock.historical.work import Means
    from tickstock.historical.worker import work
    from tickstock.settings import read_settings

    settings = read_settings()
    with open_database(settings, "worker") as database:
        if database.note:
            console.say(options, database.note)
        with closing(migrations.connect(database)) as connection:
            queue_schema.require(connection)
        means = Means(database, settings.market, new_york_now, lambda: False, settings.redis)
        work(means, lambda text: console.say(options, text), wait=not options.once)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("worker", f"{__doc__} Several may run, also on several machines.", EXAMPLES)
    parser.add_argument("--once", action="store_true", help="end when no job is left")
    return console.run(parser, _work, argv)


if __name__ == "__main__":
    sys.exit(main())

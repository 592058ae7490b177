"""Fill the archive of flat files, each day once for all tickers, and derive what is read from it."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console
from tickstock.option_values import day, number

EXAMPLES = """
    scripts/market_data/populate_cache_bulk.py --months 24
    scripts/market_data/populate_cache_bulk.py --start 2024-01-01 --end 2024-12-31
    scripts/market_data/populate_cache_bulk.py --months 12 --no-save-others
    scripts/market_data/populate_cache_bulk.py --months 1 --dataset minute
"""


def _populate(options: argparse.Namespace) -> int:
    from tickstock.bars.dataset import DATASETS
    from tickstock.bars.populate import Ask
    from tickstock.errors import UsageError
    from tickstock.market_command import days_asked, populate_and_show, tickers_asked
    from tickstock.settings import read_settings

    if options.no_save_others and options.dataset == "minute":
        raise UsageError("--no-save-others keeps files of tracked tickers, and there are none of minutes")
    market = read_settings().market
    start, end = days_asked(options)
    tickers = tickers_asked(options, market) if options.dataset == "day" else ()
    return populate_and_show(
        options, market, Ask(DATASETS[options.dataset], start, end, tickers, not options.no_save_others)
    )


def main(argv: Sequence[str] | None = None) -> int:
    from tickstock.market_command import add_lists

    parser = console.parser("populate_cache_bulk", __doc__, EXAMPLES)
    parser.add_argument("--months", type=number, default=24, metavar="N", help="so many months up to today (24)")
    parser.add_argument("--start", type=day, metavar="DAY", help="the first day, such as 2024-01-01")
    parser.add_argument("--end", type=day, metavar="DAY", help="the last day (today)")
    parser.add_argument(
        "--no-save-others",
        action="store_true",
        help="keep the files of tracked tickers alone: no flat file and no bar of others stays",
    )
    parser.add_argument("--dataset", choices=("day", "minute"), default="day", help="bars of a day or a minute (day)")
    text = "derive on this Dask cluster (tcp://host:8786), which sees the same folders"
    parser.add_argument("--scheduler", metavar="ADDRESS", help=text)
    add_lists(parser, needed=False)
    return console.run(parser, _populate, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Fill the files of tracked tickers: from the flat files, or from Yahoo Finance."""

import argparse
import sys
from collections.abc import Sequence

from tickstock import console
from tickstock.option_values import number

EXAMPLES = """
    scripts/market_data/populate_cache.py -f sector_etfs.txt -m 24 --data-source massive
    scripts/market_data/populate_cache.py --all -m 24 --data-source massive
    scripts/market_data/populate_cache.py -f my_tickers.txt -m 6
"""


def _populate(options: argparse.Namespace) -> int:
    from tickstock.bars.dataset import DAY
    from tickstock.bars.populate import Ask
    from tickstock.market_command import months_before_today, populate_and_show, populate_from_yahoo, tickers_asked
    from tickstock.settings import read_settings

    market = read_settings().market
    start, end = months_before_today(options.months)
    ask = Ask(DAY, start, end, tickers_asked(options, market))
    if options.data_source == "massive":
        return populate_and_show(options, market, ask)
    return populate_from_yahoo(options, market, ask)


def main(argv: Sequence[str] | None = None) -> int:
    from tickstock.market_command import add_lists

    parser = console.parser("populate_cache", __doc__, EXAMPLES)
    add_lists(parser, needed=True)
    parser.add_argument("-m", "--months", type=number, default=24, metavar="N", help="so many months up to today (24)")
    text = "massive: flat files, each day fetched once for all tickers; yfinance: Yahoo, ticker by ticker (yfinance)"
    parser.add_argument("--data-source", choices=("massive", "yfinance"), default="yfinance", help=text)
    return console.run(parser, _populate, argv)


if __name__ == "__main__":
    sys.exit(main())

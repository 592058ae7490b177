"""Try the flat files of Massive.com: list them, download one, and tell which days the plan has."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tickstock import console
from tickstock.option_values import day

if TYPE_CHECKING:
    from tickstock.bars.provider import Provider

EXAMPLES = """
    scripts/market_data/check_massive.py
    scripts/market_data/check_massive.py --json
    scripts/market_data/check_massive.py --historical T
    scripts/market_data/check_massive.py --historical T --start 2025-06-02 --end 2025-07-01
"""


def _check(options: argparse.Namespace) -> int:
    from tickstock.bars.check_text import place_lines
    from tickstock.bars.credentials import credentials
    from tickstock.bars.provider import Provider
    from tickstock.errors import UsageError
    from tickstock.settings import read_settings

    if (options.start is None) != (options.end is None) or (options.start and not options.historical):
        raise UsageError("--start and --end go together, with --historical")
    massive = read_settings().market.massive
    with Provider(massive, credentials(massive)) as provider:
        if not options.json and not options.quiet:
            console.show("\n".join(place_lines(provider)))
        return _historical(options, provider) if options.historical else _two_parts(options, provider)


def _two_parts(options: argparse.Namespace, provider: "Provider") -> int:
    from tickstock.bars.check import check
    from tickstock.bars.check_text import check_fault, check_json, check_lines, place_json
    from tickstock.bars.sessions import new_york_now
    from tickstock.errors import UnavailableError

    found = check(provider, new_york_now().date())
    _show(options, {**place_json(provider), **check_json(found)}, check_lines(found))
    if fault := check_fault(found):
        raise UnavailableError(fault)
    return 0


def _historical(options: argparse.Namespace, provider: "Provider") -> int:
    from tickstock.bars.check import historical, sample_month
    from tickstock.bars.check_text import historical_json, historical_lines, place_json
    from tickstock.bars.sessions import new_york_now
    from tickstock.bars.tickers import checked
    from tickstock.errors import UnavailableError

    ticker = checked(options.historical)
    start, end = (options.start, options.end) if options.start else sample_month(provider, new_york_now().date())
    found = historical(provider, ticker, start, end)
    _show(options, {**place_json(provider), **historical_json(found)}, historical_lines(found))
    if not found.bars:
        raise UnavailableError(f"no bar of {ticker} was had; check the ticker, and try other days: --start and --end")
    return 0


def _show(options: argparse.Namespace, as_json: dict[str, object], lines: list[str]) -> None:
    if options.json:
        import json

        console.show(json.dumps(as_json, indent=2))
    elif not options.quiet:
        console.show("\n".join(lines))


def main(argv: Sequence[str] | None = None) -> int:
    parser = console.parser("check_massive", __doc__ or "", EXAMPLES)
    parser.add_argument("--historical", metavar="TICKER", help="show a month of daily bars of this ticker instead")
    parser.add_argument("--start", metavar="DAY", type=day, help="first day (2024-03-01, else of the newest month)")
    parser.add_argument("--end", metavar="DAY", type=day, help="the day after the last")
    return console.run(parser, _check, argv)


if __name__ == "__main__":
    sys.exit(main())

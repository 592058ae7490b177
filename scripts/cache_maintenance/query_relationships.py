"""Ask what is stored: a stock, a fund, a group, an environment in numbers, overlaps, a portfolio's exposure."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tickstock import console
from tickstock.option_values import day, percent

EXAMPLES = """
    scripts/cache_maintenance/query_relationships.py --stock AAPL
    scripts/cache_maintenance/query_relationships.py --etf SPY --json
    scripts/cache_maintenance/query_relationships.py --sector information_technology
    scripts/cache_maintenance/query_relationships.py --theme crypto_miners
    scripts/cache_maintenance/query_relationships.py --universe dow30
    scripts/cache_maintenance/query_relationships.py --stats
    scripts/cache_maintenance/query_relationships.py --where NVDA --min-weight 5
    scripts/cache_maintenance/query_relationships.py --overlap SPY QQQ
    scripts/cache_maintenance/query_relationships.py --exposure portfolio.csv
    scripts/cache_maintenance/query_relationships.py --etf SPY --as-of 2025-06-30
    scripts/cache_maintenance/query_relationships.py --stock AAPL --as-of 2025-06-30 --known-on 2025-07-15
"""


def _parser() -> argparse.ArgumentParser:
    result = console.parser("query_relationships", __doc__ or "", EXAMPLES)
    ask = result.add_mutually_exclusive_group(required=True).add_argument
    ask("--stock", metavar="SYMBOL", help="a stock: sector, industry, and everything that it is a member of")
    ask("--etf", metavar="SYMBOL", help="a fund: its holdings, the heaviest first")
    ask("--sector", metavar="NAME", help="a sector: its members, and what put them there")
    ask("--theme", metavar="NAME", help="a theme: its members")
    ask("--universe", metavar="NAME", help="a universe: its members")
    ask("--stats", action="store_true", help="counts, and how many stocks have a sector")
    ask("--where", metavar="SYMBOL", help="the funds that hold a symbol, the heaviest first")
    ask("--overlap", metavar="SYMBOL", nargs="+", help="what two or more funds have in common, each two of them")
    ask(
        "--exposure",
        metavar="FILE",
        type=Path,
        help="look through the funds of a portfolio to stocks and sectors; a CSV file with the columns symbol, and "
        "weight, or value, or shares and price",
    )
    add = result.add_argument
    add("--min-weight", metavar="PERCENT", type=percent, help="with --where: funds that hold at least so much")
    add("--as-of", metavar="DATE", type=day, help="what held on that day: what the newest files by then say")
    add("--known-on", metavar="DATE", type=day, help="what was known at the end of that day (UTC)")
    return result


def _query(options: argparse.Namespace) -> int:
    from tickstock.errors import UsageError
    from tickstock.relationships.queries.ask import QUESTIONS, Question, ask

    if options.min_weight is not None and options.where is None:
        raise UsageError("--min-weight goes with --where alone; leave it out")
    kind = next(kind for kind in QUESTIONS if getattr(options, kind) not in (None, False))
    question = Question(
        kind, getattr(options, kind), options.environment, options.min_weight, options.as_of, options.known_on
    )
    with console.connected(options, "query_relationships") as connection:
        answer = ask(connection, question)
    for remark in answer.remarks:
        console.say(options, remark)
    if options.json:
        import json

        console.show(json.dumps(answer.document(), indent=2))
    elif not options.quiet:
        console.show("\n".join(answer.lines(options.verbose)))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    return console.run(_parser(), _query, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Ask what is stored: a stock, a fund, a group, an environment in numbers, overlaps, a portfolio's exposure."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock import console

if TYPE_CHECKING:
    from decimal import Decimal

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
    result.add_argument(
        "--min-weight", metavar="PERCENT", type=_percent, help="with --where: funds that hold at least so much"
    )
    return result


def _percent(text: str) -> "Decimal":
    from decimal import Decimal, InvalidOperation

    try:
        value = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number in percent, like 5 or 0.25")
    return value


def _query(options: argparse.Namespace) -> int:
    from tickstock.errors import UsageError
    from tickstock.relationships.queries.ask import QUESTIONS, Question, ask

    if options.min_weight is not None and options.where is None:
        raise UsageError("--min-weight goes with --where alone; leave it out")
    kind = next(kind for kind in QUESTIONS if getattr(options, kind) not in (None, False))
    question = Question(kind, getattr(options, kind), options.environment, options.min_weight)
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

"""Build the shipped funds, universes and sectors of ``holdings/`` from the PyPI package pytickersymbols.

Needed only to renew these files, so the package is not among the requirements. The members are those of the
indices as the pinned version of the package lists them; ``holdings/README.md`` says what the files promise.
``sample_sectors.csv`` beside this script holds what was decided by hand about each stock.
"""

import argparse
import csv
import importlib.metadata
import io
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tickstock.errors import BadInputError, TickstockError

PACKAGE = "pytickersymbols"
PACKAGE_VERSION = "1.17.10"  # holdings/README.md and the licence notice name this version too
HOLDINGS_DIR = Path(__file__).resolve().parents[2] / "holdings"
BY_HAND = Path(__file__).resolve().with_name("sample_sectors.csv")
CLASSIFICATION = "stock_classification.csv"

EXAMPLES = f"""\
examples:
  pip install {PACKAGE}=={PACKAGE_VERSION}
  python scripts/dev_tools/build_sample_holdings.py
  python scripts/dev_tools/build_sample_holdings.py --output /tmp/holdings
"""


class Stock(NamedTuple):
    """One line of an index: symbol, company and what the package lists under ``industries``."""

    symbol: str
    name: str
    industries: tuple[str, ...]


class Fund(NamedTuple):
    """A fund that holds exactly one index, or exactly one sector of it."""

    index_name: str
    sector: str | None = None
    equal_weight: bool = False


Indices = Mapping[str, Sequence[Stock]]

SP500, SP600, SP100 = "S&P 500", "S&P 600", "S&P 100"
NASDAQ100, DOW30 = "NASDAQ 100", "DOW JONES"

UNIVERSES = {"sp500": SP500, "nasdaq100": NASDAQ100, "dow30": DOW30, "sp600": SP600}

FUNDS = {
    "spy": Fund(SP500),
    "voo": Fund(SP500),
    "ivv": Fund(SP500),
    "rsp": Fund(SP500, equal_weight=True),
    "qqq": Fund(NASDAQ100),
    "qqqm": Fund(NASDAQ100),
    "dia": Fund(DOW30),
    "edow": Fund(DOW30, equal_weight=True),
    "oef": Fund(SP100),
    "eqwl": Fund(SP100, equal_weight=True),
    "ijr": Fund(SP600),
    "spsm": Fund(SP600),
    "vioo": Fund(SP600),
    "xlb": Fund(SP500, "Materials"),
    "xlc": Fund(SP500, "Communication Services"),
    "xle": Fund(SP500, "Energy"),
    "xlf": Fund(SP500, "Financials"),
    "xli": Fund(SP500, "Industrials"),
    "xlk": Fund(SP500, "Information Technology"),
    "xlp": Fund(SP500, "Consumer Staples"),
    "xlre": Fund(SP500, "Real Estate"),
    "xlu": Fund(SP500, "Utilities"),
    "xlv": Fund(SP500, "Health Care"),
    "xly": Fund(SP500, "Consumer Discretionary"),
}

SECTORS = {fund.sector for fund in FUNDS.values() if fund.sector}

# The package merges the sectors of several sources; these pairs have one meaning in GICS.
SECTOR_OF_PAIR = {
    frozenset({"Energy", "Utilities"}): "Utilities",
    frozenset({"Financials", "Real Estate"}): "Real Estate",
}

# The other stocks of the S&P 500 with two sector names, decided by hand from their GICS sub-industry.
SECTOR_BY_HAND = {
    "GEV": "Industrials",  # Heavy Electrical Equipment
    "GRMN": "Consumer Discretionary",  # Consumer Electronics
    "MCO": "Financials",  # Financial Exchanges & Data
    "MSCI": "Financials",  # Financial Exchanges & Data
    "STE": "Health Care",  # Health Care Equipment
}

# Companies with two lines in an index. An equal-weight index weighs companies, and divides a company's weight
# between its lines by their market values, which no rule fixes in advance: these lines have no weight here.
SHARE_CLASSES = (("FOX", "FOXA"), ("GOOG", "GOOGL"), ("NWS", "NWSA"))


def read_indices() -> dict[str, list[Stock]]:
    """Read the five indices from the installed package.

    Raises:
        BadInputError: the package is missing or of another version, or an index is empty, lists a symbol
            twice or in a foreign spelling.
    """
    wanted = f"pip install {PACKAGE}=={PACKAGE_VERSION}"
    try:
        version = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise BadInputError(f"{PACKAGE} is not installed; try: {wanted}") from None
    if version != PACKAGE_VERSION:
        raise BadInputError(f"found {PACKAGE} {version}, expected {PACKAGE_VERSION}; try: {wanted}")

    from pytickersymbols import PyTickerSymbols

    package = PyTickerSymbols()
    return {
        index: check_index(
            index,
            [Stock(row["symbol"], row["name"], tuple(row["industries"])) for row in package.get_stocks_by_index(index)],
        )
        for index in (SP500, NASDAQ100, DOW30, SP600, SP100)
    }


def check_index(index: str, stocks: list[Stock]) -> list[Stock]:
    """Return the stocks unchanged, or raise BadInputError where no file can be made of them."""
    symbols = [stock.symbol for stock in stocks]
    odd = [symbol for symbol in symbols if not re.fullmatch(r"[A-Z]{1,5}(\.[A-Z])?", symbol)]
    odd += sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
    if odd or not symbols:
        found = ", ".join(odd) or "no stock at all"
        raise BadInputError(
            f"{PACKAGE}, index {index}: found {found}, expected US symbols such as BRK.B, each once; "
            f"try {PACKAGE} {PACKAGE_VERSION}"
        )
    return stocks


def sector_of(stock: Stock) -> str:
    """The GICS sector of a stock of the S&P 500.

    Raises:
        BadInputError: none or several sector names are listed and no rule decides between them.
    """
    named = SECTORS.intersection(stock.industries)
    sector = SECTOR_BY_HAND.get(stock.symbol) or SECTOR_OF_PAIR.get(frozenset(named))
    if sector is None and len(named) == 1:
        (sector,) = named
    if sector is None:
        raise BadInputError(
            f"{stock.symbol}: found the sectors {sorted(named)}, expected exactly one; "
            "look it up and enter it in SECTOR_BY_HAND"
        )
    return sector


def equal_weights(symbols: Sequence[str]) -> dict[str, str]:
    """Weights in percent at the rebalance, to six decimals: 100 / companies, and "" for share classes."""
    doubled = [pair for pair in SHARE_CLASSES if set(pair) <= set(symbols)]
    weight = f"{100 / (len(symbols) - len(doubled)):.6f}".rstrip("0").rstrip(".")
    shared = {symbol for pair in doubled for symbol in pair}
    return {symbol: "" if symbol in shared else weight for symbol in symbols}


def build_files(indices: Indices) -> dict[str, str]:
    """The content of every file by its name, universes first, lines sorted by symbol."""
    files = {}
    for universe, index in UNIVERSES.items():
        files[f"{universe}.csv"] = "".join(
            f"{line}\n" for line in ["symbol", *sorted(s.symbol for s in indices[index])]
        )
    for etf, fund in sorted(FUNDS.items()):
        members = [s for s in indices[fund.index_name] if fund.sector is None or sector_of(s) == fund.sector]
        symbols = sorted(stock.symbol for stock in members)
        weights = equal_weights(symbols) if fund.equal_weight else dict.fromkeys(symbols, "")
        rows = [f"{symbol},{weights[symbol]}" for symbol in symbols]
        files[f"{etf}_holdings.csv"] = "".join(f"{line}\n" for line in ["symbol,weight", *rows])
    return files


class Decision(NamedTuple):
    """A line of ``sample_sectors.csv``.

    ``name`` stands where the package has none, or the title of an article about something else; an empty
    ``sector`` leaves the stock out. ``reason`` is needed where the package has another sector.
    """

    symbol: str
    name: str
    sector: str
    industry: str
    reason: str


def read_decisions(path: Path = BY_HAND) -> dict[str, Decision]:
    """The decisions by symbol, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["symbol"]: Decision(**row) for row in csv.DictReader(file, strict=True)}


def read_theme_symbols() -> set[str]:
    """The symbols of ``themes.csv``, which is kept by hand."""
    with (HOLDINGS_DIR / "themes.csv").open(encoding="utf-8", newline="") as file:
        return {row["symbol"] for row in csv.DictReader(file, strict=True)}


def build_classification(indices: Indices, themes: set[str], decisions: Mapping[str, Decision]) -> str:
    """The content of ``stock_classification.csv``: the decisions, and the package's names of companies.

    Raises:
        BadInputError: a stock has no decision, a decision has no stock, or the package has another sector than
            the decision and no reason is given.
    """
    sp500 = {stock.symbol: stock for stock in indices[SP500]}
    # The package has a record an index; the sectors stand in that of the S&P 500.
    listed = {stock.symbol: stock for stocks in indices.values() for stock in stocks} | sp500
    strangers = sorted((listed.keys() | themes) ^ decisions.keys())
    if strangers:
        raise BadInputError(
            f"found {', '.join(strangers)} only in {BY_HAND.name}, or only in {PACKAGE} and themes.csv, "
            f"expected every stock in both; look it up and mend {BY_HAND.name}"
        )
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["symbol", "name", "sector", "industry"])
    for symbol, decision in sorted(decisions.items()):
        stock = listed.get(symbol)
        if stock:
            check_decision(decision, {sector_of(stock)} if symbol in sp500 else SECTORS.intersection(stock.industries))
        if decision.sector:
            name = decision.name or clean_name(stock.name if stock else "")
            lines.writerow([symbol, name, decision.sector, decision.industry])
    return text.getvalue()


def check_decision(decision: Decision, named: set[str]) -> None:
    """Raise BadInputError where the package names other sectors, and the decision gives no reason."""
    if named and named != {decision.sector} and not decision.reason:
        raise BadInputError(
            f"{decision.symbol}: found {sorted(named)} in {PACKAGE}, and {decision.sector!r} in {BY_HAND.name}; "
            "look it up, and enter the right sector or a reason"
        )


def clean_name(name: str) -> str:
    """A company's name without control characters, and without a first one that a spreadsheet takes for a formula."""
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split()).lstrip("=+-@ ")


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Write the files with LF line ends on every system."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content.encode())
    except OSError as error:
        raise BadInputError(f"cannot write to {folder}: {error.strerror}; try another --output") from error


def summary(files: Mapping[str, str]) -> str:
    """A table of the files with their numbers of stocks and of weights."""
    lines = [f"{'file':<24} {'stocks':>6} {'weights':>7}"]
    for name, content in files.items():
        header, *rows = content.splitlines()
        weights = sum(not row.endswith(",") for row in rows) if header == "symbol,weight" else 0
        lines.append(f"{name:<24} {len(rows):>6} {weights:>7}")
    lines.append(f"{len(FUNDS)} funds, {len(UNIVERSES)} universes, the sectors from {PACKAGE} {PACKAGE_VERSION}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files and print what was written; 0 when done, 1 when that was not possible."""
    parser = argparse.ArgumentParser(
        description="Build the shipped funds, universes and sectors from the PyPI package pytickersymbols.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=HOLDINGS_DIR,
        metavar="DIR",
        help="folder to write to (default: the repository's holdings/)",
    )
    args = parser.parse_args(argv)
    try:
        indices = read_indices()
        files = build_files(indices)
        files[CLASSIFICATION] = build_classification(indices, read_theme_symbols(), read_decisions())
        write_files(files, args.output)
    except TickstockError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    print(summary(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())

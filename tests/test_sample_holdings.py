"""What the shipped holdings/ folder promises, read with the csv module."""

import csv
import importlib.util
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from tickstock.db import Connection
from tickstock.errors import BadInputError
from tickstock.sector_rules import SYMBOL_RULES
from tickstock.sources.classification import read_classification

REPOSITORY = Path(__file__).resolve().parents[1]
HOLDINGS = REPOSITORY / "holdings"
BUILDER = REPOSITORY / "scripts" / "dev_tools" / "build_sample_holdings.py"

FUNDS_OF_UNIVERSE = {
    "sp500": ["SPY", "VOO", "IVV", "RSP"],
    "nasdaq100": ["QQQ", "QQQM"],
    "dow30": ["DIA", "EDOW"],
    "sp600": ["IJR", "SPSM", "VIOO"],
}
SECTOR_FUNDS = ["XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY"]
SP100_FUNDS = ["OEF", "EQWL"]
SHIPPED_FUNDS = sorted(sum(FUNDS_OF_UNIVERSE.values(), SECTOR_FUNDS + SP100_FUNDS))

# Fund, companies of the index, and the lines that share one company's weight.
EQUAL_WEIGHT_FUNDS = [
    ("RSP", 500, {"FOX", "FOXA", "GOOG", "GOOGL", "NWS", "NWSA"}),
    ("EQWL", 100, {"GOOG", "GOOGL"}),
    ("EDOW", 30, set()),
]

SYMBOL = re.compile(r"[A-Z]{1,5}(\.[A-Z])?")


def rows(name: str) -> list[dict[str, str]]:
    with (HOLDINGS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def symbols(name: str) -> list[str]:
    return [row["symbol"] for row in rows(name)]


def fund(etf: str) -> str:
    return f"{etf.lower()}_holdings.csv"


def test_the_folder_holds_24_funds_and_4_universes() -> None:
    funds = sorted(path.name for path in HOLDINGS.glob("*_holdings.csv"))
    assert funds == sorted(fund(etf) for etf in SHIPPED_FUNDS)
    assert len(funds) == 24

    registry = [row["universe"] for row in rows("universes.csv")]
    shipped = sorted(name for name in registry if (HOLDINGS / f"{name}.csv").exists())
    assert shipped == ["dow30", "nasdaq100", "sp500", "sp600"]


@pytest.mark.parametrize(
    ("universe", "lines"), [("sp500", 503), ("nasdaq100", 101), ("dow30", 30), ("sp600", 603)]
)
def test_an_index_has_its_companies_and_their_second_share_classes(universe: str, lines: int) -> None:
    assert len(symbols(f"{universe}.csv")) == lines


@pytest.mark.parametrize(
    ("universe", "etf"), [(universe, etf) for universe, etfs in FUNDS_OF_UNIVERSE.items() for etf in etfs]
)
def test_a_fund_holds_exactly_its_index(universe: str, etf: str) -> None:
    assert symbols(fund(etf)) == symbols(f"{universe}.csv")


def test_the_funds_of_the_s_and_p_100_agree_and_hold_members_of_the_500() -> None:
    assert symbols(fund("OEF")) == symbols(fund("EQWL"))
    assert set(symbols(fund("OEF"))) < set(symbols("sp500.csv"))


def test_the_eleven_sector_funds_partition_the_s_and_p_500() -> None:
    held = [symbol for etf in SECTOR_FUNDS for symbol in symbols(fund(etf))]
    assert sorted(held) == sorted(symbols("sp500.csv"))


@pytest.mark.parametrize(
    ("symbol", "etf"),
    [
        ("AAPL", "XLK"), ("AES", "XLU"), ("AMZN", "XLY"), ("EQIX", "XLRE"), ("GEV", "XLI"), ("GOOGL", "XLC"),
        ("GRMN", "XLY"), ("JPM", "XLF"), ("LIN", "XLB"), ("MCO", "XLF"), ("MSCI", "XLF"), ("STE", "XLV"),
        ("V", "XLF"), ("WMT", "XLP"), ("XOM", "XLE"),
    ],
)  # fmt: skip
def test_a_stock_is_in_the_fund_of_its_gics_sector(symbol: str, etf: str) -> None:
    assert symbol in symbols(fund(etf))


@pytest.mark.parametrize(("etf", "companies", "shared"), EQUAL_WEIGHT_FUNDS)
def test_an_equal_weight_fund_treats_companies_alike(etf: str, companies: int, shared: set[str]) -> None:
    weights = {row["symbol"]: row["weight"] for row in rows(fund(etf))}
    assert {symbol for symbol, weight in weights.items() if not weight} == shared

    known = [float(weight) for weight in weights.values() if weight]
    assert all(weight == pytest.approx(100 / companies, abs=1e-6) for weight in known)
    # Two lines without a weight share the weight of one company.
    assert sum(known) + len(shared) / 2 * 100 / companies == pytest.approx(100, abs=1e-4)


@pytest.mark.parametrize("etf", sorted(set(SHIPPED_FUNDS) - {etf for etf, _, _ in EQUAL_WEIGHT_FUNDS}))
def test_other_weights_are_not_invented(etf: str) -> None:
    with (HOLDINGS / fund(etf)).open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == ["symbol", "weight"]
    assert all(len(line) == 2 and line[1] == "" for line in lines)


@pytest.mark.parametrize(
    "name", [*map(fund, SHIPPED_FUNDS), "sp500.csv", "nasdaq100.csv", "dow30.csv", "sp600.csv"]
)
def test_symbols_are_in_the_one_spelling_sorted_and_each_once(name: str) -> None:
    found = symbols(name)
    assert [symbol for symbol in found if not SYMBOL.fullmatch(symbol)] == []
    assert found == sorted(set(found))


def test_class_shares_are_written_with_a_dot() -> None:
    assert {"BRK.B", "BF.B"} <= set(symbols("sp500.csv"))
    assert {"CWEN.A", "MOG.A"} <= set(symbols("sp600.csv"))


def test_there_are_20_themes_with_6_to_15_stocks_and_9_crypto_miners() -> None:
    sizes = Counter(row["theme"] for row in rows("themes.csv"))
    assert len(sizes) == 20
    assert sizes["crypto_miners"] == 9
    assert {"ev_manufacturers", "semiconductor_equipment"} < set(sizes)
    assert {"cloud_infrastructure", "cybersecurity"} < set(sizes)
    assert all(6 <= size <= 15 for size in sizes.values())


def test_a_theme_lists_a_stock_once_and_is_described_on_its_first_line() -> None:
    lines = rows("themes.csv")
    members = [(row["theme"], row["symbol"]) for row in lines]
    assert len(members) == len(set(members))
    assert all(SYMBOL.fullmatch(symbol) for _, symbol in members)

    themes = [theme for theme, _ in members]
    firsts = {theme: themes.index(theme) for theme in themes}
    assert all(bool(row["description"]) == (firsts[row["theme"]] == i) for i, row in enumerate(lines))


def test_every_shipped_fund_has_a_name_and_every_universe_a_description() -> None:
    names = {row["etf"]: row["name"] for row in rows("funds.csv")}
    assert len(names) == len(rows("funds.csv"))
    assert set(SHIPPED_FUNDS) | {"SCHG", "IWB", "VUG", "VTI"} <= {etf for etf, name in names.items() if name}
    assert names["SPY"] == "SPDR S&P 500 ETF Trust"

    universes = {row["universe"]: row["description"] for row in rows("universes.csv")}
    assert universes["nasdaq100"] == "NASDAQ-100 Index - 100 largest non-financial companies on NASDAQ"
    assert {"sp500", "dow30", "sp600", "sp400", "sp100"} < set(universes)
    assert {"russell1000", "russell2000", "russell3000"} < set(universes)
    assert all(universes.values())


def test_the_licence_notice_of_the_package_is_shipped() -> None:
    notice = (HOLDINGS / "LICENSE-pytickersymbols.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2023 portfolio+" in notice
    assert "The above copyright notice and this permission notice shall be included" in notice


def shipped_stocks() -> set[str]:
    """Every stock of the shipped funds, universes and themes."""
    files = [*map(fund, SHIPPED_FUNDS), "sp500.csv", "nasdaq100.csv", "dow30.csv", "sp600.csv", "themes.csv"]
    return {symbol for name in files for symbol in symbols(name)}


def test_the_classification_has_a_line_for_all_but_a_few_of_the_shipped_stocks() -> None:
    classified = symbols("stock_classification.csv")
    assert classified == sorted(set(classified))
    assert set(classified) <= shipped_stocks()
    # What we do not know for certain is left out.
    assert shipped_stocks() - set(classified) == {"GLBE", "NBIS", "SERV", "UROY"}
    assert len(classified) == 1241
    assert sum(bool(row["industry"]) for row in rows("stock_classification.csv")) == 1186


def test_the_classification_names_gics_sectors_and_their_industries(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT description, industries FROM gics_sectors() WHERE name <> 'unknown'")
        gics = dict(cursor.fetchall())
    lines = rows("stock_classification.csv")
    assert list(lines[0]) == ["symbol", "name", "sector", "industry"]
    assert {row["sector"] for row in lines} == gics.keys()
    assert [row for row in lines if row["industry"] and row["industry"] not in gics[row["sector"]]] == []


def test_the_classification_agrees_with_the_sector_funds_and_with_the_known_by_heart() -> None:
    sector = {row["symbol"]: row["sector"] for row in rows("stock_classification.csv")}
    industry = {row["symbol"]: row["industry"] for row in rows("stock_classification.csv")}
    of_fund = {etf: {sector[symbol] for symbol in symbols(fund(etf))} for etf in SECTOR_FUNDS}
    assert all(len(sectors) == 1 for sectors in of_fund.values())
    assert (of_fund["XLK"], of_fund["XLRE"]) == ({"Information Technology"}, {"Real Estate"})
    assert len(set(map(frozenset, of_fund.values()))) == 11

    assert {symbol: industry[symbol] for symbol in SYMBOL_RULES} == {s: name for s, (_, name) in SYMBOL_RULES.items()}


@pytest.mark.parametrize(
    ("symbol", "sector", "industry"),
    [
        ("AAPL", "Information Technology", "Technology Hardware, Storage & Peripherals"),
        ("BRK.B", "Financials", "Financial Services"),
        ("ARI", "Financials", "Mortgage Real Estate Investment Trusts (REITs)"),
        ("CWEN.A", "Utilities", "Independent Power and Renewable Electricity Producers"),
        ("HFWA", "Financials", "Banks"),
        ("KMX", "Consumer Discretionary", "Specialty Retail"),
        ("NSIT", "Information Technology", "Electronic Equipment, Instruments & Components"),
        ("RIVN", "Consumer Discretionary", "Automobiles"),
        ("RKLB", "Industrials", "Aerospace & Defense"),
        ("TWI", "Industrials", "Machinery"),
        ("UNFI", "Consumer Staples", "Consumer Staples Distribution & Retail"),
    ],
)
def test_a_stock_is_in_its_gics_industry(symbol: str, sector: str, industry: str) -> None:
    (line,) = [row for row in rows("stock_classification.csv") if row["symbol"] == symbol]
    assert (line["sector"], line["industry"]) == (sector, industry)


def test_companies_have_names_that_are_safe_in_a_spreadsheet() -> None:
    names = {row["symbol"]: row["name"] for row in rows("stock_classification.csv")}
    assert [symbol for symbol, name in names.items() if not name.isprintable() or not name.strip()] == []
    assert [symbol for symbol, name in names.items() if name[0] in "=+-@"] == []
    assert (names["AAPL"], names["AIZ"], names["RKLB"]) == ("Apple Inc.", "Assurant", "Rocket Lab")


def test_the_loaders_reader_finds_nothing_wrong_with_the_classification() -> None:
    found = read_classification(HOLDINGS / "stock_classification.csv", "classification")
    assert (found.problems, found.warnings, len(found.rows)) == ((), (), 1241)


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BUILDER), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


installed = importlib.util.find_spec("pytickersymbols") is not None


@pytest.mark.skipif(not installed, reason="pytickersymbols, needed only to build the files, is not installed")
def test_the_builder_gives_the_shipped_bytes(tmp_path: Path) -> None:
    done = build("--output", str(tmp_path / "new"))
    assert (done.returncode, done.stderr) == (0, "")
    made = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert len(made) == 29
    assert made == {name: (HOLDINGS / name).read_bytes() for name in made}


@pytest.mark.skipif(installed, reason="pytickersymbols is installed")
def test_the_builder_names_the_package_that_it_lacks(tmp_path: Path) -> None:
    done = build("--output", str(tmp_path / "new"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "pip install pytickersymbols==1.17.10" in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.fixture
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_sample_holdings", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_classification_is_the_decisions_with_the_packages_names(builder: ModuleType) -> None:
    indices = {
        "S&P 500": [builder.Stock("XOM", "=Exxon\x07  Mobil, Inc.", ("Energy", "Oil"))],
        "S&P 600": [builder.Stock("ARI", "Apollo", ("Real Estate",)), builder.Stock("QQ", "Nobody knows", ())],
    }
    decisions = {
        "XOM": builder.Decision("XOM", "", "Energy", "", ""),
        "ARI": builder.Decision("ARI", "Apollo Commercial", "Financials", "", "mortgage REITs are Financials"),
        "QQ": builder.Decision("QQ", "", "", "", "not sure"),
        "RKLB": builder.Decision("RKLB", "Rocket Lab", "Industrials", "Aerospace & Defense", ""),
    }
    assert builder.build_classification(indices, {"RKLB"}, decisions) == (
        "symbol,name,sector,industry\n"
        "ARI,Apollo Commercial,Financials,\n"
        "RKLB,Rocket Lab,Industrials,Aerospace & Defense\n"
        'XOM,"Exxon Mobil, Inc.",Energy,\n'
    )


@pytest.mark.parametrize(
    ("sector", "themes", "message"),
    [
        ("Materials", set(), r"XOM: found \['Energy'\] in pytickersymbols, and 'Materials' in sample_sectors.csv"),
        ("Energy", {"RKLB"}, "found RKLB only in sample_sectors.csv, or only in pytickersymbols and themes.csv"),
    ],
)
def test_the_builder_stops_at_a_stock_that_nobody_decided(
    sector: str, themes: set[str], message: str, builder: ModuleType
) -> None:
    indices = {"S&P 500": [builder.Stock("XOM", "Exxon Mobil", ("Energy",))]}
    decisions = {"XOM": builder.Decision("XOM", "", sector, "", "")}
    with pytest.raises(BadInputError, match=message):
        builder.build_classification(indices, themes, decisions)


def test_the_builder_explains_itself() -> None:
    done = build("--help")
    assert done.returncode == 0
    assert "examples:" in done.stdout

"""What the campaign lets loose on the tables: one line a command. A command of one transaction belongs here."""

from __future__ import annotations

from pathlib import Path

from tests.files import write_fund, write_universe

# Each changes something where the files of week 0 and the hands of HANDS are stored and those of week 1 lie ready.
LOADERS = (
    "load_etf_holdings --force",
    "load_etf_holdings --mode incremental --force",
    "load_universes --force",
    "organize_universe --force",
    "organize_sectors_industries --force",
    "build_stock_metadata --rebuild --force",
    "enrich_sectors --force",
    "load_etf_holdings --etf SPY --as-of 2020-01-31 --force",
)
COMMANDS = (*LOADERS, "undo_load 2 --force", "apply_plan {folder}/plan.json")
PLAN = "load_etf_holdings --force --dry-run --plan {folder}/plan.json"

# How week 0 gets into the tables: as loads 2, 3, 4 and 5 (1 is the migrations' own), and then by hand.
FIRST_LOADS = ("load_etf_holdings", "load_universes", "organize_universe", "enrich_sectors")
HANDS = (
    "UPDATE definition_groups SET description = 'oil' WHERE type = 'SECTOR' AND name = 'energy'",
    "UPDATE group_memberships SET weight = 7 WHERE symbol = 'AK' AND weight IS NOT NULL",
)

# Scripts that change nothing. {folder} is a folder of input files with a portfolio.csv.
READERS = (
    "query_relationships --stock AJ",
    "query_relationships --etf SPY --json",
    "query_relationships --sector energy",
    "query_relationships --theme miners",
    "query_relationships --universe dow30",
    "query_relationships --stats",
    "query_relationships --stats --environment TEST",
    "query_relationships --where AJ --min-weight 1",
    "query_relationships --overlap SPY QQQ",
    "query_relationships --exposure {folder}/portfolio.csv",
    "validate_relationships --verbose",
    "generate_report --summary",
    "generate_report --detail",
    "generate_report --detail --format markdown",
    "generate_report --detail --format html",
    "generate_report --detail --json",
    "query_relationships --etf SPY --as-of 2030-01-01",
    "query_relationships --stock AJ --as-of 2030-01-01 --known-on 2030-01-01 --json",
    "history loads",
    "history show 2 --verbose",
    "history diff --etf SPY --from 2030-01-01 --to 2030-01-02",
    "history churn --json",
    "history renames",
    "drift --verbose",
)

SYMBOLS = [first + second for first in "ABCDEFGH" for second in "JKLMN"]
SECTORS = ("Energy", "Utilities", "Materials", "Financials")


def write_week(folder: Path, week: int) -> Path:
    """The input files of a week, all different from those of every other. After week 0 a fund is gone, another comes,
    and so do stocks that nobody had before.
    """
    folder.mkdir()
    entering = ["XA", "XB", "XC"] if week else []
    funds = ["SPY", "QQQ", "XLE", "IWM" if week else "DIA"]
    for place, fund in enumerate(funds):
        symbols = (SYMBOLS * 2)[place * 8 + week * 3 :][:25]
        symbols[:3] = entering or symbols[:3]
        write_fund(folder, fund, {symbol: f"{3.5 + (index + week) % 5 / 4}" for index, symbol in enumerate(symbols)})
    write_universe(folder, "sp500", SYMBOLS[week : week + 30] + entering)
    write_universe(folder, "dow30", SYMBOLS[week * 2 :][:20])
    portfolio = "symbol,value\nSPY,60\nQQQ,40\n"
    themes = [f"{theme},{symbol},{theme} of week {week}" for theme in ("miners", "quantum")
              for symbol in SYMBOLS[week :: 7 if theme == "miners" else 9] + entering]  # fmt: skip
    classified = [f"{symbol},{SECTORS[(index + week) % 4]}," for index, symbol in enumerate(SYMBOLS) if index % 6]
    overridden = [f"{symbol},{SECTORS[week % 4]}," for symbol in SYMBOLS[week::10]]
    for name, header, lines in (
        ("themes", "theme,symbol,description", themes),
        ("stock_classification", "symbol,sector,industry", classified),
        ("sector_overrides", "symbol,sector,industry", overridden),
    ):
        (folder / f"{name}.csv").write_text("\n".join([header, *lines, ""]))
    (folder / "portfolio.csv").write_text(portfolio)
    return folder

"""The four loaders: what each loads, and the words of its script."""

from __future__ import annotations

from tickstock.load_command import Loader
from tickstock.relationships import inputs

SECTORS = Loader(
    program="organize_sectors_industries",
    type="SECTOR",
    description="Create the 11 GICS sectors and 'unknown', with their industries. Members are left alone.",
    examples="""
        scripts/cache_maintenance/organize_sectors_industries.py --dry-run
        scripts/cache_maintenance/organize_sectors_industries.py
    """,
    find=lambda connection, options, folder: inputs.sector_inputs(connection),
    reads_files=False,
)

THEMES = Loader(
    program="organize_universe",
    type="THEME",
    description="Create the themes and their members from themes.csv in the holdings folder.",
    examples="""
        scripts/cache_maintenance/organize_universe.py --dry-run
        scripts/cache_maintenance/organize_universe.py
        scripts/cache_maintenance/organize_universe.py --mode incremental
    """,
    find=lambda connection, options, folder: inputs.theme_inputs(folder),
)

ETFS = Loader(
    program="load_etf_holdings",
    type="ETF",
    description="Load ETF holdings from a folder of CSV files and issuers' own downloads.",
    examples="""
        scripts/cache_maintenance/load_etf_holdings.py --dry-run
        scripts/cache_maintenance/load_etf_holdings.py --mode incremental
        scripts/cache_maintenance/load_etf_holdings.py --etf SPY
        scripts/cache_maintenance/load_etf_holdings.py --rebuild --keep-manual
    """,
    find=lambda connection, options, folder: inputs.etf_inputs(folder, options.etf),
)

UNIVERSES = Loader(
    program="load_universes",
    type="UNIVERSE",
    description="Load stock universes from symbol lists; universes.csv says which names are universes.",
    examples="""
        scripts/cache_maintenance/load_universes.py --mode dry-run
        scripts/cache_maintenance/load_universes.py --mode incremental
        scripts/cache_maintenance/load_universes.py --mode full
    """,
    find=lambda connection, options, folder: inputs.universe_inputs(folder),
)

# In the order of the weekly run.
ALL = (SECTORS, THEMES, ETFS, UNIVERSES)

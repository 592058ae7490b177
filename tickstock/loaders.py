"""The loaders: what each loads, and the words of its script."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock.load_command import Loader

if TYPE_CHECKING:
    from tickstock.db import Connection
    from tickstock.relationships.inputs import Inputs


def _sectors(connection: Connection, options: argparse.Namespace, folder: Path) -> Inputs:
    from tickstock.relationships.inputs import sector_inputs

    return sector_inputs(connection)


def _themes(connection: Connection, options: argparse.Namespace, folder: Path) -> Inputs:
    from tickstock.relationships.inputs import theme_inputs

    return theme_inputs(folder, options.as_of)


def _etfs(connection: Connection, options: argparse.Namespace, folder: Path) -> Inputs:
    from tickstock.relationships.inputs import etf_inputs

    return etf_inputs(folder, options.etf, options.as_of)


def _universes(connection: Connection, options: argparse.Namespace, folder: Path) -> Inputs:
    from tickstock.relationships.inputs import universe_inputs

    return universe_inputs(folder, options.as_of)


def _build(connection: Connection, options: argparse.Namespace, folder: Path) -> Inputs:
    return _classified(connection, options, folder, build=True)


def _enrich(connection: Connection, options: argparse.Namespace, folder: Path) -> Inputs:
    return _classified(connection, options, folder, build=False)


def _classified(connection: Connection, options: argparse.Namespace, folder: Path, build: bool) -> Inputs:
    from tickstock.relationships.evidence import EvidenceFiles, sector_method_inputs

    return sector_method_inputs(connection, EvidenceFiles(folder, options.classification, options.overrides), build)


SECTORS = Loader(
    program="organize_sectors_industries",
    type="SECTOR",
    description="Create the 11 GICS sectors and 'unknown', with their industries. Members are left alone.",
    examples="""
        scripts/cache_maintenance/organize_sectors_industries.py --dry-run
        scripts/cache_maintenance/organize_sectors_industries.py
    """,
    find=_sectors,
    reads="nothing",
)

BUILD = Loader(
    program="build_stock_metadata",
    type="SECTOR",
    description="See to it that every stock is in one sector: from overrides and the symbol rules, else 'unknown'. "
    "What enrich_sectors.py found out stays.",
    examples="""
        scripts/cache_maintenance/build_stock_metadata.py --dry-run
        scripts/cache_maintenance/build_stock_metadata.py
        scripts/cache_maintenance/build_stock_metadata.py --rebuild --overrides my_sectors.csv
    """,
    find=_build,
    reads="evidence",
)

ENRICH = Loader(
    program="enrich_sectors",
    type="SECTOR",
    description="Classify every stock from all evidence: overrides, the eleven sector SPDRs, issuers' files, "
    "a classification, symbol rules.",
    examples="""
        scripts/cache_maintenance/enrich_sectors.py --mode dry-run
        scripts/cache_maintenance/enrich_sectors.py --mode incremental
        scripts/cache_maintenance/enrich_sectors.py --mode full --classification us_stocks.csv
    """,
    find=_enrich,
    reads="evidence",
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
    find=_themes,
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
    find=_etfs,
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
    find=_universes,
)

# In the order of the weekly run.
ALL = (ETFS, UNIVERSES, SECTORS, THEMES, ENRICH)

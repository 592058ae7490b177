"""A command that mends uses the files that the data came from, not those that happen to be the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from tickstock.relationships.mends import Origin
from tickstock.settings import REPOSITORY

SHIPPED = REPOSITORY / "holdings"
HOME = Path("/data/my files")
S = "python scripts/cache_maintenance"
MINE = {"ETF": HOME / "spy.csv", "UNIVERSE": SHIPPED / "sp500.csv", "SECTOR": Path("/lists/us.csv"),
        "THEME": SHIPPED / "themes.csv"}  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "paths", "mend", "completed"),
    [
        ("DEFAULT", {}, f"{S}/load_etf_holdings.py --etf SPY", f"{S}/load_etf_holdings.py --etf SPY"),
        ("TEST", {}, f"{S}/enrich_sectors.py", f"{S}/enrich_sectors.py --environment TEST"),
        ("TEST", MINE, "DELETE FROM load_files WHERE id = 7", "DELETE FROM load_files WHERE id = 7"),
        ("TEST", MINE, f"{S}/organize_sectors_industries.py", f"{S}/organize_sectors_industries.py --environment TEST"),
        ("DEFAULT", MINE, f"{S}/load_universes.py", f"{S}/load_universes.py"),
        ("DEFAULT", MINE, f"{S}/load_etf_holdings.py", f"{S}/load_etf_holdings.py --holdings-dir '{HOME}'"),
        ("DEFAULT", MINE, f"{S}/organize_universe.py", f"{S}/organize_universe.py --holdings-dir '{HOME}'"),
        ("DEFAULT", MINE, f"{S}/build_stock_metadata.py", f"{S}/build_stock_metadata.py --holdings-dir '{HOME}'"),
        ("T", MINE, f"{S}/enrich_sectors.py",
         f"{S}/enrich_sectors.py --holdings-dir '{HOME}' --classification /lists/us.csv --environment T"),
        ("DEFAULT", {"SECTOR": SHIPPED / "stock_classification.csv", "ETF": SHIPPED / "spy.csv"},
         f"{S}/enrich_sectors.py --mode full", f"{S}/enrich_sectors.py --mode full"),
    ],
)  # fmt: skip
def test_a_command_is_completed(environment: str, paths: dict[str, Path], mend: str, completed: str) -> None:
    assert Origin(environment, paths).complete(mend) == completed

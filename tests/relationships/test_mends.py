"""A command that mends uses the files that the data came from, not those that happen to be the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.mends import Origin, read_origin, reload
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


def test_a_load_is_limited_to_one_fund_where_it_can_be() -> None:
    assert reload("ETF", "full", "BRK.B") == f"{S}/load_etf_holdings.py --etf BRK.B --mode full"
    assert reload("ETF", "incremental") == f"{S}/load_etf_holdings.py --mode incremental"
    assert reload("ETF", "full", "$(reboot)") == f"{S}/load_etf_holdings.py --mode full"
    assert reload("UNIVERSE", "full", "DOW30") == f"{S}/load_universes.py --mode full"
    assert reload("THEME", "full", "AI") == f"{S}/organize_universe.py --mode full"


def test_the_origin_is_the_file_that_present_rows_come_from(
    load_etfs: Load, folder: Path, connection: Connection
) -> None:
    """Files of the past, and of loads that were undone, are none."""

    def origin() -> dict[str, Path]:
        with connection.cursor() as cursor:
            return read_origin(cursor, "DEFAULT").paths

    assert origin() == {}
    spy = write_fund(folder, "SPY", {"AAPL": 60, "MSFT": 40})
    load_etfs()
    assert origin() == {"ETF": spy}
    spy.unlink()
    qqq = write_fund(folder, "QQQ", {"AAPL": 60, "MSFT": 40})
    load_etfs(force=True)
    assert origin() == {"ETF": qqq}
    query(connection, "UPDATE load_files SET undone_by = 99 WHERE group_name = 'QQQ'")
    assert origin() == {"ETF": spy}, "the group is gone, its record is not"
    query(connection, "UPDATE load_files SET scope = 'past' WHERE group_name = 'SPY'")
    assert origin() == {}

"""Every name of the older guides has a place here: what their table leads to can be imported, or lies there."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest

from tickstock.settings import REPOSITORY

LINES = (REPOSITORY / "docs" / "market_data_names.md").read_text(encoding="utf-8").splitlines()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if line.startswith("|")][2:]
# As the guides print them.
OLDER = (
    "from data_manager import get_smart_data", "s3_data.load_bars", "load_multiple_tickers", "load_day_file",
    "MassiveDataProvider", "get_massive_daily_data", "test_massive_connection", "test_massive_part1_list.py",
    "test_massive_part2_download.py", "test_massive_historical.py", "test_massive_integration.py",
    "populate_cache.py", "populate_cache_bulk.py", "vol_analysis.py",
)  # fmt: skip


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("name", OLDER)
def test_the_table_has_the_name(name: str) -> None:
    assert name in [each for older, _ in ROWS for each in code(older)]


@pytest.mark.parametrize("place", sorted({place for _, here in ROWS for place in code(here)}))
def test_the_place_is_there(place: str) -> None:
    if match := re.fullmatch(r"from (\S+) import (\S+)", place):
        module = importlib.import_module(match[1])
        assert hasattr(module, match[2]) or importlib.import_module(f"{match[1]}.{match[2]}")
    elif match := re.fullmatch(r"import (\S+) as \w+", place):
        importlib.import_module(match[1])
    else:
        path, *arguments = place.split()
        assert (REPOSITORY / path).exists()
        if path.endswith(".py"):
            command = [sys.executable, str(REPOSITORY / path), *arguments, "--help"]
            assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0

"""A database with nothing to find fault with, and the files that it was loaded from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tickstock.db import Database
from tickstock.settings import REPOSITORY


@pytest.fixture
def database(new_database: Callable[..., Database], clean: str) -> Database:
    return new_database(clean)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped files, to be edited."""
    return Path(shutil.copytree(REPOSITORY / "holdings", tmp_path / "holdings"))

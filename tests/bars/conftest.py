"""What tests of market data start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bars.s3_server import FlatFiles
from tests.bars.scene import TRACKED, Scene


@pytest.fixture
def scene(bucket: FlatFiles, tmp_path: Path) -> Scene:
    """An empty bucket, empty folders, and two tracked tickers."""
    scene = Scene(tmp_path, bucket)
    scene.track(*TRACKED)
    return scene

"""An S3 server for all tests of bars, and flat files of each test's own in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bars.s3_server import FlatFiles, S3Server, running_s3


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server
        server.client.close()


@pytest.fixture
def bucket(s3: S3Server) -> FlatFiles:
    """A bucket of flat files that is empty."""
    return s3.new_bucket()

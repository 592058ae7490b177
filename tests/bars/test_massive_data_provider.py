"""The older guides' names lead to the archive and the bucket, and never to Yahoo's prices."""

from __future__ import annotations

import logging
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.bars.flat_files import bars, day_file
from tests.bars.s3_server import ALL, PLAN, WRONG, FlatFiles, Keys
from tests.bars.yahoo_chart import NEW_YORK, yahoo_chart
from tickstock.bars import massive_data_provider
from tickstock.bars.gather import NoBarsError
from tickstock.bars.massive_data_provider import MassiveDataProvider, get_massive_daily_data
from tickstock.bars.provider import BadCredentials, NotEntitled
from tickstock.market_settings import Market

DAYS = [date(2025, 12, 1), date(2025, 12, 2), date(2025, 12, 3)]
NOVEMBER = date(2025, 11, 28)
NOW = datetime(2025, 12, 4, 12, tzinfo=NEW_YORK)


@pytest.fixture
def published(bucket: FlatFiles) -> FlatFiles:
    for day in (NOVEMBER, *DAYS):
        bucket.put(day, day_file(day, bars(day, 100 + day.day / 4, "AAPL", "XLK")))
    return bucket


def market(folder: Path, bucket: FlatFiles, keys: Keys | None = ALL) -> Market:
    return Market(folder / "archive", folder / "derived", str(folder / "store"), folder / "tickers",
                  massive=bucket.massive(keys))  # fmt: skip


def test_the_files_of_a_range_are_listed(published: FlatFiles, tmp_path: Path) -> None:
    provider = MassiveDataProvider(market=market(tmp_path, published, PLAN), now=NOW)
    assert list(provider.list_available_files(NOVEMBER, DAYS[2])) == [NOVEMBER, DAYS[0], DAYS[1]]
    with pytest.raises(BadCredentials):
        MassiveDataProvider(market=market(tmp_path, published, WRONG)).list_available_files(DAYS[0], DAYS[2])


def test_a_day_is_looked_for_in_the_archive_first(published: FlatFiles, tmp_path: Path) -> None:
    provider = MassiveDataProvider(market=market(tmp_path, published), now=NOW)
    first = provider.download_file(DAYS[0])
    assert provider.get_local_file_path(DAYS[0]).read_bytes() == day_file(
        DAYS[0], bars(DAYS[0], 100.25, "AAPL", "XLK")
    )
    published.remove(DAYS[0])
    assert provider.download_file(DAYS[0]).equals(first)
    assert first["ticker"].tolist() == ["AAPL", "XLK"]


def test_without_the_archive_a_day_is_downloaded_and_not_kept(published: FlatFiles, tmp_path: Path) -> None:
    kept = MassiveDataProvider(market=market(tmp_path / "kept", published), now=NOW).download_file(DAYS[0])
    provider = MassiveDataProvider(use_local_cache=False, market=market(tmp_path, published, PLAN), now=NOW)
    found = provider.download_file(DAYS[0])
    assert found.equals(kept)
    assert found.dtypes.equals(kept.dtypes)
    assert not provider.get_local_file_path(DAYS[0]).exists()
    with pytest.raises(NotEntitled):
        provider.download_file(NOVEMBER)


def test_daily_data_are_massives_alone(
    published: FlatFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = market(tmp_path, published, PLAN)
    with yahoo_chart(monkeypatch) as yahoo:
        frame = get_massive_daily_data("XLK", NOVEMBER, DAYS[2], adjust="none", market=where, now=NOW)
        assert [stamp.date() for stamp in frame.index] == DAYS[:2]
        assert frame["Close"].tolist() == [103.25, 103.5]
        assert frame.attrs["coverage"]["missing"] == str(NOVEMBER)
        by_period = get_massive_daily_data("XLK", period="3d", adjust="none", market=where, now=NOW)
        assert [stamp.date() for stamp in by_period.index] == DAYS[1:]
        provider = MassiveDataProvider(market=where, now=NOW)
        assert provider.get_massive_daily_data("XLK", NOVEMBER, DAYS[2], adjust="none").equals(frame)
        with pytest.raises(NoBarsError, match="no bar of NOSUCH"):
            get_massive_daily_data("NOSUCH", DAYS[0], DAYS[2], adjust="none", market=where, now=NOW)
        assert yahoo.asked == []


def test_the_connection_is_told_by_yes_or_no(
    published: FlatFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    connected = massive_data_provider.test_massive_connection
    with caplog.at_level(logging.INFO, "tickstock.bars"):
        assert connected(market=market(tmp_path, published), now=NOW)
        assert "Part 2, download: 2025-12-03" in caplog.text
        assert not connected(market=market(tmp_path, published, WRONG), now=NOW)
        assert not connected(market=market(tmp_path, published, None), now=NOW)
    assert capsys.readouterr() == ("", "")


def test_pytest_takes_the_connection_for_no_test() -> None:
    assert massive_data_provider.test_massive_connection.__test__ is False  # type: ignore[attr-defined]

"""The store and the files of tracked tickers hold what the flat files hold, whatever happened on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bars.flat_files import bars, day_file, minute_file, put
from tickstock.bars.dataset import DAY, MINUTE
from tickstock.bars.derive import Derived, Source, Target, derive
from tickstock.bars.mapping import local_map
from tickstock.bars.sessions import sessions
from tickstock.bars.store import Partition, Store
from tickstock.bars.tracked import read_tracked

DAYS = sessions(date(2025, 11, 17), date(2025, 12, 11))
NAMES = ("AAPL", "BCPC", "BCpC", "NA", "XLK")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    for number, day in enumerate(DAYS):
        put(folder, day, day_file(day, bars(day, 20 + number, *NAMES)))
    return folder


def sources(archive: Path, days: Iterable[date] = DAYS) -> dict[date, Source]:
    found = {day: archive / f"{day}.csv.gz" for day in days}
    return {day: Source(hashlib.md5(path.read_bytes()).hexdigest(), path) for day, path in found.items()}


def target(tmp_path: Path, *tickers: str, since: date = date(2003, 9, 10)) -> Target:
    return Target(DAY, Store(str(tmp_path / "bars")), tmp_path / "derived", tickers, since)


def made(target: Target, found: dict[date, Source]) -> Derived:
    return derive(target, found, local_map, lambda step, done, of: None)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def derived(tmp_path: Path) -> dict[str, bytes]:
    return content(tmp_path / "bars") | content(tmp_path / "derived")


def test_a_partition_a_month_sorted_by_ticker(tmp_path: Path, archive: Path) -> None:
    to = target(tmp_path)
    assert made(to, sources(archive)) == Derived(2, (), {})
    assert to.store is not None
    assert [partition.name for partition in to.store.partitions(DAY)] == [
        "day/year=2025/month=11/bars.parquet",
        "day/year=2025/month=12/bars.parquet",
    ]
    rows = to.store.read(Partition(DAY, 2025, 12))
    assert rows.columns == ["ticker", "date", "open", "high", "low", "close", "volume", "transactions"]
    december = [day for day in DAYS if day.month == 12]
    assert rows.select("ticker", "date").rows() == [(name, day) for name in NAMES for day in december]
    assert to.store.objects(Partition(DAY, 2025, 12)) == {
        day: source.etag for day, source in sources(archive, december).items()
    }


def test_the_file_of_a_tracked_ticker_is_as_the_guide_prints_it(tmp_path: Path, archive: Path) -> None:
    made(target(tmp_path, "XLK"), sources(archive, DAYS[:2]))
    # bars(): volume 1050 and the day's number in the week, open 25, close 26, high 27, low 24
    assert (tmp_path / "derived" / "XLK_1d_data.csv").read_text() == (
        "Date,Open,High,Low,Close,Volume\n"
        f"2025-11-17,25.0,27.0,24.0,26.0,{1050 + DAYS[0].toordinal() % 7}\n"
        f"2025-11-18,26.0,28.0,25.0,27.0,{1050 + DAYS[1].toordinal() % 7}\n"
    )
    import json

    about = json.loads((tmp_path / "derived" / "XLK_1d_data.json").read_text())
    assert about["schema_version"] == "1.0.0"
    assert (about["source"], about["adjustment"], about["records"]) == ("Massive.com", "none", 2)
    assert about["date_range"] == ["2025-11-17", "2025-11-18"]
    assert about["checksum"] == hashlib.md5((tmp_path / "derived" / "XLK_1d_data.csv").read_bytes()).hexdigest()
    assert list(about["objects"].values()) == [source.etag for source in sources(archive, DAYS[:2]).values()]


def test_a_second_time_nothing_is_made(tmp_path: Path, archive: Path) -> None:
    to = target(tmp_path, "XLK")
    made(to, sources(archive))
    before = derived(tmp_path)
    assert made(to, sources(archive)) == Derived(0, (), {})
    assert derived(tmp_path) == before


def test_a_replaced_object_is_derived_again_and_nothing_else(tmp_path: Path, archive: Path) -> None:
    to = target(tmp_path, "XLK")
    made(to, sources(archive))
    november = (tmp_path / "bars" / "day" / "year=2025" / "month=11" / "bars.parquet").read_bytes()
    put(archive, DAYS[-1], day_file(DAYS[-1], bars(DAYS[-1], 500, *NAMES)))
    assert made(to, sources(archive)) == Derived(1, ("XLK",), {})
    assert (tmp_path / "bars" / "day" / "year=2025" / "month=11" / "bars.parquet").read_bytes() == november
    tracked = read_tracked(to.folder, "XLK")
    assert tracked is not None
    assert tracked.rows.row(-1)[1] == 505.0
    assert len(tracked.rows) == len(DAYS)


def test_a_ticker_that_is_tracked_later_is_read_from_the_store(tmp_path: Path, archive: Path) -> None:
    made(target(tmp_path), sources(archive))
    found = sources(archive)
    for path in archive.iterdir():
        path.unlink()
    assert made(target(tmp_path, "BCpC"), found) == Derived(0, ("BCpC",), {})
    assert len((tmp_path / "derived" / "BC+pC_1d_data.csv").read_text().splitlines()) == 1 + len(DAYS)


def test_a_ticker_without_a_bar_has_looked_at_every_day(tmp_path: Path, archive: Path) -> None:
    made(target(tmp_path, "NONE"), sources(archive))
    tracked = read_tracked(tmp_path / "derived", "NONE")
    assert tracked is not None
    assert len(tracked.rows) == 0
    assert list(tracked.objects) == DAYS
    assert made(target(tmp_path, "NONE"), sources(archive)) == Derived(0, (), {})


def test_a_file_that_is_none_is_told_and_the_others_are_made(tmp_path: Path, archive: Path) -> None:
    put(archive, DAYS[3], b"<html>")
    found = made(target(tmp_path, "XLK"), sources(archive))
    assert found == Derived(2, ("XLK",), {DAYS[3]: "it is no gzip but HTML or XML"})
    tracked = read_tracked(tmp_path / "derived", "XLK")
    assert tracked is not None
    assert list(tracked.objects) == [day for day in DAYS if day != DAYS[3]]
    put(archive, DAYS[3], day_file(DAYS[3], bars(DAYS[3], 23, *NAMES)))
    mended = made(target(tmp_path, "XLK"), sources(archive))
    assert mended == Derived(1, ("XLK",), {})


def test_derived_files_hold_nothing_before_their_first_day(tmp_path: Path, archive: Path) -> None:
    made(target(tmp_path, "XLK", since=DAYS[5]), sources(archive))
    tracked = read_tracked(tmp_path / "derived", "XLK")
    assert tracked is not None
    assert tracked.rows["date"].to_list() == DAYS[5:]
    assert list(tracked.objects) == DAYS[5:]


@pytest.mark.parametrize("damage", ["cut", "gone", "garbage", "other"])
def test_a_pair_that_does_not_fit_together_is_made_again(tmp_path: Path, archive: Path, damage: str) -> None:
    to = target(tmp_path, "XLK")
    made(to, sources(archive))
    before = derived(tmp_path)
    path, about = to.folder / "XLK_1d_data.csv", to.folder / "XLK_1d_data.json"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-5])
    elif damage == "gone":
        about.unlink()
    elif damage == "garbage":
        about.write_text("[]")
    else:
        about.write_text(about.read_text().replace('"XLK"', '"XLF"'))
    assert read_tracked(to.folder, "XLK") is None
    assert made(to, sources(archive)).tickers == ("XLK",)
    assert derived(tmp_path) == before


@pytest.mark.parametrize("place", ["footer", "body", "empty"])
def test_a_damaged_partition_is_made_again(tmp_path: Path, archive: Path, place: str) -> None:
    to = target(tmp_path, "XLK")
    made(to, sources(archive))
    before = derived(tmp_path)
    path = tmp_path / "bars" / "day" / "year=2025" / "month=12" / "bars.parquet"
    whole = bytearray(path.read_bytes())
    if place == "footer":
        whole = whole[:-20]
    elif place == "body":
        whole[4:200] = bytes(196)
    path.write_bytes(b"" if place == "empty" else bytes(whole))
    # A day more makes it be looked at, as the next day does.
    day = date(2025, 12, 11)
    put(archive, day, day_file(day, bars(day, 20 + len(DAYS), *NAMES)))
    made(to, sources(archive, [*DAYS, day]))
    (tmp_path / "again").mkdir()
    again = target(tmp_path / "again", "XLK")
    made(again, sources(archive, [*DAYS, day]))
    assert derived(tmp_path) == derived(tmp_path / "again") != before


def test_minutes_have_a_partition_a_day(tmp_path: Path) -> None:
    folder, row = tmp_path / "minute", (100.0, 10.0, 11.0, 12.0, 9.0)
    for day in DAYS[:2]:
        put(folder, day, minute_file(day, [("B", 19, 59, row), ("B", 9, 30, row), ("A", 9, 31, row)]))
    store = Store(str(tmp_path / "bars"))
    to = Target(MINUTE, store, tmp_path / "derived", ("A",), DAYS[0])
    assert made(to, sources(folder, DAYS[:2])) == Derived(2, (), {})
    rows = store.read(Partition(MINUTE, 2025, 11, 18))
    assert rows["ticker"].to_list() == ["A", "B", "B"]
    assert rows["window_start"].is_sorted() is False
    assert store.partitions(MINUTE) == [Partition(MINUTE, 2025, 11, 17), Partition(MINUTE, 2025, 11, 18)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(DAYS), unique=True, min_size=1), st.integers(1, 4))
def test_in_whatever_portions_the_bytes_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, order: list[date], portions: int
) -> None:
    work = tmp_path_factory.mktemp("portions")
    for day in order:
        put(work / "archive", day, day_file(day, bars(day, 20, *NAMES)))
    found = sources(work / "archive", order)
    for part in range(portions):
        some = {day: source for number, (day, source) in enumerate(found.items()) if number % portions <= part}
        made(target(work / "one", "XLK", "NA"), some)
    made(target(work / "other", "XLK", "NA"), found)
    assert derived(work / "one") == derived(work / "other")


def test_a_reader_of_one_ticker_sees_each_row_as_it_stands(tmp_path: Path, archive: Path) -> None:
    to = target(tmp_path)
    made(to, sources(archive))
    assert to.store is not None
    rows = to.store.scan(to.store.partitions(DAY), ["BCPC", "NA"])
    assert set(rows["ticker"]) == {"BCPC", "NA"}
    assert len(rows) == 2 * len(DAYS)
    assert rows.schema["volume"] == pl.Float64

"""Populating: what is fetched, what is derived, and what a second run does not do again."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta

import pytest

from tests.bars.flat_files import bars, day_file, minute_file
from tests.bars.s3_server import PLAN, WRONG
from tests.bars.scene import DAYS, END, NAMES, NOW, START, TRACKED, Scene, words
from tests.http_proxy import Trouble, answer
from tickstock.bars.dataset import MINUTE
from tickstock.bars.fetch import FETCHED, HELD, NOT_ENTITLED, NOT_PUBLISHED, REPLACED, SET_ASIDE
from tickstock.bars.populate import NOT_ASKED
from tickstock.bars.provider import BadCredentials
from tickstock.bars.sessions import NEW_YORK, sessions
from tickstock.bars.tracked import Tracked, read_tracked


def tracked(scene: Scene, ticker: str = "XLK") -> Tracked:
    found = read_tracked(scene.folder / "derived", ticker)
    assert found is not None
    return found


def test_a_second_run_makes_no_get_and_writes_nothing(scene: Scene) -> None:
    scene.publish()
    with scene.proxied() as (proxy, near):
        first = near.populate()
        assert (words(first), first.derived.partitions, first.derived.tickers) == ({FETCHED: 17}, 2, TRACKED)
        before, gets = scene.files(), proxy.count(".csv.gz")
        second = near.populate()
        assert (words(second), second.derived.partitions, second.derived.tickers) == ({HELD: 17}, 0, ())
        assert gets == proxy.count(".csv.gz") == 17
    assert scene.files() == before
    assert tracked(scene).rows["close"].to_list() == [28.0 + number for number in range(17)]


def test_a_replaced_object_is_derived_again_and_nothing_else(scene: Scene) -> None:
    scene.publish()
    scene.populate()
    before = scene.files()
    scene.publish(DAYS[-1:], base=100)
    with scene.proxied() as (proxy, near):
        again = near.populate()
        assert proxy.count(".csv.gz") == 1
    assert words(again) == {HELD: 16, REPLACED: 1}
    assert {name for name, content in scene.files().items() if content != before[name]} == {
        "archive/2025-12-10.csv.gz", "derived/bars/day/year=2025/month=12/bars.parquet",
        "derived/XLK_1d_data.csv", "derived/XLK_1d_data.json", "derived/NA_1d_data.csv", "derived/NA_1d_data.json",
    }  # fmt: skip
    assert tracked(scene).rows["close"].to_list() == [*(28.0 + number for number in range(16)), 108.0]


def test_what_a_plan_and_a_bucket_do_not_have(scene: Scene) -> None:
    scene.publish(DAYS[:-1])
    scene.bucket.put(DAYS[-2], b"<html>sign in</html>")
    found = scene.with_keys(PLAN).populate()
    assert words(found) == {NOT_ENTITLED: 9, FETCHED: 6, SET_ASIDE: 1, NOT_PUBLISHED: 1}
    assert tracked(scene).rows["date"].to_list() == DAYS[9:15]


def test_keys_that_are_refused_end_the_run_and_leave_what_is_here(scene: Scene) -> None:
    scene.publish(DAYS[:5])
    scene.populate()
    before = scene.files()
    with pytest.raises(BadCredentials):
        scene.with_keys(WRONG).populate()
    assert scene.files() == before


def test_without_credentials_what_is_here_is_derived(scene: Scene) -> None:
    scene.publish(DAYS[:5])
    scene.populate()
    shutil.rmtree(scene.folder / "derived")
    found = scene.with_keys(None).populate()
    assert (words(found), found.derived.partitions) == ({HELD: 5, NOT_ASKED: 12}, 1)
    assert len(tracked(scene).rows) == 5


def test_in_sections_the_bytes_are_the_same_as_at_once(scene: Scene) -> None:
    scene.publish()
    scene.populate(start=DAYS[-4])
    scene.populate()
    other = scene.elsewhere("other")
    other.populate()
    assert scene.files() == other.files()


def test_a_day_after_now_is_passed_over(scene: Scene) -> None:
    scene.publish()
    found = scene.populate(now=datetime(2025, 12, 5, 3, tzinfo=NEW_YORK), end=date(2030, 1, 1))
    assert found.outcomes[-1].day == date(2025, 12, 5)


def test_derived_files_keep_the_latest_sessions(scene: Scene) -> None:
    scene.publish()
    found = scene.populate(max_days=10)
    # The latest ten of 17 and of the day of NOW, whose session is not over.
    assert found.since == DAYS[8]
    assert found.remarks == (
        "derived files begin on 2025-11-28 (DATA_CACHE_MAX_DAYS=10); the days before that are in the archive alone, "
        "where they are slower to read",
    )
    assert tracked(scene).rows["date"].to_list() == DAYS[8:]
    assert len(list((scene.folder / "archive").glob("*.csv.gz"))) == 17


def test_a_smaller_window_cleans_up_derived_files_and_no_flat_file(scene: Scene) -> None:
    scene.publish()
    scene.populate()
    scene.populate(max_days=6)
    assert tracked(scene).rows["date"].to_list() == list(tracked(scene).objects) == DAYS[-5:]
    assert [name for name in scene.files() if "parquet" in name] == ["derived/bars/day/year=2025/month=12/bars.parquet"]
    assert len(list((scene.folder / "archive").glob("*.csv.gz"))) == 17


def test_without_cleanup_everything_stays(scene: Scene) -> None:
    scene.publish()
    found = scene.populate(max_days=6, cleanup=False)
    assert (found.remarks, len(tracked(scene).rows)) == ((), 17)


def test_minutes_have_partitions_and_no_tracked_files(scene: Scene) -> None:
    row = (100.5, 10.0, 11.0, 12.0, 9.0)
    for day in DAYS[:2]:
        scene.bucket.put(day, minute_file(day, [("XLK", 9, 30, row), ("NA", 19, 59, row)]), MINUTE)
    found = scene.populate(dataset=MINUTE, end=DAYS[2])
    assert (words(found), found.derived.partitions, found.derived.tickers) == ({FETCHED: 2}, 2, ())
    assert {name.rpartition(".")[2] for name in scene.files()} == {"gz", "parquet"}
    assert words(scene.populate(dataset=MINUTE, end=DAYS[2])) == {HELD: 2}


class TestNoSaveOthers:
    """--no-save-others: files of tracked tickers, no flat file and no bar of anybody else."""

    def test_nothing_of_others_stays(self, scene: Scene) -> None:
        scene.publish()
        found = scene.populate(save_others=False)
        assert words(found) == {FETCHED: 17}
        assert set(scene.files()) == {f"derived/{name}_1d_data.{kind}" for name in TRACKED for kind in ("csv", "json")}

    def test_a_second_run_makes_no_get(self, scene: Scene) -> None:
        scene.publish()
        with scene.proxied() as (proxy, near):
            near.populate(save_others=False)
            before = scene.files()
            assert words(near.populate(save_others=False)) == {HELD: 17}
            assert proxy.count(".csv.gz") == 17
        assert scene.files() == before

    def test_the_files_are_those_of_a_run_that_keeps_everything(self, scene: Scene) -> None:
        scene.publish()
        scene.populate(save_others=False)
        before = scene.files()
        other = scene.elsewhere("other")
        other.populate()
        assert {name: content for name, content in other.files().items() if "_1d_" in name} == before

    def test_days_before_the_window_are_not_fetched_in_vain(self, scene: Scene) -> None:
        scene.publish()
        with scene.proxied() as (proxy, near):
            for _ in range(2):
                near.populate(save_others=False, max_days=6)
                assert proxy.count(".csv.gz") == 5
        assert tracked(scene).rows["date"].to_list() == DAYS[-5:]

    def test_a_faulty_object_is_got_once(self, scene: Scene) -> None:
        scene.publish()
        scene.bucket.put(DAYS[3], b"<html>")
        with scene.proxied() as (proxy, near):
            for _ in range(2):
                assert words(near.populate(save_others=False))[SET_ASIDE] == 1
                assert proxy.count(".csv.gz") == 17

    def test_a_flat_file_that_is_here_is_used_and_kept_up_to_date(self, scene: Scene) -> None:
        scene.publish()
        scene.populate(tickers=())
        scene.publish(DAYS[:1], base=100)
        with scene.proxied() as (proxy, near):
            for _ in range(2):
                near.populate(save_others=False)
                assert proxy.count(".csv.gz") == 1
        assert tracked(scene).rows["close"].to_list()[:2] == [108.0, 29.0]
        content = (scene.folder / "archive" / f"{DAYS[0]}.csv.gz").read_bytes()
        assert content == day_file(DAYS[0], bars(DAYS[0], 100, *NAMES))

    def test_a_ticker_more_is_fetched_for(self, scene: Scene) -> None:
        scene.publish()
        scene.populate(save_others=False)
        assert words(scene.populate((*TRACKED, "AAPL"), save_others=False)) == {FETCHED: 17}
        assert len(tracked(scene, "AAPL").rows) == 17

    def test_a_cut_line_costs_its_day_alone(self, scene: Scene) -> None:
        scene.publish()
        with scene.proxied(Trouble("2025-12-03.csv.gz", times=99, answer=answer("503 Slow Down"))) as (_, cut):
            assert words(cut.populate(save_others=False)) == {FETCHED: 16, "failed": 1}
        assert words(scene.populate(save_others=False)) == {HELD: 16, FETCHED: 1}
        assert tracked(scene).rows["date"].to_list() == DAYS


def test_a_year_of_holidays_is_no_day_missing(scene: Scene) -> None:
    found = scene.with_keys(None).populate(start=date(2025, 1, 1), end=date(2025, 2, 1))
    assert [one.day for one in found.outcomes] == sessions(date(2025, 1, 1), date(2025, 2, 1))
    assert date(2025, 1, 9) not in {one.day for one in found.outcomes}  # a day of mourning
    assert START < END <= NOW.date() < END + timedelta(days=1)

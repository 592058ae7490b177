"""Frames: the archive first, then whoever has the days that it lacks, always on one basis and never half."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.bars.flat_files import bars, day_file, packed, put, stamp
from tests.bars.massive_api import KEY, MassiveApi, massive_api
from tests.bars.s3_server import PLAN
from tests.bars.scene import DAYS, END, NAMES, NOW, START, Scene, ended
from tests.bars.yahoo_chart import Chart, chart, yahoo_chart
from tests.http_proxy import Trouble, answer
from tickstock.bars.data_manager import get_smart_data, load_bars, load_day_file, load_multiple_tickers
from tickstock.bars.gather import NoBarsError, silent
from tickstock.bars.known_actions import UnknownActionsError, unanswered
from tickstock.bars.sessions import NEW_YORK, sessions
from tickstock.errors import BadInputError
from tickstock.settings import REPOSITORY

SPLIT_DAY = date(2025, 12, 5)


@pytest.fixture(autouse=True)
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chart]:
    """Nothing leaves this machine; and what failed in another test is asked here again."""
    silent.clear()
    unanswered.clear()
    with yahoo_chart(monkeypatch) as yahoo:
        yield yahoo


@pytest.fixture
def api() -> Iterator[MassiveApi]:
    with massive_api() as api:
        yield api


def told(days: list[date], close: list[float], **events: dict[date, dict[str, float]]) -> dict[str, object]:
    """Yahoo's answer, 100 shares a day."""
    prices: list[float | None] = [*close[: len(days)]]
    return chart("XLK", days, prices, prices, [100] * len(days), dict(events) or None)


def quiet(yahoo: Chart, *tickers: str) -> None:
    """Yahoo knows them, and no split of theirs; its prices are unlike the archive's."""
    for ticker in tickers:
        yahoo.answers[ticker] = told(DAYS, [500.0] * len(DAYS))


def rest_bar(day: date, close: float) -> dict[str, object]:
    at = stamp(day) // 10**6
    return {"t": at, "o": close, "h": close, "l": close, "c": close, "v": 7.0, "vw": close, "n": 1}


def rest_path(start: date, last: date) -> str:
    return f"/v2/aggs/ticker/XLK/range/1/day/{start}/{last}"


class TestWhoIsAsked:
    @pytest.mark.parametrize("source", ["yfinance", "massive"])
    def test_the_archive_comes_first(self, scene: Scene, yahoo: Chart, source: str) -> None:
        scene.publish()
        scene.populate()
        quiet(yahoo, "XLK")
        frame = load_bars("XLK", START, END, data_source=source, market=scene.market(), now=NOW)
        assert frame["Close"].tolist() == [28.0 + number for number in range(17)]
        assert frame.attrs["sources"] == {"archive": 17}
        assert frame.attrs["coverage"] == {
            "from": "2025-11-17", "to": "2025-12-10", "sessions": 17, "known": 17, "bars": 17, "missing": "",
            "complete": True,
        }  # fmt: skip
        assert (frame.attrs["source"], frame.attrs["adjustment"]) == ("archive", "all")

    def test_missing_days_come_from_the_bucket_and_stay(self, scene: Scene, yahoo: Chart) -> None:
        scene.publish()
        scene.populate(end=DAYS[10])
        quiet(yahoo, "XLK")
        with scene.proxied() as (proxy, near):
            for _ in range(2):
                frame = load_bars("XLK", START, END, market=near.market(), now=NOW)
                assert frame.attrs["sources"] == {"archive": 17}
                assert proxy.count(".csv.gz") == 7

    def test_then_from_rest_and_then_from_yahoo(self, scene: Scene, yahoo: Chart, api: MassiveApi) -> None:
        scene.publish(DAYS[:10])
        massive = scene.market().massive._replace(api=api.address, api_key=KEY)
        api.results[rest_path(DAYS[10], DAYS[-1])] = [rest_bar(day, 40) for day in DAYS[10:14]]
        yahoo.answers["XLK"] = told(DAYS, [50.0] * 17)
        frame = load_bars("XLK", START, END, market=scene.market(massive=massive), now=NOW, adjust="none")
        assert frame.attrs["sources"] == {"archive": 10, "massive REST": 4, "yfinance": 3}
        assert frame.attrs["source"] == "archive, massive REST, yfinance"
        assert frame["Close"].tolist() == [*(28.0 + number for number in range(10)), *[40.0] * 4, *[50.0] * 3]
        assert any(remark.startswith("missing, not published yet: 2025-12-02 to") for remark in frame.attrs["remarks"])

    def test_yahoo_alone_is_asked_where_it_is_the_source(self, scene: Scene, yahoo: Chart) -> None:
        scene.publish()
        yahoo.answers["XLK"] = told(DAYS, [50.0] * 17)
        with scene.proxied() as (proxy, near):
            frame = load_bars("XLK", START, END, data_source="yfinance", market=near.market(), now=NOW)
            assert proxy.requests == []
        assert frame.attrs["sources"] == {"yfinance": 17}

    def test_a_split_between_the_parts_does_not_mix_bases(self, scene: Scene, yahoo: Chart) -> None:
        """Raw 100 up to the split and 50 after it; Yahoo tells 50 throughout, as it always does."""
        before = [day for day in DAYS if day < SPLIT_DAY]
        for day in before:
            scene.bucket.put(day, day_file(day, {"XLK": (1000, 100, 100, 101, 99)}))
        split = {SPLIT_DAY: {"numerator": 2.0, "denominator": 1.0}}
        yahoo.answers["XLK"] = told(DAYS, [50.0] * 17, splits=split)
        raw = load_bars("XLK", START, END, market=scene.market(), now=NOW, adjust="none")
        assert raw["Close"].tolist() == [100.0] * len(before) + [50.0] * (17 - len(before))
        assert raw["Volume"].tolist() == [1000] * len(before) + [100] * (17 - len(before))
        frame = load_bars("XLK", START, END, market=scene.market(), now=NOW)
        assert frame["Close"].tolist() == [50.0] * 17
        assert frame["Volume"].tolist() == [2000] * len(before) + [100] * (17 - len(before))
        assert frame.attrs["sources"] == {"archive": len(before), "yfinance": 17 - len(before)}

    def test_yahoo_before_the_archive_and_a_split_between(self, scene: Scene, yahoo: Chart) -> None:
        for day in DAYS:
            if day >= SPLIT_DAY:
                scene.bucket.put(day, day_file(day, {"XLK": (1000, 50, 50, 51, 49)}))
        split = {SPLIT_DAY: {"numerator": 2.0, "denominator": 1.0}}
        yahoo.answers["XLK"] = told(DAYS, [50.0] * 17, splits=split)
        raw = load_bars("XLK", START, END, market=scene.market(), now=NOW, adjust="none")
        assert raw["Close"].tolist() == [100.0 if day < SPLIT_DAY else 50.0 for day in DAYS]
        frame = load_bars("XLK", START, END, market=scene.market(), now=NOW)
        assert frame["Close"].tolist() == [50.0] * 17

    def test_half_of_the_time_is_partial_and_said(self, scene: Scene) -> None:
        scene.publish()
        frame = load_bars("XLK", START, END, market=scene.with_keys(PLAN).market(), now=NOW, adjust="none")
        assert [moment.date() for moment in frame.index] == DAYS[9:]
        assert frame.attrs["coverage"]["complete"] is False
        assert frame.attrs["coverage"]["missing"] == "2025-11-17 to 2025-11-28"
        assert "XLK: 9 of 17 sessions missing: 2025-11-17 to 2025-11-28" in frame.attrs["remarks"]
        assert "missing, not entitled: 2025-11-17 to 2025-11-28" in frame.attrs["remarks"]

    def test_days_that_cannot_be_had_are_not_asked_for_again_by_the_next_ticker(self, scene: Scene) -> None:
        scene.publish()
        with scene.with_keys(PLAN).proxied() as (proxy, near):
            load_bars("XLK", START, END, market=near.market(), now=NOW, adjust="none")
            before = len(proxy.requests)
            for ticker in ("AAPL", "NA", "XLK"):
                frame = load_bars(ticker, START, END, market=near.market(), now=NOW, adjust="none")
                assert "missing, not entitled: 2025-11-17 to 2025-11-28" in frame.attrs["remarks"]
            assert len(proxy.requests) == before

    def test_an_endpoint_that_is_down_is_asked_once(self, scene: Scene, yahoo: Chart) -> None:
        scene.publish()
        scene.populate(end=DAYS[10])
        yahoo.status = 429
        quiet(yahoo, "AAPL", "XLK", "NA")
        with scene.proxied(Trouble(times=99, answer=answer("400 Bad Request"))) as (proxy, near):
            for ticker in ("XLK", "AAPL", "NA"):
                frame = load_bars(ticker, START, END, market=near.market(), now=NOW)
                assert frame.attrs["coverage"]["known"] == 10
                assert "missing, failed: 2025-12-02 to 2025-12-10" in frame.attrs["remarks"]
            assert len(proxy.requests) == 1  # the list of December
        assert {ticker for ticker, _ in yahoo.asked} == {"XLK"}

    def test_a_ticker_that_nobody_has(self, scene: Scene) -> None:
        scene.publish()
        with pytest.raises(NoBarsError, match=r"no bar of NOSUCH from 2025-11-17 up to 2025-12-11: .*Yahoo tells"):
            load_bars("NOSUCH", START, END, market=scene.market(), now=NOW)

    def test_an_untracked_ticker_after_tracked_alone_is_fetched_again_or_said(self, scene: Scene, yahoo: Chart) -> None:
        scene.publish()
        scene.populate(save_others=False)
        quiet(yahoo, "XLK")
        with pytest.raises(NoBarsError, match="no bar of AAPL"):
            load_bars("AAPL", START, END, data_source="yfinance", market=scene.market(), now=NOW)
        with scene.proxied() as (proxy, near):
            assert len(load_bars("XLK", START, END, market=near.market(), now=NOW)) == 17
            assert proxy.requests == []
            frame = load_bars("AAPL", START, END, market=near.market(), now=NOW, adjust="none")
        assert frame.attrs["sources"] == {"archive": 17}


class TestAdjusting:
    def test_xlk_across_its_split_with_the_shipped_table_and_no_network(self, scene: Scene, yahoo: Chart) -> None:
        for number, day in enumerate(DAYS):
            price = 290.0 + number if day < SPLIT_DAY else (290.0 + number) / 2
            scene.bucket.put(day, day_file(day, {"XLK": (1e6, price, price, price + 1, price - 1)}))
        scene.populate()
        yahoo.status = 429
        yahoo.answers["XLK"] = told(DAYS, [1.0] * 17)
        market = scene.market(tickers=REPOSITORY / "tickers")
        frame = get_smart_data("XLK", "1mo", market=market, now=NOW)
        assert len(frame) == 17
        assert frame["Close"].pct_change().abs().max() < 0.2
        assert frame["Close"].tolist() == [(290.0 + number) / 2 for number in range(17)]
        assert (frame.attrs["adjustment"], frame.attrs["actions"]) == ("splits", "corporate_actions.csv")
        assert any("nobody told of dividends" in remark for remark in frame.attrs["remarks"])
        raw = get_smart_data("XLK", "1mo", market=market, now=NOW, adjust="none")
        assert raw["Close"].pct_change().min() < -0.4

    def test_a_split_that_is_announced_changes_nothing_before_its_day(self, scene: Scene) -> None:
        scene.publish(DAYS[:5])
        scene.populate()
        (scene.folder / "tickers" / "corporate_actions.csv").write_text("ticker,date,split\nXLK,2025-12-05,2:1\n")
        now = datetime.combine(DAYS[5], time(12), NEW_YORK)
        frame = load_bars("XLK", START, DAYS[5], market=scene.market(), now=now)
        assert frame["Close"].tolist() == [28.0, 29.0, 30.0, 31.0, 32.0]

    def test_a_jump_that_nobody_explains_is_an_error(self, scene: Scene) -> None:
        for day in DAYS:
            price = 100.0 if day < SPLIT_DAY else 50.0
            scene.bucket.put(day, day_file(day, {"AAPL": (1e6, price, price, price + 1, price - 1)}))
        scene.populate()
        with pytest.raises(UnknownActionsError, match="AAPL: from 100 to 50 at the open of 2025-12-05 looks like"):
            load_bars("AAPL", START, END, market=scene.market(), now=NOW)
        assert len(load_bars("AAPL", START, END, market=scene.market(), now=NOW, adjust="none")) == 17

    def test_massive_tells_of_splits_where_a_key_is_set(self, scene: Scene, api: MassiveApi) -> None:
        for day in DAYS:
            price = 100.0 if day < SPLIT_DAY else 50.0
            scene.bucket.put(day, day_file(day, {"XLK": (1000, price, price, price + 1, price - 1)}))
        scene.populate()
        api.results["/stocks/v1/splits"] = [
            {"ticker": "XLK", "execution_date": "2025-12-05", "split_from": 1, "split_to": 2, "id": "1"}
        ]
        massive = scene.market().massive._replace(api=api.address, api_key=KEY, calls_per_minute=90)
        for _ in range(2):
            frame = load_bars("XLK", START, END, market=scene.market(massive=massive), now=NOW)
            assert frame["Close"].tolist() == [50.0] * 17
            assert (frame.attrs["adjustment"], frame.attrs["actions"]) == ("all", "Massive REST")
        assert len(api.asked) == 2  # splits and dividends, once


class TestQuestions:
    MOMENTS = (
        "2025-12-01", date(2025, 12, 1), datetime(2025, 12, 1), datetime(2025, 12, 1, 15, 30),
        pd.Timestamp("2025-12-01"), pd.Timestamp("2025-12-01 09:30", tz="America/New_York"),
        datetime(2025, 12, 1, 6, tzinfo=UTC),
        np.datetime64("2025-12-01"), pd.Timestamp("2025-12-01 23:00", tz="Asia/Tokyo"),
    )  # fmt: skip

    @pytest.mark.parametrize("moment", MOMENTS, ids=repr)
    def test_days_in_every_type_and_an_end_that_is_excluded(self, scene: Scene, moment: date) -> None:
        scene.publish()
        scene.populate()
        market = scene.market()
        begun = load_bars("XLK", moment, "2025-12-03", market=market, now=NOW, adjust="none")
        assert [str(day.date()) for day in begun.index] == ["2025-12-01", "2025-12-02"]
        until = load_bars("XLK", "2025-11-26", moment, market=market, now=NOW, adjust="none")
        assert [str(day.date()) for day in until.index] == ["2025-11-26", "2025-11-28"]

    @pytest.mark.parametrize(
        ("question", "reason"),
        [
            ({"start": "yesterday's"}, "is no day; expected such as 2025-12-05"),
            ({"start": ""}, "is no day; expected such as 2025-12-05"),
            ({"start": END, "end": END}, "the end is excluded"),
            ({"start": "2999-01-01"}, "no day is from 2999-01-01"),
            ({"adjust": "both"}, "adjust 'both' is unknown"),
            ({"data_source": "polygon"}, "data source 'polygon' is unknown"),
            ({"timeframe": "1d"}, "timeframe '1d' is unknown"),
            ({"ticker": "../x"}, "is no ticker"),
        ],
    )
    def test_bad_questions(self, scene: Scene, question: dict[str, object], reason: str) -> None:
        with pytest.raises(BadInputError, match=reason):
            load_bars(**{"ticker": "XLK", **question, "market": scene.market(), "now": NOW})  # type: ignore[arg-type]

    @pytest.mark.parametrize(("period", "interval"), [("18m", "1d"), ("1mo", "2h")])
    def test_bad_periods_and_intervals(self, scene: Scene, period: str, interval: str) -> None:
        with pytest.raises(BadInputError, match="is unknown; expected"):
            get_smart_data("XLK", period, interval, market=scene.market(), now=NOW)

    def test_tickers_that_look_like_something_else(self, scene: Scene) -> None:
        scene.publish()
        scene.populate(tickers=NAMES[:3])
        found = load_multiple_tickers(NAMES, START, END, adjust="none", market=scene.market(), now=NOW)
        assert isinstance(found, dict)
        assert {name: frame["Close"].iloc[0] for name, frame in found.items()} == {
            name: 20.0 + number + 1 for number, name in enumerate(NAMES, start=1)
        }

    def test_a_ticker_without_bars_is_not_among_many(self, scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
        scene.publish()
        scene.populate()
        found = load_multiple_tickers(["XLK", "NOSUCH"], START, END, market=scene.market(), now=NOW)
        assert list(found) == ["XLK"]
        assert any("no bar of NOSUCH" in record.message for record in caplog.records)
        with pytest.raises(NoBarsError):
            load_multiple_tickers(["NOSUCH"], START, END, market=scene.market(), now=NOW)

    def test_fractions_of_shares_and_bars_without_a_trade(self, scene: Scene) -> None:
        scene.bucket.put(DAYS[0], day_file(DAYS[0], {"XLK": (10.6, 1, 1, 1, 1), "NA": (0, 1, 1, 1, 1)}))
        scene.populate(end=DAYS[1])
        for ticker, volume in (("XLK", 11), ("NA", 0)):
            frame = load_bars(ticker, START, DAYS[1], market=scene.market(), now=NOW, adjust="none")
            assert frame["Volume"].dtype == "int64"
            assert frame["Volume"].tolist() == [volume]
        day = load_day_file(DAYS[0], market=scene.market(), now=NOW)
        assert day.set_index("ticker")["volume"].to_dict() == {"NA": 0.0, "XLK": 10.6}

    def test_a_day_of_all_tickers(self, scene: Scene) -> None:
        scene.publish()
        frame = load_day_file("2025-12-01", market=scene.market(), now=NOW)
        assert frame["ticker"].tolist() == sorted(NAMES)
        with pytest.raises(BadInputError, match="2025-12-06 is no trading day"):
            load_day_file("2025-12-06", market=scene.market(), now=NOW)
        with pytest.raises(NoBarsError, match="the flat file of 2025-10-01 is not here: missing, not published yet"):
            load_day_file("2025-10-01", market=scene.market(), now=NOW)
        put(scene.folder / "archive", date(2025, 10, 2), b"<html>")
        with pytest.raises(BadInputError, match=r"2025-10-02\.csv\.gz: it is no gzip but HTML"):
            load_day_file("2025-10-02", market=scene.with_keys(None).market(), now=NOW)

    @pytest.mark.parametrize(
        "zones",
        [
            ("Asia/Tokyo", "America/Los_Angeles"),
            pytest.param(
                ("Asia/Tokyo", "America/Los_Angeles", "UTC", "Australia/Sydney"), marks=pytest.mark.slow
            ),
        ],
        ids=["two", "four"],
    )
    def test_the_clock_of_this_machine_does_not_matter(self, scene: Scene, zones: tuple[str, ...]) -> None:
        scene.publish()
        scene.populate()
        program = (
            "import sys, datetime as d; from tickstock.bars.data_manager import get_smart_data, load_bars;"
            "n = d.datetime(2025, 12, 11, 4, 30, tzinfo=d.timezone.utc);"
            "f = [get_smart_data('XLK', '1mo', adjust='none', now=n), load_bars('AAPL', '2025-11-20', '2025-12-03',"
            "adjust='none', now=n)]; print([(x.to_json(), str(x.index.dtype), x.attrs['coverage']) for x in f])"
        )
        running = [scene.with_keys(None).start_python("-c", program, TZ=zone) for zone in zones]
        found = [ended(process) for process in running]
        assert {status for status, _, _ in found} == {0}, found[0][2]
        assert len({out for _, out, _ in found}) == 1
        assert "'sessions': 21" in found[0][1]


class TestNothingStale:
    def test_a_replaced_object_is_seen_though_nothing_was_derived_from_it(self, scene: Scene) -> None:
        scene.publish()
        scene.populate()
        load_bars("XLK", START, END, market=scene.market(), now=NOW, adjust="none")
        content = day_file(DAYS[3], bars(DAYS[3], 100, *NAMES))
        replaced = scene.folder / "archive" / "new"
        replaced.write_bytes(content)
        replaced.replace(scene.folder / "archive" / f"{DAYS[3]}.csv.gz")
        for ticker in ("XLK", "AAPL"):
            frame = load_bars(ticker, START, END, market=scene.market(), now=NOW, adjust="none")
            assert frame["Close"].iloc[3] == 101.0 + NAMES.index(ticker) + 1
            assert len(frame) == 17
        day = load_day_file(DAYS[3], market=scene.market(), now=NOW)
        assert day.set_index("ticker")["close"]["XLK"] == 108.0

    def test_a_damaged_partition_is_named_and_made_again(self, scene: Scene) -> None:
        scene.publish()
        scene.populate()
        (path,) = (scene.folder / "derived" / "bars").rglob("month=12/*.parquet")
        whole = path.read_bytes()
        path.write_bytes(whole[:4] + bytes(400) + whole[404:])
        with pytest.raises(Exception, match=rf"{path} .*delete it") as caught:
            load_bars("AAPL", START, END, market=scene.market(), now=NOW, adjust="none")
        assert str(caught.value).count("\n") == 0
        path.unlink()
        scene.populate()
        assert path.read_bytes() == whole

    def test_threads_read_whole_and_right_frames_while_all_is_rewritten(self, scene: Scene) -> None:
        scene.publish()
        scene.populate()
        right = [[28.0 + number for number in range(17)], [28.0 + number for number in range(16)] + [108.0]]
        wrong: list[object] = []
        ended = threading.Event()
        market = scene.market()

        def read(ticker: str, offset: float) -> None:
            while not ended.is_set():
                try:
                    frame = load_bars(ticker, START, END, "day", adjust="none", market=market, now=NOW)
                    if [close + offset for close in frame["Close"]] not in right:
                        wrong.append(frame["Close"].tolist())
                except BaseException as error:
                    wrong.append(error)
                ended.wait(0.01)

        threads = [threading.Thread(target=read, args=("XLK", 0) if n % 2 else ("AAPL", 6)) for n in range(16)]
        for thread in threads:
            thread.start()
        for number in range(2):
            scene.publish(DAYS[-1:], base=36 if number % 2 else 100)
            scene.populate()
        ended.set()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_a_flat_file_of_another_day_is_no_bar_of_this_one(scene: Scene) -> None:
    scene.publish(DAYS[:3])
    row = f"XLK,1,1,1,1,1,{stamp(DAYS[1])},1"
    scene.bucket.put(DAYS[0], packed([row]))
    frame = load_bars("XLK", START, DAYS[3], market=scene.market(), now=NOW, adjust="none")
    assert [moment.date() for moment in frame.index] == DAYS[1:3]
    assert any(remark == "missing, no flat file: 2025-11-17" for remark in frame.attrs["remarks"])


def test_yahoos_file_of_a_ticker_is_used_where_the_archive_has_nothing(scene: Scene, yahoo: Chart) -> None:
    from tickstock.bars.gather import yahoo as source
    from tickstock.bars.populate_yahoo import YahooAsk, populate_from_yahoo

    split = {SPLIT_DAY: {"numerator": 2.0, "denominator": 1.0}}
    yahoo.answers["XLK"] = told(DAYS, [50.0] * 17, splits=split)
    market = scene.market()
    for start in (START, DAYS[-3]):  # what was there before stays
        ask = YahooAsk(("XLK", "NOSUCH"), start, END, NOW)
        came = populate_from_yahoo(source(market), market.derived, ask, lambda step, done, of: None)
        assert came["XLK"] == ""
        assert "Yahoo tells nothing of NOSUCH" in came["NOSUCH"] or "no bars of NOSUCH" in came["NOSUCH"]
    asked = len(yahoo.asked)
    frame = load_bars("XLK", START, END, data_source="yfinance", market=market, now=NOW)
    assert frame.attrs["sources"] == {"yfinance": 17}
    assert frame["Close"].tolist() == [50.0] * 17
    assert len(yahoo.asked) == asked
    about = json.loads((market.derived / "XLK_1d_data.json").read_text())
    assert (about["source"], about["records"], about["adjustment"]) == ("Yahoo Finance", 17, "none")
    # A split before the days that were asked for is known all the same.
    scene.publish(DAYS[:10], base=92)
    scene.populate(end=DAYS[10])
    frame = load_bars("XLK", START, DAYS[10], market=market, now=NOW)
    assert frame["Close"].tolist() == [50.0 + number / 2 for number in range(10)]


def test_the_time_of_a_plan_is_that_of_its_sessions() -> None:
    assert sessions(START, END) == DAYS
    assert NOW - timedelta(days=1) > datetime.combine(DAYS[-1], time(), NEW_YORK)
    assert Path(REPOSITORY / "tickers" / "corporate_actions.csv").is_file()


def test_readers_of_a_ticker_kept_alone_never_miss_it_while_it_is_rewritten(scene: Scene) -> None:
    """There is no store and no archive to fall back on between the writing of a CSV and of its JSON."""
    scene.publish()
    scene.populate(save_others=False)
    market, wrong = scene.with_keys(None).market(), []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                frame = load_bars("XLK", START, END, adjust="none", market=market, now=NOW)
                if len(frame) != 17:
                    wrong.append(str(frame))
            except Exception as error:
                wrong.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(3):
        scene.publish(DAYS[-1:], base=36 if number % 2 else 100)
        scene.populate(save_others=False)
    ended.set()
    for thread in threads:
        thread.join()
    assert wrong == []

"""A study says what it stands on, what it left out and what it does not know; its scores are the sum of their parts."""

from __future__ import annotations

import json
import re
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bars.volume.frames import frames, walk
from tickstock.bars.volume import chart, page, text
from tickstock.bars.volume.as_json import document
from tickstock.bars.volume.report import report
from tickstock.bars.volume.rules import ACCUMULATION, DISTRIBUTION, Reading
from tickstock.bars.volume.scores import accumulation, distribution
from tickstock.bars.volume.study import study
from tickstock.errors import BadInputError

MIDDLE = Reading(100, 1.0, -1.0, -1.0, 1.0, 0.05, 50.0, 0.0, 0.5, 1.5, 1.5, 1.0, 1.0, 0.0, 0.0)
# What more of it adds to accumulation, and takes from distribution
MORE = ("obv_gap", "obv_slope", "ad_gap", "ad_slope", "cmf", "mfi", "vwap_gap", "up_share", "support_gap")


def test_weights_sum_to_the_scale() -> None:
    assert sum(rule.weight for rule in ACCUMULATION) == 10
    assert sum(rule.weight for rule in DISTRIBUTION) == 9


@given(frames())
def test_scores_are_sums_of_their_parts_within_their_scale(frame: pd.DataFrame) -> None:
    one = study(frame, "T")
    for score, lowest in ((one.accumulation, 0), (one.distribution, 1)):
        if score.value is None:
            assert score.known < 0.5
            continue
        points = sum(part.value for part in score.components if part.value is not None)
        assert lowest <= score.value <= 10
        assert score.value == pytest.approx(lowest + points / score.known, abs=0.06)


@given(st.sampled_from(MORE), st.floats(-100, 100), st.floats(0, 100))
def test_more_of_what_speaks_for_accumulation_never_lowers_it(name: str, value: float, more: float) -> None:
    low, high = (Reading(**{**MIDDLE._asdict(), name: each}) for each in (value, value + more))
    assert (accumulation(low).value or 0) <= (accumulation(high).value or 0)
    assert (distribution(low).value or 0) >= (distribution(high).value or 0)


def test_short_history_is_said_not_counted_as_zero() -> None:
    one = study(walk(15), "T")
    assert one.accumulation.value is None
    cmf = next(part for part in one.accumulation.components if part.name == "Money flow (CMF)")
    assert (cmf.value, cmf.evidence) == (None, "not enough history: 15 sessions, needs 20")
    assert "only 15 sessions: windows of 20 sessions are not known" in one.remarks
    assert "Accumulation - of 10: not enough history" in "\n".join(text.detail(one))


def test_what_is_not_known_counts_neither_way() -> None:
    score = accumulation(MIDDLE._replace(mfi=float("nan")))
    part = next(part for part in score.components if part.name == "Money flow index")
    assert (part.value, part.evidence) == (None, "not known: too little was traded in the window")
    assert score.known == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("column", "value"),
    [("Close", np.nan), ("Volume", np.nan), ("Volume", -1.0), ("Low", 0.0), ("High", 1.0), ("Open", np.inf),
     ("Close", 1e6)],
)  # fmt: skip
def test_an_unusable_day_is_left_out_and_named(column: str, value: float) -> None:
    frame = walk(60)
    broken = frame.copy()
    broken.loc[frame.index[30], column] = value
    found, expected = study(broken, "T"), study(frame.drop(frame.index[30]), "T")
    assert found.remarks == (f"left out, no usable bar: {frame.index[30].date()}",)
    np.testing.assert_array_equal(found.series.obv, expected.series.obv)
    assert found.accumulation == expected.accumulation


def test_a_study_says_what_it_stands_on() -> None:
    frame = walk(60)
    frame.attrs = {
        "source": "massive",
        "adjustment": "splits",
        "coverage": "60 of 61 sessions",
        "remarks": ("one gone",),
    }
    half = frame.index[59].date()
    one = study(frame, "T", half_days=[half, date(1999, 1, 1)], anchor=date(2025, 2, 1))
    printed = "\n".join(text.detail(one))
    assert "Source: massive; adjusted for splits; coverage: 60 of 61 sessions" in printed
    assert "VWAP, anchored 2025-02-03 (as asked)" in printed
    assert "VWAP, rolling 20 sessions" in printed
    assert f"Volume, {half}, a half day" in printed
    assert one.remarks[0] == "one gone"
    assert one.half_days == {half}


@pytest.mark.parametrize(
    ("coverage", "phrase"),
    [
        ({"sessions": 500, "known": 500, "missing": "", "complete": True}, "coverage: all 500 sessions"),
        ({"sessions": 1500, "known": 1100, "missing": "2024-11-29 to 2025-08-08", "complete": False},
         "coverage: 1,100 of 1,500 sessions, missing 2024-11-29 to 2025-08-08"),
        ({"sessions": 0, "known": 0, "missing": "", "complete": True}, "coverage: no session is due yet"),
    ],
)  # fmt: skip
def test_coverage_is_a_phrase_for_people_and_figures_for_programs(coverage: dict[str, object], phrase: str) -> None:
    frame = walk(60)
    frame.attrs = {"coverage": coverage}
    one = study(frame, "T")
    assert phrase in "\n".join(text.detail(one))
    assert phrase in page.page(one)
    assert document(report(["T"], lambda _: frame))["studies"][0]["basis"]["coverage"] == coverage


def test_a_session_that_goes_on_is_left_out() -> None:
    frame = walk(60)
    last = frame.index[-1].date()
    one = study(frame, "T", unfinished=last)
    assert one.bars.days[-1] == frame.index[-2].date()
    assert one.remarks == (f"left out, its session is not over: {last}",)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (walk(5).drop(columns="Volume"), "lacks Volume"),
        (walk(5).iloc[::-1], "not in order"),
        (walk(5).iloc[[0, 0]], "not in order"),
        (walk(0), "no daily bar that can be used"),
    ],
)
def test_a_frame_that_cannot_be_studied_is_an_error(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        study(frame, "T")


@pytest.mark.parametrize("sessions", [1, 2, 10, 21, 60, 300])
def test_any_length_is_shown_in_every_form(sessions: int) -> None:
    one = study(walk(sessions), "T$_<b>")
    assert chart.png(one).startswith(b"\x89PNG")
    html = page.page(one)
    assert "<script" not in html
    assert "<b>" not in html
    assert "T$_&lt;b&gt;" in html
    assert set(re.findall('https?://[^" ]*', html)) == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    found = document(report(["T"], lambda _: walk(sessions)), daily=True)
    written = json.loads(json.dumps(found, allow_nan=False))
    assert len(written["studies"][0]["daily"]["obv"]) == sessions


def test_several_are_ranked_and_a_failure_stops_nobody() -> None:
    def read(ticker: str) -> pd.DataFrame:
        if ticker == "BAD":
            raise BadInputError("BAD: nowhere to be found")
        return walk(10 if ticker == "YOUNG" else 90, seed=len(ticker))

    result = report(["YOUNG", "A", "BAD", "BBB", "CCCC"], read)
    values = [one.accumulation.value for one in result.studies]
    assert result.failed == (("BAD", "BAD: nowhere to be found"),)
    assert result.studies[-1].ticker == "YOUNG"
    assert values[:-1] == sorted(filter(None, values), reverse=True)

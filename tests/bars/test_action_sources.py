"""Who is asked for corporate actions, in which order, and what our own table says over them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.bars.massive_api import KEY, SPLITS, massive_api
from tests.bars.test_yahoo import DAYS, xlk
from tests.bars.yahoo_chart import Chart, yahoo_chart
from tickstock.bars.action_sources import Sources, ask, from_csv, over
from tickstock.bars.actions import Action
from tickstock.bars.massive_calls import Pace
from tickstock.bars.massive_rest import MassiveRest
from tickstock.bars.yahoo import Yahoo
from tickstock.errors import BadInputError
from tickstock.market_settings import Massive

TODAY = date(2026, 1, 5)
DAY = date(2025, 12, 5)
SHIPPED = Path(__file__).parents[2] / "tickers" / "corporate_actions.csv"


def table(folder: Path, *lines: str) -> Path:
    path = folder / "corporate_actions.csv"
    path.write_text("\n".join(["ticker,date,split,dividend", *lines, ""]))
    return path


def test_the_shipped_table() -> None:
    found = from_csv(SHIPPED)
    assert found["XLK"] == (Action(DAY, 2.0),)
    assert found["TPL"] == (Action(date(2025, 12, 23), 3.0),)
    assert sorted(found) == ["TPL", "XLB", "XLE", "XLK", "XLU", "XLY"]


@pytest.mark.parametrize(
    ("text", "split"), [("2", 2.0), ("2:1", 2.0), ("2-for-1", 2.0), ("3-for-2", 1.5), ("1:50", 0.02), ("1.281", 1.281)]
)
def test_a_ratio_as_people_write_it(tmp_path: Path, text: str, split: float) -> None:
    assert from_csv(table(tmp_path, f"BRK-B,2025-12-05,{text},")) == {"BRK.B": (Action(DAY, split),)}


def test_a_split_and_a_dividend_of_a_day(tmp_path: Path) -> None:
    for lines in (["NA,2025-12-05,2,0.25"], ["NA,2025-12-05,2,", "NA,2025-12-05,,0.25"]):
        assert from_csv(table(tmp_path, *lines)) == {"NA": (Action(DAY, 2.0, 0.25),)}


def test_no_table_is_an_empty_one(tmp_path: Path) -> None:
    assert from_csv(tmp_path / "none.csv") == {}


def test_every_problem_is_told_with_its_line(tmp_path: Path) -> None:
    path = table(
        tmp_path, "XLK,2025-12-05,2:1,", "XLK,2025-12-05,3:1,", "XLU,5.12.2025,2,", "XLE,2025-12-05,two,",
        "XLB,2025-12-05,,", "XLY,2025-12-05,,-1", "X Y,2025-12-05,2,", "A,2025-12-05", "B,2025-12-05,0:1,",
        "C,2025-12-05,,nan",
    )  # fmt: skip
    with pytest.raises(BadInputError) as caught:
        from_csv(path)
    told = str(caught.value).splitlines()
    assert [line.split(": ", 1)[0] for line in told] == [f"{path}:{number}" for number in range(3, 12)]
    assert "XLK has splits on 2025-12-05 twice" in told[0]
    assert "split 'two', expected new shares for old ones" in told[2]


@pytest.mark.parametrize("content", [b"", b"symbol,date\n", b"\xff\xfe"])
def test_what_is_no_table_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "corporate_actions.csv"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="expected"):
        from_csv(path)


def test_our_own_table_wins_on_the_same_day_and_kind() -> None:
    told = (Action(DAY, 3.0, 0.5, 0.99), Action(date(2025, 12, 8), dividend=1.0, factor=0.98))
    own = (Action(DAY, 2.0), Action(date(2025, 12, 8), dividend=2.0), Action(date(2025, 12, 9), 4.0))
    assert over(told, own) == (
        Action(DAY, 2.0, 0.5, 0.99),
        Action(date(2025, 12, 8), dividend=2.0),
        Action(date(2025, 12, 9), 4.0),
    )


@pytest.fixture(name="chart")
def _chart(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chart]:
    with yahoo_chart(monkeypatch) as chart:
        yield chart


def test_massive_is_asked_before_yahoo_and_yahoo_where_massive_fails(chart: Chart, tmp_path: Path) -> None:
    chart.answers["XLK"] = xlk()
    own = {"XLK": (Action(date(2025, 12, 9), 4.0), Action(date(2026, 2, 2), 9.0))}
    with massive_api() as api:
        massive = MassiveRest(Massive(api=api.address, api_key=KEY), Pace(1000))
        api.results[SPLITS] = [{"ticker": "XLK", "execution_date": "2025-12-05", "split_from": 1, "split_to": 2}]
        sources = Sources(own, massive, Yahoo(tmp_path))
        found, remarks = ask("XLK", sources, TODAY)
        assert found.source == "Massive REST, corporate_actions.csv"
        assert found.actions == (Action(DAY, 2.0), Action(date(2025, 12, 9), 4.0))
        assert remarks == ()
        assert chart.asked == []
        api.failures = [(403, {}, b"{}")]
        found, remarks = ask("XLK", sources._replace(table={}), TODAY)
    assert found.source == "yfinance"
    assert [action.day for action in found.actions] == DAYS[1:4]
    assert remarks[0].startswith("corporate actions of XLK: Massive's REST API answers 403")


def test_where_nobody_answers_there_is_the_table_which_knows_splits_only(chart: Chart, tmp_path: Path) -> None:
    found, remarks = ask("XLK", Sources(from_csv(SHIPPED), None, Yahoo(tmp_path)), TODAY)
    assert found.actions == (Action(DAY, 2.0),)
    assert found.kinds == ("splits",)
    assert found.source == "corporate_actions.csv"
    assert len(remarks) == 1

"""What is known of a ticker's corporate actions comes back from its file as it was, or not at all."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.bars.actions import Action, Actions, actions_path, merged, read_actions, write_actions

KNOWN = Actions(
    "BCpC",
    (Action(date(2025, 9, 22), dividend=0.25, factor=0.999), Action(date(2025, 12, 5), split=2.0)),
    "yfinance",
    date(2026, 1, 5),
)


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    write_actions(tmp_path / "actions", KNOWN)
    assert read_actions(tmp_path / "actions", "BCpC") == KNOWN
    assert read_actions(tmp_path / "actions", "BCPC") is None


def test_none_are_known_is_something_else_than_nothing_is_known(tmp_path: Path) -> None:
    nothing = Actions("SPY", (), "corporate_actions.csv", date(2026, 1, 5), ("splits",))
    write_actions(tmp_path, nothing)
    assert read_actions(tmp_path, "SPY") == nothing


@given(
    st.lists(
        st.builds(
            Action,
            st.dates(date(2003, 9, 10), date(2030, 1, 1)),
            st.sampled_from([1.0, 2.0, 1.5, 0.02, 1 / 3]),
            st.floats(0, 100),
            st.none() | st.floats(0.5, 1),
        )
    )
)
def test_whatever_they_are(tmp_path_factory: pytest.TempPathFactory, found: list[Action]) -> None:
    folder = tmp_path_factory.mktemp("actions")
    actions = KNOWN._replace(actions=merged(found))
    write_actions(folder, actions)
    assert read_actions(folder, "BCpC") == actions


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"BCpC"', '"BCPC"'),
        lambda text: text.replace('"split": 2.0', '"split": 0'),
        lambda text: text.replace('"split": 2.0', '"split": Infinity'),
        lambda text: text.replace('"split": 2.0', '"split": NaN'),
        lambda text: text.replace("0.999", "1.5"),
        lambda text: text.replace('"dividend": 0.25', '"dividend": -1'),
        lambda text: text.replace("2025-12-05", "2025-09-22"),
        lambda text: text.replace("2025-12-05", "2025-13-05"),
        lambda text: text.replace('"known_until"', '"known"'),
        lambda _: "[]",
        lambda _: "",
        lambda _: "\x00\x00",
    ],
)  # fmt: skip
def test_a_damaged_file_is_as_none_with_a_remark(tmp_path: Path, damage, caplog: pytest.LogCaptureFixture) -> None:  # type: ignore[no-untyped-def]
    write_actions(tmp_path, KNOWN)
    path = actions_path(tmp_path, "BCpC")
    before = path.read_text()
    path.write_text(damage(before))
    assert path.read_text() != before
    with caplog.at_level(logging.WARNING, "tickstock.bars"):
        assert read_actions(tmp_path, "BCpC") is None
    assert "is damaged" in caplog.text


def test_one_action_a_day() -> None:
    day, other = date(2025, 12, 5), date(2025, 12, 8)
    found = merged([
        Action(other, dividend=1.0, factor=0.99),
        Action(day, dividend=0.5, factor=0.98),
        Action(day, split=2.0),
        Action(other, dividend=2.0, factor=0.97),
        Action(date(2025, 12, 9)),
    ])
    assert found == (Action(day, 2.0, 0.5, 0.98), Action(other, dividend=3.0))

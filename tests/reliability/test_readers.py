"""What only asks needs no more than the right to read, and what is loaded already is left alone."""

from __future__ import annotations

import json

import pytest

from tests.reliability.commands import LOADERS, READERS
from tests.reliability.stage import Stage
from tests.stored import everything

READ_ONLY = "-crole=app_readonly -cdefault_transaction_read_only=on"


@pytest.mark.parametrize("command", READERS)
def test_asking_needs_no_more_than_the_right_to_read(stage: Stage, command: str) -> None:
    before = everything(stage.witness)
    reader = stage.database._replace(parameters={**stage.database.parameters, "options": READ_ONLY})
    ended = stage.call(command, reader)
    assert ended.status in (0, 1), ended  # 1: a check that fails
    assert "error" not in ended.err, ended
    assert ended.out
    assert everything(stage.witness) == before


@pytest.mark.parametrize("command", LOADERS)
def test_the_same_load_again_changes_no_row_of_any_table(stage: Stage, command: str) -> None:
    assert stage.call(command).status == 0
    before = everything(stage.witness)  # with the version of each row, and when it was updated
    again = stage.call(f"{command} --json")
    assert again.status == 0, again
    found = json.loads(again.out)
    assert found["load_id"] is None
    assert {group["action"] for group in found["groups"]} <= {"unchanged", "kept"}
    assert [found["totals"][word] for word in ("added", "changed", "removed")] == [0, 0, 0]
    assert everything(stage.witness) == before

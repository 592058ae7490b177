"""Whoever listens hears of each committed run on the channels of the application, with what changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.files import write_fund, write_universe
from tests.put import put_group
from tests.stored import query
from tickstock.db import Connection

Script = Callable[..., int]
CHANNELS = ("cache_updates", "universe_updates", "admin_notifications")


def listen(witness: Connection) -> Callable[[], list[tuple[str, dict[str, Any]]]]:
    for channel in CHANNELS:
        query(witness, f"LISTEN {channel}")

    def heard() -> list[tuple[str, dict[str, Any]]]:
        query(witness, "SELECT 1")
        found = [(each.channel, json.loads(each.payload)) for each in witness.notifies]
        witness.notifies.clear()
        return found

    return heard


def test_a_load_and_its_undo_are_told(script: Script, witness: Connection, tmp_path: Path) -> None:
    write_fund(tmp_path, "SPY", {"AAPL": 60, "MSFT": 40})
    heard = listen(witness)
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    ((channel, told),) = heard()
    assert channel == "cache_updates"
    assert {key: told[key] for key in ("event", "type", "environment", "added", "group_count", "groups")} == {
        "event": "load", "type": "ETF", "environment": "DEFAULT", "added": 2, "group_count": 1,
        "groups": [{"name": "SPY", "added": 2, "changed": 0, "removed": 0}],
    }  # fmt: skip
    assert script("undo_load", str(told["load_id"])) == 0
    assert [(channel, told["event"]) for channel, told in heard()] == [
        ("cache_updates", "undo"), ("admin_notifications", "undo"),
    ]  # fmt: skip


def test_a_universe_has_a_channel_of_its_own(script: Script, witness: Connection, tmp_path: Path) -> None:
    write_universe(tmp_path, "dow30", ["AAPL", "MSFT"])
    heard = listen(witness)
    assert script("load_universes", "--holdings-dir", tmp_path) == 0
    assert [channel for channel, _ in heard()] == ["cache_updates", "universe_updates"]


def test_a_hand_is_told_too_and_many_groups_fit(script: Script, witness: Connection, tmp_path: Path) -> None:
    heard = listen(witness)
    put_group(witness, "THEME", "mine", ["AAPL"])
    assert {told["event"] for _, told in heard()} == {"manual"}
    for number in range(150):
        write_fund(tmp_path, f"F{number:03}", {f"S{letter}": 25 for letter in "ABCD"})
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    ((_, told),) = heard()
    assert (told["group_count"], len(told["groups"]), told["added"]) == (150, 40, 600)


def test_a_dry_run_tells_nothing(script: Script, witness: Connection, tmp_path: Path) -> None:
    write_fund(tmp_path, "SPY", {"AAPL": 60, "MSFT": 40})
    heard = listen(witness)
    assert script("load_etf_holdings", "--holdings-dir", tmp_path, "--dry-run") == 0
    assert heard() == []


def test_names_of_many_bytes_keep_no_run_from_being_committed(witness: Connection) -> None:
    heard = listen(witness)
    query(
        witness,
        """WITH run AS (INSERT INTO load_runs (kind, type) VALUES ('load', 'UNIVERSE') RETURNING id)
           INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,
                                   stored_fingerprint, rows, members, added)
           SELECT run.id, number, repeat(chr(128512), 60) || number, '', '', '', '', '', 1, 1, 1
             FROM run, generate_series(1, 45) number""",
    )
    assert [(channel, told["group_count"], told["groups"]) for channel, told in heard()] == [
        ("cache_updates", 45, []), ("universe_updates", 45, []),
    ]  # fmt: skip

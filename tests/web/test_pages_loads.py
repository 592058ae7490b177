"""The ledger, the story of a load, and taking it back behind a confirmation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.files import write_fund
from tests.redis_server import RedisServer, Subscriber
from tests.runtime_cache.conftest import until
from tests.stored import everything, members, query
from tests.test_notify import listener, redis_server
from tests.web.pages import LogIn, Page, Somebody, desk, log_in
from tickstock.db import Connection, Database, closing
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.locks import locked_transaction
from tickstock.relationships.plan import Options
from tickstock.runtime_cache import RelationshipCache
from tickstock.web import create_app
from tickstock.web.config import WebConfig
from tickstock.web.guard import COOKIE
from tickstock.web.secrets_file import KeptSecrets, Secrets, write_secrets
from tickstock.web.sessions import Sessions

__all__ = ["desk", "listener", "log_in", "redis_server"]

FIRST = {"AA": 50, "BB": 30, "CC": 20}
SECOND = {"AA": 60, "BB": 30, "DD": 10}


class Loaded(NamedTuple):
    first: int
    second: int
    folder: Path


@pytest.fixture
def loaded(stored: Connection, database: Database, tmp_path: Path) -> Loaded:
    """Two loads of the fund NEW: the second changes AA, adds DD and takes CC away."""
    folder = tmp_path / "holdings"
    folder.mkdir()
    return Loaded(load_fund(database, folder, FIRST), load_fund(database, folder, SECOND), folder)


def load_fund(database: Database, folder: Path, weights: dict[str, int]) -> int:
    write_fund(folder, "NEW", weights)
    with closing(database.connect()) as connection:
        found = load(database, connection, etf_inputs(folder), Options("ETF", mode="incremental", force=True)).load_id
    assert found
    return found


def confirm(desk: Somebody, page: Page, run: int, **form: str) -> Page:
    return desk.post(f"/admin/loads/{run}/undo", version=page.field("version"), **form)


def test_the_ledger_lists_runs_in_pages(stored: Connection, loaded: Loaded, desk: Somebody) -> None:
    page = desk.get("/admin/loads")
    assert page.row(str(loaded.second))[2:7] == ["incremental ETF", "1", "1", "1", "1"]
    for number in range(30):
        query(stored, "UPDATE definition_groups SET description = %s WHERE name = 'SPY'", f"number {number}")
    first, second = desk.get("/admin/loads"), desk.get("/admin/loads?page=2")
    ((last,),) = query(stored, "SELECT max(id) FROM load_runs")
    runs = [int(row[0]) for page in (first, second) for row in page.rows[1:]]
    assert runs[:30] == list(range(last, last - 30, -1))
    assert (len(first.rows), "Earlier" in first.text, "Later" in first.text) == (26, True, False)
    assert "There are no more" in desk.get("/admin/loads?page=99").text


def test_a_load_tells_its_story(loaded: Loaded, desk: Somebody) -> None:
    page = desk.get(f"/admin/loads/{loaded.second}")
    assert page.row("NEW")[1:] == ["new_holdings.csv", "no date", "3", "3", "", page.row("NEW")[6]]
    assert page.row("AA")[:4] == ["AA", "changed", "50.000000", "60.000000"]
    assert page.row("CC")[:4] == ["CC", "removed", "20.000000", "–"]
    assert ["DD", "added", "–", "10.000000"] in [row[:4] for row in page.rows]
    assert "1 stock entered" in page.text
    assert f"/admin/loads/{loaded.second}/undo" in page.links()


def test_many_rows_are_cut_and_all_are_a_link_away(database: Database, loaded: Loaded, desk: Somebody) -> None:
    many = {f"M{chr(65 + n // 26)}{chr(65 + n % 26)}": 2 for n in range(50)}
    run = load_fund(database, loaded.folder, many)
    page = desk.get(f"/admin/loads/{run}")
    assert sum(row[1:2] == ["added"] for row in page.rows) == 20 + 20  # the fund, and the sector that they enter
    (link,) = [link for link in page.links() if link.endswith("group=NEW")]
    assert sum(row[1:2] == ["added"] for row in desk.get(link).rows) == 50


def test_of_very_many_groups_the_rows_are_a_link_away(
    database: Database, loaded: Loaded, desk: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickstock.web.loads.MOST", 1)
    page = desk.get(f"/admin/loads/{loaded.second}")
    assert [row for row in page.rows if row[0] == "AA"] == []
    (link,) = [link for link in page.links() if link.endswith("group=NEW")]
    assert desk.get(link).row("AA")[1] == "changed"


def test_a_load_that_there_is_not(desk: Somebody) -> None:
    page = desk.get("/admin/loads/4711")
    assert page.status == 404
    assert "no run 4711" in page.text
    assert desk.get("/admin/loads/4711/undo").status == 404


def test_the_page_of_an_undo_shows_what_it_would_do_and_does_nothing(
    stored: Connection, loaded: Loaded, desk: Somebody
) -> None:
    before = everything(stored)
    page = desk.get(f"/admin/loads/{loaded.second}/undo")
    assert page.row("NEW") == ["NEW", "1", "1", "1", "1", "0", ""]
    assert page.row("AA")[:4] == ["AA", "changed", "60.000000", "50.000000"]
    assert page.row("CC")[:4] == ["CC", "added", "–", "20.000000"]
    of_fund, of_unknown = [row[:4] for row in page.rows if row[0] == "DD"]
    assert of_fund == ["DD", "removed", "10.000000", "–"]
    assert of_unknown == ["DD", "removed", "–", "–"]
    assert "by force" not in page.text.lower()
    assert everything(stored) == before


def test_an_undo_is_done_with_the_token_alone(stored: Connection, loaded: Loaded, desk: Somebody) -> None:
    page, before = desk.get(f"/admin/loads/{loaded.second}/undo"), everything(stored)
    address = f"/admin/loads/{loaded.second}/undo"
    for headers, token in (({}, ""), ({}, "another"), ({"Origin": "https://evil.example"}, desk.token)):
        form = {"version": page.field("version"), "form_token": token}
        assert desk.client.post(address, data=form, headers=headers).status_code == 403
    assert everything(stored) == before
    answer = desk.client.post(address, data={"version": page.field("version"), "form_token": desk.token})
    ((run, undoes, note),) = query(stored, "SELECT id, undoes, kind FROM load_runs ORDER BY id DESC LIMIT 1")
    assert (undoes, note) == (loaded.second, "undo")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/loads/{run}?done=undone")
    assert members(stored, "NEW") == {"AA": "50.000000", "BB": "30.000000", "CC": "20.000000"}
    told = desk.get(answer.headers["Location"])
    assert f"Load {loaded.second} is taken back" in told.text
    assert f"taken back by {run}" in desk.get(f"/admin/loads/{loaded.second}").text
    assert f"/admin/loads/{loaded.second}/undo" not in desk.get(f"/admin/loads/{loaded.second}").links()


def test_the_record_says_which_program_it_was(
    stored: Connection, loaded: Loaded, database: Database, cache: RelationshipCache, tmp_path: Path
) -> None:
    write_secrets(tmp_path / "other.json", Secrets("key", password_hash="one that nobody knows"))
    kept = KeptSecrets(tmp_path / "other.json")
    sessions = Sessions(tmp_path / "other_sessions.json", lambda: kept().session_key)
    cookie = sessions.start()
    client = create_app(WebConfig(database._replace(program="serve"), cache, kept, sessions)).test_client()
    client.set_cookie(COOKIE, cookie, path="/admin")
    somebody = Somebody(client, sessions.form_token(cookie))
    confirm(somebody, somebody.get(f"/admin/loads/{loaded.second}/undo"), loaded.second)
    assert query(stored, "SELECT program FROM load_runs ORDER BY id DESC LIMIT 1") == [("tickstock serve",)]


def test_a_refused_undo_says_why_and_is_done_by_force_alone(
    stored: Connection, loaded: Loaded, desk: Somebody
) -> None:
    page, before = desk.get(f"/admin/loads/{loaded.first}/undo"), everything(stored)
    reason = f"load {loaded.second} has read NEW since; undo it first"
    assert reason in page.text
    assert not [each for each in page.all("form") if each.get("method") == "post" and "undo" in (each["action"] or "")]
    assert f"/admin/loads/{loaded.first}/undo?force=1" in page.links()
    ((version,),) = query(stored, "SELECT max(version) FROM data_version")
    refused = desk.post(f"/admin/loads/{loaded.first}/undo", version=str(version))
    assert refused.status == 409
    assert reason in refused.text
    assert everything(stored) == before
    forced = desk.get(f"/admin/loads/{loaded.first}/undo?force=1")
    assert "By force it goes past" in forced.text
    assert forced.field("force") == "1"
    assert everything(stored) == before
    assert confirm(desk, forced, loaded.first, force="1").status == 200
    assert members(stored, "NEW") == {}


def test_what_moved_after_the_page_was_shown_is_shown_again(
    stored: Connection, loaded: Loaded, desk: Somebody
) -> None:
    page = desk.get(f"/admin/loads/{loaded.second}/undo")
    query(stored, "UPDATE group_memberships SET weight = 61 WHERE symbol = 'AA'")
    before = everything(stored)
    again = confirm(desk, page, loaded.second)
    assert again.status == 409
    assert "The data has changed since this was shown" in again.text
    assert again.row("AA")[:2] == ["AA", "kept by hand"]
    assert everything(stored) == before
    assert confirm(desk, again, loaded.second).status == 200
    assert members(stored, "NEW") == {"AA": "61.000000", "BB": "30.000000", "CC": "20.000000"}


def test_what_moves_while_an_undo_waits_for_a_load_is_shown_again(
    stored: Connection, loaded: Loaded, database: Database, desk: Somebody
) -> None:
    page = desk.get(f"/admin/loads/{loaded.second}/undo")
    with closing(database.connect()) as connection, ThreadPoolExecutor() as one:
        with locked_transaction(connection, Options("ETF")) as cursor:
            answer = one.submit(confirm, desk, page, loaded.second)
            until(lambda: query(stored, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                                        " AND database = (SELECT oid FROM pg_database"
                                        " WHERE datname = current_database())") == [(1,)])  # fmt: skip
            cursor.execute("UPDATE group_memberships SET weight = 61 WHERE symbol = 'AA'")
        again = answer.result()
    assert again.status == 409
    assert again.row("AA")[:2] == ["AA", "kept by hand"]
    assert members(stored, "NEW")["DD"] == "10.000000"


def test_nothing_left_to_take_back(stored: Connection, loaded: Loaded, desk: Somebody) -> None:
    confirm(desk, desk.get(f"/admin/loads/{loaded.second}/undo"), loaded.second)
    page, before = desk.get(f"/admin/loads/{loaded.second}/undo"), everything(stored)
    assert "Nothing of it is left to take back" in page.text
    ((version,),) = query(stored, "SELECT max(version) FROM data_version")
    told = desk.post(f"/admin/loads/{loaded.second}/undo", version=str(version))
    assert told.path == f"/admin/loads/{loaded.second}?done=nothing"
    assert everything(stored) == before


def test_somebody_elses_load_makes_an_undo_wait_and_then_say_busy(
    stored: Connection, loaded: Loaded, database: Database, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = log_in()
    page, before = desk.get(f"/admin/loads/{loaded.second}/undo"), everything(stored)
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=200ms")
    monkeypatch.setattr("tickstock.db._TRANSACTION_SETTINGS", "SET TIME ZONE 'UTC'")
    with closing(database.connect()) as connection, locked_transaction(connection, Options("ETF")):
        busy = confirm(desk, page, loaded.second)
    assert busy.status == 503
    assert "another load of ETF in DEFAULT holds the lock" in busy.text
    assert everything(stored) == before


def test_an_undo_is_told_to_redis(
    loaded: Loaded, log_in: LogIn, redis_server: RedisServer, listener: Subscriber
) -> None:
    desk = log_in(redis=redis_server.url)
    confirm(desk, desk.get(f"/admin/loads/{loaded.second}/undo"), loaded.second)
    told = listener.heard()
    assert [(channel, message["undoes"]) for channel, message in told] == [
        ("cache_updates", loaded.second),
        ("admin_notifications", loaded.second),
    ]


def test_an_undo_is_done_whether_or_not_redis_answers(
    loaded: Loaded, log_in: LogIn, stored: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    desk = log_in(redis="redis://127.0.0.1:1/0")
    page = confirm(desk, desk.get(f"/admin/loads/{loaded.second}/undo"), loaded.second)
    assert page.status == 200
    assert members(stored, "NEW") == {"AA": "50.000000", "BB": "30.000000", "CC": "20.000000"}
    assert len(caplog.records) == 1

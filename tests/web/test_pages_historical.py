"""The page of the load jobs: what it starts, what it shows of each, and what it refuses."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.stored import query
from tests.web.pages import LogIn, Page, Somebody, desk, log_in
from tickstock.db import Connection
from tickstock.web.load_form import Form, job_of, last_due, typed_symbols

__all__ = ["desk", "log_in"]

PAGE = "/admin/historical-data"
EVIL = '<img src=x onerror="alert(1)">'
NEW_YORK = ZoneInfo("America/New_York")
JOBS = "SELECT universe, symbols, timeframe, priority, state, environment, asked_by FROM load_jobs ORDER BY id"


def add_job(connection: Connection, state: str = "running", **columns: object) -> int:
    """A job, as the queue and its worker leave it."""
    values = {
        "environment": "DEFAULT", "symbols": ["AAPL", "MSFT"], "timeframe": "day", "first_day": date(2025, 1, 2),
        "last_day": date(2025, 12, 31), "priority": "normal", "state": state, **columns,
    }  # fmt: skip
    places = ", ".join(["%s"] * len(values))
    ((job,),) = query(
        connection, f"INSERT INTO load_jobs ({', '.join(values)}) VALUES ({places}) RETURNING id", *values.values()
    )
    assert isinstance(job, int)
    return job


def add_line(connection: Connection, job: int, line: str, level: str = "info") -> None:
    query(connection, "INSERT INTO load_job_log (job_id, level, line) VALUES (%s, %s, %s)", job, level, line)


def add_result(connection: Connection, job: int, symbol: str, *values: object) -> None:
    query(connection, "INSERT INTO load_job_symbols (job_id, symbol, bars, first_bar, last_bar, reason)"
                      " VALUES (%s, %s, %s, %s, %s, %s)", job, symbol, *values)  # fmt: skip


def options(page: Page) -> list[str | None]:
    return [each.get("value") for each in page.all("option")]


def test_the_form_has_the_choices_of_the_guide(stored: Connection, desk: Somebody) -> None:
    query(stored, "INSERT INTO cache_entries (type, name, key, value) VALUES"
                  " ('stock_universe', 'market_leaders', 'top_50', '[\"NVDA\", \"AAPL\"]'),"
                  " ('etf_universe', 'complete', 'all_etfs', '[\"SPY\"]'),"
                  " ('etf_universe', 'complete', 'top_100', '[{\"symbol\": \"SPY\"}]')")  # fmt: skip
    page = desk.get(PAGE)
    for words in ("Load Type", "Stock Universe", "Specific Symbols", "Universe", "Symbols", "Years of Data", "1 month",
                  "5 years", "Timespan", "Daily (recommended)", "1-Minute", "Priority", "Normal", "High", "Low",
                  "Start Load Job", "Active Jobs", "sp500 (3)", "Top 50 (2)", "All ETFs (1)",
                  "Top 100 ETFs (1)"):  # fmt: skip
        assert words in page.text
    universes = options(page)[1:-12]
    assert universes[:8] == [
        "UNIVERSE dow30", "UNIVERSE nasdaq100", "UNIVERSE sp500", "complete all_etfs", "complete top_100",
        "market_leaders top_50", "ETF QQQ", "ETF SPY",
    ]  # fmt: skip
    assert {"THEME chips", "SECTOR financials"} <= set(universes[8:])
    assert "No job waits or runs" in page.text


def test_a_universe_is_loaded_with_what_is_in_it_now(stored: Connection, desk: Somebody) -> None:
    page = desk.post(PAGE, load_type="universe", universe="UNIVERSE sp500", years="3mo", timespan="minute",
                     priority="high")  # fmt: skip
    assert (page.status, page.path[: len(PAGE)]) == (200, PAGE)
    assert "Asked for: job 1" in page.text
    assert "UNIVERSE sp500" in page.text
    assert "3 symbols, 1-minute" in page.text
    assert query(stored, JOBS) == [
        ("UNIVERSE sp500", ["AAPL", "BRK.B", "NVDA"], "minute", "high", "waiting", "DEFAULT", "admin page, 127.0.0.1")
    ]
    assert query(stored, "SELECT first_day + interval '3 months' = last_day FROM load_jobs") == [(True,)]
    assert query(stored, "SELECT args ->> 'job', priority FROM procrastinate.procrastinate_jobs") == [("1", 10)]


def test_typed_symbols_are_spelled_as_the_project_does(stored: Connection, desk: Somebody) -> None:
    page = desk.post(PAGE, load_type="symbols", symbols="spy, QQQ,brk-b ,SPY,\nvti,", universe="UNIVERSE sp500")
    assert page.status == 200
    assert [row[:2] for row in query(stored, JOBS)] == [(None, ["SPY", "QQQ", "BRK.B", "VTI"])]


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"load_type": "symbols", "symbols": "SPY, 12 34, A B C"}, "symbols",
         "no symbol: 12 34 (not letters with at most one share class); A B C"),
        ({"load_type": "symbols", "symbols": "SPY QQQ"}, "symbols", "expected symbols with commas between them"),
        ({"load_type": "symbols", "symbols": " , "}, "symbols", "found 0 symbols"),
        ({"load_type": "symbols", "symbols": EVIL}, "symbols", f"no symbol: {EVIL}"),
        ({"load_type": "universe"}, "universe", "choose a universe"),
        ({"load_type": "universe", "universe": "UNIVERSE nope"}, "universe", "there is no universe 'UNIVERSE nope'"),
        ({"load_type": "all"}, "load_type", "expected one of universe, symbols"),
        ({"load_type": "symbols", "symbols": "SPY", "years": "9y"}, "years", "expected one of 1mo, 3mo"),
        ({"load_type": "symbols", "symbols": "SPY", "timespan": "hour"}, "timespan", "expected one of day, minute"),
        ({"load_type": "symbols", "symbols": "SPY", "priority": "urgent"}, "priority", "expected one of normal, high"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_beside_the_field(
    stored: Connection, desk: Somebody, form: dict[str, str], field: str, said: str
) -> None:
    page = desk.post(PAGE, **form)
    assert page.status == 400
    assert said in page.text
    assert "<img" not in page.html
    assert f"wrong-{field}" in {each.get("id") for each in page.all("p")}
    assert page.field("symbols") == form.get("symbols", "").strip()  # what was typed is not lost
    assert query(stored, JOBS) == []


def test_many_wrong_words_are_told_in_short() -> None:
    with pytest.raises(Exception, match=r"B2 .* and 95 more; expected") as told:
        typed_symbols(",".join(f"{letter}{number}" for letter in "BCDEFGHIJK" for number in range(2, 12)))
    assert len(str(told.value)) < 500


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2025-11-29T12:00", date(2025, 11, 28)),  # a Saturday: the half day after Thanksgiving
        ("2025-11-28T12:00", date(2025, 11, 26)),  # Friday's file comes on Saturday; Thursday is Thanksgiving
        ("2025-12-02T10:59", date(2025, 11, 28)),  # Monday's file is due at eleven
        ("2025-12-02T11:00", date(2025, 12, 1)),
    ],
)
def test_the_last_day_is_the_last_session_that_is_due(now: str, last: date) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)
    assert last_due(at) == last


def test_years_are_those_of_the_calendar() -> None:
    at = datetime(2025, 12, 2, 11, tzinfo=NEW_YORK)
    first = {years: job_of(Form("symbols", years=years), ("SPY",), "DEFAULT", at).first_day for years in
             ("1mo", "6mo", "5y")}  # fmt: skip
    assert first == {"1mo": date(2025, 11, 1), "6mo": date(2025, 6, 1), "5y": date(2020, 12, 1)}


def test_a_running_job_shows_its_progress_and_its_log(stored: Connection, desk: Somebody) -> None:
    job = add_job(stored, step="bars of the archive", steps_done=12, steps=250, bars=1234567)
    add_line(stored, job, "read 2025-01-02")
    add_line(stored, job, "no file of 2025-01-03", "warning")
    page = desk.get(PAGE)
    assert "bars of the archive: 12 of 250, 1,234,567 bars stored" in page.text
    (progress,) = page.all("progress")
    assert (progress["value"], progress["max"]) == ("12", "250")
    assert page.text.index("read 2025-01-02") < page.text.index("warning no file of 2025-01-03")
    assert "2 symbols, daily, 2025-01-02 to 2025-12-31" in desk.get(f"{PAGE}/{job}").text


def test_a_reason_to_wait_is_told_while_a_job_waits(stored: Connection, desk: Somebody) -> None:
    job = add_job(stored, "waiting", step="bars of the archive", steps_done=12, steps=250,
                  reason="the worker was told to end")  # fmt: skip
    page = desk.get(PAGE)
    assert "waits for a worker; so far bars of the archive: 12 of 250" in page.text
    assert "the worker was told to end" in page.text
    query(stored, "UPDATE load_jobs SET state = 'running'")
    for path in (PAGE, f"{PAGE}/{job}"):
        page = desk.get(path)
        assert "bars of the archive: 12 of 250" in page.text
        assert "the worker was told to end" not in page.text


def test_a_job_that_ended_is_in_the_history(stored: Connection, desk: Somebody) -> None:
    job = add_job(stored, "failed", reason="no key of Massive", finished_at=datetime(2026, 1, 2, 3, 4), bars=7)
    assert desk.get(PAGE).row(str(job))[2:] == ["✗ failed", "AAPL, MSFT", "2025-01-02", "2025-12-31", "7",
                                               "no key of Massive"]  # fmt: skip
    add_job(stored, "done", environment="TEST")
    assert len(desk.get(PAGE).rows) == 2


def test_a_job_has_a_page_with_what_came_for_each_symbol(stored: Connection, desk: Somebody) -> None:
    job = add_job(stored, "done", bars=250, done_through=date(2025, 12, 31))
    add_result(stored, job, "AAPL", 250, "2025-01-02T05:00Z", "2025-12-31T05:00Z", None)
    add_result(stored, job, "NOPE", 0, None, None, "the archive has no bars of it")
    page = desk.get(f"{PAGE}/{job}")
    assert page.row("AAPL") == ["AAPL", "250", "2025-01-02", "2025-12-31", ""]
    assert page.row("NOPE") == ["NOPE", "0", "–", "–", "the archive has no bars of it"]
    assert "2 of 2 done, 1 of them without bars" in page.text
    assert "250 stored, looked through to 2025-12-31" in page.text
    query(stored, "INSERT INTO load_job_symbols (job_id, symbol)"
                  " SELECT %s, 'S' || n FROM generate_series(1, 300) n", job)  # fmt: skip
    page = desk.get(f"{PAGE}/{job}")
    assert (len(page.rows), page.rows[1][0]) == (201, "NOPE")
    assert "All 302 symbols" in page.text
    assert len(desk.get(f"{PAGE}/{job}?all=1").rows) == 303


def test_a_job_is_cancelled_and_tried_again(stored: Connection, desk: Somebody) -> None:
    desk.post(PAGE, load_type="symbols", symbols="SPY")
    page = desk.post(f"{PAGE}/1/cancel")
    assert (page.status, page.path) == (200, f"{PAGE}/1")
    assert "cancelled while it waited" in page.text
    again = desk.post(f"{PAGE}/1/cancel")
    assert (again.status, again.titles["h1"]) == (409, "Too late")
    assert "job 1 cannot be cancelled: it is cancelled" in again.text
    page = desk.post(f"{PAGE}/1/retry")
    assert "waiting" in page.text
    assert [row[4] for row in query(stored, JOBS)] == ["waiting"]
    assert desk.post(f"{PAGE}/1/retry").status == 409


def test_a_running_job_is_cancelled_at_its_next_step(stored: Connection, desk: Somebody) -> None:
    job = add_job(stored)
    assert "cancelling" in desk.post(f"{PAGE}/{job}/cancel").text
    assert query(stored, "SELECT state, cancel_asked FROM load_jobs") == [("running", True)]
    page = desk.get(PAGE)
    assert "cancelling" in page.text
    assert "Cancel" not in [each.get("value") for each in page.all("button")]


@pytest.mark.parametrize("number", ["4711", "9223372036854775808", "9" * 40])
@pytest.mark.parametrize("deed", ["", "/cancel", "/retry", "/log?after=0"])
def test_there_is_no_such_job(stored: Connection, desk: Somebody, number: str, deed: str) -> None:
    path = f"{PAGE}/{number}{deed}"
    page = desk.post(path) if deed in ("/cancel", "/retry") else desk.get(path, Accept="text/html")
    assert page.status == 404
    assert f"there is no job {number}" in page.text


def test_jobs_of_another_environment_are_not_ours(stored: Connection, desk: Somebody, log_in: LogIn) -> None:
    job = add_job(stored, environment="TEST")
    assert desk.get(f"{PAGE}/{job}").status == 404
    assert desk.post(f"{PAGE}/{job}/cancel").status == 404
    assert query(stored, "SELECT cancel_asked FROM load_jobs") == [(False,)]
    assert log_in(environment="TEST").get(f"{PAGE}/{job}").status == 200


@pytest.mark.parametrize("deed", ["", "/1/cancel", "/1/retry"])
def test_forms_need_their_token(stored: Connection, desk: Somebody, deed: str) -> None:
    assert desk.post(PAGE, load_type="symbols", symbols="SPY").status == 200
    before = query(stored, "SELECT xmin::text, t::text FROM load_jobs t")
    for token in ("", "another"):
        assert desk.post(PAGE + deed, token, load_type="symbols", symbols="SPY").status == 403
    foreign = desk.client.post(PAGE + deed, data={"form_token": desk.token, "load_type": "symbols", "symbols": "SPY"},
                               headers={"Origin": "http://elsewhere.example"})  # fmt: skip
    assert foreign.status_code == 403
    assert query(stored, "SELECT xmin::text, t::text FROM load_jobs t") == before


def test_stored_text_is_text(stored: Connection, desk: Somebody) -> None:
    query(stored, "INSERT INTO definition_groups (type, name) VALUES ('UNIVERSE', %s)", EVIL)
    query(stored, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'AAPL' FROM definition_groups"
                  " WHERE name = %s", EVIL)  # fmt: skip
    job = add_job(stored, step=EVIL, universe=EVIL, asked_by=EVIL)
    past = add_job(stored, "done", reason=EVIL, symbols=[EVIL])
    add_line(stored, job, EVIL)
    add_result(stored, job, EVIL, 0, None, None, EVIL)
    for path in ("", f"/{job}", f"/{past}"):
        page = desk.get(PAGE + path)
        assert page.status == 200
        assert EVIL in page.text
        assert "<img" not in page.html


def test_nobody_at_work_is_said_where_a_job_waits_for_it(stored: Connection, desk: Somebody) -> None:
    assert "No worker is alive" not in desk.get(PAGE).text
    job = add_job(stored)
    for path in (PAGE, f"{PAGE}/{job}"):
        assert "No worker is alive. make worker starts one" in desk.get(path).text
    query(
        stored,
        "INSERT INTO procrastinate.procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes')",
    )
    assert "No worker is alive; the last one was seen at" in desk.get(PAGE).text
    query(stored, "INSERT INTO procrastinate.procrastinate_workers (last_heartbeat) VALUES (now())")
    for path in (PAGE, f"{PAGE}/{job}"):
        assert "No worker is alive" not in desk.get(path).text


def test_gaps_are_told_for_the_job_and_each_symbol(stored: Connection, desk: Somebody) -> None:
    job = add_job(stored, first_day="2025-01-02", last_day="2025-01-31", state="done", reason="lacks a day")
    # January 2025 has 20 sessions: 31 days less weekends, New Year's Day, 9 January and Martin Luther King's day.
    add_result(stored, job, "AAPL", 19, "2025-01-02T05:00Z", "2025-01-31T05:00Z", None)
    add_result(stored, job, "SPY", 20, "2025-01-02T05:00Z", "2025-01-31T05:00Z", None)
    page = desk.get(f"{PAGE}/{job}")
    assert "done, with gaps" in page.text
    assert page.row("AAPL")[-1] == "1 of 20 sessions"
    assert page.row("SPY")[-1] == ""

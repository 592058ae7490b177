"""Jobs are asked for, cancelled and tried again in one transaction with the queue."""

from __future__ import annotations

from datetime import date

import pytest

from tests.stored import query
from tickstock.db import Connection
from tickstock.errors import BadInputError, TickstockError
from tickstock.historical.job_orders import Ask, cancel_job, retry_job, start_job
from tickstock.historical.jobs import read_active_jobs, read_job, read_log, read_past_jobs
from tickstock.historical.universes import Choice, read_choices, read_universe

ASK = Ask("DEFAULT", ("AAPL", "MSFT"), date(2025, 1, 2), date(2025, 12, 31))
QUEUED = "SELECT args ->> 'job', priority, status::text FROM procrastinate.procrastinate_jobs ORDER BY id"


def end(witness: Connection, job: int, state: str) -> None:
    query(
        witness,
        "UPDATE load_jobs SET state = %s, finished_at = now(), done_through = '2025-06-30' WHERE id = %s",
        state,
        job,
    )


def test_a_job_is_stored_and_queued_with_its_priority(connection: Connection, witness: Connection) -> None:
    jobs = [start_job(connection, ASK._replace(priority=word)) for word in ("low", "normal", "high")]
    assert [(int(job), priority) for job, priority, _ in query(witness, QUEUED)] == [
        (jobs[0], -10), (jobs[1], 0), (jobs[2], 10),
    ]  # fmt: skip
    assert [job.id for job in read_active_jobs(connection, "DEFAULT")] == [jobs[2], jobs[1], jobs[0]]
    assert read_active_jobs(connection, "TEST") == []
    found = read_job(connection, jobs[0])
    assert (found.symbols, found.first_day, found.last_day, found.state) == (
        ("AAPL", "MSFT"), date(2025, 1, 2), date(2025, 12, 31), "waiting",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (ASK._replace(symbols=()), "found 0 symbols"),
        (ASK._replace(symbols=("AAPL", "")), "found '' as a symbol, expected 1 to 50 characters"),
        (ASK._replace(symbols=("A" * 51,)), "as a symbol, expected 1 to 50 characters"),
        (ASK._replace(last_day=date.max), "the last day, 9999-12-31, is beyond 9999-12-30"),
        (ASK._replace(first_day=date(2026, 1, 1)), "2026-01-01, is after the last, 2025-12-31"),
        (ASK._replace(priority="urgent"), "found the priority 'urgent', expected high, normal, low"),
        (ASK._replace(timeframe="hour"), "found the timeframe 'hour', expected day, minute"),
    ],
)
def test_a_wrong_job_is_refused_and_leaves_nothing(connection: Connection, ask: Ask, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        start_job(connection, ask)
    assert query(connection, "SELECT count(*) FROM load_jobs") == [(0,)]
    assert query(connection, QUEUED) == []


def test_a_symbol_that_is_given_twice_counts_once(connection: Connection) -> None:
    job = start_job(connection, ASK._replace(symbols=("MSFT", "AAPL", "MSFT")))
    assert read_job(connection, job).symbols == ("MSFT", "AAPL")


def test_items_that_are_no_symbols_are_no_part_of_a_universe(connection: Connection, witness: Connection) -> None:
    query(
        witness,
        "INSERT INTO cache_entries (type, name, key, value) VALUES"
        " ('stock_universe', 'market_leaders', 'mine', '[\"XLK\", {\"ticker\": \"AAPL\"}, null, \"\"]')",
    )
    assert read_universe(connection, "market_leaders mine") == ("XLK",)


def test_a_waiting_job_is_cancelled_at_once(connection: Connection, witness: Connection) -> None:
    job = start_job(connection, ASK)
    cancel_job(connection, job)
    assert query(witness, QUEUED) == []
    (found,) = read_past_jobs(connection, "DEFAULT")
    assert (found.id, found.state, found.reason) == (job, "cancelled", "cancelled while it waited")
    with pytest.raises(TickstockError, match=f"job {job} cannot be cancelled: it is cancelled"):
        cancel_job(connection, job)


def test_a_running_job_is_asked_to_cancel(connection: Connection, witness: Connection) -> None:
    job = start_job(connection, ASK)
    query(witness, "UPDATE load_jobs SET state = 'running' WHERE id = %s", job)
    cancel_job(connection, job)
    found = read_job(connection, job)
    assert (found.state, found.cancel_asked) == ("running", True)


def test_a_failed_job_goes_on_after_its_last_good_day(connection: Connection, witness: Connection) -> None:
    job = start_job(connection, ASK)
    with pytest.raises(TickstockError, match=f"job {job} cannot be tried again: it is waiting"):
        retry_job(connection, job)
    end(witness, job, "failed")
    retry_job(connection, job)
    found = read_job(connection, job)
    assert (found.state, found.done_through, found.reason) == ("waiting", date(2025, 6, 30), None)
    assert [status for *_, status in query(witness, QUEUED)] == ["todo", "todo"]
    assert [line.line for line in read_log(connection, job)][-1] == "asked to try again"


def test_a_job_that_was_done_looks_for_all_days_again(connection: Connection, witness: Connection) -> None:
    job = start_job(connection, ASK)
    end(witness, job, "done")
    retry_job(connection, job)
    assert read_job(connection, job).done_through is None


def test_there_is_no_job_99(connection: Connection) -> None:
    for ask in (read_job, cancel_job, retry_job):
        with pytest.raises(TickstockError, match="there is no job 99"):
            ask(connection, 99)


def test_whoever_listens_hears_of_each_change(connection: Connection, witness: Connection) -> None:
    query(witness, "LISTEN load_jobs")
    job = start_job(connection, ASK)
    cancel_job(connection, job)
    query(witness, "SELECT 1")  # whatever came by then is read with its answer
    assert [(each.channel, each.payload) for each in witness.notifies] == [("load_jobs", str(job))] * 2


def test_groups_and_leader_lists_can_be_chosen(connection: Connection, witness: Connection) -> None:
    query(witness, "INSERT INTO definition_groups (type, name) VALUES ('UNIVERSE', 'sp500'), ('THEME', 'empty')")
    query(
        witness,
        "INSERT INTO group_memberships (group_id, symbol)"
        " SELECT id, unnest(ARRAY['MSFT', 'AAPL']) FROM definition_groups WHERE name = 'sp500'",
    )
    query(
        witness,
        """INSERT INTO cache_entries (type, name, key, value) VALUES
           ('stock_universe', 'market_leaders', 'top_50', '{"count": 1, "stocks": [{"symbol": "NVDA"}]}'),
           ('etf_universe', 'complete', 'all_etfs', '["SPY", "QQQ"]'),
           ('app_settings', 'market_leaders', 'x', '["A"]')""",
    )
    choices = read_choices(connection)
    assert choices[0] == Choice("UNIVERSE sp500", "UNIVERSE", "sp500", 2)
    assert [(one.universe, one.symbols) for one in choices if one.kind not in ("SECTOR", "UNIVERSE")] == [
        ("market_leaders top_50", 1), ("complete all_etfs", 2),
    ]  # fmt: skip
    assert read_universe(connection, "UNIVERSE sp500") == ("AAPL", "MSFT")
    assert read_universe(connection, "complete all_etfs") == ("QQQ", "SPY")
    with pytest.raises(BadInputError, match="no universe 'UNIVERSE sp5000' with symbols"):
        read_universe(connection, "UNIVERSE sp5000")

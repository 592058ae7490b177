"""A backup is whole or absent, of one moment, of our tables alone, and nobody else may read it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from tests.backups.conftest import MakeBackup, RestoreBackup, resealed, rows, write_program
from tests.conftest import open_folder, uri_with_password
from tests.put import put_group
from tests.stored import query
from tickstock.backups import programs
from tickstock.backups.backup import make_backup
from tickstock.backups.contents import TABLES
from tickstock.backups.folder import keep_newest, list_backups, read_backup
from tickstock.db import Connection, Database, closing
from tickstock.embedded import running_server
from tickstock.errors import BadInputError, BusyError, TickstockError, UnavailableError
from tickstock.migrations import available, migrate

CHILD = Path(__file__).with_name("killed_backup.py")


def test_the_tables_are_all_that_the_migrations_make(database: Database, connection: Connection) -> None:
    """A new table belongs into backups, or is known here not to."""
    made = query(
        connection,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )
    bookkeeping = {"migration_checksums", "tickstock_migrations", "yoyo_lock"}
    # Computed from the groups, or loaded again; or an application's own, and no backup's to put back.
    again = {"cache_entries", "symbols", "ohlcv_daily", "ohlcv_minute", "load_jobs", "load_job_symbols", "load_job_log",
             "api_calls"}  # fmt: skip
    found = {name for (name,) in made if not name.startswith("_yoyo")}
    assert found == {*TABLES, *bookkeeping, *again}


def test_a_backup_is_a_folder_with_a_dump_and_what_must_come_of_it(
    past: Connection, back_up: MakeBackup, folder: Path
) -> None:
    backup = back_up()
    assert backup == read_backup(backup.path)
    assert sorted(path.name for path in folder.iterdir()) == [backup.path.name]
    assert sorted(path.name for path in backup.path.iterdir()) == ["data.dump", "manifest.json"]
    manifest = json.loads((backup.path / "manifest.json").read_text())
    assert {name: table["rows"] for name, table in manifest["tables"].items()} == {
        name: len(found) for name, found in rows(past).items()
    }
    assert manifest["migrations"] == list(available())
    assert manifest["made_at"][:19].replace(":", "") + "Z" == backup.path.name
    assert query(past, "SELECT max(version), max(changed_at) = %s FROM data_version", manifest["changed_at"]) == [
        (manifest["data_version"], True)
    ]


@pytest.mark.usefixtures("careless")
def test_nobody_else_may_read_it_whatever_the_umask(connection: Connection, back_up: MakeBackup, folder: Path) -> None:
    backup = back_up()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, backup.path, *backup.path.iterdir())}
    assert modes == {"backups": 0o700, backup.path.name: 0o700, "data.dump": 0o600, "manifest.json": 0o600}


def test_backups_of_the_same_second_do_not_collide(back_up: MakeBackup, folder: Path) -> None:
    made = [back_up() for _ in range(2)]
    assert made[0].path != made[1].path
    assert [backup.path for backup in list_backups(folder)] == [backup.path for backup in reversed(made)]


def test_a_name_that_is_taken_gets_a_number(past: Connection, back_up: MakeBackup, folder: Path) -> None:
    from tickstock.backups.folder import fresh_folder, publish

    for expected in ("here", "here-2", "here-3"):
        with fresh_folder(folder) as fresh:
            (fresh / "data.dump").touch()
            assert publish(fresh, "here") == folder / expected


def test_what_is_dumped_is_what_was_counted_though_somebody_writes_meanwhile(
    database: Database, past: Connection, folder: Path, tmp_path: Path, put_back: RestoreBackup
) -> None:
    """pg_dump starts only after a row more is committed."""
    real = programs.find_pg_dump(database, past)
    before = rows(past)
    write = f"{sys.executable} -c \"import psycopg2; c = psycopg2.connect('{_dsn(database)}'); c.cursor().execute("
    write += "\\\"DELETE FROM group_memberships WHERE symbol = 'AAPL'\\\"); c.commit()\""
    write_program(tmp_path / "bin", "pg_dump", f'{write} || exit 9; exec {real.path} "$@"', real.version)
    backup = make_backup(database._replace(binaries=tmp_path / "bin"), past, folder)
    assert query(past, "SELECT count(*) FROM group_memberships WHERE symbol = 'AAPL'") == [(0,)]
    put_back(backup, force=True)
    assert rows(past) == before


def _dsn(database: Database) -> str:
    from psycopg2.extensions import make_dsn

    dsn: str = make_dsn(**database.parameters)
    assert "'" not in dsn
    return dsn


def test_other_tables_are_none_of_our_business(past: Connection, database: Database, back_up: MakeBackup) -> None:
    query(past, "CREATE SCHEMA other; CREATE TABLE other.load_runs (a int); CREATE TABLE load_runs_2 (a int)")
    query(past, "INSERT INTO load_runs_2 SELECT generate_series(1, 100)")
    backup = back_up()
    program = programs.find_pg_restore(database, backup.manifest.dump_version).path
    listed = subprocess.run([program, "--list", backup.dump], check=True, capture_output=True, text=True).stdout
    entries = [line for line in listed.splitlines() if line and not line.startswith(";")]
    assert sorted(line.split()[6] for line in entries) == sorted(TABLES)
    assert {line.split()[5] for line in entries} == {"public"}


@pytest.mark.parametrize("role", ["app_readonly", "app_readwrite"])
def test_who_may_read_may_back_up(
    database: Database, past: Connection, folder: Path, role: str, put_back: RestoreBackup
) -> None:
    options = f"-crole={role} -cdefault_transaction_read_only=on"
    reader = database._replace(parameters={**database.parameters, "options": options})
    before = rows(past)
    with closing(reader.connect()) as connection:
        backup = make_backup(reader, connection, folder)
    query(past, "DELETE FROM definition_groups")
    put_back(backup, force=True)
    assert rows(past) == before


def test_who_may_not_read_is_told(database: Database, past: Connection, folder: Path) -> None:
    query(past, "CREATE ROLE stranger_to_backups")
    try:
        options = {**database.parameters, "options": "-crole=stranger_to_backups"}
        with (
            closing(database._replace(parameters=options).connect()) as connection,
            pytest.raises(UnavailableError, match=r"may not read .*GRANT app_readonly"),
        ):
            make_backup(database._replace(parameters=options), connection, folder)
    finally:
        query(past, "DROP ROLE stranger_to_backups")
    assert list(folder.iterdir()) == []


def test_a_locked_table_is_busy(database: Database, past: Connection, folder: Path) -> None:
    query(past, "SET lock_timeout = '100ms'")
    with closing(psycopg2.connect(**database.parameters)) as other:
        query(other, "LOCK TABLE load_files")
        with pytest.raises(BusyError, match="no backup was made, another session keeps a table locked"):
            make_backup(database, past, folder)
    assert list(folder.iterdir()) == []


def test_a_pg_dump_that_fails_leaves_nothing_and_its_message_without_the_password(
    database: Database, past: Connection, folder: Path, tmp_path: Path
) -> None:
    write_program(tmp_path / "bin", "pg_dump", 'echo part; echo "no: $PGPASSWORD" >&2; exit 3', "99.1")
    fake = database._replace(parameters={**database.parameters, "password": "canary"}, binaries=tmp_path / "bin")
    with pytest.raises(TickstockError) as caught:
        make_backup(fake, past, folder)
    assert str(caught.value) == r"no backup was made: pg_dump ended with status 3: no: ***"
    assert list(folder.iterdir()) == []


def test_no_program_that_fits_is_told_with_what_was_found(database: Database) -> None:
    with pytest.raises(UnavailableError, match=r"expected version 99 or newer, found 1\d\.[\w.]+ at .*client-99"):
        programs.find_pg_restore(database, "99.3")


def test_an_older_program_is_passed_over(database: Database, past: Connection, tmp_path: Path) -> None:
    old = write_program(tmp_path / "bin", "pg_dump", "exit 1", "9.6.24")
    broken = write_program(tmp_path / "bin", "pg_restore", "exit 1")
    found = programs.find_pg_dump(database._replace(binaries=tmp_path / "bin"), past)
    assert programs.major(found.version) >= past.info.server_version // 10000
    assert found.path != old
    assert programs.find_pg_restore(database._replace(binaries=tmp_path / "bin"), "15.1").path != broken


def test_a_password_reaches_pg_dump_and_nobody_else(tmp_path: Path) -> None:
    """A server of which only the password opens the door."""
    with open_folder() as place, running_server(place, transport="tcp") as server:
        database = Database(server.parameters(), "test", binaries=server.binaries)
        migrate(database)
        seen = tmp_path / "seen"
        write_program(tmp_path / "bin", "pg_dump", f'echo "$@" >> {seen}; exec {server.binaries}/pg_dump "$@"')
        spied = database._replace(binaries=tmp_path / "bin")
        with closing(database.connect()) as connection:
            backup = make_backup(spied, connection, tmp_path / "backups")
    arguments = seen.read_text()
    assert backup.manifest.tables["definition_groups"].rows == 12
    assert f"port={server.port}" in arguments
    assert "sslmode=disable" in arguments
    assert server.password
    assert server.password not in arguments + (backup.path / "manifest.json").read_text()


def test_all_that_a_path_needs_reaches_pg_dump(
    database: Database, past: Connection, folder: Path, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    write_program(tmp_path / "bin", "pg_dump", f'echo "$@" > {seen}; env >> {seen}', "99.1")
    parameters = {
        **database.parameters, "password": "se cret'", "sslpassword": "another", "sslmode": "verify-full",
        "sslrootcert": "/some where/root.crt", "hostaddr": "127.0.0.9", "connect_timeout": "3",
    }  # fmt: skip
    make_backup(database._replace(parameters=parameters, binaries=tmp_path / "bin"), past, folder)
    command, *environment = seen.read_text().splitlines()
    for expected in ("sslmode=verify-full", "sslrootcert='/some where/root.crt'", "hostaddr=127.0.0.9",
                     "connect_timeout=3", f"dbname={database.parameters['dbname']}"):  # fmt: skip
        assert expected in command
    assert "cret" not in command
    assert "another" not in command
    assert "PGPASSWORD=se cret'" in environment


def test_rotation_keeps_the_newest_of_this_database_and_all_that_is_not_its_own(
    database: Database, past: Connection, back_up: MakeBackup, folder: Path, new_database: Callable[..., Database],
    template: str, tmp_path: Path,
) -> None:  # fmt: skip
    other = new_database(template)
    with closing(other.connect()) as connection:
        foreign = make_backup(other, connection, folder)
    made = [back_up() for _ in range(4)]
    (made[0].path / "why I keep this.txt").touch()
    (folder / "notes").mkdir()
    (folder / "notes" / "manifest.json").write_text("{}")
    (folder / "link").symlink_to(made[1].path)
    linked = tmp_path / "elsewhere"
    made[1].path.rename(linked)
    (folder / "link").unlink()
    (folder / "link").symlink_to(linked)
    assert keep_newest(folder, made[3], 1) == [made[2].path]
    assert {path.name for path in folder.iterdir()} == {
        foreign.path.name, made[0].path.name, "notes", "link", made[3].path.name,
    }  # fmt: skip
    assert len(list(linked.iterdir())) == 2
    assert keep_newest(folder, made[3], 1) == []


def test_a_clock_that_was_put_back_does_not_cost_the_new_backup(back_up: MakeBackup, folder: Path) -> None:
    """Those of the time when it was ahead look newer."""
    ahead = [resealed(back_up(), made_at=f"2099-01-0{day}T00:00:00.000000Z") for day in (1, 2, 3)]
    made = back_up()
    assert keep_newest(folder, made, 3) == [ahead[0].path]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        backup.path.name for backup in (*ahead[1:], made)
    )


def test_what_is_no_whole_backup_is_not_listed(back_up: MakeBackup, folder: Path) -> None:
    whole, cut, without = back_up(), back_up(), back_up()
    os.truncate(cut.dump, 100)
    (without.path / "manifest.json").unlink()
    (folder / "a file").touch()
    (folder / "empty").mkdir()
    assert list_backups(folder) == [whole]
    with pytest.raises(BadInputError, match=r"has 100 bytes, expected \d+"):
        read_backup(cut.path)
    with pytest.raises(BadInputError, match=r"is no backup: it has no manifest\.json"):
        read_backup(without.path)
    assert list_backups(folder / "nowhere") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"data_version": ', '"data_version": 1'),
        ('"fingerprint": "', '"fingerprint": "1'),
        ('"migrations"', '"migration"'),
    ],
)
def test_an_edited_manifest_is_noticed(back_up: MakeBackup, old: str, new: str) -> None:
    path = back_up().path / "manifest.json"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(BadInputError, match=r"manifest\.json was edited, or is damaged"):
        read_backup(path.parent)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": 1}', "\x00"])
def test_a_damaged_manifest_is_an_error_in_one_line(back_up: MakeBackup, text: str) -> None:
    path = back_up().path / "manifest.json"
    path.write_text(text)
    with pytest.raises(BadInputError, match=r"manifest\.json is damaged, or no manifest of a backup"):
        read_backup(path.parent)


def test_a_manifest_of_the_future_is_not_guessed_at(back_up: MakeBackup) -> None:
    path = back_up().path / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2', 1))
    with pytest.raises(BadInputError, match="has format 2, expected 1"):
        read_backup(path.parent)


def start_killed(database: Database, folder: Path, statement: int) -> int:
    environment = {**os.environ, "DATABASE_URI": uri_with_password(database)}
    command = [sys.executable, str(CHILD), str(folder), str(statement)]
    return subprocess.run(command, env=environment, check=False, capture_output=True).returncode


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_a_kill_at_any_statement_leaves_no_half_backup_and_the_next_run_cleans_up(
    database: Database, past: Connection, folder: Path, step: int
) -> None:
    statement, killed, left = 1, -signal.SIGKILL, 0
    while killed == -signal.SIGKILL:
        statement += step
        killed = start_killed(database, folder, statement)
        if killed == -signal.SIGKILL:
            assert list_backups(folder) == []
            left += len(list(folder.glob(".*.new")))
    assert killed == 0
    assert statement > 8, "a backup sends more statements than that"
    assert left, "the killed ones left their folders"
    assert [path.name for path in folder.iterdir()] == [backup.path.name for backup in list_backups(folder)]


def test_the_folder_of_a_living_process_is_not_swept(database: Database, folder: Path, back_up: MakeBackup) -> None:
    """A second backup begins while pg_dump of the first is at work."""
    from tickstock.backups.folder import fresh_folder

    with fresh_folder(folder) as fresh:
        (fresh / "data.dump").touch()
        back_up()
        assert (fresh / "data.dump").exists()
    assert len(list(folder.iterdir())) == 1


def test_a_place_that_cannot_be_written_to_is_an_error_in_one_line(back_up: MakeBackup, folder: Path) -> None:
    folder.touch()
    with pytest.raises(TickstockError, match=r"cannot write a backup to .*/backups: File exists.*BACKUP_DIR"):
        back_up()


def test_interrupted_backups_leave_nothing(database: Database, past: Connection, folder: Path, tmp_path: Path) -> None:
    """SIGTERM while pg_dump works: the script ends at once, and pg_dump with it."""
    pid = tmp_path / "pid"
    write_program(tmp_path / "bin", "pg_dump", f"sleep 0.5; echo $$ > {pid}; exec sleep 60", "99.1")
    programs = str(tmp_path / "bin")
    environment = {**os.environ, "DATABASE_URI": uri_with_password(database), "TICKSTOCK_TEST_BINARIES": programs}
    child = subprocess.Popen([sys.executable, CHILD, str(folder), "1000"], env=environment)
    while not pid.exists() or not pid.read_text():
        assert child.poll() is None
        time.sleep(0.01)
    child.terminate()
    child.wait(10)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert list(folder.iterdir()) == []


def test_a_backup_of_an_applications_other_columns_and_another_schema(
    new_database: Callable[..., Database], folder: Path
) -> None:
    database = new_database()
    with closing(database.connect()) as connection:
        query(connection, 'CREATE SCHEMA "My ""market"""')
        query(connection, "SET client_min_messages = error")
    options = '-csearch_path="My\\ ""market"""'
    database = database._replace(parameters={**database.parameters, "options": options})
    migrate(database)
    with closing(database.connect()) as connection:
        query(connection, 'ALTER TABLE group_memberships ADD "its ""own"", column" text')
        query(connection, "ALTER TABLE group_memberships ADD twice text GENERATED ALWAYS AS (symbol || symbol) STORED")
        put_group(connection, "ETF", "SPY", ["AAPL"])
        query(connection, 'UPDATE group_memberships SET "its ""own"", column" = \'kept\'')
        backup = make_backup(database, connection, folder)
        before = rows(connection)
        query(connection, "DELETE FROM definition_groups WHERE name = 'SPY'")
        from tickstock.backups.restore import restore

        restore(database, connection, backup, force=True)
        assert rows(connection) == before
        assert query(connection, "SELECT twice FROM group_memberships") == [("AAPLAAPL",)]

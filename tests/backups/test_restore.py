"""After a restore the tables hold what they held, to the byte; before its commit nobody notices anything of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backups.conftest import MakeBackup, RestoreBackup, load_funds, resealed, rows
from tests.put import put_group
from tests.stored import everything, query
from tickstock.backups.contents import TABLES
from tickstock.backups.restore import preview, restore
from tickstock.db import Connection, Database, closing
from tickstock.errors import BadInputError, RefusedError, TickstockError, UnavailableError
from tickstock.relationships.checks import run_checks

UNRECORDED = (
    "ALTER TABLE {0} DISABLE TRIGGER USER; {1}; SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {0} ENABLE TRIGGER USER"
)
SWAP = (
    "UPDATE definition_groups SET name = '~' WHERE name = 'SPY'",
    "UPDATE definition_groups SET name = 'SPY' WHERE name = 'QQQ'",
    "UPDATE definition_groups SET name = 'QQQ' WHERE name = '~'",
    "UPDATE group_memberships SET symbol = '~' WHERE symbol = 'NVDA'",
    "UPDATE group_memberships SET symbol = 'NVDA' WHERE symbol = 'AAPL'",
    "UPDATE group_memberships SET symbol = 'AAPL' WHERE symbol = '~'",
)
DAMAGE = {
    "rows deleted": ["DELETE FROM group_memberships WHERE symbol = 'AAPL'"],
    "rows changed": ["UPDATE group_memberships SET weight = weight / 2, metadata = '{\"x\": 1.0}', added_at = now()"],
    "groups deleted": ["DELETE FROM definition_groups"],
    "groups changed": ["UPDATE definition_groups SET description = 'x', environment = 'OTHER' WHERE type = 'ETF'"],
    "names swapped": SWAP,
    "another group of the name": [
        "DELETE FROM definition_groups WHERE name = 'SPY'",
        "INSERT INTO definition_groups (name, type) VALUES ('SPY', 'ETF')",
        "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'AAPL' FROM definition_groups WHERE name = 'SPY'",
    ],
    "emptied": ["TRUNCATE definition_groups CASCADE"],
    "all emptied": ["TRUNCATE definition_groups CASCADE", f"TRUNCATE {', '.join(TABLES[2:])}"],
    "record emptied": [UNRECORDED.format("load_runs", "DELETE FROM load_runs"), "DELETE FROM data_version"],
    "history emptied": ["DELETE FROM membership_versions"],
    "history doubled": [
        "INSERT INTO membership_versions SELECT group_id, symbol, 1, metadata, valid_from, valid_to, opened_by, 9"
        " FROM membership_versions",
    ],
    "unrecorded": [UNRECORDED.format("group_memberships", "UPDATE group_memberships SET weight = 1")],
    "a scale": ["UPDATE group_memberships SET metadata = '{\"x\": 1.00}'"],
}


def test_every_row_is_there_again_whatever_happened_to_it(
    past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    query(past, "UPDATE group_memberships SET metadata = '{\"x\": 1.0}' WHERE symbol = 'KO'")
    before, backup = rows(witness), back_up()
    for kind, statements in DAMAGE.items():
        for statement in statements:
            query(past, statement)
        assert rows(witness) != before, kind
        done = put_back(backup, force=True)
        assert rows(witness) == before, kind
        assert query(witness, "SELECT kind, note FROM load_runs WHERE id = %s", done.load_id) == [
            ("restore", f"backup {backup.path.name}, made {backup.manifest.made_at}, data version 11")
        ]


def random_damage(chance: random.Random, connection: Connection, database: Database, folder: Path) -> str:
    """Do something bad; give what it was."""
    table = chance.choice(TABLES)
    kind = chance.choice(["delete", "truncate", "load", *DAMAGE])
    if kind == "delete":
        query(connection, "SELECT setseed(%s)", chance.random())
        query(connection, f"DELETE FROM {table} WHERE random() < 0.5")
    elif kind == "truncate":
        query(connection, f"TRUNCATE {table} CASCADE")
    elif kind == "load":
        symbols = chance.sample(["AAPL", "MSFT", "NVDA", "KO", "XOM", "JPM"], 4)
        load_funds(database, folder, **{chance.choice(["SPY", "XLK"]): dict.fromkeys(symbols, 25)})
    else:
        for statement in DAMAGE[kind]:
            query(connection, statement)
        return kind
    return f"{kind} {table}"


@pytest.mark.parametrize("rounds", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_backup_damage_restore_again_and_again(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup,
    tmp_path: Path, rounds: int,
) -> None:  # fmt: skip
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - shown where the test fails
    chance = random.Random(seed)
    ids: set[int] = set()
    for turn in range(rounds):
        load_funds(database, tmp_path / "good", SPY={"AAPL": f"{60 + turn}", "MSFT": f"{40 - turn}"}, DIA={"KO": "100"})
        before, backup = rows(witness), back_up()
        done = [random_damage(chance, past, database, tmp_path / "bad") for _ in range(chance.randint(1, 3))]
        restored = put_back(backup, force=True)
        assert rows(witness) == before, (seed, turn, done)
        assert restored.load_id not in ids
        ids.add(restored.load_id or 0)


def test_the_next_load_works_and_no_number_is_given_twice(
    database: Database, past: Connection, back_up: MakeBackup, put_back: RestoreBackup, tmp_path: Path
) -> None:
    backup = back_up()
    load_funds(database, tmp_path / "bad", XLK={"NVDA": "100"})
    used = {table: query(past, f"SELECT max(id) FROM {table}")[0][0] for table in
            ("definition_groups", "group_memberships", "load_runs", "load_files")}  # fmt: skip
    version = query(past, "SELECT max(version) FROM data_version")[0][0]
    done = put_back(backup, force=True)
    assert done.load_id == used["load_runs"] + 1
    assert done.data_version == version + 1
    load_funds(database, tmp_path / "good", XLE={"XOM": "100"})
    assert query(past, "SELECT id FROM definition_groups WHERE name = 'XLE'") > [(used["definition_groups"],)]
    assert query(past, "SELECT min(id) FROM group_memberships WHERE symbol = 'XOM'") > [(used["group_memberships"],)]
    assert query(past, "SELECT max(id) FROM load_runs") == [(used["load_runs"] + 2,)]
    assert query(past, "SELECT max(id) FROM load_files") > [(used["load_files"],)]
    assert query(past, "SELECT max(version) FROM data_version") == [(version + 2,)]


def test_a_new_database_takes_it_without_force_and_goes_on_counting(
    past: Connection, back_up: MakeBackup, new_database: Callable[..., Database], template: str, tmp_path: Path
) -> None:
    query(past, "DELETE FROM definition_groups WHERE name = 'awkward'")  # the group with one of the highest ids
    before, backup = rows(past), back_up()
    highest = query(past, "SELECT last_value FROM definition_groups_id_seq")
    other = new_database(template)
    with closing(other.connect()) as connection:
        done = restore(other, connection, backup)
        assert rows(connection) == before
        assert done.lost
        assert (done.lost.total, done.lost.same_history) == (0, False)
        assert query(connection, "SELECT last_value FROM definition_groups_id_seq") == highest
        load_funds(other, tmp_path / "next", SPY={"AAPL": "100"}, XLE={"XOM": "100"})
        assert query(connection, "SELECT id FROM definition_groups WHERE name = 'XLE'") > highest
        failed = [check.name for check in run_checks(connection, "DEFAULT").checks if check.status == "fail"]
        assert "ledger" not in failed
        assert "integrity" not in failed


def test_newer_changes_are_not_taken_back_unasked(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup,
    tmp_path: Path,
) -> None:  # fmt: skip
    backup = back_up()
    load_funds(database, tmp_path / "new", SPY={"AAPL": "50", "KO": "50"})
    query(past, "SET application_name = 'a hand'; UPDATE group_memberships SET weight = 51 WHERE weight = 50")
    query(past, "DELETE FROM group_memberships WHERE symbol = 'BRK.B'")
    before = everything(witness)
    with pytest.raises(RefusedError) as caught:
        put_back(backup)
    assert everything(witness) == before
    first, header, *listed, last = str(caught.value).splitlines()
    assert first == f"the database has 3 runs that the backup {backup.path.name} (data version 10) does not have"
    assert header.split() == ["load", "at", "(UTC)", "what", "by", "rows"]
    assert last == "refused, nothing was changed; --force goes on"
    user = past.info.user
    assert [" ".join(line.split()[:1] + line.split()[3:]) for line in listed] == [
        f"13 by hand a hand, {user} 0 added, 0 changed, 1 removed",
        f"12 by hand a hand, {user} 0 added, 2 changed, 0 removed",
        # SPY: KO for NVDA, and AAPL from 55 to 50; QQQ, which has no file, goes with its two
        f"11 load ETF DEFAULT tickstock test, {user} 1 added, 1 changed, 3 removed",
    ]
    done = put_back(backup, force=True)
    assert done.lost
    assert [run.id for run in done.lost.runs] == [13, 12, 11]


def test_of_many_newer_runs_the_last_20_are_listed(
    past: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    backup = back_up()
    for number in range(23):
        query(past, "UPDATE group_memberships SET weight = %s WHERE symbol = 'KO'", number)
    with pytest.raises(RefusedError) as caught:
        put_back(backup)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("the database has 23 runs")
    assert (len(lines), lines[-2]) == (1 + 1 + 20 + 2, "  and 3 more")


def test_after_a_restore_a_backup_of_the_other_line_is_told_apart_run_by_run(
    past: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    early = back_up()
    query(past, "UPDATE group_memberships SET weight = 1 WHERE symbol = 'KO'")
    late, after = back_up(), rows(past)
    put_back(early, force=True)
    with pytest.raises(RefusedError, match="the database has 1 run that the backup") as caught:
        put_back(late)
    assert f"  backup {early.path.name}, made " in caught.value.args[0].splitlines()[2]
    put_back(late, force=True)
    assert rows(past) == after


def test_a_database_that_does_not_know_the_backup_and_is_not_empty_is_not_overwritten(
    past: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    backup = back_up()
    query(past, "DELETE FROM data_version")
    with pytest.raises(RefusedError, match=r"is of another history: its last change is not on record"):
        put_back(backup)
    put_back(backup, force=True)


def test_a_damaged_dump_changes_nothing_even_if_its_checksum_is_right(
    past: Connection, witness: Connection, database: Database, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    backup = back_up()
    whole = backup.dump.read_bytes()
    query(past, "DELETE FROM group_memberships WHERE symbol = 'AAPL'")
    before = everything(witness)
    sequences = query(witness, "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
    for data in (whole[: len(whole) * 2 // 3], whole[:300], b"<html>404</html>", b""):
        backup.dump.write_bytes(data)
        bad = resealed(backup)
        with pytest.raises(BadInputError) as caught:
            put_back(bad, force=True)
        assert "\n" not in str(caught.value)
        with pytest.raises(BadInputError):
            preview(database, past, bad)
        assert everything(witness) == before
    assert query(witness, "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1") == sequences
    assert query(witness, "SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'") == [(0,)]


def test_any_flipped_bit_is_noticed_before_anything_is_locked(
    past: Connection, database: Database, back_up: MakeBackup
) -> None:
    backup = back_up()
    whole = backup.dump.read_bytes()
    query(past, "SET default_transaction_read_only = on")
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - shown where the test fails
    chance = random.Random(seed)
    for _ in range(100):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        backup.dump.write_bytes(data)
        with pytest.raises(BadInputError, match="is damaged: it has another checksum than when it was written"):
            restore(database, past, backup, force=True)


def test_the_dump_of_another_moment_in_the_place_of_this_one_changes_nothing(
    past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    backup = back_up()
    query(past, "UPDATE group_memberships SET weight = weight + 0.000001 WHERE symbol = 'AAPL'")
    query(past, "UPDATE group_memberships SET weight = weight - 0.000001 WHERE symbol = 'NVDA'")
    back_up().dump.replace(backup.dump)
    before = everything(witness)
    with pytest.raises(BadInputError, match=r"check after the restore failed for group_memberships: found .* expected"):
        put_back(resealed(backup), force=True)
    assert everything(witness) == before


@pytest.mark.parametrize("table", ["group_memberships", "symbol_renames"])
def test_a_dump_without_a_table_changes_nothing(
    past: Connection, witness: Connection, database: Database, back_up: MakeBackup, put_back: RestoreBackup, table: str
) -> None:
    import subprocess

    from psycopg2.extensions import make_dsn

    from tickstock.backups.programs import find_pg_dump

    backup = back_up()
    others = [f"--table={name}" for name in TABLES if name != table]
    address = f"--dbname={make_dsn(**database.parameters)}"
    program = str(find_pg_dump(database, past).path)
    subprocess.run([program, "--format=custom", "--data-only", *others, "-f", str(backup.dump), address], check=True)
    before = everything(witness)
    with pytest.raises(BadInputError, match=rf"lacks the rows of {table}; nothing was changed$"):
        put_back(resealed(backup), force=True)
    assert everything(witness) == before


def test_what_is_not_what_was_backed_up_is_rolled_back(
    past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    backup = back_up()
    query(past, "DELETE FROM group_memberships WHERE symbol = 'AAPL'")
    before = everything(witness)
    tables = backup.manifest.tables
    wrong = tables["load_files"]._replace(fingerprint="17")
    with pytest.raises(BadInputError, match=r"check after the restore failed for load_files: found 5 rows .* 5 "):
        put_back(resealed(backup, tables={**tables, "load_files": wrong}), force=True)
    assert everything(witness) == before


def test_an_own_trigger_that_is_always_on_cannot_change_rows_unseen(
    past: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    query(past, "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.weight := 1; RETURN NEW; END'")
    when = "BEFORE INSERT OR UPDATE ON group_memberships FOR EACH ROW EXECUTE FUNCTION meddle()"
    for number, how in enumerate(["DISABLE", "ENABLE", "ENABLE ALWAYS", "ENABLE REPLICA"]):
        query(past, f"CREATE TRIGGER own_{number} {when}; ALTER TABLE group_memberships {how} TRIGGER own_{number}")
    states = "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    internal = "SELECT tgname, tgenabled FROM pg_trigger WHERE tgisinternal ORDER BY 1"
    before, switched, own = rows(past), query(past, states), query(past, internal)
    backup = back_up()
    query(past, "DELETE FROM group_memberships")
    put_back(backup, force=True)
    assert rows(past) == before
    assert query(past, states) == switched
    assert query(past, internal) == own


def test_tables_of_an_application_that_refer_to_ours_keep_their_rows(
    past: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    query(past, "CREATE TABLE watched (group_id int REFERENCES definition_groups ON DELETE CASCADE, note text)")
    query(past, "CREATE TABLE starred (row_id int REFERENCES group_memberships DEFERRABLE INITIALLY DEFERRED)")
    query(past, "INSERT INTO watched SELECT id, name FROM definition_groups")
    query(past, "INSERT INTO starred SELECT id FROM group_memberships")
    watched, starred = query(past, "TABLE watched ORDER BY 1"), query(past, "TABLE starred ORDER BY 1")
    backup, before = back_up(), rows(past)
    query(past, "UPDATE definition_groups SET description = 'changed'")
    query(past, "UPDATE group_memberships SET weight = 3")
    put_group(past, "ETF", "NEW", ["KO"])
    put_back(backup, force=True)
    assert rows(past) == before
    assert query(past, "TABLE watched ORDER BY 1") == watched
    assert query(past, "TABLE starred ORDER BY 1") == starred


def test_rows_that_are_referred_to_and_would_go_stop_a_restore(
    past: Connection, witness: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    query(past, "CREATE TABLE watched (group_id int REFERENCES definition_groups)")
    backup = back_up()
    put_group(past, "ETF", "NEW", ["KO"])
    query(past, "INSERT INTO watched SELECT id FROM definition_groups WHERE name = 'NEW'")
    before = everything(witness)
    with pytest.raises(TickstockError, match=r"table of another application refers to .*watched.*nothing was changed"):
        put_back(backup, force=True)
    assert everything(witness) == before


def test_what_is_as_it_was_is_not_touched(past: Connection, back_up: MakeBackup, put_back: RestoreBackup) -> None:
    versions = "SELECT xmin::text, ctid::text, id FROM group_memberships WHERE symbol <> 'AAPL' ORDER BY id"
    before, backup = query(past, versions), back_up()
    query(past, "UPDATE group_memberships SET weight = 1 WHERE symbol = 'AAPL'")
    put_back(backup, force=True)
    assert query(past, versions) == before


def test_a_restore_is_for_the_owner(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup
) -> None:
    backup = back_up()
    before = everything(witness)
    writer = database._replace(parameters={**database.parameters, "options": "-crole=app_readwrite"})
    with (
        closing(writer.connect()) as connection,
        pytest.raises(UnavailableError, match=r"for the owner of the tables, .* does not own .*make migrate"),
    ):
        restore(writer, connection, backup, force=True)
    assert everything(witness) == before


def test_an_owner_who_is_no_superuser_restores_too(
    database: Database, past: Connection, back_up: MakeBackup, new_database: Callable[..., Database]
) -> None:
    """Also into a new database, where every row's foreign key is looked up."""
    from tickstock.migrations import migrate

    before, backup = rows(past), back_up()
    other = new_database()
    query(past, "CREATE ROLE plain_owner_of_backups")
    try:
        with closing(other.connect()) as connection:
            query(connection, f"GRANT ALL ON DATABASE {other.parameters['dbname']} TO plain_owner_of_backups")
            query(connection, "GRANT ALL ON SCHEMA public TO plain_owner_of_backups")
        owned = other._replace(parameters={**other.parameters, "options": "-crole=plain_owner_of_backups"})
        migrate(owned)
        with closing(owned.connect()) as connection:
            assert query(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
            restore(owned, connection, backup)
            assert rows(connection) == before
            query(connection, "DELETE FROM definition_groups")
            restore(owned, connection, backup, force=True)
            assert rows(connection) == before
    finally:
        with closing(other.connect()) as connection:
            query(connection, "REASSIGN OWNED BY plain_owner_of_backups TO CURRENT_USER")
            query(connection, "DROP OWNED BY plain_owner_of_backups")
        query(past, "DROP ROLE plain_owner_of_backups")


def test_tables_of_another_version_are_refused_with_the_way_out(
    past: Connection, back_up: MakeBackup, put_back: RestoreBackup
) -> None:
    backup = back_up()
    older = resealed(backup, migrations=backup.manifest.migrations[:-1], tool_version="0.0.9")
    other = rf"other migrations \({backup.manifest.migrations[-1]}\), made by version 0\.0\.9 .*migrate"
    with pytest.raises(UnavailableError, match=other):
        put_back(older, force=True)


def test_a_preview_tells_what_a_restore_would_do_and_writes_nothing(
    database: Database, past: Connection, witness: Connection, back_up: MakeBackup
) -> None:
    backup = back_up()
    query(past, "DELETE FROM group_memberships WHERE symbol = 'AAPL'")
    before = everything(witness)
    sequences = query(witness, "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
    with closing(database.connect()) as connection:
        query(connection, "SET default_transaction_read_only = on")
        found = preview(database, connection, backup)
    assert found.lost
    assert (found.lost.total, found.lost.refused, found.load_id) == (1, True, None)
    assert everything(witness) == before
    assert query(witness, "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1") == sequences

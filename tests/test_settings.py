"""Settings come from the environment, then from .env; a password survives whatever is in it and is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickstock.db import Database
from tickstock.errors import BadInputError
from tickstock.settings import connection_parameters, read_settings, redis_parameters


def test_without_anything_the_embedded_server_and_the_repositorys_folder(tmp_path: Path) -> None:
    settings = read_settings({}, tmp_path)
    assert settings.database is None
    assert settings.holdings == tmp_path / "holdings"
    assert settings.data is None
    assert settings.backups == tmp_path / "backups"
    assert settings.redis is None


def test_the_environment_comes_before_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URI=postgresql://a@one/x\nHOLDINGS_DIR=/there\nBACKUP_DIR=/safe\n")
    settings = read_settings({"DATABASE_URI": "postgresql://a@two/x"}, tmp_path)
    assert settings.database == {"host": "two", "user": "a", "dbname": "x"}
    assert (settings.holdings, settings.backups) == (Path("/there"), Path("/safe"))
    assert read_settings({}, tmp_path).database == {"host": "one", "user": "a", "dbname": "x"}


def test_either_name_in_the_environment_comes_before_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URI=postgresql://a@one/x\n")
    settings = read_settings({"DATABASE_URL": "postgresql://a@two/x"}, tmp_path)
    assert settings.database == {"host": "two", "user": "a", "dbname": "x"}


def test_dotenv_is_taken_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URI='postgresql://a:b${HOME}c@one/x'\n")
    settings = read_settings({"HOME": "/somewhere"}, tmp_path)
    assert settings.database
    assert settings.database["password"] == "b${HOME}c"


@pytest.mark.parametrize("word", ["embedded", " Embedded ", "EMBEDDED"])
def test_the_word_is_taken_in_any_spelling(tmp_path: Path, word: str) -> None:
    assert read_settings({"DATABASE_URI": word}, tmp_path).database is None


def test_embedded_is_a_word_that_overrides_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URI=postgresql://a@one/x\n")
    assert read_settings({"DATABASE_URI": "embedded"}, tmp_path).database is None


def test_database_url_is_known_too(tmp_path: Path) -> None:
    assert read_settings({"DATABASE_URL": "postgres://u@h/d"}, tmp_path).database == {
        "host": "h",
        "user": "u",
        "dbname": "d",
    }


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_the_scheme(scheme: str) -> None:
    assert connection_parameters(f"{scheme}://u:p@h:5433/d?sslmode=require") == {
        "user": "u", "password": "p", "host": "h", "port": "5433", "dbname": "d", "sslmode": "require",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("p@ss", "p@ss"),
        ("p%40ss", "p@ss"),
        ("a/b#c?d", "a/b#c?d"),
        ("100%", "100%"),
        ("a:b", "a:b"),
        ("gr%C3%BC%C3%9F", "grüß"),
        ("50%zz", "50%zz"),
    ],
)
def test_special_characters_in_a_password_survive(written: str, meant: str) -> None:
    parameters = connection_parameters(f"postgresql://user:{written}@host/db")
    assert parameters == {"user": "user", "password": meant, "host": "host", "dbname": "db"}


@pytest.mark.parametrize(
    "uri",
    [
        "mysql://u:canary@h/d",
        "host=h password=canary",
        "postgresql://u:canary@h/d?nonsense=1",
        "postgresql://u:canary",
        "postgresql://u@h/?password=ca%zzcanary",
    ],
)
def test_what_is_no_address_is_said_without_repeating_it(uri: str) -> None:
    with pytest.raises(BadInputError) as caught:
        connection_parameters(uri)
    assert "canary" not in str(caught.value)


@given(st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text and text.isprintable()))
def test_any_encoded_password_comes_back_and_is_never_shown(password: str) -> None:
    from urllib.parse import quote

    settings = read_settings({"DATABASE_URI": f"postgresql://u:{quote(password, safe='')}@h/d"}, Path("/nowhere"))
    assert settings.database is not None
    assert settings.database["password"] == password
    database = Database({**settings.database, "password": "canary" + password}, "x")
    assert "canary" not in database.uri
    assert "canary" not in repr(database)
    assert "password='" not in repr(settings)
    assert "'password': '***'" in repr(settings)


def test_no_redis_is_a_word_that_overrides_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("REDIS_URL=redis://one\n")
    assert read_settings({}, tmp_path).redis == "redis://one"
    assert read_settings({"REDIS_URL": ""}, tmp_path).redis == "redis://one"
    assert read_settings({"REDIS_URL": " redis://two "}, tmp_path).redis == "redis://two"
    assert read_settings({"REDIS_URL": " None "}, tmp_path).redis is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", {"url": "redis://h"}),
        ("rediss://h:6380/2?ssl_ca_certs=/ca", {"url": "rediss://h:6380/2?ssl_ca_certs=/ca"}),
        ("redis://u:p@[::1]:6379", {"url": "redis://[::1]:6379", "username": "u", "password": "p"}),
        ("redis://:p@h", {"url": "redis://h", "password": "p"}),
        ("unix:///run/redis.sock?db=1", {"url": "unix:///run/redis.sock?db=1"}),
        ("unix://u%40:p@ss/#?:9%z@e%40@/s", {"url": "unix:///s", "username": "u@", "password": "p@ss/#?:9%z@e@"}),
    ],
)  # fmt: skip
def test_addresses_of_a_redis(url: str, expected: dict[str, str]) -> None:
    assert redis_parameters(url) == expected


@pytest.mark.parametrize(
    "url", ["canary", "http://canary@h", "redis://", "redis://:canary", "redis://h/canary", "unix://canary"]
)
def test_what_is_no_address_of_a_redis_is_said_without_repeating_it(url: str) -> None:
    with pytest.raises(BadInputError) as caught:
        redis_parameters(url)
    assert "canary" not in str(caught.value)


def test_the_password_of_a_redis_is_never_shown(tmp_path: Path) -> None:
    settings = read_settings({"REDIS_URL": "redis://:canary@h"}, tmp_path)
    assert settings.redis == "redis://:canary@h"
    assert "canary" not in repr(settings) + str(settings)
    assert "redis=***" in repr(settings)

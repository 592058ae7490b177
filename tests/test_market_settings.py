"""Where flat files come from and bars are kept: defaults, names, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tickstock.errors import BadInputError
from tickstock.market_settings import Market, market_settings
from tickstock.settings import read_settings


def market(tmp_path: Path, **values: str) -> Market:
    return market_settings(values, tmp_path / "suite", tmp_path / "home")


def test_without_anything(tmp_path: Path) -> None:
    found = market(tmp_path)
    assert found.archive == tmp_path / "suite" / "massive_cache"
    assert found.derived == tmp_path / "suite" / "data_cache"
    assert found.store == str(tmp_path / "suite" / "data_cache" / "bars")
    assert (found.max_days, found.cleanup) == (520, True)
    massive = found.massive
    assert (massive.endpoint, massive.bucket) == ("https://files.massive.com", "flatfiles")
    assert massive.day_prefix == "us_stocks_sip/day_aggs_v1"
    assert massive.minute_prefix == "us_stocks_sip/minute_aggs_v1"
    assert (massive.keys, massive.aws_keys, massive.api_key) == (None, None, None)
    assert massive.credentials_file == tmp_path / "home" / ".aws" / "credentials"


def test_every_place_can_be_set(tmp_path: Path) -> None:
    found = market(
        tmp_path, MASSIVE_CACHE_DIR="/a", DATA_CACHE_DIR="/d", DATA_CACHE_MAX_DAYS="30",
        DATA_CACHE_CLEANUP_ENABLED="False", MASSIVE_ENDPOINT="http://127.0.0.1:1", MASSIVE_BUCKET="b",
        MASSIVE_DAY_PREFIX="/days/", MASSIVE_MINUTE_PREFIX="minutes", MASSIVE_API_URL="http://127.0.0.1:2/",
    )  # fmt: skip
    assert (found.archive, found.derived, found.store) == (Path("/a"), Path("/d"), "/d/bars")
    assert (found.max_days, found.cleanup) == (30, False)
    assert found.massive[:4] == ("http://127.0.0.1:1", "b", "days", "minutes")
    assert found.massive.api == "http://127.0.0.1:2"


def test_a_store_in_object_storage_stays_an_address(tmp_path: Path) -> None:
    found = market(tmp_path, BARS_STORE="s3://bars/us", BARS_STORE_ENDPOINT="http://127.0.0.1:1")
    assert (found.store, found.store_options) == ("s3://bars/us", {"aws_endpoint_url": "http://127.0.0.1:1"})


def test_dotenv_is_read_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MASSIVE_ACCESS_KEY=one\nMASSIVE_SECRET_KEY=two\n")
    assert read_settings({}, tmp_path).market.massive.keys == ("one", "two")


@pytest.mark.parametrize(
    "values",
    [{"DATA_CACHE_MAX_DAYS": "0"}, {"DATA_CACHE_MAX_DAYS": "two"}, {"DATA_CACHE_CLEANUP_ENABLED": "maybe"},
     {"MASSIVE_ACCESS_KEY": "alone"}, {"MASSIVE_SECRET_KEY": "alone"}],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_its_name(tmp_path: Path, values: dict[str, str]) -> None:
    (name,) = values
    with pytest.raises(BadInputError, match=name):
        market(tmp_path, **values)


def test_half_a_pair_of_aws_is_nothing(tmp_path: Path) -> None:
    assert market(tmp_path, AWS_ACCESS_KEY_ID="alone").massive.aws_keys is None


def test_no_key_is_ever_shown(tmp_path: Path) -> None:
    found = market(
        tmp_path, MASSIVE_ACCESS_KEY="canary1", MASSIVE_SECRET_KEY="canary2", MASSIVE_API_KEY="canary3",
        AWS_ACCESS_KEY_ID="canary4", AWS_SECRET_ACCESS_KEY="canary5", BARS_STORE_SECRET_KEY="canary6",
    )  # fmt: skip
    assert "canary" not in repr(found)
    assert "canary" not in repr(read_settings({}, tmp_path)._replace(market=found))

"""The bucket, as its client sees it: what is listed, what can be had, and what each refusal means."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.bars.flat_files import bars, day_file
from tests.bars.s3_server import ALL, BUCKET, CANARY, PLAN, WRONG, FlatFiles, Keys
from tests.http_proxy import HttpProxy, Trouble, answer
from tickstock.bars.credentials import credentials
from tickstock.bars.dataset import DAY, MINUTE
from tickstock.bars.provider import BadCredentials, NotEntitled, NotPublished, Provider, Unreachable
from tickstock.errors import TickstockError, UnavailableError
from tickstock.market_settings import Massive

DECEMBER, NOVEMBER = date(2025, 12, 1), date(2025, 11, 3)
CONTENT = day_file(DECEMBER, bars(DECEMBER, 100, *(f"T{number}" for number in range(2000))))


@contextmanager
def provider(massive: Massive) -> Iterator[Provider]:
    with Provider(massive, credentials(massive)) as made:
        yield made


def error_of(massive: Massive, day: date | None = None) -> TickstockError:
    """What the list, or a day, fails with. No key may be in it, or in what --verbose shows of it."""
    with provider(massive) as bucket, pytest.raises(TickstockError) as error:
        bucket.get(DAY, day) if day else bucket.listing(DAY, 2025, 12)
    assert CANARY not in str(error.value)
    assert CANARY not in "".join(traceback.format_exception(error.value))
    return error.value


def test_a_month_is_listed(bucket: FlatFiles) -> None:
    etag = bucket.put(DECEMBER, CONTENT)
    bucket.put(date(2025, 12, 2), b"second")
    bucket.put(NOVEMBER, b"other month")
    bucket.put(date(2025, 12, 3), b"minutes", MINUTE)
    with provider(bucket.massive()) as bucket_:
        listed = bucket_.listing(DAY, 2025, 12)
        assert list(listed) == [DECEMBER, date(2025, 12, 2)]
        assert listed[DECEMBER][:2] == (etag, len(CONTENT))
        assert abs(listed[DECEMBER].modified - datetime.now(UTC)) < timedelta(minutes=5)
        assert list(bucket_.listing(MINUTE, 2025, 12)) == [date(2025, 12, 3)]
        assert bucket_.listing(DAY, 2024, 2) == {}


def test_all_pages_of_a_list_are_read(bucket: FlatFiles) -> None:
    folder = bucket.key(DECEMBER).rpartition("/")[0]
    for number in range(1001):  # a page has 1,000
        bucket.server.client.put_object(Bucket=BUCKET, Key=f"{folder}/0-{number:04}", Body=b"")
    bucket.put(DECEMBER, CONTENT)
    with provider(bucket.massive()) as bucket_:
        assert list(bucket_.listing(DAY, 2025, 12)) == [DECEMBER]


def test_a_day_comes_byte_for_byte(bucket: FlatFiles) -> None:
    etag = bucket.put(DECEMBER, CONTENT)
    bucket.put(DECEMBER, b"", MINUTE)
    with provider(bucket.massive(PLAN)) as bucket_:
        assert bucket_.get(DAY, DECEMBER) == (CONTENT, etag)
        assert bucket_.get(MINUTE, DECEMBER)[0] == b""


def test_an_object_uploaded_in_parts_comes_whole(bucket: FlatFiles) -> None:
    client, key = bucket.server.client, bucket.key(DECEMBER)
    upload = client.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    parts = [b"a" * (5 << 20), b"b" * 1000]
    etags = [
        client.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(parts, 1)
    ]
    listed = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    client.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": listed})
    with provider(bucket.massive()) as bucket_:
        content, etag = bucket_.get(DAY, DECEMBER)
        assert content == b"".join(parts)
        assert etag.endswith("-2")
        assert bucket_.listing(DAY, 2025, 12)[DECEMBER].etag == etag


def test_a_day_outside_the_plan_is_not_entitled(bucket: FlatFiles) -> None:
    bucket.put(NOVEMBER, CONTENT)
    with provider(bucket.massive(PLAN)) as bucket_:
        assert list(bucket_.listing(DAY, 2025, 11)) == [NOVEMBER]
    error = error_of(bucket.massive(PLAN), NOVEMBER)
    assert isinstance(error, NotEntitled)
    assert "2025-11-03.csv.gz" in str(error)


def test_a_day_without_an_object_is_not_published(bucket: FlatFiles) -> None:
    assert isinstance(error_of(bucket.massive(), DECEMBER), NotPublished)


@pytest.mark.parametrize("day", [None, DECEMBER])
@pytest.mark.parametrize("keys", [WRONG, (ALL[0], WRONG[1])])
def test_wrong_keys_are_bad_credentials(bucket: FlatFiles, keys: Keys, day: date | None) -> None:
    error = error_of(bucket.massive(keys), day)
    assert isinstance(error, BadCredentials)
    assert "MASSIVE_ACCESS_KEY" in str(error)
    assert "dashboard" in str(error)


def test_a_bucket_of_others_is_bad_credentials_that_name_the_bucket(bucket: FlatFiles) -> None:
    error = error_of(bucket.massive(PLAN, bucket="nobodys"))
    assert isinstance(error, BadCredentials)
    assert "MASSIVE_BUCKET" in str(error)


def test_a_bucket_that_is_not_there_is_named(bucket: FlatFiles) -> None:
    error = error_of(bucket.massive(bucket="nobodys"))
    assert isinstance(error, UnavailableError)
    assert "has no bucket nobodys" in str(error)


def test_nobody_listens(bucket: FlatFiles) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = error_of(bucket.massive(port=port))
    assert isinstance(error, Unreachable)
    assert f"http://127.0.0.1:{port}" in str(error)


@pytest.mark.parametrize("endpoint", ["files.massive.com", "http://", "nonsense://x y"])
def test_an_endpoint_that_is_no_address(bucket: FlatFiles, endpoint: str) -> None:
    massive = bucket.massive(endpoint=endpoint)
    with pytest.raises(UnavailableError, match="MASSIVE_ENDPOINT"):
        Provider(massive, credentials(massive))


@pytest.mark.parametrize("status", ["503 Slow Down", "500 Internal Server Error", "502 Bad Gateway"])
def test_a_server_in_trouble_is_asked_again(bucket: FlatFiles, status: str) -> None:
    bucket.put(DECEMBER, CONTENT)
    with HttpProxy(bucket.server.port, Trouble(".csv.gz", times=2, answer=answer(status))) as proxy:
        with provider(bucket.massive(port=proxy.port)) as bucket_:
            assert bucket_.get(DAY, DECEMBER)[0] == CONTENT
        assert proxy.count(".csv.gz") == 3


def test_a_server_that_stays_in_trouble(bucket: FlatFiles) -> None:
    with HttpProxy(bucket.server.port, Trouble(times=99, answer=answer("503 Slow Down"))) as proxy:
        error = error_of(bucket.massive(port=proxy.port))
    assert isinstance(error, Unreachable)
    assert "503" in str(error)


@pytest.mark.parametrize("cut", [0, 1, 100, 1000, len(CONTENT)])
def test_a_cut_transfer_is_repeated(bucket: FlatFiles, cut: int) -> None:
    bucket.put(DECEMBER, CONTENT)
    with HttpProxy(bucket.server.port, Trouble(".csv.gz", times=2, cut=cut)) as proxy:
        with provider(bucket.massive(port=proxy.port)) as bucket_:
            assert bucket_.get(DAY, DECEMBER)[0] == CONTENT
        assert proxy.count(".csv.gz") == 3


def test_a_transfer_that_is_always_cut(bucket: FlatFiles) -> None:
    bucket.put(DECEMBER, CONTENT)
    with HttpProxy(bucket.server.port, Trouble(".csv.gz", times=99, cut=1000)) as proxy:
        error = error_of(bucket.massive(port=proxy.port), DECEMBER)
        assert proxy.count(".csv.gz") == 4
    assert isinstance(error, Unreachable)
    assert "torn" in str(error)


def altered(etag: str, body: bytes) -> bytes:
    return f'HTTP/1.1 200 OK\r\nETag: "{etag}"\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body


def test_bytes_that_are_not_those_of_the_etag_are_asked_for_again(bucket: FlatFiles) -> None:
    etag = bucket.put(DECEMBER, CONTENT)
    trouble = Trouble(".csv.gz", times=1, answer=altered(etag, CONTENT[:-1] + b"x"))
    with HttpProxy(bucket.server.port, trouble) as proxy, provider(bucket.massive(port=proxy.port)) as bucket_:
        assert bucket_.get(DAY, DECEMBER) == (CONTENT, etag)
        assert proxy.count(".csv.gz") == 2


def test_an_etag_that_is_no_md5_is_believed_after_two_downloads_that_agree(bucket: FlatFiles) -> None:
    trouble = Trouble(".csv.gz", times=9, answer=altered("0" * 32, CONTENT))
    with HttpProxy(bucket.server.port, trouble) as proxy, provider(bucket.massive(port=proxy.port)) as bucket_:
        assert bucket_.get(DAY, DECEMBER) == (CONTENT, "0" * 32)
        assert proxy.count(".csv.gz") == 2


def test_what_speaks_http_and_no_s3_is_told(bucket: FlatFiles) -> None:
    page = answer("200 OK", "<!doctype html><p>Sign in", "text/html")
    with HttpProxy(bucket.server.port, Trouble(times=99, answer=page)) as proxy:
        error = error_of(bucket.massive(port=proxy.port))
    assert isinstance(error, Unreachable)
    assert "expected an S3 server" in str(error)


def test_a_server_that_repeats_the_key_does_not_reveal_it(bucket: FlatFiles) -> None:
    body = f"<Error><Code>No{ALL[1]}</Code><Message>No such key: {ALL[0]}</Message></Error>"
    for status in ("403 Forbidden", "401 Unauthorized", "400 Bad Request"):
        with HttpProxy(bucket.server.port, Trouble(times=99, answer=answer(status, body))) as proxy:
            error_of(bucket.massive(port=proxy.port))
            error_of(bucket.massive(port=proxy.port), DECEMBER)


def test_settings_of_aws_do_not_reach_in(
    bucket: FlatFiles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    etag = bucket.put(DECEMBER, CONTENT)
    config = tmp_path / "config"
    config.write_text("[default]\nregion = mars\nendpoint_url = http://127.0.0.1:1\nno line\n")
    for name, value in {
        "AWS_PROFILE": "nonsense", "AWS_DEFAULT_PROFILE": "nonsense", "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(config), "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_SESSION_TOKEN": "z", "AWS_REGION": "mars", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_RETRY_MODE": "nonsense", "AWS_MAX_ATTEMPTS": "99",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with provider(bucket.massive()) as bucket_:
        assert bucket_.get(DAY, DECEMBER) == (CONTENT, etag)


def test_logs_show_no_key(bucket: FlatFiles, caplog: pytest.LogCaptureFixture) -> None:
    bucket.put(DECEMBER, CONTENT)
    caplog.set_level(logging.INFO)
    with provider(bucket.massive()) as bucket_:
        bucket_.listing(DAY, 2025, 12)
        bucket_.get(DAY, DECEMBER)
    assert CANARY not in caplog.text


def test_a_provider_that_is_closed_repeats_nothing(bucket: FlatFiles) -> None:
    bucket.put(DECEMBER, CONTENT)
    with HttpProxy(bucket.server.port, Trouble(".csv.gz", times=99, cut=1000)) as proxy:
        bucket_ = Provider(bucket.massive(port=proxy.port), credentials(bucket.massive()))
        threading.Timer(0.1, bucket_.close).start()
        started = time.monotonic()
        with pytest.raises(Unreachable):
            bucket_.get(DAY, DECEMBER)
        assert time.monotonic() - started < 3

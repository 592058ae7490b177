"""The bucket of flat files: which days it lists, and a day's object.

S3 refuses with one status what has several reasons. A list that is refused means the keys; a day that is listed and
refused is outside the plan; a day that is not listed is not published, whatever its GET answers. So list first.
"""

from __future__ import annotations

import calendar
import hashlib
import random
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import Any, NamedTuple

from tickstock.bars.credentials import Credentials
from tickstock.bars.dataset import MINUTE, Dataset, object_key
from tickstock.errors import TickstockError, UnavailableError
from tickstock.market_settings import Massive

THREADS = 32
_ATTEMPTS = 4
_PLAIN_ETAG = re.compile(r"[0-9a-f]{32}")
_KEYS_REFUSED = (
    "AccessKeyIdNotFound", "AuthorizationHeaderMalformed", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch", "TokenRefreshRequired", "Unauthorized",
)  # fmt: skip


class BadCredentials(UnavailableError):  # noqa: N818 - named for what it tells
    """The bucket refuses the keys: nothing can be had with them."""


class Unreachable(UnavailableError):  # noqa: N818
    """The endpoint does not answer, or breaks off, also when asked again; or it is no S3."""


class NotEntitled(TickstockError):  # noqa: N818
    """The day is refused to these keys: it is outside the plan, if it is listed."""


class NotPublished(TickstockError):  # noqa: N818
    """The bucket has no object of that day."""


class Listed(NamedTuple):
    """An object as the bucket lists it. ``etag`` has no quotes, ``size`` is in bytes, ``modified`` knows its zone."""

    etag: str
    size: int
    modified: datetime


class Provider:
    """The bucket, for any number of threads; a context manager, as its connections have to be closed.

    What the server cannot answer just now (5xx, timeouts, cut lines) is asked for up to four times, with growing random
    waits.
    """

    def __init__(self, massive: Massive, credentials: Credentials, connections: int = THREADS) -> None:
        self.massive = massive
        self.credentials = credentials
        self._client = _client(massive, credentials, connections)
        self._ended = threading.Event()

    def __enter__(self) -> Provider:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; a request that waits to be repeated is given up."""
        self._ended.set()
        self._client.close()

    def key(self, dataset: Dataset, day: date) -> str:
        """The key of a day's object."""
        return object_key(self._prefix(dataset), day)

    def listing(self, dataset: Dataset, year: int, month: int) -> dict[date, Listed]:
        """The days of a month that are published, in order.

        Raises:
            BadCredentials, Unreachable.
            UnavailableError: there is no such bucket.
        """
        days = [date(year, month, number + 1) for number in range(calendar.monthrange(year, month)[1])]
        by_key = {self.key(dataset, day): day for day in days}
        prefix = self.key(dataset, days[0]).rpartition("/")[0] + "/"
        found: dict[date, Listed] = {}
        with self._errors(f"the list of {prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.massive.bucket, Prefix=prefix)
            for item in (item for page in pages for item in page.get("Contents", ())):
                if day := by_key.get(item["Key"]):
                    found[day] = Listed(item["ETag"].strip('"'), item["Size"], item["LastModified"])
        return dict(sorted(found.items()))

    def get(self, dataset: Dataset, day: date) -> tuple[bytes, str]:
        """A day's object, whole, and its ETag.

        Whole: the length is what was announced, and the MD5 is the ETag; where the ETag is no MD5 (objects uploaded in
        parts, encrypted buckets), two downloads that agree do.

        Raises:
            BadCredentials, NotEntitled, NotPublished.
            Unreachable: also if four downloads were all torn.
        """
        before = None
        for attempt in range(_ATTEMPTS):
            if attempt and self._ended.wait(random.uniform(0, 0.25 * 2**attempt)):  # noqa: S311 - only spreads load
                break
            with self._errors(self.key(dataset, day)):
                content, etag = self._download(self.key(dataset, day))
                if content is None:
                    continue
                md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
                if not _PLAIN_ETAG.fullmatch(etag) or md5 in (etag, before):
                    return content, etag
                before = md5
        raise Unreachable(
            f"{self.key(dataset, day)} arrives torn from {self.massive.endpoint}, also when asked for again; "
            "try again later"
        )

    def may_read(self, dataset: Dataset, day: date) -> bool:
        """Whether a listed day is within the plan: asks for one byte of it.

        Raises:
            BadCredentials, NotPublished, Unreachable.
        """
        try:
            with self._errors(self.key(dataset, day)):
                key = self.key(dataset, day)
                answer = self._client.get_object(Bucket=self.massive.bucket, Key=key, Range="bytes=0-0")
                answer["Body"].close()
        except NotEntitled:
            return False
        return True

    def _download(self, key: str) -> tuple[bytes | None, str]:
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        response = self._client.get_object(Bucket=self.massive.bucket, Key=key)
        with closing(response["Body"]) as body:
            try:
                return body.read(), response["ETag"].strip('"')
            except (HTTPClientError, IncompleteReadError, OSError):
                return None, ""

    def _prefix(self, dataset: Dataset) -> str:
        return self.massive.minute_prefix if dataset == MINUTE else self.massive.day_prefix

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """What the client raises, in our classes. Not chained: the server's texts may repeat a key."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            raise self._refusal(error.response, what) from None
        except (BotoCoreError, OSError) as error:
            text = " ".join(str(error).split())
            raise Unreachable(
                f"cannot read {what} from {self.massive.endpoint}: {self._without_keys(text)}; expected an S3 server "
                "there (MASSIVE_ENDPOINT); check the network, or try again later"
            ) from None

    def _refusal(self, response: Mapping[str, Any], what: str) -> TickstockError:
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = str(response.get("Error", {}).get("Code", ""))
        told = self._without_keys(f"{status} {code}".strip())
        if code == "RequestTimeTooSkewed":
            return BadCredentials(f"{self.massive.endpoint} refuses requests ({told}): this machine's clock is wrong")
        if status == 401 or code in _KEYS_REFUSED:
            return BadCredentials(
                f"{self.massive.endpoint} refuses the keys ({told}) from {self.credentials.where}; compare them with "
                "the S3 access key and secret key that your plan's dashboard shows"
            )
        if status == 403 and what.startswith("the list"):
            return BadCredentials(
                f"{self.massive.endpoint} refuses to list bucket {self.massive.bucket} ({told}) to the keys from "
                f"{self.credentials.where}; check the keys, MASSIVE_BUCKET, and that your plan has flat files"
            )
        if status == 403:
            return NotEntitled(f"{what} is refused ({told}): it is outside your plan")
        if code == "NoSuchBucket":
            return UnavailableError(
                f"{self.massive.endpoint} has no bucket {self.massive.bucket}; MASSIVE_BUCKET names it"
            )
        if status == 404:
            return NotPublished(f"{what} is not there ({told}): it is not published")
        return Unreachable(
            f"{self.massive.endpoint} answers {told} for {what}; expected an S3 server there "
            "(MASSIVE_ENDPOINT), try again later"
        )

    def _without_keys(self, text: str) -> str:
        for key in (self.credentials.secret_key, self.credentials.access_key):
            text = text.replace(key, "***")
        return text


def _client(massive: Massive, credentials: Credentials, connections: int) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.session import Session

    # Nothing of a user's AWS settings reaches in: AWS_PROFILE may name a profile that is not there.
    nowhere = (None, None, None, None)
    session = Session(session_vars=dict.fromkeys(("profile", "config_file", "credentials_file"), nowhere))
    config = Config(
        s3={"addressing_style": "path"},
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        connect_timeout=5,
        read_timeout=30,
    )
    try:
        return boto3.Session(botocore_session=session).client(
            "s3",
            endpoint_url=massive.endpoint,
            region_name="us-east-1",
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            config=config,
        )
    except ValueError as error:
        raise UnavailableError(f"{error}; expected MASSIVE_ENDPOINT such as https://files.massive.com") from None

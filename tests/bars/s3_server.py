"""A real S3 server of the tests' own (SeaweedFS), on loopback, ended with its context; and buckets of flat files in it.

Three pairs of keys: ALL may do everything, PLAN may list everything and read only December 2025, and WRONG is unknown.
"""

from __future__ import annotations

import ctypes
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tickstock.bars.dataset import DAY, MINUTE, Dataset, object_key
from tickstock.market_settings import Massive

Keys = tuple[str, str]
ALL: Keys = ("canary-all-access", "canary-all-secret")
PLAN: Keys = ("canary-plan-access", "canary-plan-secret")
WRONG: Keys = ("canary-wrong-access", "canary-wrong-secret")
CANARY = "canary-"
BUCKET = "flatfiles"
_PARTS = ("master", "volume", "filer", "s3")
_numbers = count(1)


class S3Server:
    """Where it listens, and a client that may do everything."""

    def __init__(self, port: int, client: Any) -> None:
        self.port, self.client = port, client

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def new_bucket(self) -> FlatFiles:
        """Flat files under prefixes of their own."""
        return FlatFiles(self, f"test{next(_numbers)}")


class FlatFiles(NamedTuple):
    """The objects of a test. ``root`` stands before their keys."""

    server: S3Server
    root: str

    def massive(self, keys: Keys | None = ALL, port: int | None = None, **settings: Any) -> Massive:
        """Settings that lead here, or to a proxy on ``port``, and to no file of this machine's user."""
        return Massive(
            endpoint=f"http://127.0.0.1:{port or self.server.port}",
            day_prefix=f"{self.root}/us_stocks_sip/day_aggs_v1",
            minute_prefix=f"{self.root}/us_stocks_sip/minute_aggs_v1",
            keys=keys,
            credentials_file=Path("/nonexistent/credentials"),
        )._replace(**settings)

    def environment(self, keys: Keys = ALL, port: int | None = None) -> dict[str, str]:
        """The same as environment variables."""
        massive = self.massive(keys, port)
        return {
            "MASSIVE_ENDPOINT": massive.endpoint, "MASSIVE_BUCKET": BUCKET, "MASSIVE_DAY_PREFIX": massive.day_prefix,
            "MASSIVE_MINUTE_PREFIX": massive.minute_prefix, "MASSIVE_ACCESS_KEY": keys[0],
            "MASSIVE_SECRET_KEY": keys[1],
        }  # fmt: skip

    def key(self, day: date, dataset: Dataset = DAY) -> str:
        massive = self.massive()
        return object_key(massive.minute_prefix if dataset == MINUTE else massive.day_prefix, day)

    def put(self, day: date, content: bytes, dataset: Dataset = DAY) -> str:
        """Publish a day's object; give its ETag."""
        answer = self.server.client.put_object(Bucket=BUCKET, Key=self.key(day, dataset), Body=content)
        return str(answer["ETag"]).strip('"')

    def remove(self, day: date, dataset: Dataset = DAY) -> None:
        self.server.client.delete_object(Bucket=BUCKET, Key=self.key(day, dataset))


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """Start a server; it ends with the context, and with this process however that ends."""
    with tempfile.TemporaryDirectory(prefix="tickstock-s3-") as folder:
        ports = _free_ports(2 * len(_PARTS))
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                _command(Path(folder), ports),
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - it takes no lock
            )
        try:
            yield _ready(process, ports[-2], Path(folder) / "log")
        finally:
            process.kill()  # it would take 17 seconds to end in order
            process.wait()
            for path in Path("/tmp").glob("seaweedfs-*.sock"):
                if path.stem.rpartition("-")[2] in map(str, ports):
                    path.unlink(missing_ok=True)


def _command(folder: Path, ports: list[int]) -> list[str]:
    (folder / "data").mkdir()
    (folder / "identities.json").write_text(json.dumps({"identities": [
        _identity("all", ALL, "Admin", "Read", "List", "Write", "Tagging"),
        _identity("plan", PLAN, f"List:{BUCKET}", f"Read:{BUCKET}/*/2025/12*"),
    ]}))  # fmt: skip
    numbers = iter(ports)
    return [
        str(Path(sys.executable).with_name("weed")), "server", "-s3", f"-dir={folder}/data", "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1", f"-s3.config={folder}/identities.json", "-s3.iam=false", "-s3.port.iceberg=0",
        "-s3.port.lance=0", "-master.peers=none", "-master.telemetry=false", "-master.volumeSizeLimitMB=64",
        "-volume.max=20", f"-filer.localSocket={folder}/filer.sock",
        *(f"-{part}.port{kind}={next(numbers)}" for part in _PARTS for kind in ("", ".grpc")),
    ]  # fmt: skip


def _identity(name: str, keys: Keys, *actions: str) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": keys[0], "secretKey": keys[1]}], "actions": actions}


def _free_ports(number: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _ready(process: subprocess.Popen[bytes], port: int, log: Path) -> S3Server:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    client = boto3.Session(*ALL, region_name="us-east-1").client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", config=config
    )
    end = time.monotonic() + 30
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
            # A first object waits for the first volume.
            client.put_object(Bucket=BUCKET, Key="first", Body=b"object")
            return S3Server(port, client)
        except (BotoCoreError, ClientError):
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(log.read_text()[-3000:]) from None
            time.sleep(0.02)

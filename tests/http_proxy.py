"""An HTTP proxy before a server that counts, delays, cuts and answers itself. For requests without a body."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import NamedTuple


class Trouble(NamedTuple):
    """What happens to requests whose line has ``mark``: each waits ``delay`` seconds; the first ``times`` are cut
    after ``cut`` bytes of the answer, or get ``answer`` instead of the server's.
    """

    mark: str = ""
    delay: float = 0.0
    times: int = 0
    cut: int | None = None
    answer: bytes | None = None


def answer(status: str, body: str = "", kind: str = "application/xml") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    return (head + body).encode()


class HttpProxy:
    """Listens on 127.0.0.1 at ``port``, as a context manager. ``requests`` are the lines of all requests so far."""

    def __init__(self, server_port: int, trouble: Trouble = Trouble()) -> None:  # noqa: B008 - immutable
        self._server_port, self.trouble = server_port, trouble
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[str] = []
        self._left = trouble.times
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> HttpProxy:
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()

    def count(self, mark: str) -> int:
        """How many requests had ``mark`` in their line."""
        return sum(mark in line for line in self.requests)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection(("127.0.0.1", self._server_port)) as server,
        ):
            while request := _head(client):
                self._answer(request, client, server)

    def _answer(self, request: bytes, client: socket.socket, server: socket.socket) -> None:
        line = request.partition(b"\r\n")[0].decode()
        with self._lock:
            self.requests.append(line)
            meant = self.trouble.mark in line
            hit = meant and self._left > 0
            self._left -= hit
        if meant:
            time.sleep(self.trouble.delay)
        if hit and self.trouble.answer is not None:
            client.sendall(self.trouble.answer)
            return
        server.sendall(request)
        cut = self.trouble.cut if hit else None
        head = _head(server)
        left = _length(head)
        data = head
        while data:
            client.sendall(data if cut is None else data[:cut])
            if cut is not None and (cut := cut - len(data)) <= 0:
                client.shutdown(socket.SHUT_RDWR)
                return
            data = server.recv(min(left, 1 << 18)) if left else b""
            left -= len(data)


def _head(one: socket.socket) -> bytes:
    """Everything up to the empty line, and nothing behind it."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        seen = one.recv(8192, socket.MSG_PEEK)
        if not seen:
            return b""
        end = (data + seen).find(b"\r\n\r\n")
        data += one.recv(len(seen) if end < 0 else end + 4 - len(data))
    return data


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0

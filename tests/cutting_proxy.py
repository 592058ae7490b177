"""TCP proxies before a PostgreSQL server: one cuts the first connection at a chosen place, one falls silent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple


class Cut(NamedTuple):
    """Where to cut, one of: when the client says ``mark``, before the server gets it, or (``answered``) when the
    server has answered and the client has not heard of it; after so many bytes of the client; of the server.
    """

    mark: bytes = b""
    answered: bool = False
    sent: int | None = None
    received: int | None = None


class CuttingProxy:
    """Listens on 127.0.0.1, as a context manager. Without a cut it counts the bytes of the first connection."""

    def __init__(self, server: Mapping[str, Any], cut: Cut = Cut()) -> None:  # noqa: B008 - immutable
        self._server, self._cut = server, cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.sent = self.received = 0
        self.done = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> dict[str, Any]:
        """The parameters of a connection by way of the proxy."""
        port = self._listener.getsockname()[1]
        return {**self._server, "host": "127.0.0.1", "port": str(port)}

    def __exit__(self, *error: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        first = True
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            upstream = self._connect()
            if first:
                threads = [(self._watch_client, client, upstream), (self._watch_server, upstream, client)]
            else:
                threads = [(self._pass_on, client, upstream), (self._pass_on, upstream, client)]
            first = False
            for work, *ends in threads:
                threading.Thread(target=work, args=ends, daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = self._server.get("host", "localhost"), self._server.get("port", "5432")
        if host.startswith("/"):
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(f"{host}/.s.PGSQL.{port}")
            return upstream
        return socket.create_connection((host, int(port)))

    def _watch_client(self, client: socket.socket, upstream: socket.socket) -> None:
        for data in _blocks(client):
            kept = data
            if self._cut.mark and self._cut.mark in data:
                self.done = True
                kept = data if self._cut.answered else b""
            elif self._cut.sent is not None and self.sent + len(data) > self._cut.sent:
                self.done = True
                kept = data[: self._cut.sent - self.sent]
            self.sent += len(data)
            with contextlib.suppress(OSError):
                upstream.sendall(kept)
            if self.done:
                if not self._cut.answered:
                    _end(client, upstream)
                return
        _end(client, upstream)

    def _watch_server(self, upstream: socket.socket, client: socket.socket) -> None:
        for data in _blocks(upstream):
            if self.done:
                break
            kept = data
            if self._cut.received is not None and self.received + len(data) > self._cut.received:
                self.done = True
                kept = data[: self._cut.received - self.received]
            self.received += len(data)
            with contextlib.suppress(OSError):
                client.sendall(kept)
            if self.done:
                break
        _end(client, upstream)

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        for data in _blocks(one):
            with contextlib.suppress(OSError):
                other.sendall(data)
        _end(one, other)


class SilentProxy(CuttingProxy):
    """Passes everything on until ``silent`` is set, then nothing more in either direction; it closes nothing."""

    def __init__(self, server: Mapping[str, Any]) -> None:
        self.silent = threading.Event()
        self._sockets: list[socket.socket] = []
        super().__init__(server)

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        _end(*self._sockets)

    def _watch_client(self, client: socket.socket, upstream: socket.socket) -> None:
        self._pass_on(client, upstream)

    def _watch_server(self, upstream: socket.socket, client: socket.socket) -> None:
        self._pass_on(upstream, client)

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        self._sockets.append(one)
        for data in _blocks(one):
            if not self.silent.is_set():
                with contextlib.suppress(OSError):
                    other.sendall(data)
        _end(one, other)


def _blocks(one: socket.socket):  # type: ignore[no-untyped-def]
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            yield data


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

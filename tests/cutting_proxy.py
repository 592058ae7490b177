"""A TCP proxy before a PostgreSQL server that cuts the first connection at a given message."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Any


class CuttingProxy:
    """Listens on 127.0.0.1. Once the client sends ``mark``, its first connection is cut: before the server gets
    the message, or (``forward``) after the server answered it and before the client gets the answer.
    """

    def __init__(self, server: Mapping[str, Any], mark: bytes, forward: bool) -> None:
        self._server, self._mark, self._forward = server, mark, forward
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            upstream = self._connect()
            threading.Thread(target=self._to_server, args=(client, upstream), daemon=True).start()
            threading.Thread(target=self._to_client, args=(upstream, client), daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = self._server.get("host", "localhost"), self._server.get("port", "5432")
        if host.startswith("/"):
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(f"{host}/.s.PGSQL.{port}")
            return upstream
        return socket.create_connection((host, int(port)))

    def _to_server(self, client: socket.socket, upstream: socket.socket) -> None:
        try:
            while data := client.recv(65536):
                if self._mark in data and not self._cut:
                    self._cut = True
                    if self._forward:
                        upstream.sendall(data)
                    else:
                        self._end(client, upstream)
                    return
                upstream.sendall(data)
        except OSError:
            pass
        self._end(upstream)

    def _to_client(self, upstream: socket.socket, client: socket.socket) -> None:
        try:
            while data := upstream.recv(65536):
                if self._cut and self._forward and b"COMMIT" in data:
                    self._forward = False
                    break
                client.sendall(data)
        except OSError:
            pass
        self._end(client, upstream)

    @staticmethod
    def _end(*sockets: socket.socket) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

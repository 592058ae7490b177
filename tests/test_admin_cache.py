"""The guide's curl step: a server on loopback sees exactly that request; what goes wrong is told, not raised."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tickstock.admin_cache import refresh_cache


class Application(HTTPServer):
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str, str | None, object]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Application

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.command, self.path, self.headers["Content-Type"], body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/login")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def application() -> Iterator[Application]:
    server = Application()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_application_is_sent_the_guides_request(application: Application) -> None:
    assert refresh_cache(application.address + "/") == (
        "refreshed", f"the cache of {application.address} was refreshed"
    )
    assert application.requests == [("POST", "/admin/cache/refresh", "application/json", {"warm": True})]


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_another_answer_is_told_and_no_redirection_followed(application: Application, status: int) -> None:
    application.status = status
    kind, detail = refresh_cache(application.address)
    assert kind == "failed"
    assert f"answered {status}" in detail
    assert len(application.requests) == 1


def test_nobody_there_is_absent() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        assert refresh_cache(f"http://127.0.0.1:{port}") == (
            "absent", f"no admin application answers at http://127.0.0.1:{port}"
        )


def test_something_that_speaks_no_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(4096)
                client.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert refresh_cache(f"http://127.0.0.1:{server.getsockname()[1]}").status == "failed"
        thread.join()


@pytest.mark.parametrize("address", ["", "localhost:5000", "file:///etc/passwd", "http://", "http://[::1", "http://127.0.0.1:99999"])
def test_what_is_no_address_is_told(address: str) -> None:
    assert refresh_cache(address).status == "failed"


def test_a_password_in_the_address_is_not_shown(application: Application) -> None:
    address = application.address.replace("http://", "http://me:secret-of-mine@")
    assert "secret-of-mine" not in refresh_cache(address).detail

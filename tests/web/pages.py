"""Somebody who is logged in, and what a page says, for the tests of pages."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import MakeApp
from tickstock.web.guard import COOKIE
from tickstock.web.secrets_file import KeptSecrets, Secrets, write_secrets
from tickstock.web.sessions import Sessions

_VOID = {"meta", "link", "input", "br", "hr", "img", "path", "rect"}


class Page(HTMLParser):
    """An answer: its status, its address after redirects, its text in words, and its elements."""

    def __init__(self, status: int, path: str, html: str) -> None:
        super().__init__()
        self.status, self.path, self.html = status, path, html
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self._words: list[str] = []
        self.titles: dict[str, str] = {}
        self.feed(html)
        self.close()
        assert self._open == [], f"{path}: not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"{self.path}: </{tag}>"

    def handle_data(self, data: str) -> None:
        self._words.append(data)
        if self._open and self._open[-1] in ("h1", "title"):
            self.titles[self._open[-1]] = data
        if "tr" in self._open and self.rows[-1]:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def links(self) -> list[str]:
        return [link for each in self.all("a") if (link := each.get("href"))]

    def row(self, first: str) -> list[str]:
        """The row of a table that begins so."""
        (row,) = [row for row in self.rows if row and row[0] == first]
        return row

    def field(self, name: str) -> str | None:
        """The value of a form's field; the last one of that name."""
        return [each.get("value") for each in self.all("input") if each.get("name") == name][-1]


class Somebody(NamedTuple):
    """A browser with somebody logged in; ``token`` is that of the forms."""

    client: FlaskClient
    token: str

    def get(self, path: str, **headers: str) -> Page:
        answer = self.client.get(path, headers=headers, follow_redirects=True)
        return Page(answer.status_code, answer.request.full_path.rstrip("?"), answer.text)

    def post(self, path: str, token: str | None = None, **form: Any) -> Page:
        data = {"form_token": self.token if token is None else token, **form}
        answer = self.client.post(path, data=data, headers={"Accept": "text/html"}, follow_redirects=True)
        return Page(answer.status_code, answer.request.full_path.rstrip("?"), answer.text)


LogIn = Callable[..., Somebody]


@pytest.fixture
def log_in(make_app: MakeApp, secrets_path: Path) -> LogIn:
    """Make the application, and log in."""

    def make(**options: Any) -> Somebody:
        write_secrets(secrets_path, Secrets("key", password_hash="one that nobody knows"))
        kept = KeptSecrets(secrets_path)
        sessions = Sessions(secrets_path.with_name("sessions.json"), lambda: kept().session_key)
        cookie = sessions.start()
        client = make_app(**options).test_client()
        client.set_cookie(COOKIE, cookie, path="/admin")
        return Somebody(client, sessions.form_token(cookie))

    return make


@pytest.fixture
def desk(log_in: LogIn) -> Somebody:
    return log_in()

"""Who is let in to the pages, for how long, and what others try."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.conftest import MakeApp
from tickstock.errors import BadInputError, UsageError
from tickstock.settings import LOOPBACK_HOSTS
from tickstock.web.config import WebConfig, check_exposure
from tickstock.web.guard import COOKIE, guard
from tickstock.web.secrets_file import KeptSecrets, Secrets, new_token, read_secrets, set_password
from tickstock.web.sessions import IDLE, LONGEST, MOST, Sessions
from tickstock.web.throttle import FREE, Throttle

PASSWORD = "correct horse battery"
Now = Callable[[], float]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(make_app: MakeApp, secrets_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """With a password, and a page ``/admin/probe`` that counts what it was asked to do."""
    set_password(secrets_path, PASSWORD)
    monkeypatch.setattr(Throttle.__init__, "__defaults__", (clock,))
    return with_probe(make_app, clock)


def with_probe(make_app: MakeApp, clock: Clock) -> Flask:
    done: list[str] = []

    def extend(config: WebConfig) -> Blueprint:
        config.sessions._clock = clock
        pages = Blueprint("probe", __name__, url_prefix="/admin/probe")
        guard(pages, config)

        @pages.get("/")
        def see() -> str:
            return f"seen, {len(done)} done"

        @pages.post("/")
        def do() -> str:
            done.append("")
            return "done"

        return pages

    app = make_app(extend=extend)
    app.config["done"] = done
    return app


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def token_in(page: TestResponse) -> str:
    found = re.search(r'name="form_token" value="(\w+)"', page.text)
    assert found
    return found[1]


def log_in(browser: FlaskClient, password: str = PASSWORD, **fields: str) -> TestResponse:
    token = token_in(browser.get("/admin/login"))
    return browser.post("/admin/login", data={"form_token": token, "password": password, **fields})


def form_token(app: Flask, browser: FlaskClient) -> str:
    """What our own pages would put into their forms."""
    cookie = browser.get_cookie(COOKIE, path="/admin")
    assert cookie
    key = app.config["sessions_of_test"]
    assert isinstance(key, Sessions)
    return key.form_token(cookie.value)


def test_until_a_password_is_set_the_pages_only_show_how(make_app: MakeApp, clock: Clock, secrets_path: Path) -> None:
    app = with_probe(make_app, clock)
    browser = app.test_client()
    for answer in (browser.get("/admin/probe/"), browser.post("/admin/probe/"), browser.get("/admin/login"),
                   browser.post("/admin/login", data={"password": ""})):  # fmt: skip
        assert answer.status_code == 403
        assert "make admin-password" in answer.text
    assert not app.config["done"]
    set_password(secrets_path, PASSWORD)  # while it runs
    assert log_in(browser).status_code == 303


def test_the_way_in_and_out(browser: FlaskClient, app: Flask) -> None:
    away = browser.get("/admin/probe/?a=1")
    assert (away.status_code, away.location) == (303, "/admin/login?next=/admin/probe/?a%3D1")
    form = browser.get(away.location)
    assert 'name="next" value="/admin/probe/?a=1"' in form.text
    entered = log_in(browser, next="/admin/probe/?a=1")
    assert (entered.status_code, entered.location) == (303, "/admin/probe/?a=1")
    assert browser.get("/admin/probe/").text == "seen, 0 done"
    kept = browser.get_cookie(COOKIE, path="/admin")
    assert kept
    left = browser.post("/admin/logout", data={"form_token": form_token(app, browser)})
    assert (left.status_code, left.location) == (303, "/admin/login")
    assert browser.get("/admin/probe/").status_code == 303
    browser.set_cookie(COOKIE, kept.value, path="/admin")
    assert browser.get("/admin/probe/").status_code == 303, "who kept the cookie has nothing"


def test_a_part_of_a_page_sends_the_whole_page_to_the_login(browser: FlaskClient) -> None:
    answer = browser.get("/admin/probe/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/admin/login")


def test_the_cookie_is_for_this_site_alone_and_for_no_script(browser: FlaskClient, make_app: MakeApp) -> None:
    plain = log_in(browser).headers["Set-Cookie"]
    assert all(part in plain for part in ("HttpOnly", "SameSite=Strict", "Path=/admin", f"Max-Age={8 * 3600}"))
    assert "Secure" not in plain
    behind_https = make_app(secure_cookies=True).test_client()
    form = behind_https.get("/admin/login", base_url="https://localhost")
    entered = behind_https.post("/admin/login", base_url="https://localhost",
                                data={"form_token": token_in(form), "password": PASSWORD})  # fmt: skip
    assert all("Secure" in cookie for cookie in (*form.headers.getlist("Set-Cookie"), entered.headers["Set-Cookie"]))


def test_a_session_is_new_with_every_login(browser: FlaskClient) -> None:
    """Whoever planted a cookie in the browser before does not share the session."""
    browser.set_cookie(COOKIE, "planted", path="/admin")
    log_in(browser)
    first = browser.get_cookie(COOKIE, path="/admin")
    log_in(browser)
    second = browser.get_cookie(COOKIE, path="/admin")
    assert first
    assert second
    assert len({"planted", first.value, second.value}) == 3
    for old in ("planted", first.value):
        browser.set_cookie(COOKIE, old, path="/admin")
        assert browser.get("/admin/probe/").status_code == 303


@pytest.mark.parametrize(("pause", "times", "status"), [
    (IDLE - 1, 3, 200), (IDLE, 1, 303), (IDLE - 60, int(LONGEST // (IDLE - 60)), 200),
    (IDLE - 60, int(LONGEST // (IDLE - 60)) + 1, 303), (-1, 1, 303),
])  # fmt: skip
def test_a_session_ends_after_8_hours_or_30_idle_minutes(
    browser: FlaskClient, clock: Clock, pause: float, times: int, status: int
) -> None:
    assert (LONGEST, IDLE) == (8 * 60 * 60, 30 * 60)
    log_in(browser)
    for _ in range(times):
        clock.now += pause
        answer = browser.get("/admin/probe/")
    assert answer.status_code == status


def test_a_restart_logs_nobody_out_and_another_password_everybody(
    browser: FlaskClient, make_app: MakeApp, clock: Clock, secrets_path: Path
) -> None:
    log_in(browser)
    cookie = browser.get_cookie(COOKIE, path="/admin")
    assert cookie
    again = with_probe(make_app, clock).test_client()
    again.set_cookie(COOKIE, cookie.value, path="/admin")
    assert again.get("/admin/probe/").status_code == 200
    set_password(secrets_path, PASSWORD + "!")
    assert again.get("/admin/probe/").status_code == 303
    assert cookie.value not in secrets_path.with_name("sessions.json").read_text()


def test_a_restart_logs_nobody_out_who_was_never_idle(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "sessions.json"
    sessions = Sessions(path, lambda: "key", clock)
    cookie = sessions.start()
    for _ in range(200):  # more than the idle time, and never long between two pages
        clock.now += 10
        assert sessions.find(cookie)
    assert Sessions(path, lambda: "key", clock).find(cookie)


def test_sessions_are_not_without_number(tmp_path: Path, clock: Clock) -> None:
    sessions = Sessions(tmp_path / "sessions.json", lambda: "key", clock)
    cookies = []
    for _ in range(MOST + 5):
        clock.now += 1
        cookies.append(sessions.start())
    assert [sessions.find(cookie) for cookie in cookies] == [False] * 5 + [True] * MOST
    (tmp_path / "sessions.json").write_text('{"broken": 1}')
    assert not Sessions(tmp_path / "sessions.json", lambda: "key", clock).find(cookies[-1])


def test_a_wrong_password_says_no_more_than_that(browser: FlaskClient) -> None:
    answer = log_in(browser, "wrong")
    assert (answer.status_code, COOKIE in answer.headers.get("Set-Cookie", "")) == (401, False)
    assert "That is not the password." in answer.text
    assert "wrong" not in answer.text


def test_guessing_takes_longer_with_each_guess(browser: FlaskClient, clock: Clock) -> None:
    for _ in range(FREE + 1):
        assert log_in(browser, "wrong").status_code == 401
    waits = []
    for _ in range(10):
        refused = log_in(browser, PASSWORD)
        assert refused.status_code == 429, "not even the right one"
        waits.append(int(refused.headers["Retry-After"]))
        clock.now += waits[-1]
        assert log_in(browser, "wrong").status_code == 401
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    clock.now += 300
    assert log_in(browser).status_code == 303
    assert log_in(browser, "wrong").status_code == 401, "the count began anew"


def test_many_addresses_together_have_to_wait_too(clock: Clock) -> None:
    throttle = Throttle(clock)
    for guess in range(10 * FREE + 1):
        assert throttle.wait(f"10.0.0.{guess}") == 0
        throttle.wrong(f"10.0.0.{guess}")
    assert throttle.wait("10.0.1.1") == 2
    clock.now += 2
    assert throttle.wait("10.0.1.1") == 0
    for guess in range(5000):
        throttle.wrong(f"10.1.{guess // 250}.{guess % 250}")
    assert len(throttle._wrong) <= 1000


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                                     {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"},
                                     {"Origin": "http://["}])  # fmt: skip
def test_no_form_of_another_site_is_taken(browser: FlaskClient, app: Flask, headers: dict[str, str]) -> None:
    token = token_in(browser.get("/admin/login"))
    data = {"form_token": token, "password": PASSWORD}
    assert browser.post("/admin/login", data=data, headers=headers).status_code == 403
    log_in(browser)
    sent = {"form_token": form_token(app, browser)}
    assert browser.post("/admin/probe/", data=sent, headers=headers).status_code == 403
    assert not app.config["done"]
    ours = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert browser.post("/admin/probe/", data=sent, headers=ours).status_code == 200
    assert app.config["done"] == [""]


@pytest.mark.parametrize("sent", [{}, {"form_token": ""}, {"form_token": "0" * 64}, {"form_token": "é"}])
def test_a_form_needs_the_token_of_its_session(browser: FlaskClient, app: Flask, sent: dict[str, str]) -> None:
    log_in(browser)
    assert browser.post("/admin/probe/", data=sent).status_code == 403
    assert browser.post("/admin/logout", data=sent).status_code == 403
    old = form_token(app, browser)
    log_in(browser)
    assert browser.post("/admin/probe/", data={"form_token": old}).status_code == 403
    assert not app.config["done"]
    assert browser.post("/admin/probe/", headers={"X-Form-Token": form_token(app, browser)}).status_code == 200


def test_the_login_form_needs_its_own_token(browser: FlaskClient, app: Flask) -> None:
    """Else another site could log its victim in as somebody else."""
    token = token_in(browser.get("/admin/login"))
    assert app.test_client().post("/admin/login", data={"form_token": token, "password": PASSWORD}).status_code == 403
    assert browser.post("/admin/login", data={"password": PASSWORD}).status_code == 403


@pytest.mark.parametrize("wanted", [
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "/admin//evil.example", "/admin/../etc",
    "javascript:1", "/elsewhere", "/admin/\r\nSet-Cookie: a=b", "/admin/logout", "/admin/login", "", "/admin/é",
])  # fmt: skip
def test_the_login_leads_nowhere_else(browser: FlaskClient, wanted: str) -> None:
    assert log_in(browser, next=wanted).location == "/admin/"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:5000@evil.example", "10.0.0.1"])
def test_it_is_called_by_its_own_names_alone(browser: FlaskClient, host: str) -> None:
    """A name that an attacker makes point to this machine is not one of them."""
    assert browser.get("/healthz", headers={"Host": host}).status_code == 400
    assert browser.get("/healthz", headers={"Host": "127.0.0.1:5000"}).status_code == 200


def test_every_answer_tells_the_browser_what_not_to_do(browser: FlaskClient) -> None:
    for path in ("/admin/login", "/admin/probe/", "/healthz", "/nowhere", "/static/style.css", "/admin/cache/stats"):
        with browser.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "admin" / "secrets.json"
    set_password(path, PASSWORD)
    token = new_token(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert PASSWORD not in text
    assert token not in text
    assert json.loads(text)["password_hash"].startswith("$argon2id$")
    assert read_secrets(path).accepts_password(PASSWORD)
    assert not Secrets("key").accepts_password("")
    path.chmod(0o644)
    with pytest.raises(BadInputError, match="others may read it"):
        read_secrets(path)


def test_a_file_of_secrets_that_breaks_while_it_runs_locks_nobody_out(secrets_path: Path) -> None:
    set_password(secrets_path, PASSWORD)
    kept = KeptSecrets(secrets_path)
    secrets_path.write_text("{")
    assert kept().accepts_password(PASSWORD)


@pytest.mark.parametrize(("secrets", "hosts", "missing"), [
    (Secrets("k"), (), ["password", "token", "TRUSTED_HOSTS"]),
    (Secrets("k", "p"), ("me",), ["token"]),
    (Secrets("k", "p", "t"), (), ["TRUSTED_HOSTS"]),
    (Secrets("k", None, "t"), ("me",), ["password"]),
])  # fmt: skip
def test_others_are_let_near_it_only_when_it_can_keep_them_out(
    secrets: Secrets, hosts: tuple[str, ...], missing: list[str]
) -> None:
    for host in ("0.0.0.0", "::", "192.168.1.2", "example.org"):
        with pytest.raises(UsageError) as refused:
            check_exposure(host, secrets, (*LOOPBACK_HOSTS, *hosts))
        assert [name for name in ("password", "token", "TRUSTED_HOSTS") if name in str(refused.value)] == missing
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.2"):
        check_exposure(host, secrets, LOOPBACK_HOSTS)
    check_exposure("0.0.0.0", Secrets("k", "p", "t"), (*LOOPBACK_HOSTS, "me"))

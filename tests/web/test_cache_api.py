"""The endpoints of the cache: the guide's curl lines, and who may use them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.stored import query
from tests.web.conftest import MakeApp
from tickstock.admin_cache import refresh_cache
from tickstock.db import Connection
from tickstock.runtime_cache import RelationshipCache
from tickstock.web.secrets_file import new_token

ENDPOINTS = [("GET", "stats"), ("GET", "test"), ("POST", "refresh"), ("POST", "warm")]
each_endpoint = pytest.mark.parametrize(("method", "name"), ENDPOINTS)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("-X POST {address}/admin/cache/warm", "warm"),
        (
            "-X POST {address}/admin/cache/refresh -H 'Content-Type: application/json' -d '{{\"warm\": true}}'",
            "refreshed",
        ),
        ("-X POST {address}/admin/cache/refresh -d '{{\"warm\": true}}'", "refreshed"),
        ("-X POST {address}/admin/cache/refresh -d '{{\"warm\": false}}'", "invalidated"),
        ("-X POST {address}/admin/cache/refresh", "refreshed"),
    ],
)
def test_the_guides_curl_lines_work_as_printed(address: str, line: str, status: str) -> None:
    command = f"curl --silent --fail {line.format(address=address)}"
    out = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout
    assert json.loads(out)["status"] == status


def test_refresh_py_finds_it(address: str, cache: RelationshipCache) -> None:
    assert refresh_cache(address).status == "refreshed"
    assert cache.get_stats().refreshes == 1


def test_the_statistics_are_those_of_the_cache(client: FlaskClient, cache: RelationshipCache) -> None:
    for _ in range(4):
        cache.get_etf_holdings("SPY")
    found = client.get("/admin/cache/stats").get_json()
    assert (found["hits"], found["misses"], found["hit_rate"]) == (3, 1, 0.75)
    assert (found["etfs"], found["symbols"], found["stale"], found["error"]) == (2, 4, False, None)
    assert found["version"] == cache.snapshot().version


def test_each_question_is_tried(client: FlaskClient) -> None:
    found = {each["question"]: (each["about"], each["answers"])
             for each in client.get("/admin/cache/test").get_json()["questions"]}  # fmt: skip
    assert found == {
        "get_etf_holdings": ("QQQ", 2), "get_stock_etfs": ("NVDA", 2), "get_stock_sector": ("NVDA", 1),
        "get_sector_stocks": ("communication_services", 0), "get_theme_members": ("chips", 1),
        "get_universe_members": ("dow30", 2),
    }  # fmt: skip


def test_a_refresh_reads_the_data_again(client: FlaskClient, cache: RelationshipCache, stored: Connection) -> None:
    cache.warm_cache()
    query(stored, "SET session_replication_role = replica; UPDATE group_memberships SET weight = 9.5 WHERE weight = 9")
    assert client.post("/admin/cache/refresh").get_json()["cache"]["refreshes"] == 2
    assert cache.get_etf_holdings("QQQ")[0].weight == 9.5


@pytest.mark.parametrize("body", ["[]", "{", '{"warm": "yes"}', "warm=true", "\xff\x00", "null", "[" * 60_000])
def test_another_body_is_told(client: FlaskClient, body: str) -> None:
    answer = client.post("/admin/cache/refresh", data=body)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert 'expected JSON like {"warm": true}' in json.loads(answer.data)["detail"]


@each_endpoint
def test_the_other_method_is_refused(client: FlaskClient, method: str, name: str) -> None:
    answer = client.open(f"/admin/cache/{name}", method="POST" if method == "GET" else "GET")
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")


@each_endpoint
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:5000"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-origin"},
        {"Referer": "http://localhost:5000/admin/"}, {"X-Forwarded-For": "10.0.0.7"}, {"Forwarded": "for=10.0.0.7"},
    ],
)  # fmt: skip
def test_without_a_token_no_page_of_a_browser_and_nobody_behind_a_proxy_gets_in(
    client: FlaskClient, cache: RelationshipCache, method: str, name: str, headers: dict[str, str]
) -> None:
    answer = client.open(f"/admin/cache/{name}", method=method, headers=headers)
    assert answer.status_code == 403
    assert cache.get_stats().refreshes == 0


@pytest.mark.parametrize("header", ["X-Forwarded-For: 10.0.0.7", "Forwarded: for=10.0.0.7", "X-Real-IP: 10.0.0.7"])
def test_nobody_behind_a_proxy_gets_in_through_the_real_server(address: str, header: str) -> None:
    """Which must hand on what a proxy says of whom it speaks for."""
    command = ["curl", "--silent", "--output", "-", "--header", header, f"{address}/admin/cache/stats"]
    assert json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["status"] == 403


@each_endpoint
def test_without_a_token_nobody_from_elsewhere_gets_in(client: FlaskClient, method: str, name: str) -> None:
    answer = client.open(f"/admin/cache/{name}", method=method, environ_base={"REMOTE_ADDR": "192.168.1.20"})
    assert answer.status_code == 403


@each_endpoint
def test_with_a_token_set_everybody_needs_it(make_app: MakeApp, secrets_path: Path, method: str, name: str) -> None:
    token = new_token(secrets_path)
    client = make_app().test_client()

    def status(**headers: Any) -> int:
        return client.open(f"/admin/cache/{name}", method=method, headers=headers).status_code

    assert status() == 401
    assert status(Authorization="Bearer nonsense") == 401
    assert status(Authorization=f"Basic {token}") == 401
    assert status(Authorization=f"Bearer {token}") == 200
    assert status(Authorization=f"Bearer {token}", Origin="https://desk.example") == 200
    assert token not in secrets_path.read_text()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/admin/cache/stats", "/nosuch"])
def test_another_name_of_the_host_is_refused(client: FlaskClient, path: str) -> None:
    """DNS rebinding: a page of a foreign name that resolves to this machine."""
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 400
    assert client.get(path, headers={"Host": "localhost:5000"}).status_code != 400


def test_it_lives_and_is_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").get_json()["status"] == "ready"
    assert "tickstock_cache_etfs 2\n" in client.get("/metrics").text


def test_metrics_are_exact(client: FlaskClient, cache: RelationshipCache) -> None:
    """A version, or a counter, of seven digits is not rounded."""
    cache._refreshes = 1_234_567
    assert "tickstock_cache_refreshes_total 1234567\n" in client.get("/metrics").text


def test_every_answer_keeps_browsers_from_mischief(client: FlaskClient) -> None:
    for path in ("/healthz", "/nosuch", "/admin/cache/stats"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
        assert headers["Cache-Control"] == "no-store"

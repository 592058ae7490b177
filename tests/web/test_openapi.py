"""What programs are promised is what they get, whatever they send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings

from tests.web.conftest import MakeApp
from tickstock import web
from tickstock.web.secrets_file import new_token

DOCUMENT = json.loads(Path(web.__file__).with_name("openapi.json").read_text())
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@pytest.mark.parametrize("right", [True, False])
def test_every_answer_is_as_described(
    make_app: MakeApp, secrets_path: Path, path: str, method: str, right: bool
) -> None:
    """Whatever is sent, in the right form or in another, with the token or with a wrong one."""
    token = new_token(secrets_path)
    api = schemathesis.openapi.from_wsgi("/openapi.json", make_app())
    found: set[int] = set()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=api[path][method.upper()].as_strategy())
    def asked(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token if right else 'wrong'}"}
        found.add(case.call_and_validate().status_code)

    asked()
    assert (200 in found) is (right or not path.startswith("/admin/"))


def test_every_endpoint_for_programs_is_described(app: Flask) -> None:
    described = app.test_client().get("/openapi.json").get_json()["paths"]
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in ("cache_api", "health")]
    found = {rule.rule: {method.lower() for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}} for rule in rules}
    assert {path: {*methods} for path, methods in described.items()} == found

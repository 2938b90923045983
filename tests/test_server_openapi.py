"""The OpenAPI document: complete, and true under what schemathesis makes of it."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from posemill.doctor.checks import CHECKS
from posemill.server.pictures import OPTIONS
from servers import Running, running


@schemathesis.serializer("application/offset+octet-stream")
def _as_it_is(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    quick = tuple(check for check in CHECKS if check.name in ("data_dir", "access", "debug"))
    with (
        patch("posemill.server.examination.CHECKS", quick),
        running(tmp_path_factory.mktemp("openapi"), max_content_length=20_000) as running_service,
    ):
        yield running_service


@pytest.fixture(scope="module")
def document(service: Running) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(service.url + "/openapi.json").json()
    return found


def test_every_endpoint_is_described(document: dict[str, Any]) -> None:
    paths = document["paths"]
    for path in (
        *("/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/detect"),
        *("/api/v1/jobs", "/api/v1/jobs/{job_id}", "/api/v1/uploads"),
    ):
        assert path in paths
    for path, methods in paths.items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert "application/problem+json" in answer["content"], (method, path, status)
                    assert answer["content"]["application/problem+json"]["examples"]


def test_every_answer_in_json_has_an_example_that_fits_its_schema(document: dict[str, Any]) -> None:
    found = 0
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for kind, content in answer.get("content", {}).items():
                    if not kind.endswith("json"):
                        continue
                    known = [each["value"] for each in content.get("examples", {}).values()]
                    examples = [content["example"]] if "example" in content else known
                    assert examples, path
                    schema = {**content["schema"], "components": document["components"]}
                    for example in examples:
                        found += 1
                        jsonschema_rs.validate(schema, example)
    assert found > 20


def test_every_option_is_a_parameter(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/api/v1/detect"]["post"]["parameters"]
    assert [each["name"] for each in parameters] == list(OPTIONS)
    assert all(each["description"] for each in parameters)


def test_schemathesis(service: Running) -> None:
    schema = schemathesis.openapi.from_url(service.url + "/openapi.json")
    asked = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.path.endswith(("events", "probe")):  # an answer that goes on
            continue
        asked += 1

        @given(case=operation.as_strategy())
        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        def attack(case: Any) -> None:
            response = case.call(base_url=service.url, timeout=10)
            case.validate_response(
                response,
                checks=[
                    not_a_server_error,
                    status_code_conformance,
                    content_type_conformance,
                    response_schema_conformance,
                ],
            )

        attack()
    assert asked > 5
    assert httpx.get(service.url + "/healthz").status_code == 200


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    path=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30),
    body=st.binary(max_size=200),
    kind=st.sampled_from(["multipart/form-data; boundary=b", "application/json", "text/plain", ""]),
)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_any_request_is_answered_without_a_fault(
    service: Running, method: str, path: str, body: bytes, kind: str
) -> None:
    address = httpx.URL(service.url).copy_with(raw_path=b"/" + _quoted(path))
    answer = httpx.request(method, address, content=body, headers={"Content-Type": kind})
    assert answer.status_code < 500


def _quoted(path: str) -> bytes:
    from urllib.parse import quote

    return quote(path, safe="/?&=%").encode()

"""The API that /docs describes, asked by schemathesis over a real server: what is answered is what was said.

Law: for every operation, examples that fit the description and examples that do not; no fault of ours, no status that
is not described, no kind of content that is not. The same examples every time. A redirect is looked at, not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

import bridge.web.docs
from tests.web.house import House
from tests.web.server import listening_to

BOUNDED = settings(
    max_examples=20, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("described") / "home")
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[str]:
    with listening_to(house.app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", bridge.web.docs.PATHS)
def test_what_is_answered_is_what_is_described(
    house: House, address: str, path: str, mode: GenerationMode
) -> None:
    described = schemathesis.openapi.from_dict(house.app.openapi())
    asked = 0
    for found in described.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path != path or (mode is GenerationMode.NEGATIVE and not _takes(operation)):
            continue

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def answered(case: Case[Any]) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(base_url=address, allow_redirects=False)
            case.validate_response(answer, checks=CHECKS)
            went = urlsplit(answer.headers.get("location", [""])[0])
            assert not went.netloc or went.path.startswith("/consent/")

        answered()
    assert asked or mode is GenerationMode.NEGATIVE


def test_every_route_that_fastapi_knows_is_described_here(house: House) -> None:
    assert set(house.app.openapi()["paths"]) == set(bridge.web.docs.PATHS)  # type: ignore[call-overload]


def _takes(operation: object) -> bool:
    """Whether the operation takes anything that could be wrong."""
    return bool(getattr(operation, "body", ()) or getattr(operation, "query", ()))

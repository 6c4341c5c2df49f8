"""Which addresses a registered endpoint may lead to."""

from __future__ import annotations

import pytest

from bridge.net.address import Reach
from bridge.net.endpoint import Purpose, endpoint, may_reach


@pytest.mark.parametrize(
    ("url", "where", "allowed"),
    [
        ("https://ehr.example/fhir", Reach.PUBLIC, True),
        ("https://ehr.example/fhir", Reach.PRIVATE, False),
        ("https://ehr.example/fhir", Reach.LOOPBACK, False),
        ("http://127.0.0.1:8080/fhir", Reach.LOOPBACK, True),
        ("http://[::1]:8080/fhir", Reach.LOOPBACK, True),
        ("http://localhost:8080/fhir", Reach.LOOPBACK, True),
        ("http://127.0.0.1:8080/fhir", Reach.NEVER, False),
    ],
)
def test_this_machine_is_reached_only_where_it_was_registered_by_its_own_address(
    url: str, where: Reach, allowed: bool
) -> None:
    registered = endpoint(Purpose.DELIVERY, url)
    assert registered is not None
    assert may_reach(registered, where, allow_loopback=False) is allowed

"""Hostile parameters at authorize, token, introspect and revoke: no fault of ours, no stranger's address, no more
than was granted."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_from_bytes, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.smart.authorize import PARAMETERS as ASKED
from bridge.smart.introspection import PARAMETERS as ABOUT
from bridge.smart.pending import load
from bridge.smart.scopes import met
from bridge.smart.token_endpoint import PARAMETERS as GIVEN
from tests.smart.launched import REDIRECT, App, app
from tests.web.world import BASE_URL, World

NAMES = sorted(
    ASKED | ABOUT | GIVEN | {"user", "client", "scopes", "extra_credentials", "access_token", "id_token", "body",
                             "headers", "uri", "__class__", "validator", "", "a.b", "claims", "request"}
)  # fmt: skip
HOSTILE = [
    "", " ", "null", "\x00", "\r\nLocation: https://evil.example", "https://evil.example", "//evil.example",
    "|", '"', "[", "{", "%", "%zz", "é", "\u202e", "\U0001f600", "\ud7ff", "a" * 5000, "patient/*.cruds",
    "system/*.cruds user/*.*", "patient/Observation.rs?category=|", "openid " * 200, "<script>",
    "patient/Observation.rs?category=a&code=b|c", "' OR 1=1 --", "../../etc/passwd", "S256", "plain", "code",
    "token", "authorization_code", "refresh_token", "client_credentials", "password", "-1", "1e400", "{}",
    REDIRECT, REDIRECT + "?", REDIRECT + "#", "x" * 43,
]  # fmt: skip
PAIRS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(NAMES), st.text(max_size=12)),
        st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.binary(max_size=12)),
    ),
    max_size=8,
)
HEADERS = st.one_of(st.none(), st.sampled_from(["Basic", "Basic Og==", "Bearer x", "Basic ///", "\x7f"]))
MANY = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("fuzz") / "home")
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(world: World) -> App:
    return app(world)


def encoded(pairs: list[tuple[str, str | bytes]]) -> str:
    """A form whose values may be no UTF-8."""

    def spelled(value: str | bytes) -> str:
        return quote_from_bytes(value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass"))

    return "&".join(f"{spelled(name)}={spelled(value)}" for name, value in pairs)


def merged(good: dict[str, str], wild: list[tuple[str, str | bytes]]) -> list[tuple[str, str | bytes]]:
    """The good parameters with the wild ones in their place."""
    named = {name for name, _ in wild}
    return [*((name, value) for name, value in good.items() if name not in named), *wild]


@MANY
@given(PAIRS, st.booleans(), st.booleans())
def test_authorize_never_faults_never_leads_astray_and_never_asks_for_more(
    shared: App, wild: list[tuple[str, str | bytes]], is_based: bool, is_posted: bool
) -> None:
    world = shared.world
    body = encoded(merged(shared.question(), wild) if is_based else wild)
    if is_posted:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = world.ask("POST", "/auth/authorize", token=None, content=body.encode(), headers=headers)
    else:
        answer = world.ask("GET", f"/auth/authorize?{body}", token=None)
    assert answer.status_code in (303, 400, 413), answer.text
    if answer.status_code != 303:
        assert "location" not in answer.headers
        return
    where = answer.headers["location"]
    assert where.isascii() and not set("\r\n\x00 ") & set(where)
    parts = urlsplit(where)
    if parts.netloc == urlsplit(BASE_URL).netloc:
        found = load(world.db, where.rpartition("/")[2], world.clock())
        assert found is not None and found.redirect_uri == REDIRECT and found.patient is None
        assert met(found.scopes, shared.pending("openid fhirUser launch/patient launch offline_access "
                                                "online_access patient/*.rs user/*.rs").scopes).items == \
            found.scopes.items  # fmt: skip
        assert all(each.context in ("patient", "user") for each in found.scopes.items)
    else:
        assert where.startswith(REDIRECT + "?error=")


@MANY
@given(PAIRS, st.sampled_from(["/auth/token", "/auth/introspect", "/auth/revoke"]), st.booleans(), HEADERS)
def test_what_proves_nothing_gets_nothing_and_never_a_fault(
    shared: App, wild: list[tuple[str, str | bytes]], path: str, is_based: bool, header: str | None
) -> None:
    good = {"grant_type": "authorization_code", "code": "x" * 43, "redirect_uri": REDIRECT, "token": "x" * 43}
    body = encoded(merged(good, wild) if is_based else wild).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if header is not None:
        headers["Authorization"] = header
    answer = shared.world.ask("POST", path, token=None, content=body, headers=headers)
    assert answer.status_code in (400, 401, 413), answer.text
    assert answer.json()["error"] and "access_token" not in answer.json()
    assert answer.headers["cache-control"] == "no-store"


@settings(MANY, max_examples=50)
@given(PAIRS)
def test_a_good_code_with_hostile_company_gives_what_was_approved_or_nothing(
    shared: App, wild: list[tuple[str, str | bytes]]
) -> None:
    world = shared.world
    code = shared.approved(shared.pending("launch/patient patient/Observation.r"))["code"]
    good = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": shared.client.id,
        "client_secret": shared.secret or "", "code_verifier": "v" * 43 + "-Verifier_1",
    }  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = encoded(merged(good, wild)).encode()
    answer = world.ask("POST", "/auth/token", token=None, content=body, headers=headers)
    assert answer.status_code in (200, 400, 401, 413), answer.text
    if answer.status_code == 200:
        said = answer.json()
        assert set(said["scope"].split()) <= {"launch/patient", "patient/Observation.r"}
        assert said["patient"] == world.patient_id(world.ada) and said["expires_in"] <= 3600
        assert "refresh_token" not in said and "id_token" not in said


@settings(MANY, max_examples=50)
@given(PAIRS)
def test_a_good_refresh_with_hostile_company_never_widens(
    shared: App, wild: list[tuple[str, str | bytes]]
) -> None:
    said = shared.launched("offline_access patient/Observation.r")
    good = {
        "grant_type": "refresh_token", "refresh_token": said["refresh_token"], "client_id": shared.client.id,
        "client_secret": shared.secret or "",
    }  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = encoded(merged(good, wild)).encode()
    answer = shared.world.ask("POST", "/auth/token", token=None, content=body, headers=headers)
    assert answer.status_code in (200, 400, 401, 413), answer.text
    if answer.status_code == 200:
        assert set(answer.json()["scope"].split()) <= {"offline_access", "patient/Observation.r"}

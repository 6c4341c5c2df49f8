"""What ONC (g)(10) asks beyond it, and granular scopes as US Core tests them: one test each, named by its group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.consent import grants
from bridge.consent.asked import Kind
from bridge.period import DAY
from bridge.reading import Device, Readings, SeriesKey, SourceClass, Stream, Unit
from tests.smart.launched import CHALLENGE, GLUCOSE, VERIFIER, App, app, back
from tests.smart.requirements import requirement
from tests.smart.signing import ec_pair, jwks
from tests.smart.test_checklist_smart_stu2_2 import proof
from tests.web.pumped import pumped
from tests.web.world import FHIR, NOW, WINDOW, World, resources, rows_of

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
TYPES = (
    "Observation",
    "MedicationAdministration",
    "Device",
    "DeviceMetric",
    "Patient",
    "Provenance",
    "Consent",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("g10") / "home")
    pumped(made)
    at = np.arange(WINDOW.start, NOW, DAY // 4)
    columns: dict[str, NDArray[np.generic]] = {"instant": at, "value": 10 + at % 7, "row": rows_of(at)}
    key = SeriesKey(Stream.CARBS, "dexcom-clarity", "meals", Unit.GRAMS, 0)
    made.upload(
        made.ada,
        Readings(key, columns, Device("Dexcom", "G6", "MEALS", kind="transmitter"), SourceClass.MAKER),
    )
    yield made
    made.close()


def all_sources(world: World) -> frozenset[str]:
    return frozenset({"dexcom-clarity", "libreview", "carelink"})


def test_g10_smart_limited_app(one: App) -> None:
    one.launched(kinds=frozenset({Kind.INSULIN}), sources=all_sources(one.world))
    told = {each for each in one.said["scope"].split() if each.startswith("patient/")}
    assert told == {
        f"patient/{kind}.rs" for kind in ("MedicationAdministration", "Patient", "Provenance", "Consent")
    }
    for kind in TYPES:
        expected = 200 if f"patient/{kind}.rs" in told else 403
        assert one.get(kind).status_code == expected, kind
    assert resources(one.get("MedicationAdministration?_count=2").json())


def test_g10_unauthorized_access(one: App) -> None:
    one.launched()
    for path in (f"Patient/{one.said['patient']}", "Observation", "Patient"):
        assert one.world.get(path, token=None).status_code == 401


@requirement(149, 164, 168, 169, 170, 173, 359, 363)
def test_g10_patient_context(one: App) -> None:
    said = one.launched()
    assert one.get(f"Patient/{said['patient']}").status_code == 200
    assert said["need_patient_banner"] is True


@requirement(96)
def test_g10_invalid_aud(one: App) -> None:
    told = back(one.ask(aud="https://inferno.example/invalid_aud").headers["location"])
    assert told["error"] == "invalid_request" and "code" not in told
    for good in (FHIR, FHIR + "/"):
        assert one.pending(aud=good).aud == FHIR


def test_g10_invalid_launch(one: App) -> None:
    told = back(one.ask("launch patient/*.rs", launch="invalid").headers["location"])
    assert told["error"] == "invalid_request" and "code" not in told


@pytest.mark.parametrize("changed", [{"code": "bad"}, {"client_id": "bad"}])
def test_g10_invalid_token_request(public: App, changed: dict[str, str]) -> None:
    code = public.approved(public.pending())["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": public.redirect,
        "code_verifier": VERIFIER,
    }
    assert public.post("/auth/token", **(form | changed)).status_code in (400, 401)


@pytest.mark.parametrize("verifier", [None, "", "wrong" * 10, CHALLENGE])
@requirement(31)
def test_g10_invalid_pkce(public: App, verifier: str | None) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": public.approved(public.pending())["code"],
        "redirect_uri": public.redirect,
    }
    answer = public.post("/auth/token", **form, **({} if verifier is None else {"code_verifier": verifier}))
    assert answer.status_code in (400, 401) and "access_token" not in answer.text


@requirement(15)
def test_g10_invalid_pkce_a_plain_challenge_is_refused(public: App) -> None:
    told = back(public.ask(code_challenge_method="plain").headers["location"])
    assert told["error"] == "invalid_request" and "code" not in told


def test_g10_invalid_refresh_token(one: App) -> None:
    one.launched()
    for token in ("bad", one.said["access_token"], "x" * 43):
        assert one.refresh(token).status_code in (400, 401)


def test_g10_token_revocation(one: App) -> None:
    """At the next request; (g)(10) allows an hour."""
    one.launched()
    path = f"Patient/{one.said['patient']}"
    assert one.get(path).status_code == 200
    grants.revoke(one.world.db, one.grant)
    assert one.get(path).status_code == 401
    assert one.refresh().status_code == 400


@pytest.mark.parametrize(
    "scope", ["patient/Observation.read patient/Patient.read", "patient/*.read", "user/*.read"]
)
@requirement(369)
def test_g10_v1_scopes(one: App, scope: str) -> None:
    said = one.launched(f"launch/patient openid fhirUser offline_access {scope}")
    assert set(scope.split()) <= set(said["scope"].split())
    assert one.get("Observation?_count=1").status_code == 200


def ids(one: App, query: str) -> set[str]:
    return {each["id"] for each in resources(one.get(f"Observation?{query}&_count=100000").json())}


@pytest.mark.parametrize("category", ["laboratory", "social-history"])
@requirement(370)
def test_g10_fine_grained_scopes(world: World, one: App, category: str) -> None:
    wide, day = app(world, organization=one.client.organization), "date=2026-09-20"
    everything: dict[str, Any] = {"kinds": frozenset(Kind), "sources": all_sources(world)}
    wide.launched(**everything)
    one.launched(f"patient/Observation.rs?category={CATEGORY}|{category} patient/Patient.rs", **everything)
    held = resources(wide.get(f"Observation?{day}&_count=100000").json())
    inside = {each["id"] for each in held if category in _categories(each)}
    outside = {each["id"] for each in held} - inside
    assert ids(one, day) == inside and outside
    for query in (f"{day}&category=laboratory", f"{day}&code=99504-3", f"{day}&_sort=-date"):
        assert ids(one, query) == ids(wide, query) & inside
    assert one.get(f"Observation/{min(outside)}").status_code == 404
    assert one.get(f"Observation/{min(inside)}").status_code == 200


def _categories(resource: dict[str, Any]) -> set[str]:
    return {coding["code"] for each in resource["category"] for coding in each["coding"]}


def test_g10_granular_scope_selection(one: App) -> None:
    """The app asks for whole types; the patient narrows; only granular scopes of the narrowed type come back."""
    said = one.launched("launch/patient patient/Observation.rs patient/Patient.rs", kinds=GLUCOSE)
    told = said["scope"].split()
    observations = [each for each in told if each.startswith("patient/Observation")]
    assert observations == [f"patient/Observation.rs?category={CATEGORY}|laboratory"]
    assert "patient/Patient.rs" in told
    assert resources(one.get("Observation?_count=2").json())


def test_g10_public_and_asymmetric_client_launch(world: World, public: App) -> None:
    assert "refresh_token" in public.launched()
    keyed = app(world, jwks=jwks(ec_pair().jwk()))
    code = keyed.approved(keyed.pending())["code"]
    assert keyed.exchange(code, **proof(keyed, ec_pair())).status_code == 200


def test_g10_refresh_tokens_last_three_months_where_the_patient_says_so(one: App) -> None:
    one.launched(ends=one.world.clock() + 100 * DAY)
    one.world.clock.pass_seconds(92 * 86400)
    assert one.refresh().status_code == 200
    one.world.clock.now -= 92 * DAY


def test_g10_multi_patient_data_is_no_more_than_was_granted(world: World) -> None:
    """A system token names one patient and sees nothing without a grant."""
    assert world.get("Observation").status_code == 400
    assert resources(world.get(f"Observation?patient={world.patient_id(world.bob)}").json()) == []

"""Launches from beginning to end: what an app gets, what the patient's narrowing leaves of it, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import bridge.store.authorisations
import bridge.store.clients
import bridge.store.patients
from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Way
from bridge.consent.grant import Authoriser, Grant, Identity, Recipient
from bridge.period import DAY, HOUR, Period, PeriodSet
from bridge.reading import Stream
from bridge.smart.launching import NoLaunch, launched
from bridge.smart.pending import NotApproved, approve, load
from bridge.smart.scopes import parse
from tests.smart.launched import ACCOUNT, GLUCOSE, LAUNCH, STATE, App, app, back
from tests.smart.requirements import requirement
from tests.web.world import BASE_URL, FHIR, WINDOW, World, resources


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("launches") / "home")
    yield made
    made.close()


def refused(answer: httpx.Response, error: str) -> bool:
    return (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_standalone_launch_gives_the_patient_in_context_and_what_was_granted(one: App) -> None:
    world = one.world
    came = one.approved(one.pending())
    assert came["state"] == STATE and came["iss"] == BASE_URL
    answer = one.exchange(came["code"])
    said = answer.json()
    assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
    assert said["patient"] == world.patient_id(world.ada) and said["need_patient_banner"] is True
    assert said["token_type"] == "Bearer" and said["expires_in"] == 3600
    assert set(said["scope"].split()) == {
        "launch/patient",
        "openid",
        "fhirUser",
        "offline_access",
        "patient/*.rs",
    }
    one.said = said
    shown = world.shown()
    page = one.get("Observation?code=99504-3&_count=1000000&_sort=date").json()
    assert len(resources(page)) == len(shown)
    assert page["link"][0]["url"].count(f"patient={said['patient']}") == 1


@pytest.mark.parametrize("kind", ["public", "confidential"])
def test_public_and_symmetric_apps_launch_and_refresh(world: World, kind: str) -> None:
    made = app(world, kind)
    made.launched()
    assert made.get(f"Patient/{made.said['patient']}").status_code == 200
    first = made.said["access_token"]
    assert made.refresh().status_code == 200
    assert made.said["access_token"] != first and made.said["patient"] == world.patient_id(world.ada)
    assert made.get(f"Patient/{made.said['patient']}").status_code == 200


def test_a_search_that_names_nobody_means_the_patient_in_context(one: App) -> None:
    one.launched(patient=one.world.ada)
    named = one.said["patient"]
    for path in ("Observation?_count=5", "Device", "Patient", "Provenance?_count=2", "DeviceMetric"):
        answer = one.get(path)
        assert answer.status_code == 200, answer.text
        joint = "&" if "?" in path else "?"
        explicit = one.get(f"{path}{joint}{'_id' if path == 'Patient' else 'patient'}={named}")
        assert answer.json()["entry"] == explicit.json()["entry"]
    posted = one.world.ask(
        "POST", "/fhir/Observation/_search", token=one.said["access_token"], data={"_count": "3"}
    )
    assert len(resources(posted.json())) == 3
    lastn = one.get("Observation/$lastn?category=laboratory")
    assert lastn.status_code == 200 and resources(lastn.json())
    system = one.world.get("Observation")
    assert system.status_code == 400


@requirement(136, 367)
def test_another_patient_is_absent_whatever_they_share_with_the_same_organisation(one: App) -> None:
    world = one.world
    one.launched()
    one.sign(world.bob, sources=frozenset({"dexcom-clarity"}))
    bob = world.patient_id(world.bob)
    theirs = world.observation_id(world.readings(Stream.GLUCOSE, world.bob)[5], world.bob)
    nobody = "00000000-0000-0000-0000-000000000000"
    assert resources(one.get(f"Observation?patient={bob}").json()) == []
    for path in (f"Patient/{bob}", f"Observation/{theirs}", f"Patient/{bob}/$everything"):
        hidden, absent = one.get(path), one.get(path.replace(bob, nobody).replace(theirs, nobody))
        assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
        assert hidden.status_code == 404
    assert resources(one.get("Patient?identifier=urn:example:mrn|bob-1").json()) == []
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": f"Observation?patient={bob}"}}],
    }
    answer = world.ask("POST", "/fhir", token=one.said["access_token"], json=batch)
    assert "BOBS-SENSOR" not in answer.text and answer.json()["entry"][0]["resource"].get("entry", []) == []
    twin = app(world, organization=one.client.organization)
    twin.launched(patient=world.bob, sources=frozenset({"dexcom-clarity"}))
    assert resources(twin.get("Observation?_count=2").json())


def test_a_page_link_of_one_patient_opens_nothing_for_another(one: App) -> None:
    world = one.world
    one.launched()
    following = next(
        each["url"] for each in one.get("Observation?_count=2").json()["link"] if each["relation"] == "next"
    )
    assert resources(one.get(following).json())
    one.launched(patient=world.bob, sources=frozenset({"dexcom-clarity"}))
    stolen = one.get(following)
    assert stolen.status_code in (200, 404, 410) and not resources(stolen.json())


# ----------------------------------------------------------------------------------------- narrowing


@requirement(95)
def test_a_type_that_was_not_granted_is_403_and_the_scopes_say_so(one: App) -> None:
    one.launched(kinds=GLUCOSE)
    told = one.said["scope"].split()
    assert "patient/Patient.rs" in told and not [
        each for each in told if each.startswith("patient/Medication")
    ]
    assert [each for each in told if each.startswith("patient/Observation")] == [
        "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
    ]
    assert one.get("MedicationAdministration").status_code == 403
    assert one.get("Device").status_code == 403
    assert one.get("Observation?_count=2").status_code == 200
    assert resources(one.get("Observation?_count=2").json())


@requirement(119)
def test_a_slice_that_was_held_back_is_absent(one: App) -> None:
    world = one.world
    day = Period(WINDOW.start + DAY, WINDOW.start + 2 * DAY)
    one.launched(periods=PeriodSet((day,)))
    found = resources(one.get("Observation?code=99504-3&_count=1000000").json())
    assert len(found) == len(world.shown(window=day))
    outside = next(each for each in world.shown() if each.instant not in day)
    absent = one.get("Observation/00000000-0000-0000-0000-000000000000")
    hidden = one.get(f"Observation/{world.observation_id(outside)}")
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)


@requirement(259)
def test_the_page_may_leave_out_a_scope_and_can_never_add_one(one: App) -> None:
    pending = one.pending("launch/patient patient/Observation.rs")
    wide = parse("launch/patient offline_access openid patient/*.cruds user/*.rs system/*.rs")
    said = one.exchange(one.approved(pending, scopes=wide)["code"]).json()
    assert set(said["scope"].split()) == {"launch/patient", "patient/Observation.rs"}
    assert "refresh_token" not in said and "id_token" not in said
    again = one.pending()
    said = one.exchange(one.approved(again, scopes=parse("patient/Patient.rs"))["code"]).json()
    assert said["scope"] == "patient/Patient.rs"


def test_an_empty_grant_of_scopes_is_a_legal_answer_that_opens_nothing(one: App) -> None:
    pending = one.pending("patient/Device.rs")
    said = one.exchange(one.approved(pending, kinds=GLUCOSE)["code"]).json()
    assert said["scope"] == ""
    one.said = said
    for path in ("Observation", "Patient", "Device", "Provenance"):
        assert one.get(path).status_code == 403


@requirement(140, 368)
def test_user_scopes_reach_no_further_than_the_patient_in_context(one: App) -> None:
    world = one.world
    one.launched("user/*.rs")
    assert resources(one.get("Observation?_count=2").json())
    assert resources(one.get(f"Observation?patient={world.patient_id(world.bob)}").json()) == []


def test_a_grant_without_the_way_look_opens_no_type(one: App) -> None:
    one.launched(ways=frozenset({Way.FILE}))
    assert "patient/" not in one.said["scope"].replace("launch/patient", "")
    assert one.get("Observation").status_code == 403


def test_version_1_scopes_are_answered_in_version_1(one: App) -> None:
    said = one.launched("launch/patient patient/*.read")
    assert "patient/*.read" in said["scope"].split()
    said = one.launched("patient/Observation.read patient/Patient.*", kinds=WILDCARD)
    assert set(said["scope"].split()) == {"patient/Observation.read", "patient/Patient.read"}
    assert one.get("Observation?_count=1").status_code == 200


def test_a_pseudonymous_grant_shows_its_own_patient_id_everywhere(one: App) -> None:
    world = one.world
    to = Recipient(one.client.organization, frozenset({one.client.id}))
    pairing = grants.pairing_for(world.db, to, Identity.PSEUDONYMOUS)
    one.launched(identity=Identity.PSEUDONYMOUS, pairing=pairing)
    named = one.said["patient"]
    assert named != world.patient_id(world.ada)
    assert one.get(f"Patient/{named}").json()["id"] == named
    assert one.get(f"Patient/{world.patient_id(world.ada)}").status_code == 404
    assert one.introspect(one.said["access_token"])["patient"] == named
    assert resources(one.get("Observation?_count=1").json())[0]["subject"]["reference"] == f"Patient/{named}"


# ------------------------------------------------------------------------------------------- endings


def test_a_revocation_bites_on_the_next_request_and_kills_the_refresh_token(one: App) -> None:
    world = one.world
    one.launched()
    token, refresh = one.said["access_token"], one.said["refresh_token"]
    link = one.get("Observation?_count=2").json()["link"][-1]["url"]
    assert one.introspect(token)["active"] is True
    grants.revoke(world.db, one.grant)
    assert one.get(link).status_code == 401
    assert one.get(f"Patient/{one.said['patient']}").status_code == 401
    assert one.introspect(token) == {"active": False}
    assert refused(one.refresh(refresh), "invalid_grant")


def test_the_grant_of_this_app_ends_it_even_where_its_organisation_has_another(one: App) -> None:
    world = one.world
    one.launched()
    world.grant(to=one.client.organization)
    grants.revoke(world.db, one.grant)
    assert one.get("Patient").status_code == 401
    assert refused(one.refresh(), "invalid_grant")
    one.launched()
    assert one.get("Patient").status_code == 200


def test_a_pause_acts_like_none_and_ends_by_itself(one: App) -> None:
    world = one.world
    one.launched()
    grants.pause(world.db, one.grant, until=world.clock() + HOUR // 2)
    assert one.get("Patient").status_code == 401
    assert refused(one.refresh(), "invalid_grant")
    world.clock.pass_seconds(1801)
    assert one.get("Patient").status_code == 200
    assert one.refresh().status_code == 200


def test_tokens_and_refresh_tokens_end_with_the_grant(one: App) -> None:
    world = one.world
    one.launched(ends=world.clock() + 600_000)
    assert one.said["expires_in"] == 600
    assert one.introspect(one.said["access_token"])["exp"] == (world.clock() + 600_000) // 1000
    world.clock.pass_seconds(599)
    assert one.get("Patient").status_code == 200
    assert one.refresh().json()["expires_in"] == 1
    world.clock.pass_seconds(1)
    assert one.get("Patient").status_code == 401
    assert refused(one.refresh(), "invalid_grant")


@requirement(115)
def test_a_grant_that_is_narrowed_narrows_the_token_now_and_its_scopes_at_the_next_refresh(one: App) -> None:
    world = one.world
    one.launched()
    standing = grants.load(world.db, one.grant)
    narrower = {name: getattr(standing.grant, name) for name in Grant.__slots__}
    grants.supersede(world.db, one.grant, Grant(**(narrower | {"kinds": GLUCOSE, "signed": world.clock()})))
    assert resources(one.get("Observation?_count=2").json())
    assert resources(one.get("Device").json()) == []
    said = one.refresh().json()
    assert "patient/*.rs" not in said["scope"].split()
    assert one.get("Device").status_code == 403


@requirement(89, 100, 101, 365, 366)
def test_offline_access_lasts_as_long_as_the_grant_and_online_access_half_a_day(one: App) -> None:
    world = one.world
    one.launched("launch/patient online_access patient/*.rs", ends=world.clock() + 20 * DAY)
    world.clock.pass_seconds(12 * 3600 - 1)
    assert one.refresh().json()["expires_in"] == 1
    world.clock.pass_seconds(1)
    assert refused(one.refresh(), "invalid_grant")
    one.launched(ends=world.clock() + 20 * DAY)
    world.clock.pass_seconds(19 * 86400)
    assert one.refresh().status_code == 200
    assert "refresh_token" not in one.launched("launch/patient patient/*.rs")


def test_a_removed_client_loses_codes_tokens_and_refresh_tokens_at_once(one: App) -> None:
    world = one.world
    one.launched()
    code = one.approved(one.pending())["code"]
    bridge.store.clients.remove(world.db, one.client.id)
    assert one.get("Patient").status_code == 401
    assert one.exchange(code).status_code == 401
    assert one.refresh().status_code == 401


def test_an_erased_patient_leaves_no_living_token(one: App) -> None:
    world = one.world
    gone = world.person("Eve Erased", "eve-1")
    one.launched(patient=gone)
    assert one.get("Patient").status_code == 200
    bridge.store.patients.erase(world.db, gone)
    assert one.get("Patient").status_code == 401
    assert refused(one.refresh(), "invalid_grant")
    for table in ("authorisations", "codes", "refreshes", "tokens"):
        counted = world.db.reader("bridge").execute(
            f"SELECT count(*) FROM {table} WHERE patient = ?", (gone,)
        )
        assert counted.fetchone() == (0,)


def test_the_patients_page_can_list_and_end_what_was_approved(one: App) -> None:
    world = one.world
    one.launched()
    (found,) = [
        each for each in bridge.store.authorisations.listed(world.db, world.ada) if each.grant == one.grant
    ]
    assert (found.client, found.account) == (one.client.id, ACCOUNT)
    bridge.store.authorisations.end(world.db, found.id, world.clock())
    assert found not in bridge.store.authorisations.listed(world.db, world.ada)
    assert one.get("Patient").status_code == 401
    assert refused(one.refresh(), "invalid_grant")


# --------------------------------------------------------------------------------------- EHR launch


def test_an_ehr_launch_brings_its_patient_and_nobody_else_can_be_chosen(one: App) -> None:
    world = one.world
    address = launched(world.db, one.client, world.ada, FHIR, world.clock())
    brought = back(address)
    assert address.startswith(f"{LAUNCH}?") and brought["iss"] == FHIR
    pending = one.pending("launch openid patient/*.rs", launch=brought["launch"])
    assert pending.patient == world.ada and pending.launch
    with pytest.raises(NotApproved, match="another person"):
        one.approved(pending, world.bob)
    said = one.exchange(one.approved(pending)["code"]).json()
    assert said["patient"] == world.patient_id(world.ada) and "launch" in said["scope"].split()


def test_a_launch_handle_is_used_once_and_by_its_own_client_alone(one: App) -> None:
    world, other = one.world, app(one.world, organization="Other")
    handle = back(launched(world.db, one.client, world.ada, FHIR, world.clock()))["launch"]
    assert back(other.ask(launch=handle).headers["location"])["error"] == "invalid_request"
    first, second = one.pending(launch=handle), one.pending(launch=handle)
    one.approved(first)
    with pytest.raises(NotApproved, match="answered before"):
        one.approved(second)
    assert back(one.ask(launch=handle).headers["location"])["error"] == "invalid_request"
    late = back(launched(world.db, one.client, world.ada, FHIR, world.clock()))["launch"]
    world.clock.pass_seconds(600)
    assert back(one.ask(launch=late).headers["location"])["error"] == "invalid_request"
    assert "code" in one.approved(one.pending())


def test_a_launch_goes_to_a_registered_address_alone(one: App) -> None:
    world = one.world
    with pytest.raises(NoLaunch, match="no such launch address"):
        launched(world.db, one.client, world.ada, FHIR, world.clock(), "https://evil.example/launch")
    with pytest.raises(NoLaunch, match="backend"):
        launched(world.db, world.clinic, world.ada, FHIR, world.clock())


# ---------------------------------------------------------------------------------------- approving


def test_only_a_grant_that_fits_the_question_answers_it(one: App) -> None:
    world = one.world
    now = world.clock
    pending = one.pending()
    wrong = {
        "no such grant": "00000000-0000-4000-8000-000000000000",
        "another recipient": world.grant(to="Elsewhere"),
        "purpose": one.sign(purpose="HOPERAT"),
        "another person": one.sign(world.bob, sources=frozenset({"dexcom-clarity"})),
        "not in force": one.sign(begins=now() + DAY, ends=now() + 2 * DAY),
    }
    for sentence, grant in wrong.items():
        with pytest.raises(NotApproved, match=sentence):
            approve(world.db, pending, ACCOUNT, world.ada, grant, pending.scopes, now())
    assert load(world.db, pending.id, now()) == pending
    assert "code" in one.approved(pending)


@requirement(54)
def test_declining_answers_once_with_access_denied(one: App) -> None:
    pending = one.pending()
    came = one.declined(pending)
    assert (came["error"], came["state"], came["iss"]) == ("access_denied", STATE, BASE_URL)
    assert load(one.world.db, pending.id, one.world.clock()) is None
    with pytest.raises(NotApproved):
        one.approved(pending)


@requirement(197)
def test_a_representatives_launch_gives_no_fhir_user(one: App) -> None:
    said = one.launched(authoriser=Authoriser("Grace", "parent", "birth certificate"))
    assert "fhirUser" not in said["scope"].split() and "openid" in said["scope"].split()
    assert "fhirUser" not in one.introspect(said["access_token"])


def test_a_system_token_never_carries_a_persons_scopes_and_the_other_way_round(one: App) -> None:
    world = one.world
    world.db.writers["bridge"].execute(
        "UPDATE clients SET scopes = 'system/*.rs patient/*.rs openid' WHERE id = ?", (world.clinic.id,)
    )
    world.grant()
    token = world.token(scope="system/Observation.rs")
    world.db.writers["bridge"].execute("UPDATE tokens SET scope = 'patient/*.rs user/*.rs'")
    assert world.get(f"Observation?patient={world.patient_id(world.ada)}", token=token).status_code == 403
    one.launched()
    world.db.writers["bridge"].execute("UPDATE tokens SET scope = 'system/*.rs'")
    assert one.get("Observation").status_code == 403

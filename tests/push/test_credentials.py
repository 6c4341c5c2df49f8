"""At each receiver the bridge proves itself as the file says, with secrets that are in no file of mappings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

import bridge.store.arrivals as arrivals
import bridge.store.ehrs as ehrs
from bridge.smart.ehr_keys import jwks, rotate
from bridge.store.arrivals import EhrRecord
from bridge.store.ehrs import Ehr as Registered
from tests.push.ehr import TRANSACTION, Ehr
from tests.push.house import House
from tests.push.test_sinks import world

BACKEND = {"kind": "backend", "client_id": "bridge-there", "scope": "system/Observation.cu"}


def proofs(ehr: Ehr) -> set[str]:
    """Every Authorization header that came to the FHIR base."""
    calls = zip(ehr.asked, ehr.headers, strict=True)
    return {told.get("authorization", "") for (_, path), told in calls if path in ("", "Patient")}


def test_a_signed_statement_brings_a_token_that_is_used_until_it_ends(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, auth=BACKEND) as (house, ehr):
        ehr.token = "Bearer not yet"
        assert house.push().sent == 10 and proofs(ehr) == {"Bearer t1"}
        (form,) = ehr.forms
        assert (form["grant_type"], form["scope"]) == ("client_credentials", "system/Observation.cu")
        keys = KeySet.import_key_set(json.loads(jwks(house.db, house.clock())))
        claims = jwt.decode(form["client_assertion"], keys, algorithms=["RS384", "ES384"]).claims
        base = ehr.url.removesuffix("/fhir")
        assert (claims["iss"], claims["aud"]) == ("bridge-there", f"{base}/token")
        house.bring(10, [150])
        house.push()
        assert len(ehr.forms) == 1
        house.wait(5)
        house.bring(11, [151])
        assert house.push().sent == 1 and len(ehr.forms) == 2


def test_a_new_key_is_shown_a_day_before_it_signs_and_the_old_one_a_day_after(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, auth=BACKEND) as (house, ehr):
        ehr.token = "Bearer not yet"
        signed, shown = [], []
        old = fresh = frozenset[str]()
        for day in range(4):
            ehr.token = f"Bearer not yet {day}"
            house.bring(10 + day, [150])
            assert house.push().sent
            told = json.loads(jwks(house.db, house.clock()))["keys"]
            signed.append(jws.extract_compact(ehr.forms[-1]["client_assertion"].encode()).headers()["kid"])
            shown.append(frozenset(each["kid"] for each in told))
            assert signed[-1] in shown[-1]
            if day == 0:
                old, fresh = shown[0], frozenset(rotate(house.db, house.clock()))
            house.wait(24 * 60)
        assert not old & fresh and {signed[0]} < old
        assert [each in fresh for each in signed] == [False, True, True, True]
        assert [len(each) for each in shown] == [2, 4, 2, 2]
        assert frozenset(rotate(house.db, house.clock())) & fresh == frozenset()


def test_a_token_that_is_refused_is_asked_for_anew_once(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, auth=BACKEND) as (house, ehr):
        ehr.token = "Bearer not yet"
        house.push()
        ehr.token = "Bearer withdrawn"
        house.bring(10, [150])
        assert house.push().sent == 1 and len(ehr.forms) == 2


def test_a_token_endpoint_elsewhere_is_called_only_where_the_file_names_it(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, auth=BACKEND) as (house, ehr):
        ehr.token = "Bearer not yet"
        ehr.answer = elsewhere(ehr)  # type: ignore[method-assign]
        assert "not registered" in house.push().held[0] and ehr.readings == []


def elsewhere(ehr: Ehr) -> Any:
    """Discovery that leads away."""
    true = ehr.answer

    def answer(method: str, path: str, *rest: Any) -> Any:
        if path.endswith("smart-configuration"):
            return 200, {"token_endpoint": "https://thief.example/token"}, ()
        return true(method, path, *rest)

    return answer


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_secret_comes_from_its_file_at_each_delivery(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    auth = {"kind": kind, "secret": str(secret)} | ({"user": "bridge"} if kind == "basic" else {})
    headers = {
        "basic": ("Basic YnJpZGdlOmZpcnN0", "Basic YnJpZGdlOnNlY29uZA=="),
        "bearer": ("Bearer first", "Bearer second"),
    }
    with world(tmp_path / "home", TRANSACTION, auth=auth) as (house, ehr):
        ehr.token = headers[kind][0]
        assert house.push().sent == 10
        secret.write_text("second")
        ehr.token = headers[kind][1]
        house.bring(10, [150])
        assert house.push().sent == 1
        secret.unlink()
        house.bring(11, [151])
        assert "cannot be read" in " ".join((*house.push().held, *house.push().failed))


def test_a_secret_of_the_vault_is_opened_for_a_call(tmp_path: Path) -> None:
    auth = {"kind": "basic", "user": "bridge", "secret": "vault"}
    with world(tmp_path, TRANSACTION, auth=auth, secret="s3cret-of-the-vault") as (house, ehr):
        ehr.token = "Basic YnJpZGdlOnMzY3JldC1vZi10aGUtdmF1bHQ="
        assert house.push().sent == 10
        kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert b"s3cret-of-the-vault" not in kept


# ------------------------------------------------------------------------------------ a person's own token


def launched(house: House, ehr: Ehr, until: int, refresh: str = "") -> None:
    """The EHR is registered, and the person came from there."""
    base = ehr.url.removesuffix("/fhir")
    ehrs.add(house.db, Registered("e1", ehr.url, "clinic", "bridge-there", "public", (base,)))
    arrivals.bind(house.db, EhrRecord("e1", house.patient, "p1", "theirs", until, refresh))


def test_a_persons_own_token_is_used_for_that_person(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, auth={"kind": "user-token"}) as (house, ehr):
        ehr.token = "Bearer theirs"
        launched(house, ehr, house.clock() + 3_600_000)
        assert house.push().sent == 10 and ehr.forms == []


def test_a_persons_access_is_renewed_and_what_renews_it_is_kept_anew(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, auth={"kind": "user-token"}) as (house, ehr):
        ehr.token = "Bearer not yet"
        launched(house, ehr, house.clock(), "r0")
        assert house.push().sent == 10
        (form,) = ehr.forms
        assert (form["grant_type"], form["refresh_token"], form["client_id"]) == (
            "refresh_token",
            "r0",
            "bridge-there",
        )
        (record,) = arrivals.of_patient(house.db, house.patient)
        assert (record.token, record.refresh) == ("t1", "r1")
        ehr.token = "Bearer withdrawn"
        house.bring(10, [150])
        assert house.push().sent == 1 and ehr.forms[1]["refresh_token"] == "r1"


@pytest.mark.parametrize(
    ("until", "sentence"), [(None, "never came from that EHR"), (0, "open the bridge from there once more")]
)
def test_without_a_living_token_it_waits_for_the_person(
    tmp_path: Path, until: int | None, sentence: str
) -> None:
    with world(tmp_path, TRANSACTION, auth={"kind": "user-token"}) as (house, ehr):
        ehr.token = "Bearer theirs"
        if until is None:
            base = ehr.url.removesuffix("/fhir")
            ehrs.add(house.db, Registered("e1", ehr.url, "clinic", "bridge-there", "public", (base,)))
        else:
            launched(house, ehr, until)
        assert sentence in house.push().held[0] and ehr.readings == []

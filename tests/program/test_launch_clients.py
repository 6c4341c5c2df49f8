"""Apps that are not ours, written with the two client libraries in use, are launched, refresh, and are cut off.

A served home, real HTTP, real redirects. The consent page's answer is given by hand, over the same files.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fhirclient import client as smart  # type: ignore[import-untyped]
from fhirclient.models.observation import Observation  # type: ignore[import-untyped]
from fhirclient.models.patient import Patient  # type: ignore[import-untyped]
from fhirclient.server import FHIRUnauthorizedException  # type: ignore[import-untyped]

import bridge.app
import bridge.settings
from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Way
from bridge.consent.grant import Authoriser, Grant, Recipient
from bridge.period import DAY, Period, PeriodSet
from bridge.smart.pending import approve, load
from tests.peers.node import FhirKit, LaunchedApp
from tests.program.served import served
from tests.program.shell import Shell
from tests.program.test_main_job import person_with_ten_days

TEN_DAYS = PeriodSet((Period(1_793_487_600_000, 1_793_487_600_000 + 10 * DAY),))
"""From the midnight of 2026-11-01 in Berlin."""
SCOPE = "launch/patient openid fhirUser offline_access patient/*.rs"


@dataclass
class Home:
    """A served home, its person, and the hand that answers for the consent page."""

    shell: Shell
    base: str
    patient: str
    opened: bridge.app.Bridge
    grant: str = ""

    def register(self, kind: str, redirect: str, *more: str) -> dict[str, str]:
        words = ["client", "add", "--name", "An App", "--type", kind, "--redirect-uri", redirect, *more]
        found = self.shell(*words)
        assert found.code == 0, found.err
        return dict(found.value)

    def answered(self, consent: str) -> str:
        """Yes, to the question at that address: where the browser goes."""
        db, now = self.opened.db, self.opened.now()
        pending = load(db, consent.rpartition("/")[2], now)
        assert pending is not None
        name = db.ids.read("Patient", self.patient)
        assert name is not None
        days = self.opened.db.clock() // DAY * DAY
        signed = Grant(
            id=grants.new_id(),
            version=1,
            patient=name.patient,
            authoriser=Authoriser("Noor Beispiel"),
            recipient=Recipient(pending.client.organization, frozenset({pending.client.id})),
            purpose="TREAT",
            ways=frozenset({Way.LOOK}),
            periods=TEN_DAYS,
            kinds=WILDCARD,
            signed=now,
            begins=now,
            ends=days + 30 * DAY,
            sources=frozenset({"dexcom-clarity"}),
        )
        self.grant = grants.sign(db, signed).grant.id
        return approve(db, pending, "noor", name.patient, self.grant, pending.scopes, now)

    def revoke(self) -> None:
        assert self.shell("grant", "revoke", self.grant).code == 0


@contextmanager
def home(shell: Shell, tmp_path: Path) -> Iterator[Home]:
    patient = person_with_ten_days(shell, tmp_path)
    with served(shell) as base:
        found = bridge.app.opened(
            bridge.settings.load({"BRIDGE_BASE_URL": base[: -len("/fhir")]}, shell.home)
        )
        try:
            yield Home(shell, base, patient, found)
        finally:
            found.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("kind", ["public", "confidential"])
def test_pythons_fhirclient_is_launched_reads_refreshes_and_is_cut_off(
    shell: Shell, tmp_path: Path, kind: str
) -> None:
    redirect = "http://127.0.0.1:9/callback"
    with home(shell, tmp_path) as at:
        registered = at.register(kind, redirect)
        settings = {
            "app_id": registered["client_id"],
            "app_secret": registered.get("client_secret"),
            "api_base": at.base,
            "redirect_uri": redirect,
            "scope": SCOPE,
        }
        app = smart.FHIRClient(settings=settings)
        assert app.prepare() is False and app.authorize_url
        asked = httpx.get(app.authorize_url)
        assert asked.status_code == 303
        app.handle_callback(at.answered(asked.headers["location"]))
        assert app.ready and app.patient_id == at.patient
        me = Patient.read(at.patient, app.server)
        assert me.name[0].text == "Noor Beispiel"
        found = list(
            Observation.where({"patient": at.patient, "_count": "100"}).perform_resources_iter(app.server)
        )
        assert len(found) >= 48
        before = app.server.auth.access_token
        app.reauthorize()
        assert app.server.auth.access_token != before
        assert Patient.read(at.patient, app.server).id == at.patient
        at.revoke()
        with pytest.raises(FHIRUnauthorizedException):
            Patient.read(at.patient, app.server)
        with pytest.raises(OSError, match="400 Client Error"):
            app.reauthorize()


def test_javascripts_fhirclient_is_launched_reads_refreshes_and_is_cut_off(
    shell: Shell, tmp_path: Path, fhir_kit: FhirKit
) -> None:
    port = free_port()
    redirect = f"http://127.0.0.1:{port}/callback"
    with home(shell, tmp_path) as at:
        registered = at.register("public", redirect, "--launch-uri", f"http://127.0.0.1:{port}/launch")
        arguments = (port, at.base, registered["client_id"], SCOPE, tmp_path / "app.log")
        with LaunchedApp(fhir_kit, *arguments) as app:
            came = _walked(at, f"{app.base}/launch")
            assert came["patient"] == at.patient and came["user"] == f"Patient/{at.patient}"
            assert set(came["scope"].split()) == set(SCOPE.split())
            asked = httpx.get(
                f"{app.base}/ask", params={"for": f"Observation?patient={at.patient}&_count=100"}
            )
            assert len(asked.json()["answer"]) >= 48
            assert set(httpx.get(f"{app.base}/refresh").json()["answer"].split()) == set(SCOPE.split())
            one = httpx.get(f"{app.base}/ask", params={"for": f"Patient/{at.patient}"}).json()
            assert "answer" in one
            at.revoke()
            one = httpx.get(f"{app.base}/ask", params={"for": f"Patient/{at.patient}"}).json()
            assert "answer" not in one
            assert "answer" not in httpx.get(f"{app.base}/refresh").json()


def test_javascripts_fhirclient_completes_an_ehr_launch(
    shell: Shell, tmp_path: Path, fhir_kit: FhirKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with home(shell, tmp_path) as at:
        registered = at.register("public", f"{base}/callback", "--launch-uri", f"{base}/launch")
        monkeypatch.setenv("BRIDGE_BASE_URL", at.base.removesuffix("/fhir"))
        address = shell("client", "launch", registered["client_id"], "--patient", at.patient).value["launch"]
        scope = SCOPE.replace("launch/patient", "launch")
        with LaunchedApp(
            fhir_kit, port, at.base, registered["client_id"], scope, tmp_path / "app.log"
        ) as app:
            came = _walked(at, address)
            assert came["patient"] == at.patient
            again = httpx.get(address)
            assert "error=invalid_request" in httpx.get(again.headers["location"]).headers["location"]
            assert app.pid


def _walked(at: Home, launch: str) -> Any:
    """A browser's way: the app, our authorization endpoint, the consent, back to the app."""
    left = httpx.get(launch)
    assert left.status_code == 302, left.text
    asked = httpx.get(left.headers["location"])
    assert asked.status_code == 303, asked.text
    came = httpx.get(at.answered(asked.headers["location"]))
    while came.is_redirect:  # the library takes the code out of the address once it has it
        came = httpx.get(came.headers["location"])
    assert came.status_code == 200, came.text
    return came.json()

"""The peers as fixtures: started when the first test asks, shared by the session, stopped at its end.

Law: a peer that this machine cannot run skips its tests and says why; with BRIDGE_REQUIRE_PEERS=1 (as in CI)
it fails them. A peer that runs and misbehaves always fails. Tests share one HAPI: each makes resources and
identifiers of its own and counts no others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import pytest

from tests.peers.chromium import Chromium
from tests.peers.hapi import Hapi
from tests.peers.node import FhirKit
from tests.peers.process import PeerMissing
from tests.peers.sshd import Sshd
from tests.peers.validator import Validator

GUIDES: Final = ("hl7.fhir.uv.cgm-1.0.0", "gematik-hddt-1.0.1")
"""Folders of the shared FHIR data whose profiles the validator knows."""


_Made = TypeVar("_Made")


def _made(make: Callable[[], _Made]) -> _Made:
    try:
        return make()
    except PeerMissing as missing:
        reason = f"peer missing: {missing}"
    if os.environ.get("BRIDGE_REQUIRE_PEERS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def hapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hapi]:
    """A HAPI FHIR server; `hapi.base` is its address."""
    with _made(lambda: Hapi(tmp_path_factory.mktemp("hapi"))) as server:
        yield server


@pytest.fixture(scope="session")
def validator(project: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Validator]:
    """HAPI's validator, which knows R4, the CGM guide, HDDT and our own definitions."""
    folders = [*(shared / "data" / "fhir" / guide for guide in GUIDES), project / "conformance" / "fhir"]
    with _made(lambda: Validator(folders, tmp_path_factory.mktemp("validator"))) as judge:
        yield judge


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """Chromium without a window, and axe-core to judge pages with."""
    return _made(Chromium)


@pytest.fixture
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """OpenSSH's server with an empty folder, for one test."""
    peer = Sshd(tmp_path_factory.mktemp("sshd"))
    with _made(peer.started):
        yield peer


@pytest.fixture(scope="session")
def fhir_kit() -> FhirKit:
    """fhir-kit-client in Node."""
    return _made(FhirKit)

"""A served home: `cgm-bridge serve` as a process, a registered client, its tokens, and a foreign FHIR client."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fhirpy import SyncFHIRClient
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.program.shell import Shell

PATIENCE = 90.0


@dataclass
class Clinic:
    """A registered backend client with its own key."""

    shell: Shell
    folder: Path
    name: str = "Clinic EHR"
    key: ECKey = field(
        default_factory=lambda: ECKey.generate_key(
            "P-384", parameters={"kid": "k", "use": "sig", "alg": "ES384"}, private=True
        )
    )
    id: str = ""

    def __post_init__(self) -> None:
        jwks = self.folder / f"{self.name}.jwks"
        jwks.write_text(json.dumps({"keys": [self.key.as_dict(private=False)]}))
        words = ["client", "add", "--name", self.name, "--type", "backend", "--jwks", str(jwks)]
        self.id = self.shell(*words).value["client_id"]

    def token(self, base: str) -> str:
        """A fresh token."""
        endpoint = httpx.get(f"{base}/.well-known/smart-configuration").json()["token_endpoint"]
        now = int(time.time())
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": endpoint,
            "exp": now + 200,
            "jti": os.urandom(16).hex(),
        }
        header = {"alg": "ES384", "kid": "k", "typ": "JWT"}
        form = {
            "grant_type": "client_credentials",
            "scope": "system/*.rs",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(header, claims, self.key, algorithms=["ES384"]),
        }
        return str(httpx.post(endpoint, data=form).json()["access_token"])

    def foreign(self, base: str) -> SyncFHIRClient:
        """fhirpy with a token of this clinic."""
        return SyncFHIRClient(base, authorization=f"Bearer {self.token(base)}")

    def observations(self, base: str, patient: str, **search: Any) -> list[dict[str, Any]]:
        """Every Observation of a patient that the clinic is given, by fhirpy."""
        found = self.foreign(base).resources("Observation").search(patient=patient, _count=500, **search)
        return [dict(each) for each in found.fetch_all()]


@contextmanager
def served(shell: Shell, *words: str, name: str = "127.0.0.1") -> Iterator[str]:
    """`cgm-bridge serve` over a home; its FHIR base. `name`: how browsers call this machine."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "bridge",
        "serve",
        "--port",
        str(port),
        "--home",
        str(shell.home),
        *words,
    ]
    log = shell.home.parent / "serve.log"
    base = f"http://{name}:{port}"
    told = {**os.environ, "BRIDGE_BASE_URL": base}
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=told)
    try:
        _ready(f"http://127.0.0.1:{port}/health/ready", process, log)
        yield f"{base}/fhir"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError("the server did not come up")


def values(observations: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
    """(effective time, value) of each, sorted."""
    return sorted((each["effectiveDateTime"], each["valueQuantity"]["value"]) for each in observations)

"""A home to measure: one person with a year of readings (or many people), one client, one grant, a server.

Law: everything is made through the bridge's own doors: import, registration, signing; the token is fetched
with the client's key over HTTP. Loopback only; the server is stopped whatever happens.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from bridge.app import Bridge, opened
from bridge.cli.server import MALLOC
from bridge.cli.wishes import Wish, drawn
from bridge.consent.collecting import own_act
from bridge.consent.grants import sign
from bridge.demo.others import public_keys
from bridge.ingest.upload import take
from bridge.settings import load
from bridge.smart.registration import Registration
from bridge.smart.registration import client as checked
from bridge.store.clients import Client, add
from bridge.store.patients import add as add_patient
from bridge.store.patients import load as load_patient
from tests.bench.lay import lay

PATIENCE = 20.0
DISCOVERY = "/fhir/.well-known/smart-configuration"


@dataclass(frozen=True)
class Home:
    """A home with a year of readings that `client` may see from start to end of 2025."""

    path: Path
    patient: str
    client: Client
    key: ECKey


def made(
    path: Path, exports: list[bytes], start: str = "2025-01-01", end: str = "2025-12-31", more: int = 0
) -> Home:
    """Import, register, grant; `more` readings besides are laid straight into the store."""
    found = opened(load(home=path))
    try:
        person = load_patient(found.db, add_patient(found.db, "Noor Beispiel", None, "UTC"))
        for index, data in enumerate(exports):
            take(found.db, found.mappings, person, data, f"{index}.csv", act=own_act(person))
        if more:
            lay(found, person.number, more, 7)
        key = new_key()
        client = new_client("Bench EHR", public_keys(key))
        add(found.db, client)
        wish = Wish(start=start, end=end, kinds="glucose,capillary,device", expires="2027-01-01")
        sign(found.db, drawn(found, person, client, wish))
        return Home(path, found.patient_id(person.number), client, key)
    finally:
        found.close()


def new_key() -> ECKey:
    """A client's private key."""
    return ECKey.generate_key(
        "P-384", parameters={"kid": "bench", "use": "sig", "alg": "ES384"}, private=True
    )


def new_client(name: str, jwks: str | None = None) -> Client:
    """A backend client to register."""
    return checked(Registration(name, "backend", jwks=jwks))


@dataclass(frozen=True)
class Running:
    """A server over a home: its port, process and a bearer token."""

    port: int
    pid: int
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/fhir+json"}


@contextmanager
def running(home: Home, static: Path) -> Iterator[Running]:
    """The bench application over `home`, one worker, no deliveries."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        **MALLOC,
        "BRIDGE_HOME": str(home.path),
        "BRIDGE_BASE_URL": base,
        "BRIDGE_WORKER": "0",
        "BENCH_STATIC": str(static),
    }
    words = ["uvicorn", "tests.bench.server:application", "--factory", "--port", str(port)]
    words += ["--loop", "uvloop", "--http", "httptools", "--log-level", "warning", "--no-access-log"]
    process = subprocess.Popen([sys.executable, "-m", *words], env=environment)
    try:
        _ready(base)
        yield Running(port, process.pid, token(base, home))
    finally:
        process.terminate()
        process.wait(PATIENCE)


def token(base: str, home: Home) -> str:
    """A fresh token by SMART Backend Services."""
    with httpx.Client() as client:
        endpoint = client.get(f"{base}{DISCOVERY}").json()["token_endpoint"]
        return str(client.post(endpoint, data=_form(endpoint, home)).json()["access_token"])


async def fetched_token(client: httpx.AsyncClient, base: str, home: Home) -> str:
    """The same through an open client."""
    endpoint = (await client.get(f"{base}{DISCOVERY}")).json()["token_endpoint"]
    return str((await client.post(endpoint, data=_form(endpoint, home))).json()["access_token"])


def _form(endpoint: str, home: Home) -> dict[str, str]:
    now, client = int(time.time()), home.client.id
    claims = {"iss": client, "sub": client, "aud": endpoint, "exp": now + 200, "jti": os.urandom(16).hex()}
    signed = jwt.encode(
        {"alg": "ES384", "kid": "bench", "typ": "JWT"}, claims, home.key, algorithms=["ES384"]
    )
    return {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
    }


def _ready(base: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if httpx.get(f"{base}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError("the server did not come up")


def at_rest(found: Bridge) -> float:
    """Bytes of the readings' tables in the database, by SQLite's own count of pages."""
    con = found.db.reader("bridge")
    (size,) = con.execute(
        "SELECT sum(pgsize) FROM dbstat WHERE name IN ('blocks', 'blocks_key', 'series')"
    ).fetchone()
    return float(size)

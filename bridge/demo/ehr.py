"""An EHR for the demo, as a program of its own: SMART Backend Services, then a search, page by page.

Law: it knows the bridge's FHIR address, its own key and a patient's id, nothing else; every other address
comes from discovery (SMART App Launch 2.2, conformance). It speaks HTTP with the standard library, shares
no code with the bridge and prints one JSON line of what it was given.
"""

from __future__ import annotations

import json
import sys
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from joserfc import jwt
from joserfc.jwk import ECKey

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECONDS: Final = 30
TYPES: Final = ("Observation", "MedicationAdministration")
Resource: TypeAlias = "Mapping[str, Any]"
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def main() -> None:
    """Read the order from standard input, ask, and print what came."""
    order = json.load(sys.stdin)
    token = _token(order["base"], order["client_id"], order["jwk"], order["now"])
    query = urllib.parse.urlencode({"patient": order["patient"], "_count": "1000"})
    found: list[Resource] = []
    types: dict[str, Json] = {}
    pages = 0
    for kind in TYPES:
        before, url = len(found), f"{order['base']}/{kind}?{query}"
        while url:
            bundle = json.loads(_got(url, {"Authorization": f"Bearer {token}"}))
            pages += 1
            found += [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]
            url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
        types[kind] = len(found) - before
    times = sorted(each["effectiveDateTime"] for each in found if "effectiveDateTime" in each)
    seen: dict[str, Json] = {
        "count": len(found),
        "types": types,
        "pages": pages,
        "ids": [each["id"] for each in found],
        "first": times[0] if times else None,
        "last": times[-1] if times else None,
        "off_scale": sum("comparator" in each.get("valueQuantity", {}) for each in found),
    }
    print(json.dumps(seen), flush=True)


def _token(base: str, client: str, key: Mapping[str, str], now: int) -> str:
    endpoint = json.loads(_got(f"{base}/.well-known/smart-configuration"))["token_endpoint"]
    claims = {"iss": client, "sub": client, "aud": endpoint, "exp": now + 240, "jti": str(uuid.uuid4())}
    header = {"alg": "ES384", "kid": key["kid"], "typ": "JWT"}
    form = {
        "grant_type": "client_credentials",
        "scope": " ".join(f"system/{kind}.rs" for kind in TYPES),
        "client_assertion_type": ASSERTION,
        "client_assertion": jwt.encode(header, claims, ECKey.import_key(dict(key)), algorithms=["ES384"]),
    }
    return str(json.loads(_got(endpoint, body=urllib.parse.urlencode(form).encode()))["access_token"])


def _got(url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> bytes:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"not an http address: {url}")
    asked = urllib.request.Request(url, body, dict(headers or {}))
    with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
        return bytes(answer.read())


if __name__ == "__main__":
    main()

"""An EHR for the demo, as a program of its own: SMART Backend Services, then a search, page by page.

Law: it knows the bridge's FHIR address, its own key and a patient's id, nothing else; every other address
comes from discovery (SMART App Launch 2.2, conformance). It speaks HTTP with the standard library, shares
no code with the bridge and prints one JSON line of what it was given.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.parse
import urllib.request
import uuid
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECONDS: Final = 30


def main() -> None:
    """Read the order from standard input, ask, and print what came."""
    order = json.load(sys.stdin)
    token = _token(order)
    query = urllib.parse.urlencode({"patient": order["patient"], "_count": "1000"})
    found, pages, url = [], 0, f"{order['base']}/Observation?{query}"
    while url:
        bundle = _json(urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"}))
        pages += 1
        found += [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    times = sorted(each["effectiveDateTime"] for each in found if "effectiveDateTime" in each)
    seen = {
        "count": len(found),
        "pages": pages,
        "ids": sorted(each["id"] for each in found),
        "first": times[0] if times else None,
        "last": times[-1] if times else None,
        "off_scale": sum("comparator" in each.get("valueQuantity", {}) for each in found),
        "sample": found[0] if found else None,
    }
    print(json.dumps(seen), flush=True)


def _token(order: dict[str, Any]) -> str:
    discovery = _json(urllib.request.Request(f"{order['base']}/.well-known/smart-configuration"))
    endpoint, now = discovery["token_endpoint"], int(time.time())
    claims = {
        "iss": order["client_id"],
        "sub": order["client_id"],
        "aud": endpoint,
        "exp": now + 240,
        "jti": str(uuid.uuid4()),
    }
    header = {"alg": "ES384", "kid": order["jwk"]["kid"], "typ": "JWT"}
    signed = jwt.encode(header, claims, ECKey.import_key(order["jwk"]), algorithms=["ES384"])
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Observation.rs",
        "client_assertion_type": ASSERTION,
        "client_assertion": signed,
    }
    body = urllib.parse.urlencode(form).encode()
    return str(_json(urllib.request.Request(endpoint, body))["access_token"])


def _json(request: urllib.request.Request) -> dict[str, Any]:
    if urllib.parse.urlsplit(request.full_url).scheme not in ("http", "https"):
        raise ValueError(f"not an http address: {request.full_url}")
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        parsed: dict[str, Any] = json.load(answer)
        return parsed


if __name__ == "__main__":
    main()

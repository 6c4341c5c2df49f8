"""A form to an endpoint of a registered EHR, with our proof in the way that its registration says.

Law (SMART App Launch 2.2, client-confidential-symmetric and -asymmetric): one way for each registration: a secret as
Basic, a key as a signed statement for that token endpoint, a public app by its id alone.
"""

from __future__ import annotations

import base64
from typing import Final
from urllib.parse import quote, urlencode

from bridge.net.endpoint import Purpose
from bridge.net.message import Answer, Caller, NetFault, Request
from bridge.smart.ehr_discovery import Found
from bridge.smart.ehr_keys import proof
from bridge.store import ehrs
from bridge.store.db import Database
from bridge.store.ehrs import Ehr

MOST_TOKEN: Final = 64 * 1024
SECONDS: Final = 10.0
_FORM: Final = ("content-type", "application/x-www-form-urlencoded")


async def posted(
    db: Database, net: Caller, ehr: Ehr, found: Found, url: str, form: dict[str, str]
) -> Answer | NetFault:
    """The answer of `url`, one of the EHR's checked endpoints, to a form."""
    headers, sent = [_FORM, ("accept", "application/json")], dict(form)
    if ehr.method == "secret":
        pair = f"{quote(ehr.client_id, safe='')}:{quote(ehrs.secret(db, ehr.id), safe='')}"
        headers.append(("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
    elif ehr.method == "key":
        sent |= proof(db, ehr.client_id, found.token, found.algs, db.clock())
    else:
        sent["client_id"] = ehr.client_id
    body = urlencode(sent).encode()
    return await net.fetch(Request(Purpose.EHR, "POST", url, tuple(headers), body, MOST_TOKEN, SECONDS))

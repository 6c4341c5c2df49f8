"""An Oracle-Health-like record system: the twin that restricts what the reference sheet says it restricts.

Law (`smart-consent.md` 7.4, Millennium, 2026-08-14): Observation create, read, search, update; DiagnosticReport read,
search, create; DocumentReference create, update; Device read, search; no Subscription; batch and no transaction;
nothing said of conditional create, and a repeated POST is a second row. 422 for modifier extensions, 409 for a stale
version, 406 with an empty body for whoever takes no JSON, 403 for another tenant, the tenant in the path. At most 200
Observations a page, and one id may come again on the next. No limits published: neither 429 nor Retry-After. Its
persona of patients has no scope to write.

By its CapabilityStatement of that day Observations are searched by patient, code, category and date, and not by
identifier: `by_identifier` is the sheet's plain "search", without it the twin is as captured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs

from tests.peers.statement import statement
from tests.push.ehr import Ehr, Rules

CAN: Final[Mapping[str, str]] = {
    "Observation": "read search-type create update",
    "DiagnosticReport": "read search-type create",
    "DocumentReference": "read search-type create update",
    "Device": "read search-type",
    "Patient": "read search-type",
}
SEARCHED: Final[Mapping[str, str]] = {
    "Observation": "_id:token patient:reference subject:reference category:token code:token date:date",
    "Patient": "_id:token identifier:token",
}
RULES: Final = Rules(
    batch=True,
    conditional="ignored",
    said=None,
    creates=frozenset({"Observation", "DiagnosticReport", "DocumentReference"}),
    updates=frozenset({"Observation", "DocumentReference"}),
    stale=409,
)
MOST: Final = 200


@dataclass
class Oracle(Ehr):
    """The running twin. `is_patients`: whoever calls has a token of the persona of patients."""

    base: ClassVar[str] = "/r4/ec2458f2"
    rules: Rules = RULES
    by_identifier: bool = False
    is_patients: bool = False

    def statement(self) -> dict[str, Any]:
        """As captured, of the types that concern us."""
        more = " identifier:token" if self.by_identifier else ""
        searched = {kind: names + (more if kind == "Observation" else "") for kind, names in SEARCHED.items()}
        return statement(CAN, searched, system="batch")

    def answer(
        self, method: str, path: str, query: str, told: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        """Status, resource and headers; of its own tenant alone, in JSON alone."""
        if path != self.base and not path.startswith(f"{self.base}/"):
            return 403, self.complaint("forbidden", "403"), ()
        if not any(each in told.get("accept", "*/*") for each in ("json", "*/*")):
            return 406, {}, ()
        if self.is_patients and method != "GET":
            return 403, self.complaint("forbidden", "403"), ()
        return super().answer(method, path, query, told, body)

    def one(
        self, method: str, where: str, resource: dict[str, Any], once: str, match: str
    ) -> tuple[int, str, str, dict[str, Any] | None]:
        """One create or update; a condition on a create is not looked at."""
        if "modifierExtension" in resource:
            return 422, "", "", self.complaint("extension", "422")
        return super().one(method, where, resource, "", match)

    def _search(self, where: str, query: str) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        kind, _, id_ = where.partition("/")
        if id_:
            held = self.shelves.get(kind, {}).get(id_)
            return (404, self.complaint("not-found", "404"), ()) if held is None else (200, held, ())
        asked = parse_qs(query)
        if kind != "Observation":
            return super()._search(where, query)
        if "identifier" in asked and self.by_identifier:
            found = [each for token in asked["identifier"][0].split(",") for each in self.named(kind, token)]
        elif asked.keys() & {"patient", "subject"} and "identifier" not in asked:
            found = list(self.shelves.get(kind, {}).values())
        else:
            return 400, self.complaint("required", "400"), ()
        return 200, self._page(found, asked, query), ()

    def _page(self, found: list[dict[str, Any]], asked: dict[str, list[str]], query: str) -> dict[str, Any]:
        """One page; all but the first begin with the last of the page before."""
        size = min(int(asked.get("_count", ["50"])[0]), MOST)
        at = int(asked.get("-page", ["0"])[0]) * size
        page = found[max(0, at - 1) : at + size]
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
        if at + size < len(found):
            more = f"{self.url}/Observation?{query.partition('&-page=')[0]}&-page={at // size + 1}"
            bundle["link"] = [{"relation": "next", "url": more}]
        return bundle | {"entry": [{"resource": each} for each in page]}

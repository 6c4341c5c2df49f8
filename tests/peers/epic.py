"""An Epic-like record system: the twin that restricts what the reference sheet says it restricts, line by line.

Law (`smart-consent.md` 7.4, R4 CapabilityStatement of 2026-07-24): Observation create, read, search, update;
DiagnosticReport read, search, update; DocumentReference create, update; Device read, search; no Subscription, no
transaction, no batch; conditionalCreate false on every type. An Observation that is created means "find one mapped
flowsheet row". Its error codes stand in `CODES`. No Retry-After, no 429: a budget that is used up is 4135. Patient
searches give 100 at most. What the sheet is silent on is as FHIR says; a business error is answered 400.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from tests.peers.statement import statement
from tests.push.ehr import ROW, Ehr, Rules

CAN: Final[Mapping[str, str]] = {
    "Observation": "create read search-type update",
    "DiagnosticReport": "read search-type update",
    "DocumentReference": "create read search-type update",
    "Device": "read search-type",
    "Patient": "read search-type",
}
SEARCHED: Final[Mapping[str, str]] = {
    "Observation": "category:token code:token date:date identifier:token patient:reference",
    "Patient": "identifier:token",
}
RULES: Final = Rules(
    conditional="ignored",
    said=False,
    creates=frozenset({"Observation", "DocumentReference"}),
    updates=frozenset({"Observation", "DiagnosticReport", "DocumentReference"}),
)
NO_TEMPLATE, NO_ROW, NOT_FILED = "59187", "59188", "59189"
DUPLICATE, TABLE, NOT_ALLOWED, TOMORROW = "59141", "40000", "4118", "4135"
CODES: Final = (NO_TEMPLATE, NO_ROW, NOT_FILED, DUPLICATE, TABLE, NOT_ALLOWED, TOMORROW)
MOST_PATIENTS: Final = 100


@dataclass
class Epic(Ehr):
    """The running twin. `rows`: flowsheet rows that are mapped to codes of vital signs; `unmapped`: rows that are not;
    `units`: what its tables map; `wrong`: codes that every create is answered with; `budget`: creates of today."""

    rules: Rules = RULES
    rows: set[tuple[str, str]] = field(default_factory=lambda: {ROW})
    unmapped: set[tuple[str, str]] = field(default_factory=set)
    units: set[str] = field(default_factory=lambda: {"mg/dL", "mmol/L"})
    wrong: set[str] = field(default_factory=set)
    is_patient_facing: bool = False
    has_template: bool = False
    """Whether a patient-entered flowsheet is assigned to the patient."""
    budget: int | None = None

    def statement(self) -> dict[str, Any]:
        """As captured, of the types that concern us."""
        return statement(CAN, SEARCHED, conditional=False)

    def one(
        self, method: str, where: str, resource: dict[str, Any], once: str, match: str
    ) -> tuple[int, str, str, dict[str, Any] | None]:
        """One create or update; a condition on a create is not looked at."""
        if where.partition("/")[0] == "Observation" and resource["status"] != "entered-in-error":
            told = self._told(method, resource)
            if told:
                return 400, "", "", self.complaint("business-rule", told)
        if method == "POST" and self.budget is not None:
            self.budget -= 1
        return super().one(method, where, resource, "", match)

    def _told(self, method: str, resource: dict[str, Any]) -> str:
        """The code of what is wrong; '' nothing."""
        named = {(each.get("system"), each.get("code")) for each in resource["code"]["coding"]}
        mapped = named & (self.rows | self.unmapped)
        is_new = method == "POST"
        faults = (
            (NOT_ALLOWED, NOT_ALLOWED in self.wrong),
            (TOMORROW, is_new and self.budget is not None and self.budget <= 0),
            (NO_TEMPLATE, self.is_patient_facing and not self.has_template),
            (NO_ROW, len(mapped) != 1 or not mapped <= self.rows),
            (TABLE, resource.get("valueQuantity", {}).get("code", "mg/dL") not in self.units),
            (DUPLICATE, is_new and self._has(mapped, resource)),
            (NOT_FILED, NOT_FILED in self.wrong),
        )
        return next((code for code, is_wrong in faults if is_wrong), "")

    def _has(self, row: set[tuple[str, str]], resource: dict[str, Any]) -> bool:
        """Whether the row has a value of that instant already."""
        return any(
            each["effectiveDateTime"] == resource["effectiveDateTime"]
            and row & {(one.get("system"), one.get("code")) for one in each["code"]["coding"]}
            for each in self.shelves.get("Observation", {}).values()
        )

    def _search(self, where: str, query: str) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        asked = parse_qs(query)
        if where == "Patient" and "identifier" not in asked:
            found = list(self.shelves["Patient"].values())[:MOST_PATIENTS]
            entries = [{"resource": each} for each in found]
            return 200, {"resourceType": "Bundle", "type": "searchset", "entry": entries}, ()
        return super()._search(where, query)

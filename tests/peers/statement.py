"""What a record system's CapabilityStatement says, from a table: types, what can be done with each, what is searched.

Law: nothing stands in it that the table does not say; a system-level interaction only where it is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def statement(
    can: Mapping[str, str],
    searched: Mapping[str, str],
    *,
    system: str = "",
    conditional: bool | None = None,
) -> dict[str, Any]:
    """`can`: interactions of each type, in words; `searched`: search parameters of each type, as `name:kind`;
    `conditional`: what every type says of conditional create, None nothing."""
    resources = []
    for kind, codes in can.items():
        one: dict[str, Any] = {"type": kind, "interaction": [{"code": code} for code in codes.split()]}
        if conditional is not None:
            one["conditionalCreate"] = conditional
        pairs = [each.partition(":") for each in searched.get(kind, "").split()]
        one["searchParam"] = [{"name": name, "type": type_} for name, _, type_ in pairs]
        resources.append(one)
    rest = {"mode": "server", "resource": resources}
    if system:
        rest["interaction"] = [{"code": code} for code in system.split()]
    return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [rest]}

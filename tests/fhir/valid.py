"""Judges from outside: fhir.resources (R4B, which is R4 for the types that leave) and the IG's patterns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fhir.resources.R4B import get_fhir_model_class


def valid(body: bytes | memoryview) -> Any:
    """The parsed resource; fails where fhir.resources finds a fault in it or in one inside it."""
    resource = json.loads(bytes(body))
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return resource


def resources(bundle: Any, kind: str) -> list[Any]:
    """The resources of one type in a Bundle."""
    found = [entry["resource"] for entry in bundle.get("entry", ()) if "resource" in entry]
    return [resource for resource in found if resource["resourceType"] == kind]


def follows_pattern(resource: Any, profile: Path) -> bool:
    """Whether a resource has what the differential of a profile demands by min, pattern and slice name.
    Small on purpose: the HAPI validator plays this part in tests/peers."""
    elements = json.loads(profile.read_text())["differential"]["element"]
    for element in elements:
        path = element["id"].partition(".")[2]
        name = path.partition(":")[2].partition(".")[0] or path.replace("[x]", "Quantity")
        present = resource.get(name)
        pattern = next((value for key, value in element.items() if key.startswith("pattern")), None)
        if pattern is not None and present is not None and not _holds(present, pattern):
            return False
        if element.get("min") and "[x]" in path and ":" in path and present is None:
            return False
    return True


def _holds(present: Any, pattern: Any) -> bool:
    if isinstance(pattern, dict):
        return all(name in present and _holds(present[name], value) for name, value in pattern.items())
    if isinstance(pattern, list):
        return all(any(_holds(each, wanted) for each in present) for wanted in pattern)
    return bool(present == pattern)

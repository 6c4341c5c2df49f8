"""A Patient as another server shows it: read from a stranger's JSON, nothing of it believed.

Law: FHIR R4 8.1 (active, deceased[x], link.type replaced-by and refer), 2.24.0.13 (which of several names counts). What
has another form than it should is as if it were not there. The bridge decides nothing about identity by this: a human
compares, and later a difference is noticed (`safety.md`, whose chart is it).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

NAMES: Final = ("official", "usual", "")
"""Which of several names counts: the first use that there is (FHIR R4 2.24.0.13)."""


class Unfit(StrEnum):
    """Why a record is no living person's current one."""

    INACTIVE = "the receiver's record is inactive"
    DECEASED = "the receiver's record says that the person died"
    REPLACED = "the receiver's record was replaced by another"
    REFERS = "the receiver's record refers to another as the main one of this person"


LINKED: Final[Mapping[str, Unfit]] = {"replaced-by": Unfit.REPLACED, "refer": Unfit.REFERS}
"""R4 link-type: this record is not, or not mainly, the one of the person any more."""


def parsed(body: bytes) -> Mapping[str, object]:
    """A JSON object; an empty one where the body is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def members(found: Mapping[str, object], name: str) -> tuple[Mapping[str, object], ...]:
    """The objects of a list; what is none is left out."""
    listed = found.get(name)
    return tuple(each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()


def text(found: Mapping[str, object], name: str) -> str:
    """A string; '' where there is none."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def identifiers(patient: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """(system, value) of every identifier, in order."""
    return tuple((text(each, "system"), text(each, "value")) for each in members(patient, "identifier"))


def unfit(patient: Mapping[str, object]) -> Unfit | None:
    """Why nothing may be sent to this record; None where it stands."""
    if patient.get("active") is False:
        return Unfit.INACTIVE
    if patient.get("deceasedBoolean") is True or text(patient, "deceasedDateTime"):
        return Unfit.DECEASED
    kinds = {text(each, "type") for each in members(patient, "link")}
    return next((why for kind, why in LINKED.items() if kind in kinds), None)


def name_of(patient: Mapping[str, object]) -> str:
    """The name that counts, given names first; '' where there is none."""
    names = {text(each, "use"): each for each in reversed(members(patient, "name"))}
    chosen = next((names[use] for use in NAMES if use in names), next(iter(names.values()), {}))
    given = chosen.get("given")
    parts = [str(part) for part in given] if isinstance(given, list) else []
    return " ".join([*parts, text(chosen, "family")]).strip() or text(chosen, "text")


def plain_name(name: str) -> str:
    """A name as two of them are compared: NFC, without case and doubled spaces."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def birth_date_of(patient: Mapping[str, object]) -> date | None:
    """The birth date; None where it is missing or not a whole date."""
    return day(text(patient, "birthDate"))


def day(written: str) -> date | None:
    """A date as it is written; None where it is none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def numbered(patient: Mapping[str, object], system: str) -> tuple[str, str]:
    """The identifier that names the record: of `system`, or where '' is asked its medical record number (v2-0203
    MR), else its only one. ('', '') where there is none."""
    found = [each for each in members(patient, "identifier") if text(each, "system") and text(each, "value")]
    if system:
        found = [each for each in found if text(each, "system") == system]
    else:
        found = [each for each in found if _is_record_number(each)] or found
    return (text(found[0], "system"), text(found[0], "value")) if len(found) == 1 else ("", "")


def _is_record_number(identifier: Mapping[str, object]) -> bool:
    kind = identifier.get("type")
    codings = members(kind, "coding") if isinstance(kind, dict) else ()
    return any(text(each, "code") == "MR" for each in codings)

"""What the demonstration's receiver holds: resources by type and id, in memory, with versions.

Law: FHIR R4 3.1.0.11.2 (a transaction succeeds whole or changes nothing), 3.1.0.8.1 (conditional
create: none 201, one 200 with its location, several 412), 3.1.0.7.1 (If-Match: stale 412). Every
resource is parsed by the R4B models of fhir.resources before anything changes. No record is ever made
from a Patient that somebody sends: the receiver knows its patients.

Rejected: a database; the receiver lives as long as the demonstration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import parse_qs

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

Resource: TypeAlias = dict[str, object]
"""A FHIR resource or an element of one, as JSON: it was parsed by its model before anybody looks inside."""

WELCOME: Final = frozenset(
    {"Observation", "MedicationAdministration", "Device", "DeviceMetric", "Provenance", "DiagnosticReport"}
)
"""Types that may be written (HL7 CGM IG 1.0.0, receiver rules: only CGM types; and insulin that was given)."""


class Refusal(Exception):
    """The receiver's no: the HTTP status and a sentence for the OperationOutcome."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(slots=True)
class Chart:
    """The resources by type and id. No clock: `meta.lastUpdated` is optional (R4 2.1.4) and nobody asks."""

    shelves: dict[str, dict[str, Resource]] = field(default_factory=dict)
    numbers: int = 0

    def put_patient(self, patient: Resource) -> None:
        """Add or replace a patient that the receiver knows."""
        check(patient)
        self.shelves.setdefault("Patient", {})[_text(patient, "id")] = patient

    def read(self, kind: str, id_: str) -> Resource:
        """One resource; 404 where there is none."""
        found = self.shelves.get(kind, {}).get(id_)
        if found is None:
            raise Refusal(404, f"there is no {kind}/{id_}")
        return found

    def matching(self, kind: str, tokens: str) -> list[Resource]:
        """Resources of a type with one of the identifiers `system|value,system|value`."""
        return _found(self.by_identifier(kind), tokens)

    def by_identifier(self, kind: str) -> dict[tuple[str, str], list[Resource]]:
        """The resources of a type under each of their identifiers."""
        index: dict[tuple[str, str], list[Resource]] = {}
        for each in self.shelves.get(kind, {}).values():
            for identifier in _identifiers(each):
                index.setdefault(identifier, []).append(each)
        return index

    def counts(self) -> dict[str, int]:
        """How many resources of each type there are."""
        return {kind: len(shelf) for kind, shelf in sorted(self.shelves.items())}

    def transact(self, bundle: Resource) -> Resource:
        """Do all of a transaction or nothing, and answer entry by entry in its order."""
        if (_text(bundle, "resourceType"), _text(bundle, "type")) != ("Bundle", "transaction"):
            raise Refusal(400, "a POST to the base is a Bundle of type transaction")
        check(bundle)
        draft = Chart({kind: dict(shelf) for kind, shelf in self.shelves.items()}, self.numbers)
        entries = list(_objects(bundle, "entry"))
        indexes = {kind: self.by_identifier(kind) for kind in WELCOME}
        places = [draft._place(entry, indexes) for entry in entries]
        became = {_text(entry, "fullUrl"): place for entry, place in zip(entries, places, strict=True)}
        answers = [draft._done(entry, place, became) for entry, place in zip(entries, places, strict=True)]
        self.shelves, self.numbers = draft.shelves, draft.numbers
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}

    def _place(self, entry: Resource, indexes: Mapping[str, dict[tuple[str, str], list[Resource]]]) -> str:
        """The reference that an entry will have: references across entries resolve to it."""
        kind, request = _text(_object(entry, "resource"), "resourceType"), _object(entry, "request")
        if kind not in WELCOME:
            raise Refusal(422, f"{kind} is not written here")
        if _text(request, "method") == "PUT":
            return _text(request, "url")
        condition = _text(request, "ifNoneExist")
        found = _found(indexes[kind], _identifier_of(condition)) if condition else []
        if len(found) > 1:
            raise Refusal(412, f"{len(found)} {kind} have that identifier")
        if found:
            return f"{kind}/{_text(found[0], 'id')}"
        self.numbers += 1
        return f"{kind}/{self.numbers}"

    def _done(self, entry: Resource, place: str, became: Mapping[str, str]) -> Resource:
        kind, _, id_ = place.partition("/")
        held, request = self.shelves.get(kind, {}).get(id_), _object(entry, "request")
        if _text(request, "method") == "PUT":
            _match(held, place, _text(request, "ifMatch"))
        elif held is not None:
            return _answer("200 OK", held)
        resolved = self._resolved(_object(entry, "resource"), became)
        version = str(int(_version(held)) + 1) if held else "1"
        meta = {**_object(resolved, "meta"), "versionId": version}
        resource = {**resolved, "id": id_, "meta": meta}
        self.shelves.setdefault(kind, {})[id_] = resource
        return _answer("200 OK" if held else "201 Created", resource)

    def _resolved(self, node: Resource, became: Mapping[str, str]) -> Resource:
        return {name: self._element(name, value, became) for name, value in node.items()}

    def _element(self, name: str, value: object, became: Mapping[str, str]) -> object:
        if isinstance(value, list):
            return [self._element(name, each, became) for each in value]
        if isinstance(value, dict):
            return self._resolved(value, became)
        return self._reference(value, became) if name == "reference" and isinstance(value, str) else value

    def _reference(self, text: str, became: Mapping[str, str]) -> str:
        kind, asked, query = text.partition("?")
        if asked:
            found = self.matching(kind, _identifier_of(query))
            if len(found) != 1:
                raise Refusal(412, f"{len(found)} {kind} match a conditional reference")
            return f"{kind}/{_text(found[0], 'id')}"
        text = became.get(text, text)
        kind, _, id_ = text.partition("/")
        if kind == "Patient":
            self.read(kind, id_)
        return text


def check(resource: Resource) -> None:
    """Parse by the R4B model of its type; 400 names the first fault."""
    kind = _text(resource, "resourceType")
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as faults:
        first = faults.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise Refusal(400, f"{kind}.{place}: {first['msg']}") from None
    except ValueError as unknown:
        raise Refusal(400, f"{kind}: {unknown}") from None


def etag(resource: Resource) -> str:
    """The resource's version as a weak ETag (FHIR R4 3.1.0.5)."""
    return f'W/"{_version(resource)}"'


def _found(index: Mapping[tuple[str, str], list[Resource]], tokens: str) -> list[Resource]:
    named = (token.rpartition("|") for token in tokens.split(","))
    found = [each for system, _, value in named for each in index.get((system, value), [])]
    return list({_text(each, "id"): each for each in found}.values())


def _match(held: Resource | None, place: str, tag: str) -> None:
    if held is None:
        raise Refusal(404, f"there is no {place}")
    if tag and tag != etag(held):
        raise Refusal(412, f"{place} has another version than {tag}")


def _answer(status: str, resource: Resource) -> Resource:
    place = f"{_text(resource, 'resourceType')}/{_text(resource, 'id')}/_history/{_version(resource)}"
    return {"response": {"status": status, "location": place, "etag": etag(resource)}}


def _version(resource: Resource) -> str:
    return _text(_object(resource, "meta"), "versionId")


def _identifier_of(query: str) -> str:
    asked = parse_qs(query.lstrip("?"))
    if set(asked) != {"identifier"} or len(asked["identifier"]) != 1:
        raise Refusal(400, "a condition here is one identifier")
    return asked["identifier"][0]


def _identifiers(resource: Resource) -> Iterator[tuple[str, str]]:
    one = _object(resource, "identifier")
    for each in [one] if one else _objects(resource, "identifier"):
        yield _text(each, "system"), _text(each, "value")


def _text(node: Resource, name: str) -> str:
    value = node.get(name, "")
    return value if isinstance(value, str) else ""


def _object(node: Resource, name: str) -> Resource:
    value = node.get(name)
    return value if isinstance(value, dict) else {}


def _objects(node: Resource, name: str) -> Iterator[Resource]:
    value = node.get(name)
    yield from (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()

"""One entry, judged: what it asks, whether its resource is well formed and inside the scopes, and what it is.

Law (HL7 CGM IG 1.0.0, receiver): POST alone, five types alone, everything else refused entry by entry. The first
fault refuses; the sentence names the place in the Bundle and never repeats what stood there. A condition is
`ifNoneExist=identifier=system|value` (R4 3.1.0.8.1): a form that is not understood creates nothing, because
whoever sent it relied on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from bridge.fhir.outcome import Problem, problem
from bridge.receive.bundle import Entry, unreckonable
from bridge.receive.node import Node, codings, is_too_deep, node, nodes, pair, text
from bridge.receive.profiles import What, faults, what
from bridge.smart.scopes import Fence

TYPES: Final = ("Observation", "Device", "Patient", "DiagnosticReport", "ServiceRequest")
"""The types that a submission may have."""
_OTHER_CONDITIONS: Final = ("ifMatch", "ifNoneMatch", "ifModifiedSince")
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fit:
    """An entry that can be taken. `condition`: create it only where nothing has this identifier; `identifiers`:
    all that its resource has."""

    entry: Entry
    what: What
    condition: Pair | None
    identifiers: tuple[Pair, ...]


def judged(entry: Entry, reach: Mapping[str, Sequence[Fence]]) -> Fit | Problem:
    """The entry, or why it is refused. `reach`: by type the fences of the scopes inside which it may be created."""
    place = entry.place
    refused = _request(entry) or _form(entry.resource, f"{place}.resource")
    if refused is not None:
        return refused
    fences = reach.get(entry.type, ())
    if not any(is_inside(fence, entry.resource) for fence in fences):
        return problem(403, f"{place}.resource: the scopes of the access token do not cover it.", place)
    found = of_profile(entry.resource, f"{place}.resource")
    if isinstance(found, Problem):
        return found
    condition = _condition(text(entry.request, "ifNoneExist"), f"{place}.request.ifNoneExist")
    if isinstance(condition, Problem):
        return condition
    mine = tuple(dict.fromkeys(filter(None, map(pair, nodes(entry.resource, "identifier")))))
    if condition is not None and condition not in mine:
        return Problem(
            400, "value", f"{place}.request.ifNoneExist: the resource has another identifier.", (place,)
        )
    return Fit(entry, found, condition, mine)


def of_profile(resource: Node, place: str) -> What | Problem:
    """What a resource is, where it is well formed and keeps its profile; `place`: how a sentence calls it."""
    malformed = _form(resource, place) or _malformed(resource, place)
    if malformed is not None:
        return malformed
    found = what(resource)
    if found is None:
        return Problem(
            422, "code-invalid", f"{place}.code: none that the CGM IG has for this type.", (place,)
        )
    for where, why in faults(resource, found):
        return Problem(422, "invariant", f"{place}.{where} {why}.", (f"{place}.{where}",))
    return found


def is_inside(fence: Fence, resource: Node) -> bool:
    """Whether a resource is one that a granular scope holds (SMART App Launch 2.2, finer-grained constraints)."""
    return all(any(_has(resource, name, each) for each in value.split(",")) for name, value in fence)


def _has(resource: Node, name: str, token: str) -> bool:
    concepts = [node(resource, name), *nodes(resource, name)]
    there = frozenset().union(*map(codings, concepts))
    system, bar, code = token.rpartition("|")
    return any(code == each and (not bar or system == its) for its, each in there)


def _request(entry: Entry) -> Problem | None:
    place = f"{entry.place}.request"
    if not entry.request:
        return Problem(400, "required", f"{place} is needed.", (place,))
    if text(entry.request, "method") != "POST":
        return problem(405, f"{place}.method: only POST is taken here.", place)
    if any(entry.request.get(name) for name in _OTHER_CONDITIONS):
        return Problem(
            400, "not-supported", f"{place}: the one condition that is known here is ifNoneExist.", (place,)
        )
    if entry.type not in TYPES or text(entry.request, "url") not in TYPES:
        sentence = f"{place}.url: the types that are taken here are {', '.join(TYPES)}."
        return Problem(422, "not-supported", sentence, (place,))
    if text(entry.request, "url") != entry.type:
        return Problem(400, "value", f"{place}.url: the resource is of another type.", (place,))
    return None


def _form(resource: Node, place: str) -> Problem | None:
    if is_too_deep(resource):
        return problem(413, f"{place} has more levels than any profile needs.", place)
    return unreckonable(resource, place)


def _malformed(resource: Node, place: str) -> Problem | None:
    """What R4's own rules say against a resource, by its first fault."""
    try:
        _model(text(resource, "resourceType")).model_validate(resource)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
        steps = ".".join(str(step) for step in first["loc"] if step in _said(resource, first["loc"]))
        where = f"{place}.{steps}" if steps else place
        return Problem(422, "structure", f"{where} is not as R4 has it.", (where,))
    except (ValueError, TypeError, ArithmeticError):
        return Problem(422, "structure", f"{place} is not as R4 has it.", (place,))
    return None


def _said(resource: Node, steps: Sequence[int | str]) -> tuple[int | str, ...]:
    """The steps of a fault that R4 knows: an unknown name is the sender's text, and is not repeated."""
    known = _names(text(resource, "resourceType"))
    return tuple(steps[:1]) if steps and steps[0] in known else ()


@lru_cache(maxsize=16)
def _names(kind: str) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in _model(kind).model_fields.items())


@lru_cache(maxsize=16)
def _model(kind: str):  # type: ignore[no-untyped-def]
    return get_fhir_model_class(kind)


def _condition(asked: str, place: str) -> Pair | Problem | None:
    """What `ifNoneExist` asks; None: nothing."""
    if not asked:
        return None
    pairs = parse_qsl(asked, keep_blank_values=True)
    if len(pairs) == 1 and pairs[0][0] == "identifier" and "," not in pairs[0][1]:
        system, bar, value = pairs[0][1].partition("|")
        if bar and system and value:
            return system, value
    return Problem(400, "not-supported", f"{place}: only identifier=system|value is known here.", (place,))

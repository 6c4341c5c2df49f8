"""Summaries of sensor glucose as Observations: the summary profiles of the HL7 CGM IG 1.0.0.

Law: codes and units are those of `mappings/codes.yaml`; the ranges are the standard ones, which the codes define, and
shares of time, so they add to 100.00. Here figures are rounded, nowhere before: percentages to two decimals (the IG
asks for as many), a mean to a tenth of a mg/dL or a hundredth of a mmol/L. A period of whole local days says dates.
Every summary carries the notice of all answers, and what it lacks of 14 days or 70 % (`safety.md`). A GMI has its own
code and never that of an HbA1c. What was entered in error has no value and claims no profile, which demands one.

Rejected: a dataAbsentReason in place of a figure that may not leave (the profiles forbid it).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import numpy as np

from bridge.consent.disclosure import NOTICE
from bridge.consent.summed import (
    ACTIVE,
    CV,
    GMI,
    MEAN,
    MEMBERS,
    PANEL,
    PARTS,
    RANGES,
    WEAR,
    DisclosedSummary,
)
from bridge.fhir import terms
from bridge.fhir.cells import instant, stamps
from bridge.fhir.elements import named, quantity
from bridge.fhir.stated import USUAL, Stated, rounded
from bridge.fhir.tree import Node, Number, Tree, selected
from bridge.mapping import Mappings
from bridge.mapping.shapes import UnitText
from bridge.metrics.brief import Brief
from bridge.metrics.ranges import Ranges
from bridge.metrics.wear import ACTIVE as ENOUGH
from bridge.metrics.wear import DAYS
from bridge.reading import Unit

PROFILES: Final = "http://hl7.org/fhir/uv/cgm/StructureDefinition/"
CATEGORIES: Final = ("laboratory", "LAB")
MANDATORY: Final = frozenset({"status", "code"})
WRONG: Final[Tree] = {"dataAbsentReason": terms.absent("error")}
"""In place of a value that was entered in error."""
BANDS: Final[Mapping[str, Callable[[Ranges], float]]] = {
    "cgm-very-low": lambda found: found.very_low,
    "cgm-low": lambda found: found.low,
    "cgm-in-range": lambda found: found.in_range,
    "cgm-high": lambda found: found.high,
    "cgm-very-high": lambda found: found.very_high,
}
"""The components of times in ranges."""


@dataclass(frozen=True, slots=True)
class _Said:
    """How one Observation of a summary is said: its code's name and its profile."""

    code: str
    profile: str


_SAID: Final[Mapping[str, _Said]] = {
    PANEL: _Said("cgm-summary", "cgm-summary"),
    RANGES: _Said("cgm-ranges", "cgm-summary-times-in-ranges"),
    GMI: _Said("cgm-gmi", "cgm-summary-gmi"),
    CV: _Said("cgm-cv", "cgm-summary-coefficient-of-variation"),
    WEAR: _Said("cgm-days-worn", "cgm-summary-days-of-wear"),
    ACTIVE: _Said("cgm-active", "cgm-summary-sensor-active-percentage"),
}
_MEANS: Final[Mapping[Unit, _Said]] = {
    Unit.MG_DL: _Said("cgm-mean-mass", "cgm-summary-mean-glucose-mass-per-volume"),
    Unit.MMOL_L: _Said("cgm-mean-molar", "cgm-summary-mean-glucose-moles-per-volume"),
}


def said_as(part: str, unit: Unit) -> tuple[str, str]:
    """The name of its code and the profile of a part, a mean in that unit."""
    said = _MEANS.get(unit, _MEANS[Unit.MG_DL]) if part == MEAN else _SAID[part]
    return said.code, PROFILES + said.profile


@dataclass(frozen=True, slots=True)
class Worn:
    """What a search can know an Observation by: (system, code) of its codes and categories, and its profiles."""

    codes: frozenset[tuple[str, str]]
    categories: frozenset[tuple[str, str]]
    profiles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Of:
    """Whose summaries, and where: the reference of the subject, the system of our identifiers, the revision of the
    codes. Where `is_filed`, the receiver gives ids and versions; `places`: its references of what it holds, by our id;
    `stated`: how it is told figures; `notice`: what is said of all."""

    subject: str
    system: str
    revision: str
    is_filed: bool = False
    places: Mapping[str, str] = field(default_factory=dict)
    stated: Stated = USUAL
    notice: str = NOTICE

    def named(self, id_: str) -> str | None:
        """The id of an Observation there: of an update the receiver's own, which has to stand in it (R4 3.1.0.4)."""
        return self.places[id_].rpartition("/")[2] if id_ in self.places else None if self.is_filed else id_


def worn(mappings: Mappings) -> dict[str, Worn]:
    """What each part wears."""
    categories = frozenset(_coded(mappings, each) for each in CATEGORIES)
    said = {part: (each,) for part, each in _SAID.items()} | {MEAN: tuple(_MEANS.values())}
    return {
        part: Worn(
            frozenset(_coded(mappings, each.code) for each in said[part]),
            categories,
            frozenset(PROFILES + each.profile for each in said[part]),
        )
        for part in PARTS
    }


def revision(mappings: Mappings) -> str:
    """What the codes of summaries are now, in eight hex digits: a versionId changes with them (`data.md`, versions)."""
    used = (*(each.code for each in (*_SAID.values(), *_MEANS.values())), *BANDS, *CATEGORIES)
    said = "\n".join(f"{name} {mappings.codes[name]}" for name in used)
    return sha256(said.encode()).hexdigest()[:8]


def version(one: DisclosedSummary, revision: str) -> str:
    """The versionId of its Observations, under a revision of the codes."""
    return f"{one.version}-{revision}"


GONE: Final = "~x"
"""How the version of what is entered in error ends."""


def filed(one: DisclosedSummary, revision: str, stated: Stated, is_gone: bool) -> str:
    """The version under which an Observation of it is filed; ours, sent to nobody (`fullness.py`)."""
    said = f"-{stated.name}" if stated.name else ""
    return f"{version(one, revision)}{said}{GONE if is_gone else ''}"


def trees(
    one: DisclosedSummary, mappings: Mappings, of: Of, elements: frozenset[str] | None = None
) -> Iterator[tuple[str, Tree]]:
    """Id and content of each Observation that leaves, the panel first."""
    for part, id_ in one.ids:
        is_wrong, is_again = part in one.gone, one.is_amended or id_ in of.places
        unit = of.stated.unit_of(one.unit)
        said = _MEANS.get(unit, _MEANS[Unit.MG_DL]) if part == MEAN else _SAID[part]
        resource: Tree = {
            "resourceType": "Observation",
            "id": of.named(id_),
            "meta": _meta(one, None if is_wrong else said.profile, of),
            "identifier": ({"system": of.system, "value": id_},),
            "status": "entered-in-error" if is_wrong else "corrected" if is_again else "final",
            "category": tuple(named(mappings, (each,)) for each in CATEGORIES),
            "code": named(mappings, (said.code, *of.stated.codes.get(part, ()))),
            "subject": {"reference": of.subject},
            "effectivePeriod": covered(one),
            **(WRONG if is_wrong else _value(one, part, mappings, said, of.stated)),
            "note": tuple({"text": text} for text in _notes(one, of.notice)),
            "hasMember": _members(dict(one.members), of) if part == PANEL and not is_wrong else (),
            "component": _bands(one, mappings, of.stated) if part == RANGES and not is_wrong else (),
        }
        yield id_, selected(resource, elements, MANDATORY)


def _meta(one: DisclosedSummary, profile: str | None, of: Of) -> Tree:
    versions: Tree = {"versionId": version(one, of.revision), "lastUpdated": instant(one.last_updated)}
    tags = tuple(terms.source_class(each) for each in one.classes)
    return {
        **({} if of.is_filed else versions),
        "profile": (None if profile is None else PROFILES + profile,),
        "tag": (terms.PATIENT_SUPPLIED, *tags),
    }


def covered(one: DisclosedSummary) -> Tree:
    """First and last day where it covers whole ones; else its edges, the last one inclusive (R4 2.24.0.20)."""
    if one.days is not None:
        return {"start": one.days[0].isoformat(), "end": one.days[1].isoformat()}
    edges, offsets = np.array([one.period.start, one.period.end - 1000]), np.array(one.offsets)
    start, end = (row.tobytes().decode("ascii").strip() for row in stamps(edges, offsets, fine=False))
    return {"start": start, "end": end}


def _value(one: DisclosedSummary, part: str, mappings: Mappings, said: _Said, stated: Stated) -> Tree:
    made = _VALUES.get(part)
    told = (
        None if made is None or one.figures is None else made(one.figures, stated.unit_of(one.unit), stated)
    )
    code = mappings.codes[said.code]
    if told is None or code.ucum is None:
        return {}
    return {"valueQuantity": quantity(Number(told), UnitText(unit=code.unit or code.ucum, ucum=code.ucum))}


_VALUES: Final[Mapping[str, Callable[[Brief, Unit, Stated], str | None]]] = {
    MEAN: lambda found, unit, stated: stated.mean(found, unit),
    GMI: lambda found, unit, stated: stated.percent(found.gmi),
    CV: lambda found, unit, stated: stated.percent(found.cv),
    WEAR: lambda found, unit, stated: str(found.days),
    ACTIVE: lambda found, unit, stated: rounded(found.active, 2),
}


def _bands(one: DisclosedSummary, mappings: Mappings, stated: Stated) -> Node:
    found = None if one.figures is None else one.figures.ranges
    if found is None:
        return ()
    shares = hundredths([share(found) for share in BANDS.values()])
    unit = UnitText(unit="%", ucum="%")
    return tuple(
        {"code": named(mappings, (name,)), "valueQuantity": quantity(Number(stated.share(share)), unit)}
        for name, share in zip(BANDS, shares, strict=True)
    )


def hundredths(percents: list[float]) -> list[int]:
    """Percentages that add to 100 in hundredths of a percent, by largest remainder, so that they add to 10000."""
    floors = [int(percent * 100) for percent in percents]
    remainders = [percent * 100 - floor for percent, floor in zip(percents, floors, strict=True)]
    order = sorted(range(len(percents)), key=lambda at: -remainders[at])
    for at in order[: 10_000 - sum(floors)]:
        floors[at] += 1
    return floors


def _members(ids: Mapping[str, str], of: Of) -> Node:
    usual = "urn:uuid:" if of.is_filed else "Observation/"
    there = [ids[part] for part in MEMBERS if part in ids]
    return tuple({"reference": of.places.get(id_, f"{usual}{id_}")} for id_ in there)


def _notes(one: DisclosedSummary, notice: str) -> Iterator[str]:
    """What whoever reads a figure must know."""
    yield notice
    found = one.figures
    if found is None:
        return
    if found.period_days < DAYS:
        yield f"insufficient data: {_floored(found.period_days)} of {DAYS} days"
    if found.active < ENOUGH:
        yield f"insufficient data: sensor active {_floored(found.active)} of {ENOUGH:.0f} %"
    if found.off_scale:
        yield (
            f"{found.off_scale} of {found.readings} readings beyond what the sensor measures count with its limit"
        )
    if found.uncertain:
        yield f"{found.uncertain} readings of an uncertain time"


def _floored(value: float) -> str:
    """To a tenth, never up: what is not enough must not look as if it were."""
    return f"{math.floor(value * 10) / 10:.1f}"


def _coded(mappings: Mappings, name: str) -> tuple[str, str]:
    return mappings.codes[name].system, mappings.codes[name].code

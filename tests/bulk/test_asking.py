"""What an export is asked for: parameters in, a meaning or a problem out, whatever is sent."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.bulk.asking import Export, Grammar, parse
from bridge.bulk.filters import FILTERED, Filter, filters
from bridge.fhir.everything import TYPES
from bridge.fhir.outcome import Problem
from bridge.reading import Stream
from tests.fhir.disclosed import BASE, renderer

RENDERER = renderer()
GRAMMAR = Grammar(RENDERER.vocabulary, BASE, RENDERER.system)
GLUCOSE, STRIPS = "http://loinc.org|99504-3", "http://loinc.org|14743-9"


def meant(*pairs: tuple[str, str], lenient: bool = False) -> Export:
    found = parse("$export", pairs, GRAMMAR, lenient)
    assert isinstance(found, Export), found
    return found


def test_nothing_asked_is_everything_of_every_type() -> None:
    found = meant()
    assert (found.types, found.since, found.until, found.patients) == (None, None, None, None)
    assert set(found.searches) == TYPES
    assert found.searches["Observation"].selectors == RENDERER.vocabulary.everything("Observation")


def test_types_may_be_listed_repeated_and_come_with_their_evidence() -> None:
    assert meant(("_type", "Patient,Device"), ("_type", "Observation")).types == frozenset(
        {
            "Patient",
            "Device",
            "Observation",
        }
    )
    with_proofs = meant(("_type", "Patient"), ("includeAssociatedData", "RelevantProvenanceResources"))
    assert with_proofs.types == frozenset({"Patient", "Provenance"})
    assert meant(("includeAssociatedData", "LatestProvenanceResources")).types is None


def test_an_instant_is_one_whatever_its_zone_and_how_fine() -> None:
    for text in ("2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", "2026-03-01T00:00:00.000999Z"):
        assert meant(("_since", text)).since == 1_772_323_200_000


def test_what_is_no_instant_is_told_how_one_is_written() -> None:
    for text in ("yesterday", "ge2026-03-01T00:00:00Z", "2026-03-01", "2026-13-01T00:00:00Z"):
        problem = parse("$export", [("_since", text)], GRAMMAR, False)
        assert isinstance(problem, Problem) and "like 2026-03-01T00:00:00Z" in problem.sentence


def test_filters_are_told_apart_by_the_comma_before_a_type() -> None:
    """As SMART's own client writes them: the comma of a value escaped once more."""
    found = filters("Observation?code=a%2Cb,c&date=gt2026,Device?type=x,MedicationAdministration?")
    assert found == [
        Filter("Observation", (("code", "a,b,c"), ("date", "gt2026"))),
        Filter("Device", (("type", "x"),)),
        Filter("MedicationAdministration", ()),
    ]


def test_several_filters_of_a_type_mean_what_any_of_them_finds() -> None:
    either = meant(
        ("_typeFilter", f"Observation?code={GLUCOSE}"), ("_typeFilter", f"Observation?code={STRIPS}")
    )
    both = meant(("_typeFilter", f"Observation?code={GLUCOSE},{STRIPS}"))
    assert either.searches["Observation"].selectors == both.searches["Observation"].selectors
    streams = {each.stream for each in both.searches["Observation"].selectors}
    assert streams == {Stream.GLUCOSE, Stream.CAPILLARY}
    assert either.searches["Device"] == meant().searches["Device"]


@pytest.mark.parametrize("kind", sorted(TYPES - FILTERED))
def test_people_and_evidence_are_not_filtered(kind: str) -> None:
    for lenient in (False, True):
        found = parse("$export", (("_typeFilter", f"{kind}?_id=x"),), GRAMMAR, lenient)
        assert isinstance(found, Problem) and found.status == 400


def test_what_is_left_away_is_told_and_what_cannot_be_is_refused() -> None:
    told = meant(
        ("sweet", "x"), ("_type", "Encounter,Patient"), ("includeAssociatedData", "_mine"), lenient=True
    )
    assert [each.expression for each in told.ignored] == [
        ("http.sweet",), ("http._type",), ("http.includeAssociatedData",),
    ]  # fmt: skip
    assert told.types == frozenset({"Patient"})
    for pairs in ((("sweet", "x"),), (("_type", "Encounter"),), (("includeAssociatedData", "_mine"),)):
        assert isinstance(parse("$export", pairs, GRAMMAR), Problem)


NAMES = st.sampled_from(
    ["_type", "_since", "_until", "_typeFilter", "_elements", "_outputFormat", "includeAssociatedData", "patient",
     "_format", "sweet"]
)  # fmt: skip
VALUES = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(["Observation?code=1", "Observation?date=gt2026-01-01", "ndjson", "2026-03-01T00:00:00Z", "id",
                     "Patient/x", "Observation,Device", "Observation?_elements=x", "Observation?%ff=1"]),
)  # fmt: skip


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6), st.booleans())
def test_whatever_is_sent_has_a_meaning_or_a_problem_and_rests_as_it_was(
    pairs: list[tuple[str, str]], lenient: bool
) -> None:
    found = parse("$export", tuple(pairs), GRAMMAR, lenient)
    kept = tuple(parse_qsl(urlencode(pairs), keep_blank_values=True))
    assert parse("$export", kept, GRAMMAR, lenient) == found
    if isinstance(found, Problem):
        assert found.status == 400
        return
    assert lenient or not found.ignored
    assert found.types is None or found.types <= TYPES
    named = {name for name, _ in pairs}
    assert (found.since is not None) is ("_since" in named) and (found.patients is not None) is (
        "patient" in named
    )
    for kind, search in found.searches.items():
        assert search.selectors <= RENDERER.vocabulary.everything(kind) or kind != "Observation"

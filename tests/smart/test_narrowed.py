"""What a grant leaves of scopes: never more, never another's, and in words that the answers keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.consent.asked import KIND_OF, SENSITIVE, WILDCARD, Kind, Way
from bridge.fhir.vocabulary import Token, Vocabulary
from bridge.mapping.resources import OBSERVATION, TYPE_OF
from bridge.reading import Stream
from bridge.smart.narrowed import ALWAYS, CATEGORIES, CATEGORY_SYSTEM, OPENED, TYPES, narrowed, served
from bridge.smart.scopes import Scopes, parse
from tests.shipped import mappings
from tests.smart.test_scopes import whole_lists

KINDS = st.frozensets(st.sampled_from(Kind))
LOOK = frozenset({Way.LOOK})


@given(whole_lists(), KINDS, st.frozensets(st.sampled_from(Way)))
def test_narrowing_never_widens_and_leaves_reading_alone(
    asked: Scopes, kinds: frozenset[Kind], ways: frozenset[Way]
) -> None:
    left = narrowed(asked, kinds, ways)
    assert left.words == asked.words
    assert all(any(held.covers(each) for held in asked.items) for each in left.items)
    assert all(set(each.actions) <= set("rs") for each in left.items)
    assert left.items == () or Way.LOOK in ways
    opened = ALWAYS.union(*(OPENED.get(kind, frozenset()) for kind in kinds))
    assert all(each.resource in opened or (each.resource == "*" and kinds >= WILDCARD) for each in left.items)


@given(whole_lists(), KINDS, KINDS)
def test_a_wider_grant_leaves_no_less(asked: Scopes, kinds: frozenset[Kind], more: frozenset[Kind]) -> None:
    few, many = narrowed(asked, kinds, LOOK), narrowed(asked, kinds | more, LOOK)
    assert all(any(held.covers(each) for held in many.items) for each in few.items)


@given(whole_lists(), KINDS)
def test_narrowing_twice_is_narrowing_once(asked: Scopes, kinds: frozenset[Kind]) -> None:
    once = narrowed(asked, kinds, LOOK)
    assert set(narrowed(once, kinds, LOOK).items) == set(once.items)


@pytest.mark.parametrize(
    ("kinds", "left"),
    [
        (WILDCARD, "patient/*.rs"),
        (WILDCARD - {Kind.DEVICE}, "patient/MedicationAdministration.rs patient/Observation.rs # @"),
        ({Kind.INSULIN}, "patient/MedicationAdministration.rs @"),
        ({Kind.DEVICE}, "patient/Device.rs patient/DeviceMetric.rs @"),
        ({Kind.CARBS}, f"patient/Observation.rs?category={CATEGORY_SYSTEM}|social-history @"),
        ({Kind.SERIALS}, "@"),
        (set[Kind](), ""),
    ],
)
def test_a_wildcard_becomes_what_is_granted(kinds: set[Kind], left: str) -> None:
    reports = "patient/Binary.rs patient/DiagnosticReport.rs patient/DocumentReference.rs"
    told = left.replace("#", reports).replace(
        "@", "patient/Consent.rs patient/Patient.rs patient/Provenance.rs"
    )
    found = str(narrowed(parse("patient/*.cruds"), frozenset(kinds), LOOK)).split()
    assert found == sorted(told.split())


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"),
        ("patient/Observation.rs?category=survey", ""),
        (
            "patient/Observation.rs?category=survey,laboratory",
            "patient/Observation.rs?category=survey,laboratory",
        ),
        ("patient/Observation.read", f"patient/Observation.rs?category={CATEGORY_SYSTEM}|laboratory"),
        ("patient/Observation.cud", ""),
        ("patient/MedicationAdministration.rs", ""),
    ],
)
def test_a_granular_scope_stays_as_it_was_asked_where_something_of_it_is_granted(
    asked: str, left: str
) -> None:
    assert str(narrowed(parse(asked), frozenset({Kind.GLUCOSE}), LOOK)) == left


def test_the_categories_are_those_that_the_shipped_shapes_put_on_observations() -> None:
    """Every Observation of a kind wears a category of the table, or a granted reading would be fenced off."""
    vocabulary = Vocabulary.of(mappings())
    worn: dict[Kind, set[str]] = {}
    for category in {each for names in CATEGORIES.values() for each in names}:
        for selector in vocabulary.categorised((Token(CATEGORY_SYSTEM, category),)):
            if TYPE_OF[selector.stream] != OBSERVATION:
                continue
            kind = KIND_OF[selector.stream]
            if selector.stream is Stream.EVENT and selector.kinds:
                apart = {SENSITIVE[each] for each in SENSITIVE if int(each) in selector.kinds}
                for each in apart if apart == {*apart} and len(selector.kinds) == len(apart) else {kind}:
                    worn.setdefault(each, set()).add(category)
            else:
                worn.setdefault(kind, set()).add(category)
    for kind, names in worn.items():
        assert names <= CATEGORIES[kind], kind
    every = vocabulary.categorised(
        [Token(CATEGORY_SYSTEM, each) for each in set().union(*CATEGORIES.values())]
    )
    assert {each.stream for each in every} == {each.stream for each in vocabulary.everything(OBSERVATION)}


def test_every_type_that_a_scope_opens_is_searched_here() -> None:
    from bridge.fhir.parameters import SOUGHT

    assert set(TYPES) <= {*SOUGHT, "Binary"}


def test_a_system_may_be_let_to_create_what_is_submitted_and_nothing_else() -> None:
    asked = (
        "system/Observation.c system/Device.cu system/Consent.c system/Observation.d patient/Observation.c"
    )
    assert str(served(parse(asked))) == "system/Observation.c system/Device.cu"
    assert str(narrowed(parse("patient/Observation.crs"), WILDCARD, LOOK)) == "patient/Observation.rs"

"""SMART scopes: the grammar as a table, the algebra as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.smart.scopes import (
    ALL_ACTIONS,
    PERSON,
    SYSTEM,
    WORDS,
    Scope,
    Scopes,
    granted,
    met,
    not_understood,
    parse,
    read,
    shortest,
)

UNDERSTOOD = [
    ("system/Observation.rs", "system/Observation.rs"),
    ("system/*.cruds", "system/*.cruds"),
    ("system/Observation.read", "system/Observation.read"),
    ("system/*.*", "system/*.*"),
    ("patient/Device.s", "patient/Device.s"),
    (
        "system/Observation.rs?category=http://t.org/cat|laboratory",
        "system/Observation.rs?category=http://t.org/cat|laboratory",
    ),
    ("system/Observation.rs?code=b&category=a", "system/Observation.rs?category=a&code=b"),
    ("system/Observation.r?category=a%26b", "system/Observation.r?category=a%26b"),
]

NOT_UNDERSTOOD = [
    "system/Observation.dus",  # out of order
    "system/Observation.sr",
    "system/Observation.rr",
    "system/Observation.",
    "system/Observation.reads",
    "system/Observation",
    "system/observation.rs",
    "System/Observation.rs",
    "system/*.rs?category=a",  # a parameter needs its resource
    "system/Device.rs?category=a",
    "system/Observation.rs?date=ge2020",
    "system/Observation.rs?category:in=a",
    "system/Observation.rs?category",
    "system/Observation.rs?category=",
    "system/Observation.rs?",
    "system/Observation.read?category=a",
    "openid",
    "launch/encounter",
    "",
]


@pytest.mark.parametrize(("text", "printed"), UNDERSTOOD)
def test_an_understood_scope_prints_as_it_was_written(text: str, printed: str) -> None:
    found = read(text)
    assert found is not None
    assert str(found) == printed
    assert read(printed) == found


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_what_is_not_understood_in_full_grants_nothing(text: str) -> None:
    assert read(text) is None
    assert not granted(text, "system/*.cruds")


def test_registration_is_told_what_was_not_understood() -> None:
    assert not_understood("system/Observation.rs system/Observation.dus openid profile") == (
        "system/Observation.dus",
        "profile",
    )


@pytest.mark.parametrize(
    ("asked", "registered", "given"),
    [
        ("system/*.rs", "system/Observation.rs", "system/Observation.rs"),
        ("system/*.read", "system/Observation.cruds", "system/Observation.read"),
        ("system/*.*", "system/Observation.rs", "system/Observation.read"),
        ("system/Observation.cruds", "system/*.rs", "system/Observation.rs"),
        ("system/Observation.rs", "system/Device.rs", ""),
        ("system/Observation.cud", "system/Observation.rs", ""),
        ("patient/Observation.rs", "system/Observation.rs", ""),
        ("user/*.rs", "system/*.rs", ""),
        ("system/*.rs", "system/Observation.rs?category=a", "system/Observation.rs?category=a"),
        (
            "system/Observation.rs?category=a",
            "system/Observation.rs?category=b",
            "system/Observation.rs?category=a&category=b",
        ),
        ("system/Observation.read", "system/Observation.rs?category=a", "system/Observation.rs?category=a"),
        ("system/*.rs system/Device.rs  system/Device.r", "system/*.rs", "system/*.rs"),
        ("", "system/*.rs", ""),
    ],
)
def test_granted_is_what_was_asked_cut_to_what_is_registered(asked: str, registered: str, given: str) -> None:
    assert str(granted(asked, registered)) == given


def test_reach_is_empty_without_a_matching_scope_and_boundless_only_without_a_fence() -> None:
    found = parse("system/Observation.r?category=a system/Observation.r?code=b system/Device.rs")
    assert set(found.reach("Observation", "r")) == {
        frozenset({("category", "a")}),
        frozenset({("code", "b")}),
    }
    assert found.reach("Observation", "s") == ()
    assert found.reach("Device", "s") == (frozenset(),)
    assert found.reach("Patient", "r") == ()
    assert Scopes().reach("Observation", "r") == ()


def test_one_scope_without_a_fence_opens_the_whole_type() -> None:
    found = parse("system/Observation.r?category=a system/*.r")
    assert found.reach("Observation", "r") == (frozenset(),)


RESOURCES = st.sampled_from(["*", "Observation", "Device"])
ACTIONS = st.sets(st.sampled_from(ALL_ACTIONS), min_size=1).map(
    lambda s: "".join(a for a in ALL_ACTIONS if a in s)
)
FENCES = st.frozensets(
    st.tuples(st.sampled_from(["category", "code"]), st.sampled_from(["a", "b"])), max_size=2
)


@st.composite
def scope_texts(draw: st.DrawFn) -> str:
    items = draw(st.lists(st.tuples(RESOURCES, ACTIONS, FENCES), max_size=4))
    scopes = [Scope("system", r, a, f if r == "Observation" else frozenset()) for r, a, f in items]
    return " ".join(map(str, scopes))


def reached(scopes: Scopes) -> set[tuple[str, str, frozenset[tuple[str, str]]]]:
    """Every (resource, action, set of properties that an item has) inside: the oracle."""
    kinds = [
        frozenset(s) for s in ([], [("category", "a")], [("category", "b")], [("code", "a")], [("code", "b")])
    ]
    items = {one | other for one in kinds for other in kinds}
    return {
        (resource, action, item)
        for resource in ("Observation", "Device")
        for action in ALL_ACTIONS
        for item in items
        if any(fence <= item for fence in scopes.reach(resource, action))
    }


@given(scope_texts(), scope_texts())
def test_granted_reaches_exactly_what_both_reach(asked: str, registered: str) -> None:
    both = reached(parse(asked)) & reached(parse(registered))
    assert reached(granted(asked, registered)) == both


@given(scope_texts())
def test_printing_and_parsing_again_changes_nothing(text: str) -> None:
    once = parse(text)
    assert parse(str(once)) == once


VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_categories=["Cs"]), min_size=1
)


@st.composite
def whole_lists(draw: st.DrawFn) -> Scopes:
    """Any list that there can be: every context, version 1, granular with any value, words."""
    made = []
    for _ in range(draw(st.integers(0, 4))):
        context, resource = draw(st.sampled_from(["patient", "user", "system"])), draw(RESOURCES)
        fence = draw(st.frozensets(st.tuples(st.sampled_from(["category", "code"]), VALUES), max_size=2))
        is_fenced = resource == "Observation"
        actions = draw(ACTIONS)
        is_legacy = not (is_fenced and fence) and actions in ("rs", "cud", "cruds") and draw(st.booleans())
        made.append(Scope(context, resource, actions, fence if is_fenced else frozenset(), is_legacy))
    return Scopes(shortest(made), tuple(draw(st.lists(st.sampled_from(WORDS), unique=True))))


@given(whole_lists())
def test_every_list_of_scopes_survives_the_wire(scopes: Scopes) -> None:
    assert parse(str(scopes)) == scopes
    assert (
        parse(" ".join(f"http://smarthealthit.org/fhir/scopes/{each}" for each in str(scopes).split()))
        == scopes
    )


@given(whole_lists(), whole_lists())
def test_what_both_reach_is_inside_each_and_contexts_never_mix(one: Scopes, other: Scopes) -> None:
    both = met(one, other)
    for side in (one, other):
        assert all(any(held.covers(each) for held in side.items) for each in both.items)
        assert set(both.words) <= set(side.words)
    for contexts in (SYSTEM, PERSON):
        assert {each.context for each in both.of(contexts).items} <= contexts
    assert both.of(SYSTEM).words == ()
    assert met(one, one) == one


def test_only_the_first_hundred_scopes_are_read() -> None:
    assert parse(" ".join(["x"] * 100 + ["patient/*.rs"])) == Scopes()
    assert parse(" ".join(["x"] * 99 + ["patient/*.rs"])).items

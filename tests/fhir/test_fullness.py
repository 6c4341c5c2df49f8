"""Which copy in a chart is brought up to date, and which is left as it is: a table, both ways round."""

from __future__ import annotations

import pytest

from bridge.fhir.fullness import filled, says_more
from bridge.store.outbox import SEVERAL

PLAIN = "1-0123abcd"
WHOLE = filled(PLAIN, False, True, 0, 0, 0)
BARE = filled(PLAIN, False, False, 0, 0, 1)
NOTED = filled(PLAIN, True, True, 0, 0, 9)
NOTED_BARE = filled(PLAIN, True, False, 0, 0, 8)
SHORT, LONG = (filled(PLAIN, False, True, 2, length, length) for length in (100, 200))
LATE = filled(PLAIN, False, True, 1, 100, 5)
INNER, OTHER = (filled(PLAIN, False, True, 3, 100, content) for content in (6, 7))

MORE = [
    (WHOLE, BARE),
    (NOTED, WHOLE),
    (NOTED, NOTED_BARE),
    (NOTED_BARE, BARE),
    (LONG, SHORT),
    (WHOLE, SHORT),
    (WHOLE, INNER),
]
"""What says more, and what says less of the same."""
NEITHER = [(NOTED_BARE, WHOLE), (WHOLE, WHOLE), (INNER, INNER), (SHORT, SHORT)]
APART = [(SHORT, LATE), (INNER, OTHER), (LONG, INNER)]
"""Pieces of which neither holds the other: what is permitted now is what is filed."""


def test_what_is_whole_and_plain_is_filed_under_the_plain_version() -> None:
    assert WHOLE == PLAIN


@pytest.mark.parametrize(("fuller", "poorer"), MORE)
def test_the_fuller_goes_over_the_poorer_and_never_the_other_way_round(fuller: str, poorer: str) -> None:
    assert says_more(fuller, poorer) and not says_more(poorer, fuller)


@pytest.mark.parametrize(("one", "two"), NEITHER)
def test_where_neither_says_more_nothing_goes(one: str, two: str) -> None:
    assert not says_more(one, two) and not says_more(two, one)


@pytest.mark.parametrize(("one", "two"), APART)
def test_another_piece_goes_whichever_was_there(one: str, two: str) -> None:
    assert says_more(one, two) and says_more(two, one)


@pytest.mark.parametrize("held", ["2-0123abcd", "1-ffffffff", SEVERAL, "", "2-0123abcd+n"])
def test_another_amendment_mapping_or_an_unknown_copy_always_goes(held: str) -> None:
    assert all(says_more(now, held) for now in (WHOLE, BARE, NOTED, SHORT, INNER))


def test_no_copy_goes_back_and_forth_between_two_contents() -> None:
    every = [WHOLE, BARE, NOTED, NOTED_BARE, SHORT, LONG]
    assert not any(says_more(one, two) and says_more(two, one) for one in every for two in every)

"""Page links: they hold what was asked, for one client, for one hour, and prove nothing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.fhir.pages import LIFETIME, STALE, Page, link, seal, unseal

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = 1_772_359_200_000
ASKED = (("patient", "p&=ü"), ("date", "ge2026-03-01T00:00:00+01:00"))
PAGE = Page("Observation", ASKED, b"\0" * 24, "client-1", 7, NOW)


def encodable(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()


def test_a_link_gives_back_what_was_asked() -> None:
    assert unseal(KEY, seal(KEY, PAGE), "client-1", NOW + 1000) == PAGE


@given(st.lists(st.tuples(st.text(), st.text())), st.binary(max_size=24), st.text(), st.integers(0, 2**36))
def test_any_question_goes_round(
    pairs: list[tuple[str, str]], after: bytes, client: str, patient: int
) -> None:
    asked = tuple((encodable(name), encodable(value)) for name, value in pairs)
    page = Page("Observation", asked, after, encodable(client), patient, NOW)
    assert unseal(KEY, seal(KEY, page), page.client, NOW) == page


@pytest.mark.parametrize(
    ("key", "client", "now"),
    [
        (OTHER, "client-1", NOW),
        (KEY, "client-2", NOW),
        (KEY, "client-1", NOW + LIFETIME),
        (KEY, "client-1", NOW - 1),
    ],
)
def test_another_installation_another_client_or_another_hour_has_the_one_answer(
    key: bytes, client: str, now: int
) -> None:
    assert unseal(key, seal(KEY, PAGE), client, now) is STALE


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_link_that_was_changed_anywhere_has_the_one_answer(at: int, change: int) -> None:
    text = seal(KEY, PAGE)
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[at % len(raw)] ^= change
    changed = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
    assert unseal(KEY, changed, "client-1", NOW) is STALE


@given(st.text(max_size=200))
def test_whatever_stands_in_a_link_is_the_one_answer(text: str) -> None:
    assert unseal(KEY, text, "client-1", NOW) is STALE


def test_a_link_shows_nothing_of_what_it_holds_and_is_new_each_time() -> None:
    one, two = seal(KEY, PAGE), seal(KEY, PAGE)
    assert one != two
    assert b"patient" not in base64.urlsafe_b64decode(one + "=" * (-len(one) % 4))
    assert link("https://bridge.example/fhir", "Observation", one).endswith(f"/Observation?_page={one}")

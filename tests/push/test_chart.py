"""A link breaks when the receiver shows another record than the one that a human confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bridge.net.client import Outbound
from bridge.push.chart import Broken, NotShown, difference, look
from bridge.push.receiver import Bearer, Receiver
from bridge.push.retry import Step
from bridge.store.links import Link, LinkState, Shown
from tests.net.wire import NOW, outbound
from tests.push.twin import IDENTIFIER, Say, Twin, hospital

SHOWN = Shown("p1", "Robin Example", date(1990, 4, 1))
LINK = Link(1, 1, "clinic", *IDENTIFIER, SHOWN, "Dr. Who", 0, LinkState.CONFIRMED, "")


@pytest.fixture
def twin() -> Iterator[Twin]:
    with hospital() as running:
        yield running


def looked(twin: Twin, net: Outbound | None = None) -> Shown | Broken | NotShown:
    sink = Receiver(net or outbound(twin.url), twin.url, Bearer(), 1)
    return asyncio.run(look(sink, *IDENTIFIER, NOW))


def test_the_record_is_shown_with_name_and_birth_date(twin: Twin) -> None:
    assert looked(twin) == SHOWN


CHANGES: list[tuple[dict[str, Any], Broken]] = [
    ({"active": False}, Broken.INACTIVE),
    ({"deceasedBoolean": True}, Broken.DECEASED),
    ({"deceasedDateTime": "2025-12-24"}, Broken.DECEASED),
    ({"link": [{"other": {"reference": "Patient/p9"}, "type": "replaced-by"}]}, Broken.REPLACED),
    ({"identifier": [{"system": IDENTIFIER[0], "value": "0043"}]}, Broken.ABSENT),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_record_that_does_not_stand_any_more_is_not_a_chart(
    twin: Twin, change: dict[str, Any], expected: Broken
) -> None:
    twin.show(**change)
    assert looked(twin) is expected


def test_an_identifier_that_two_records_have_is_ambiguous(twin: Twin) -> None:
    twin.chart.shelves["Patient"]["p2"] = {**twin.chart.shelves["Patient"]["p1"], "id": "p2"}
    assert looked(twin) is Broken.AMBIGUOUS


def test_signs_of_life_and_links_to_older_records_break_nothing(twin: Twin) -> None:
    older = {"other": {"reference": "Patient/p0"}, "type": "replaces"}
    twin.show(deceasedBoolean=False, active=True, link=[older])
    assert looked(twin) == SHOWN


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ([{"given": ["Robin"], "family": "Example"}], "Robin Example"),
        ([{"text": "Robin Example"}], "Robin Example"),
        ([{"use": "nickname", "text": "Rob"}, {"use": "official", "family": "Example"}], "Example"),
        ([{"use": "old", "text": "Before"}], "Before"),
        ([], ""),
    ],
)
def test_of_several_names_the_official_one_counts(twin: Twin, name: Any, spelled: str) -> None:
    twin.show(name=name)
    found = looked(twin)
    assert isinstance(found, Shown) and found.name == spelled


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (SHOWN, None),
        (replace(SHOWN, name="ROBIN  example"), None),
        (replace(SHOWN, name="Robin Other"), Broken.OTHER_NAME),
        (replace(SHOWN, birth_date=date(1990, 4, 2)), Broken.OTHER_BIRTH_DATE),
        (replace(SHOWN, birth_date=None), Broken.OTHER_BIRTH_DATE),
        (replace(SHOWN, id="p2"), Broken.OTHER_ID),
    ],
)
def test_what_differs_from_the_confirmed_record_is_named(now: Shown, expected: Broken | None) -> None:
    assert difference(LINK, now) is expected


def test_where_nothing_was_shown_nothing_can_differ() -> None:
    assert difference(replace(LINK, shown=Shown()), SHOWN) is None


@pytest.mark.parametrize(
    ("said", "step"),
    [
        (Say(404), Step.STOP),
        (Say(403), Step.STOP),
        (Say(400), Step.STOP),
        (Say(503, (("retry-after", "7"),)), Step.AGAIN),
        (Say(500), Step.UNKNOWN),
        (Say(200, body=b"<html>"), Step.STOP),
        (Say(200, body=b"[" * 100_000), Step.STOP),
    ],
)
def test_a_receiver_that_shows_no_patients_is_told_from_one_without_this_patient(
    twin: Twin, said: Say, step: Step
) -> None:
    twin.gets.append(said)
    found = looked(twin)
    assert isinstance(found, NotShown) and found.reply.step is step


def test_a_reason_names_nobody() -> None:
    assert not any("Robin" in reason.value or "0042" in reason.value for reason in Broken)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (Shown("", "Example, Robin", date(1990, 4, 1)), None),
        (Shown("", "robin example"), None),
        (Shown("", "Meier, Max", date(1990, 4, 1)), Broken.OTHER_NAME),
        (Shown("", "", date(1955, 5, 5)), Broken.OTHER_BIRTH_DATE),
    ],
)
def test_what_a_human_wrote_down_is_compared_with_the_first_record_that_is_shown(
    written: Shown, expected: Broken | None
) -> None:
    assert difference(replace(LINK, shown=written), SHOWN) is expected

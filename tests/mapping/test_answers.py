"""Answers in envelopes: sets of records chosen by what lies around them, several answers in one document, and what
two clocks leave over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.adapters import Decoded, Person, Unreadable, decode, recognise
from bridge.mapping import Mappings
from bridge.period import DAY, MINUTE
from bridge.reading import NO_OFFSET, Flag, Readings, Stream, Witness, column
from tests.adapters.suite import adds_up
from tests.mapping.clouds import RECEIVED, ZONES, clouds


@pytest.fixture(scope="module")
def mappings(project: Path) -> Mappings:
    """The shipped mappings and the invented clouds."""
    return clouds(project)


def answer(holds: str, *items: object, person: str = "p1") -> dict[str, object]:
    """One envelope."""
    return {"holds": holds, "person": person, "items": list(items)}


def sugar(at: str = "2024-05-01T10:00:00", shown: str | None = None, **more: object) -> dict[str, object]:
    """One reading."""
    return {"at": at, "shown": shown, "sugar": 104, **more}


def read(mappings: Mappings, text: object) -> Decoded:
    """A document, recognised and decoded as ingest does."""
    data = (text if isinstance(text, str) else json.dumps(text)).encode()
    assert recognise(data, "answer.json", mappings) == "pocket-answers"
    done = decode(data, mappings.formats["pocket-answers"], ZONES, RECEIVED)
    adds_up(done)
    return done


def only(done: Decoded, stream: Stream) -> Readings:
    """The one batch of a stream."""
    (batch,) = [batch for batch in done.readings if batch.key.stream is stream]
    return batch


def told(batch: Readings, name: str) -> list[object]:
    """A column, its default where it is missing."""
    return list(column(batch.columns, name).tolist())


PLAN = {"at": "2024-05-01T10:00:00", "level": 70, "days": ["monday", "", "friday"]}
ALERTS = answer(
    "alerts", {"name": "g", "weeks": [1, 2], "plans": [PLAN, {**PLAN, "days": None}]}, {"name": "h"}
)


def test_a_set_takes_the_records_below_the_objects_that_it_names_and_no_others(mappings: Mappings) -> None:
    for word in ("sugar", "Sugars"):
        done = read(mappings, answer(word, sugar()))
        assert dict(done.account.read) == {Stream.GLUCOSE: 1} and done.account.ignored == {}
    done = read(mappings, ALERTS)
    assert dict(done.account.read) == {Stream.SETTINGS: 2} and done.account.ignored == {"gauge": 2}


def test_records_of_an_answer_that_no_set_names_are_not_lost(mappings: Mappings) -> None:
    done = read(mappings, [answer("sugar", sugar()), answer("weather", {"rain": 1}, {"rain": 2})])
    assert done.account.ignored == {"another answer": 2}
    assert done.account.unknown_in == {"items.rain": 2}


def test_an_unknown_name_in_a_record_that_others_lie_in_is_counted_once(mappings: Mappings) -> None:
    assert read(mappings, ALERTS).account.unknown_in == {"items.weeks": 1}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("between", ["\n", "\n\n", ""])
def test_answers_saved_one_after_the_other_are_one_document(
    mappings: Mappings, indent: int | None, between: str
) -> None:
    answers = [
        answer("sugar", sugar(), sugar("2024-05-01T10:05:00")),
        ALERTS,
        answer("sugars", sugar("2024-05-02")),
    ]
    done = read(mappings, between.join(json.dumps(each, indent=indent) for each in answers))
    assert done.account.rows == 7
    assert dict(done.account.read) == {Stream.GLUCOSE: 2, Stream.SETTINGS: 2}
    assert [each.where for each in done.account.rejected] == ["record 3 of sugar"]


def test_answers_in_a_list_or_under_names_are_one_document(mappings: Mappings) -> None:
    plain = read(mappings, [answer("sugar", sugar()), ALERTS])
    named = read(mappings, {"sugar": answer("sugar", sugar()), "alerts": ALERTS})
    assert dict(plain.account.read) == dict(named.account.read) == {Stream.GLUCOSE: 1, Stream.SETTINGS: 2}
    assert plain.person == named.person == Person(identifiers=(("pocket", "p1"),))
    assert named.account.fields_unknown == ("items.weeks",)


def test_answers_with_something_else_behind_them_are_refused_with_its_place(mappings: Mappings) -> None:
    good = json.dumps(answer("sugar", sugar()))
    with pytest.raises(Unreadable, match=rf"byte {2 * len(good) + 1}\)"):
        read(mappings, good + good + "and more")
    with pytest.raises(Unreadable, match="cut off"):
        read(mappings, good + good + good[:-20])


@pytest.mark.parametrize(
    "document",
    [
        [answer("sugar", sugar()), answer("sugar", sugar(), person="p2")],
        {"sugar": answer("sugar", sugar()), "alerts": answer("alerts", person="p2")},
    ],
)
def test_a_document_about_two_people_is_refused_without_their_names(
    mappings: Mappings, document: object
) -> None:
    with pytest.raises(Unreadable, match="about 2 people: "):
        read(mappings, document)


def test_values_of_an_array_are_one_text(mappings: Mappings) -> None:
    assert told(only(read(mappings, ALERTS), Stream.SETTINGS), "text") == ["monday friday", "1 2"]


def test_an_array_of_more_than_values_rejects_its_record(mappings: Mappings) -> None:
    done = read(mappings, answer("alerts", {"plans": [PLAN, {**PLAN, "days": [["monday"]]}]}))
    assert [each.reason for each in done.account.rejected] == [
        "days is an object or array where a value belongs"
    ]


@pytest.mark.parametrize(
    ("shown", "offset", "bound"),
    [
        ("2024-05-01T12:00:12", 120, 12_000),
        ("2024-05-01T02:47:00", -420, 13 * MINUTE),
        ("2024-05-01T23:00:00", 780, 0),
        ("2024-05-02T00:01:00", 840, MINUTE),
        ("2024-05-01T10:00:04", NO_OFFSET, 4_000),
        ("2024-05-04T12:00:00", 120, 3 * DAY),
        ("2019-05-01T12:00:00", 120, 2**31 - 1),
        ("2024-05-01T12:00:12+02:00", 120, 0),
        (None, NO_OFFSET, 0),
    ],
)
def test_what_rounding_leaves_over_bounds_the_instant(
    mappings: Mappings, shown: str | None, offset: int, bound: int
) -> None:
    batch = only(read(mappings, answer("sugar", sugar(shown=shown))), Stream.GLUCOSE)
    assert (told(batch, "offset"), told(batch, "bound")) == ([offset], [bound])
    uncertain = bound >= MINUTE
    assert told(batch, "flags") == [Flag.UNCERTAIN if uncertain else 0]
    assert told(batch, "witness") == [Witness.UNDECIDED if uncertain else Witness.UTC]


def test_only_an_offset_that_is_written_may_be_asked_for(mappings: Mappings) -> None:
    at = {"level": 70, "at": "2024-05-01T10:00:00Z"}
    shown = ["2024-05-01T13:00:00", "2024-05-01T13:00:00+03:00"]
    plans = [{**at, "level": 70 + place, "shown": each} for place, each in enumerate(shown)]
    batch = only(read(mappings, answer("alerts", {"plans": plans})), Stream.SETTINGS)
    assert sorted(told(batch, "offset"), key=str) == [NO_OFFSET, 180]

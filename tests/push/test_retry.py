"""Retry decisions are a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.push.retry import (
    ATTEMPTS,
    LONGEST_ASKED,
    LONGEST_PAUSE,
    Decision,
    State,
    Step,
    decide,
    pause,
    retry_after,
    sentence,
    step,
)

NOW = 1_445_412_480_000  # Wed, 21 Oct 2015 07:28:00 GMT

TABLE = [
    # status, attempts, Retry-After, state, due in seconds (None: never)
    (200, 1, "", State.ACKED, None),
    (201, 1, "", State.ACKED, None),
    (301, 1, "", State.FAILED, None),
    (302, 1, "", State.FAILED, None),
    (400, 1, "", State.FAILED, None),
    (401, 1, "", State.FAILED, None),
    (403, 1, "", State.FAILED, None),
    (404, 1, "", State.FAILED, None),
    (405, 1, "", State.FAILED, None),
    (408, 1, "", State.QUEUED, 2.5),
    (409, 1, "", State.QUEUED, 2.5),
    (412, 1, "", State.QUEUED, 2.5),
    (413, 1, "", State.FAILED, None),
    (422, 1, "", State.FAILED, None),
    (429, 1, "", State.QUEUED, 2.5),
    (429, 1, "120", State.QUEUED, 120),
    (429, 1, "0", State.QUEUED, 2.5),
    (429, 5, "1", State.QUEUED, 40),
    (503, 1, "Wed, 21 Oct 2015 07:30:00 GMT", State.QUEUED, 120),
    (503, 1, "Wed, 21 Oct 2015 07:00:00 GMT", State.QUEUED, 2.5),
    (503, 1, "soon", State.QUEUED, 2.5),
    (503, 1, "99999999999999", State.QUEUED, 86_400),
    (503, 20, "", State.QUEUED, 1800),
    (503, ATTEMPTS, "60", State.FAILED, None),
    (500, 1, "", State.UNKNOWN, 2.5),
    (502, 2, "", State.UNKNOWN, 5),
    (504, 3, "", State.UNKNOWN, 10),
    (501, 1, "", State.FAILED, None),
]


@pytest.mark.parametrize(("status", "attempts", "header", "state", "seconds"), TABLE)
def test_each_answer_leads_to_its_state_and_pause(
    status: int, attempts: int, header: str, state: State, seconds: float | None
) -> None:
    decision = decide(step(status), attempts, NOW, 0.0, retry_after(header, NOW))
    assert decision.state is state
    assert decision.due == (None if seconds is None else NOW + round(seconds * 1000))


def test_a_lost_answer_is_an_unknown_outcome_and_is_repeated() -> None:
    assert decide(Step.UNKNOWN, 1, NOW, 0.0) == Decision(State.UNKNOWN, NOW + 2500, Step.UNKNOWN)


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_a_cap_and_chance_spreads_their_upper_half(attempts: int, chance: float) -> None:
    full = min(LONGEST_PAUSE, 5000 * 2 ** min(attempts - 1, 30))
    assert full // 2 <= pause(attempts, chance) <= full


@given(st.text(max_size=60))
def test_no_retry_after_header_breaks_anything_or_waits_longer_than_a_day(header: str) -> None:
    asked = retry_after(header, NOW)
    assert asked is None or 0 <= asked <= LONGEST_ASKED


@given(st.integers(100, 599))
def test_every_status_has_a_sentence_with_its_number(status: int) -> None:
    assert str(status) in sentence(status)

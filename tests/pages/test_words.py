"""The exact words of a share: the same for ever under one version, whole in every language, of nobody by name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

import pytest

from bridge.pages import Pages
from bridge.pages.asking import Span, Statement
from bridge.pages.languages import LOCALES
from bridge.web.stating import TEMPLATE, WORDS_VERSION

PAGES: Final = Pages()
PLAIN: Final = Statement(
    organization="Lake Clinic",
    client="Lake Portal",
    purpose="TREAT",
    kinds=("glucose", "insulin"),
    spans=(Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 14, 23, 59, tzinfo=UTC)),),
    rolling_days=0,
    grain="raw",
    sources=("Dexcom Clarity",),
    later=False,
    identity="visit",
    ways=("look", "file"),
    begins=datetime(2026, 3, 14, 9, 30, tzinfo=UTC),
    ends=datetime(2026, 6, 12, 9, 29, tzinfo=UTC),
    is_self=True,
    erase_by=date(2027, 1, 31),
    watcher="the diabetes team",
    hours="weekdays",
)
CASES: Final = (
    PLAIN,
    replace(PLAIN, is_self=False, spans=(), rolling_days=14, later=True, erase_by=None, watcher="", hours=""),
    replace(
        PLAIN, spans=(Span(datetime(2026, 3, 1, 8, tzinfo=UTC), None, False),), ways=("look", "feed", "bulk")
    ),
)


def text(locale: str, case: Statement = PLAIN) -> str:
    return PAGES.words(TEMPLATE, locale, it=case)


def test_what_was_shipped_as_version_1_still_says_the_same() -> None:
    """Words that were signed can be read again; a better text is a new version beside this one."""
    assert WORDS_VERSION == "1"
    told = "\n".join(text(locale, case) for locale in sorted(LOCALES) for case in CASES)
    assert hashlib.sha256(told.encode()).hexdigest() == SHIPPED


SHIPPED: Final = "6917386d0abdff33bb4da9a910d0feeaf8a4f104b59027b238fa9fb0fec8d85f"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_words_say_everything_that_a_grant_says(locale: str) -> None:
    told = text(locale)
    for name in ("Lake Clinic", "Lake Portal", "Dexcom Clarity", "the diabetes team"):
        assert name in told
    assert "2026" in told
    assert "2027" in told
    assert told.count("\n") >= 11
    assert "  " not in told
    assert "&" not in told
    assert "%(" not in told


@pytest.mark.parametrize("locale", LOCALES)
def test_the_words_of_filing_and_of_the_right_to_end_are_there(locale: str) -> None:
    with_file, without = text(locale), text(locale, replace(PLAIN, ways=("look",)))
    assert len(with_file) > len(without) + 100
    assert text(locale, replace(PLAIN, rolling_days=14, spans=())) != text(locale)


def test_a_name_full_of_markup_stays_as_it_is_in_the_words() -> None:
    told = text("en", replace(PLAIN, organization="<b>Clinic & Sons</b>"))
    assert "I share data about my diabetes with <b>Clinic & Sons</b>." in told

"""The frame: it escapes, names the person, promises nothing that the bridge does not do."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import pytest
from jinja2 import UndefinedError

from bridge.pages import Frame, Pages, Whose
from bridge.pages.assets import SERVED, address
from bridge.pages.languages import LOCALES

HOSTILE: Final = "<script>alert('x')</script>\"&{{7*7}}"
PAGES: Final = Pages()


def problem(locale: str = "en", **more: object) -> str:
    return PAGES.render(
        "problem.html", locale, **{"heading": "H", "sentence": "S", "back": "/", "frame": Frame(), **more}
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_a_hostile_name_is_text_in_every_place(locale: str) -> None:
    frame = Frame(HOSTILE, HOSTILE, HOSTILE, Whose(HOSTILE, date(1980, 5, 17)), notice=HOSTILE)
    page = problem(locale, frame=frame, heading=HOSTILE, sentence=HOSTILE)
    assert page.count("&lt;script&gt;") == 7, (
        "what an address says was done is said by no page as it stands there"
    )
    assert page.count("<script") == 1
    assert page.count("{{7*7}}") == 7


def test_every_page_names_the_person_and_the_purpose() -> None:
    page = problem(frame=Frame(name="Ada", whose=Whose("Kim", date(2014, 2, 1), is_self=False)))
    assert "<strong>Kim</strong>, born February 1, 2014" in page
    assert "you act for this person" in page
    assert "no alarms, no advice on doses, not real-time monitoring" in page


def test_a_page_of_nobody_has_no_menu_and_no_way_to_sign_out() -> None:
    assert "/sign-out" not in problem()
    assert "/shares" not in problem()


def test_a_staff_page_has_no_menu_of_a_person() -> None:
    page = problem(frame=Frame(name="Dr. Example", is_staff=True))
    assert "/shares" not in page
    assert 'href="/clinic"' in page


def test_a_forgotten_name_is_a_fault_and_not_a_blank() -> None:
    with pytest.raises(UndefinedError):
        PAGES.render("problem.html", "en", heading="H")
    with pytest.raises(KeyError):
        problem("xx")


def test_a_page_loads_nothing_from_elsewhere_and_has_no_script_in_it() -> None:
    page = problem(frame=Frame(name="Ada"))
    assert "://" not in page
    assert "style=" not in page
    assert not re.search(r"<[^>]* on\w+=", page)
    assert {each.name for each in SERVED.values() if each.media_type != "image/svg+xml"} <= {
        address(name).rpartition("/")[2] for name in ("style.css", "page.js", "passkey.js")
    }

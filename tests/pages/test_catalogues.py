"""Every word of every page is there in every language, with the same blanks in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bridge.pages.catalogue import FOLDER, translations
from bridge.pages.languages import LOCALES, chosen
from bridge.pages.page import FOLDER as TEMPLATES
from bridge.pages.page import environment

FOREIGN: Final = [locale for locale in LOCALES if locale != "en"]
OPTIONS: Final = {"extensions": "jinja2.ext.i18n, jinja2.ext.do", "silent": "false", "trimmed": "true"}
BLANK: Final = re.compile(r"%\(\w+\)s")


def extracted() -> Iterator[str | tuple[str, ...]]:
    """Every message of the templates; a plural is a tuple."""
    found = extract_from_dir(
        TEMPLATES,
        method_map=[("**.*", "jinja2.ext:babel_extract")],
        options_map={"**.*": OPTIONS},
        strip_comment_tags=True,
    )
    for _, _, message, _, _ in found:
        yield message if isinstance(message, str) else tuple(map(str, message))


def said() -> Iterator[str]:
    """Every message; of a plural both forms."""
    for message in extracted():
        yield from [message] if isinstance(message, str) else message[:2]


def plurals() -> list[tuple[str, str]]:
    """Every message that counts."""
    return [(each[0], each[1]) for each in extracted() if isinstance(each, tuple)]


def kept(locale: str) -> dict[str, str]:
    """Message -> its translation, of every file of a locale; of a plural each form under its own message."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / locale).glob("*.po")):
        with path.open("rb") as file:
            for each in read_po(file, locale):
                if not each.id:
                    continue
                assert not each.fuzzy, f"{path.name}: {each.id} is a guess"
                ids = [each.id] if isinstance(each.id, str) else list(each.id)
                forms = [each.string] if isinstance(each.string, str) else list(each.string or ())
                for name, form in zip(ids, forms, strict=True):
                    assert found.get(name, form) == form, f"{path.name}: {name} is said in two ways"
                    found[name] = form
    return found


@pytest.mark.parametrize("locale", FOREIGN)
def test_no_message_is_missing_and_every_blank_is_kept(locale: str) -> None:
    known, messages = kept(locale), set(said())
    assert len(messages) > 10
    assert sorted(messages - known.keys()) == []
    for message in messages:
        assert known[message].strip(), message
        assert set(BLANK.findall(known[message])) == set(BLANK.findall(message)), message


UNSAID: Final = {
    "en": ("written down with it",),
    "es": ("otra organización que aquella",),
    "fi": ("hylätty", "tai päätetty"),
}
"""Words that were misread: a declined question is not a rejected one, and what ended was not decided."""


@pytest.mark.parametrize("locale", UNSAID)
def test_words_that_were_misread_are_said_no_more(locale: str) -> None:
    every = list(said()) if locale == "en" else list(kept(locale).values())
    assert [text for text in every for words in UNSAID[locale] if words in text] == []


@pytest.mark.parametrize("locale", FOREIGN)
def test_no_catalogue_says_what_no_page_asks_for(locale: str) -> None:
    assert sorted(kept(locale).keys() - set(said())) == []


@pytest.mark.parametrize("locale", FOREIGN)
@pytest.mark.parametrize("count", [0, 1, 2, 5, 400, 1_000_000])
def test_every_count_is_said_in_the_readers_language(locale: str, count: int) -> None:
    words = translations(locale)
    for one, many in plurals():
        assert words.ngettext(one, many, count) not in (one, many)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_template_compiles_in_every_language(locale: str) -> None:
    names = [path.relative_to(TEMPLATES).as_posix() for path in Path(TEMPLATES).rglob("*.*")]
    assert "base.html" in names
    assert [environment(locale).get_template(name).name for name in names] == names


@pytest.mark.parametrize(
    ("choice", "header", "locale"),
    [
        (None, None, "en"),
        ("fi", "de", "fi"),
        ("xx", "de-AT,de;q=0.9,en;q=0.8", "de"),
        (None, "sv, es;q=0.4, fi;q=0.5", "fi"),
        (None, "de;q=0, es;q=x, *;q=0.1", "en"),
        (None, ",;;q=,\x00,de;q=nan", "en"),
        (None, "x," * 4000 + "de", "en"),
    ],
)
def test_a_language_is_chosen_by_the_reader_then_by_the_browser(
    choice: str | None, header: str | None, locale: str
) -> None:
    assert chosen(choice, header) == locale

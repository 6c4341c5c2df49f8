"""Which language a page is in: the reader's own choice, else what the browser asks for, else English.

Law: a language is chosen among those that have a whole catalogue; what a browser sends is a wish (RFC 9110 12.5.4)
and a malformed one is ignored. Adding a language is a folder in `catalogues/` and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LOCALES: Final[Mapping[str, str]] = {"en": "English", "de": "Deutsch", "es": "Español", "fi": "Suomi"}
"""Locale -> its name in itself."""
DEFAULT: Final = "en"
MOST_WISHES: Final = 20


def chosen(choice: str | None, accept_language: str | None) -> str:
    """The locale of a page, from the reader's choice and the header Accept-Language."""
    if choice in LOCALES:
        return str(choice)
    return next(
        (wish for wish in _wishes(accept_language or "") if wish in LOCALES),
        DEFAULT,
    )


def _wishes(header: str) -> list[str]:
    """Primary subtags by weight, heaviest first; what has no weight has 1."""
    found: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")[:MOST_WISHES]):
        tag, _, parameter = part.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            continue
        if 0 < weight <= 1:
            found.append((-weight, place, tag.strip().lower().partition("-")[0]))
    return [tag for _, _, tag in sorted(found)]

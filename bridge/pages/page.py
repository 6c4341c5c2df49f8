"""`Pages.render`: a template, a locale and a model become one HTML text.

Law: autoescape is on for every template and StrictUndefined makes a forgotten name a fault. Dates and numbers are
written as the locale writes them (CLDR through Babel). Nothing here knows a request or a person.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.pages.assets import address
from bridge.pages.catalogue import translations
from bridge.pages.frame import NOBODY
from bridge.pages.languages import LOCALES

FOLDER: Final = Path(__file__).parent / "templates"


@final
class Pages:
    """Every page in every language. Made once per process."""

    def render(self, template: str, locale: str, **model: object) -> str:
        """The page `template` (a path under `templates/`) with `model`; `frame` is a `Frame`, left out where nobody
        is signed in. KeyError for a locale that is not in LOCALES."""
        model.setdefault("frame", NOBODY)
        return environment(locale).get_template(template).render(**model, locale=locale, locales=LOCALES)


@lru_cache(maxsize=16)
def environment(locale: str) -> Environment:
    """The templates in one language."""
    if locale not in LOCALES:
        raise KeyError(locale)
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.policies["ext.i18n.trimmed"] = True
    known = Locale.parse(locale)
    words = translations(locale)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext
    )
    made.globals["asset"] = address
    made.filters["day"] = lambda value: _day(value, known)
    made.filters["moment"] = lambda value: _moment(value, known)
    made.filters["number"] = lambda value: format_decimal(value, locale=known)
    made.filters["listed"] = lambda values: format_list(list(values), locale=known)
    return made


def _day(value: date, locale: Locale) -> str:
    """A local date: 17 May 1980."""
    return format_date(value, "long", locale=locale)


def _moment(value: datetime, locale: Locale) -> str:
    """A local time of a day: 17 May 2026, 14:05. The caller has put it into the person's zone."""
    return format_datetime(value, "medium", locale=locale, tzinfo=value.tzinfo)

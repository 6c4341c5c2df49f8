"""`Pages.render`: a template, a locale and a model become one HTML text.

Law: autoescape is on for every template and StrictUndefined makes a forgotten name a fault. Dates and numbers are
written as the locale writes them (CLDR through Babel). Nothing here knows a request or a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Final, final

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

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

    def words(self, template: str, locale: str, **model: object) -> str:
        """The plain text that a template of words makes: each line trimmed, no line empty."""
        made = environment(locale).get_template(template).render(**model, locale=locale)
        lines = (" ".join(line.split()) for line in unescape(made).splitlines())
        return "\n".join(line for line in lines if line)


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
    made.filters["clock"] = lambda value: format_time(value, "short", locale=known)
    made.filters["shortday"] = lambda value: format_skeleton("MMMd", value, locale=known)
    made.filters["map_words"] = lambda values, macro: [macro(each) for each in values]
    made.filters["listed"] = lambda values: _listed(values, known)
    return made


def _day(value: date, locale: Locale) -> str:
    """A local date: 17 May 1980."""
    return format_date(value, "long", locale=locale)


def _moment(value: datetime, locale: Locale) -> str:
    """A local time of a day: 17 May 2026, 14:05. The caller has put it into the person's zone."""
    day, clock = format_date(value, "medium", locale), format_time(value, "short", locale=locale)
    return str(locale.datetime_formats["medium"]).format(clock, day)


def _listed(values: Iterable[str], locale: Locale) -> Markup:
    """Words joined as the language joins them; each is escaped unless it is marked as escaped already."""
    words = [each.strip() for each in values]
    joined = format_list([f"{{{place}}}" for place in range(len(words))], locale=locale)
    return escape(joined).format(*words)

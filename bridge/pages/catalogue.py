"""The catalogues: what every message of the templates is in another language.

Law: a catalogue is text (`catalogues/<locale>/<subject>.po`, GNU gettext), compiled in memory when the process starts,
so no binary is kept and none can be older than its text. The English words in the templates are the keys. A message
that is missing, fuzzy or has lost a placeholder fails a test, never a reader: at run time it would show in English.
Subjects have files of their own so that each is kept beside its pages; they are read as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent / "catalogues"


def messages(locale: str) -> Iterable[Message]:
    """Every message of a locale's files, headers left out."""
    for path in sorted((FOLDER / locale).glob("*.po")):
        with path.open("rb") as file:
            yield from (each for each in read_po(file, locale) if each.id)


@lru_cache(maxsize=16)
def translations(locale: str) -> NullTranslations:
    """The catalogue of a locale; English is the text itself."""
    if not (FOLDER / locale).is_dir():
        return NullTranslations()
    whole = Catalog(locale)
    for each in messages(locale):
        whole.add(each.id, each.string, flags=each.flags, context=each.context)
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return GNUTranslations(compiled)

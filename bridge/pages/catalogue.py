"""The catalogues: what every message of the templates is in another language.

Law: a catalogue is text (`catalogues/<locale>/<subject>.po`, GNU gettext), compiled in memory when the process starts,
so no binary is kept and none can be older than its text. The English words in the templates are the keys. A message
that is missing, fuzzy or has lost a placeholder fails a test, never a reader: at run time it would show in English.
Subjects have files of their own so that each is kept beside its pages; they are read as one.
"""

from __future__ import annotations

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent / "catalogues"


@lru_cache(maxsize=16)
def translations(locale: str) -> NullTranslations:
    """The catalogue of a locale; English is the text itself. Each file counts plurals as its own header says."""
    found = NullTranslations()
    for path in sorted((FOLDER / locale).glob("*.po"), reverse=True):
        one = _compiled(path, locale)
        one.add_fallback(found)
        found = one
    return found


def _compiled(path: Path, locale: str) -> GNUTranslations:
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale))
    compiled.seek(0)
    return GNUTranslations(compiled)

"""What was entered into a receiver, from the words of Dexcom Studio: `Carbs 35 grams`, `Exercise Heavy 30 minutes`.

Law (`dexcom.md` A3.7): the sheet has no sample, so little is taken for granted: one number in the description is
the amount, several are none (and the words stay); a subkind is a word that the API has too. An entry happened at
EventTime, which may lie before the time at which it was typed in; both stand on the receiver's display clock. It
has no id: when it was typed in, for when and how much tell it from others (two equal doses of a meal are two).
"""

from __future__ import annotations

import re
from typing import Final

from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet

_NUMBER: Final = re.compile(r"(?<![\d.,])\d+(?:[.,]\d+)?(?![\d.,])")
_SUBKINDS: Final = {
    "fast": ("fast", "rapid"),
    "long": ("long",),
    "light": ("light",),
    "medium": ("medium", "moderate"),
    "heavy": ("heavy", "hard"),
    "illness": ("illness",),
    "stress": ("stress",),
    "high symptoms": ("high symptom", "feel high"),
    "low symptoms": ("low symptom", "feel low"),
    "cycle": ("cycle",),
    "alcohol": ("alcohol",),
}


def entries(sheet: Sheet) -> Sheet:
    """The sheet with fields `amount`, `subkind`, `words` (the description where it was not understood) and `entry`,
    which identifies it."""
    said = sheet.column("description").texts()
    numbers = [_NUMBER.findall(text) for text in said]
    amounts = [found[0] if len(found) == 1 else "" for found in numbers]
    subkinds = [_subkind(text.casefold()) for text in said]
    typed, happened = sheet.column("internal").texts(), sheet.column("display").texts()
    entry = [f"{one}/{other}/{amount}" for one, other, amount in zip(typed, happened, amounts, strict=True)]
    unclear = [text if len(found) > 1 else "" for text, found in zip(said, numbers, strict=True)]
    return sheet.with_columns(
        {"amount": texts(amounts), "subkind": texts(subkinds), "words": texts(unclear), "entry": texts(entry)}
    )


def _subkind(text: str) -> str:
    return next((name for name, words in _SUBKINDS.items() if any(word in text for word in words)), "")

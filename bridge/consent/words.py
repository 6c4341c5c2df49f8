"""Texts that a person agrees to, word for word: id, version, locale, and the hash that a record keeps.

Law (`consent.md`): a record of a consent names the exact words that were shown. What was once shipped never
changes: a better text is a new version beside the old one, which stays so that old records can be read. A
test holds the hashes. Rejected: texts in the code that prints them (nobody could say later what was read).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, final

from bridge.consent.grant import Wording


@final
@dataclass(frozen=True, slots=True)
class Words:
    """One text in one language."""

    id: str
    version: str
    locale: str
    text: str

    @property
    def wording(self) -> Wording:
        """What a record keeps of it."""
        return Wording(self.id, self.version, self.locale, hashlib.sha256(self.text.encode()).hexdigest())


COLLECTING: Final = Words(
    "collecting",
    "1",
    "en",
    "What is brought here from this source, an export file or an account, is kept on this machine: glucose, "
    "insulin, food, activity, notes, names and serial numbers of devices, whatever the source holds, and the "
    "original file itself.\n"
    "It is kept to show it to the person it is about and to share it with the recipients that they grant access "
    "to, and for nothing else. It is kept, encrypted under a key of that person, until it is removed or "
    "everything of the person is erased.\n"
    "This consent shares nothing with anybody: nothing leaves without a grant that names who receives what.\n"
    "It can be withdrawn at any time. From then on nothing more is taken from this source, and what is here can "
    "be deleted. Withdrawing does not make wrong what was done before.",
)
"""What whoever imports agrees to."""
INTAKE: Final = Words(
    "intake",
    "1",
    "en",
    "The organisation named here may submit glucose data about this person to this machine: readings of a sensor, "
    "summaries and reports, and the devices they come from. Nobody else may, and nothing is fetched anywhere.\n"
    "What it submits is kept as part of this person's own record, not of the organisation's, encrypted under a key "
    "of that person, until it is removed or everything of the person is erased. Who submitted what, and when, is "
    "kept with it.\n"
    "This consent shares nothing with anybody, the organisation included: nothing leaves without a grant that "
    "names who receives what.\n"
    "It ends on the day that is recorded with it, and can be withdrawn at any time before. From then on nothing "
    "more is taken from this organisation, and what is here can be deleted.",
)
"""What whoever lets an organisation submit agrees to (`intake.py`)."""

"""A report on its way to a portal, and what a courier needs to carry it there.

Law: as of every parcel (`parcel.py`): bytes that leave and are kept nowhere, beside what stands for them. A report is
one item, however many files it is: it is there when all of them and their manifest are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bridge.consent.disclosure import Disclosure
from bridge.fhir.consignment import Ask, Drafts
from bridge.fhir.paper import Paper
from bridge.period import ZoneHistory
from bridge.portal.render import PortalBytes, Shelved
from bridge.push.answers import Reply
from bridge.store.outbox import Held
from bridge.store.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Leaves:
    """One report as it goes. `files`: also those that take the place of what an earlier version had beside it; `words`:
    of their names and of fields; `shelf`: what the portal has of it once all is there; `is_wrong`: it is taken back."""

    id: bytes
    files: tuple[Shelved, ...]
    manifest: tuple[str, PortalBytes] | None
    words: Mapping[str, str]
    shelf: Shelf
    is_wrong: bool

    def __len__(self) -> int:
        """The size of the largest file, which is what a portal's limit is about."""
        return max(len(each.content) for each in self.files)


Letter: TypeAlias = "tuple[Ask, Leaves]"


class Pages(Protocol):
    """How a portal gets reports (`leafing.py`)."""

    @property
    def said(self) -> str:
        """How it is told them: where that is another, each is looked at again."""

    def known(self, before: Mapping[bytes, Held]) -> Mapping[bytes, Held]:
        """What is known to be there of these, as a courier takes it."""

    def made(
        self,
        seen: Disclosure,
        zones: ZoneHistory,
        subject: str,
        paper: Paper,
        before: Mapping[bytes, Held],
    ) -> Drafts[Leaves]:
        """The reports of a disclosure as files, against what is there; it prints, so it takes its time."""

    async def sent(self, letters: Sequence[Letter]) -> Reply:
        """Puts them there; as `sinks.sent`."""

    def place(self, letters: Sequence[Letter]) -> str:
        """Where they will stand, before the first byte leaves."""

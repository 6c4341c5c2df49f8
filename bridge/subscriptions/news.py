"""What is new for a subscription, asked of the gate: which readings, in which state, and whether they were told before.

Law (`consent.md`, what the asker learns; `smart-consent.md`, L31): decided at the moment of each notification, by the
grants of then, for the client as it is registered then. Only what the client may have as a feed is an event, and with
`id-only` only what it can read by that id at that moment. What it holds and was taken away is an event as well while
something is shared, so that it looks again; when nothing is, there is none.

Rejected: events written down when readings arrive (they would outlive grants, and hidden ones would have numbers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np

from bridge.consent.asked import Asked, DateTest, Selector, Way, met
from bridge.consent.disclosure import Disclosure
from bridge.consent.gate import Gate
from bridge.consent.permit import RecipientPermit
from bridge.fhir.fenced import fenced
from bridge.fhir.notices import items
from bridge.fhir.subscriptions import ID_ONLY
from bridge.mapping.resources import OBSERVATION
from bridge.period import MINUTE, Instant, Period
from bridge.smart.tokens import Bearer
from bridge.store.entries import KEPT
from bridge.store.subscriptions import Subscription
from bridge.subscriptions.asking import Grammar, selected

OVERLAP: Final = MINUTE
"""So far before the last item it is looked again: what was being written then is there by now."""
SETTLED: Final = 10 * MINUTE
"""After so long nothing is any more."""
READ: Final = "r"


@dataclass(frozen=True, slots=True)
class Item:
    """One reading in one state. `id`: its 16 bytes; `version`: tells its states apart; `at`: since when it is visible
    so."""

    id: bytes
    version: int
    at: Instant

    @property
    def text(self) -> str:
        """The id as it is written."""
        return str(UUID(bytes=self.id))


Name: TypeAlias = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class Feed:
    """A subscription seen now: who is notified, about whom, what of it is wanted, and under which grants."""

    gate: Gate
    one: Subscription
    permit: RecipientPermit
    patient: int
    selectors: frozenset[Selector]
    mark: bytes

    @property
    def is_readable(self) -> bool:
        """Whether all that may be fed may be read by the same grants, so that no id needs a second look."""
        if self.one.terms.content != ID_ONLY:
            return True
        return self.gate.mark(self.permit, self.patient, Way.LOOK) == self.mark

    async def page(self, after: bytes | None, most: int, now: Instant) -> Disclosure:
        """What came to be visible or changed since the last look, in that order."""
        again = OVERLAP if now - self.one.since < SETTLED else 0
        start = max(self.one.since - again, self.one.start)
        since = DateTest("gt", Period(start, start + 1))
        return await self._told(Way.FEED, "what is new", updated=(since,), after=after, limit=most)

    async def of(self, ids: frozenset[str]) -> Disclosure:
        """These readings, as far as they may be told now."""
        return await self._told(Way.FEED, "events", ids=ids, limit=len(ids))

    async def readable(self, ids: frozenset[str]) -> frozenset[str]:
        """Which of these can be read by their ids now: looked at, not told."""
        if self.is_readable or not ids:
            return ids
        seen = await self._told(Way.LOOK, "whether events can be read", ids=ids, limit=len(ids))
        self.gate.settle(seen, KEPT, 0)
        return ids & items(seen)

    async def _told(
        self,
        way: Way,
        described: str,
        *,
        limit: int,
        ids: frozenset[str] | None = None,
        updated: tuple[DateTest, ...] = (),
        after: bytes | None = None,
    ) -> Disclosure:
        asked = Asked(
            self.patient,
            way,
            "subscription",
            f"Subscription/{self.one.id}: {described}, {self.one.terms.content}",
            selectors=self.selectors,
            updated=updated,
            ids=ids,
            order="lastUpdated",
            after=after,
            limit=limit,
            retractions=True,
        )
        return await self.gate.disclose(self.permit, asked)


def feed(gate: Gate, one: Subscription, bearer: Bearer | None, grammar: Grammar) -> Feed | None:
    """The feed of a subscription; None where nothing may go by it now, for whatever reason."""
    if bearer is None or not isinstance(bearer.permit, RecipientPermit):
        return None
    inside = fenced(grammar.vocabulary, OBSERVATION, bearer.scopes.reach(OBSERVATION, READ))
    wanted = met(selected(one.terms.filters, grammar), inside)
    patient = gate.patient(bearer.permit, one.terms.whom)
    mark = gate.mark(bearer.permit, patient, Way.FEED)
    if patient is None or not mark or not wanted:
        return None
    return Feed(gate, one, bearer.permit, patient, wanted, mark)


def listed(disclosure: Disclosure) -> list[Item]:
    """The readings of a page, in its order."""
    found: dict[int, Item] = {}
    for group in disclosure.groups:
        content = (
            np.zeros(len(group.at), np.int64) if group.content is None else group.content.astype(np.int64)
        )
        versions = group.version.astype(np.int64) << 32 | content
        rows = zip(group.at.tolist(), group.ids, versions.tolist(), group.last_updated.tolist(), strict=True)
        found |= {place: Item(raw.tobytes(), version, at) for place, raw, version, at in rows}
    return [found[place] for place in sorted(found)]


def fresh(found: list[Item], known: frozenset[Name]) -> Iterator[Item]:
    """Those of which this state was not told before."""
    return (each for each in found if (each.id, each.version) not in known)

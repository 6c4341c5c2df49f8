"""What one person may choose to share with one recipient: kinds, sources, grains, ways, the latest end.

Law (`consent.md`, the grant and means): who asks comes from the registry. Kinds are those that the request reaches; a
standing feed needs a recorded watcher; a grain that would show single readings of a source is not offered for
it. Notes and sensitive kinds are not for a representative whom they do not
concern (`consent.md`, ages).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import bridge.store.recipients as registry
from bridge.consent import grants
from bridge.consent.asked import KIND_OF, SINGLY, Grain, Kind
from bridge.consent.grant import Recipient
from bridge.consent.lasting import longest_end
from bridge.consent.strands import LENGTH
from bridge.metrics.buckets import is_offered
from bridge.pages.asking import Grain as GrainOffer
from bridge.pages.asking import Offer, Party, Source
from bridge.period import MINUTE, Instant, ZoneHistory
from bridge.reading import Stream
from bridge.smart.narrowed import kinds_of
from bridge.smart.scopes import Scopes
from bridge.store.artifacts import Artifact, listed
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.verifications import fault
from bridge.web.choices import GRAINS

VENDORS: Final[Mapping[str, str]] = {
    "dexcom-clarity": "Dexcom Clarity",
    "dexcom-studio": "Dexcom Studio",
    "dexcom-api": "Dexcom",
    "dexcom-share": "Dexcom Share",
    "libreview": "LibreView",
    "libre-reader": "FreeStyle Libre",
    "librelinkup": "LibreLinkUp",
    "eversense-dms": "Eversense DMS",
    "eversense-cloud": "Eversense",
    "eversense-broadcast": "Eversense",
    "carelink": "Medtronic CareLink",
    "carelink-cloud": "Medtronic CareLink",
    "nightscout": "Nightscout",
}
"""How a source is called where nobody gave it another name."""
_UTC: Final = ZoneHistory.always("UTC")


def recipient_of(db: Database, client: Client) -> Recipient:
    """The recipient that a grant to that client names: its organisation, this client alone."""
    known = registry.find(db, client.organization or client.id)
    is_held = bool(fault(db, client))
    verified = f"{known.how}, {known.verifier}" if known.is_verified(db.clock()) and not is_held else ""
    contact = known.contact or client.contact
    name = client.organization or client.name
    return Recipient(client.organization, frozenset({client.id}), name, known.address, contact, verified)


def party(db: Database, patient: int, client: Client) -> Party:
    """Who asks, as the registry knows it."""
    to = recipient_of(db, client)
    known = registry.find(db, to.key)
    until = _UTC.local_date(known.until - 1) if to.verified and known.until is not None else None
    before = (each.grant.recipient.key == to.key for each in grants.listed(db, patient, with_names=False))
    return Party(
        organization=to.name,
        client=client.name,
        contact=to.contact,
        address=to.address,
        purpose=client.purpose,
        verified=to.verified,
        verified_until=until,
        watcher=known.watcher,
        hours=known.hours,
        is_first=not any(before),
    )


def reached(scopes: Scopes, sees_notes: bool) -> frozenset[Kind]:
    """The kinds that a request can come to, whatever is granted."""
    found = kinds_of(scopes)
    return found if sees_notes else found - (SINGLY - {Kind.SERIALS})


def offer(
    db: Database,
    patient: int,
    asked: Iterable[Kind],
    zones: ZoneHistory,
    latest: Instant,
    watcher: str,
) -> Offer:
    """What may be chosen now. `latest`: until when whoever signs may sign for."""
    now, here = db.clock(), stored(db, patient)
    found = frozenset(
        KIND_OF[stream].value for each in here for stream, count in streams(each).items() if count
    )
    return Offer(
        asked=frozenset(kind.value for kind in asked),
        here=found,
        grains=tuple(_grain(name, grain, here) for name, grain in GRAINS.items()),
        sources=sources(here, zones),
        ways=("file", *(("feed",) if watcher else ()), "bulk"),
        today=zones.local_date(now),
        latest=zones.local_date(min(longest_end(now, zones), latest) - MINUTE),
        may_watch=bool(watcher),
    )


def stored(db: Database, patient: int) -> tuple[Artifact, ...]:
    """The uploads that are in the person's series."""
    return tuple(each for each in listed(db, patient) if each.state == "stored")


def streams(artifact: Artifact) -> dict[Stream, int]:
    """How many readings of each stream an upload brought, by its account."""
    read = json.loads(artifact.account or b"{}").get("read", {})
    return {Stream(name): int(count) for name, count in read.items()}


def sources(here: Sequence[Artifact], zones: ZoneHistory) -> tuple[Source, ...]:
    """The sources of these uploads, by name, with the first and last day that they tell of."""
    return tuple(
        _source(name, [each for each in here if each.source == name], zones)
        for name in sorted({each.source for each in here})
    )


def label(source: str) -> str:
    """A source in words."""
    return VENDORS.get(source, source)


def _source(name: str, brought: Sequence[Artifact], zones: ZoneHistory) -> Source:
    firsts = [each.first for each in brought if each.first is not None]
    lasts = [each.last for each in brought if each.last is not None]
    first = zones.local_date(min(firsts)) if firsts else None
    return Source(name, label(name), first, zones.local_date(max(lasts)) if lasts else None)


def _grain(name: str, grain: Grain, here: Sequence[Artifact]) -> GrainOffer:
    if grain not in LENGTH:
        return GrainOffer(name)
    told = {
        each.source: each.format for each in here if streams(each).get(Stream.GLUCOSE, 0) or not streams(each)
    }
    fine = tuple(
        label(source)
        for source, family in sorted(told.items())
        if not is_offered(Stream.GLUCOSE, family, LENGTH[grain])
    )
    return GrainOffer(name, is_offered=not told or len(fine) < len(told), without=fine)

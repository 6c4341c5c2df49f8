"""A rehearsal: one file through every door of a bridge that is thrown away, to see what would leave to its owner.

Law (`mapping.md`, `mapping try`): what is shown is what would leave, so nothing here makes FHIR and nothing goes
around the gate: the file is imported for an invented person, asked for with that person's own permit, and rendered.
Home and key are made for this one question: the key is never written down, so that of the file nothing that can be
read is ever on a disk, and both are gone with the answer. Ids are those of this rehearsal alone.

Rejected: rendering readings without a gate (a second way to make FHIR would have to be guarded like the first).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.adapters import Unreadable
from bridge.app import Bridge, opened
from bridge.cli.compared import Resource
from bridge.cli.shell import Failed
from bridge.consent.asked import Asked, Order, Selector, Way
from bridge.consent.collecting import own_act
from bridge.consent.disclosure import Disclosure
from bridge.consent.permit import OwnerPermit
from bridge.ingest.again import let_in
from bridge.ingest.upload import take
from bridge.mapping.resources import TYPE_OF
from bridge.period import ALL, PeriodSet
from bridge.reading import Stream
from bridge.settings import KEY_BYTES, Mode, Settings
from bridge.store.patients import add, load


@contextmanager
def rehearsal(wanted: Settings) -> Iterator[Bridge]:
    """A bridge with the mappings of `wanted` in a home of its own."""
    with TemporaryDirectory(prefix="cgm-bridge-try-") as place:
        key = secrets.token_hex(KEY_BYTES)
        found = opened(
            Settings(Path(place), wanted.base_url, Mode.FAMILY, wanted.mappings, key_file=None, key_text=key)
        )
        try:
            yield found
        finally:
            found.close()


def first(wanted: Settings, file: Path, timezone: str) -> dict[Stream, bytes]:
    """The first resource of each stream of a file, to the letter as it would leave to its owner. Failed with the
    sentence where the file would not be taken."""
    with rehearsal(wanted) as found:
        person, streams = taken(found, file, timezone)
        seen = {stream: _seen(found, person, stream, most=1) for stream in streams}
        read = {stream: found.renderer.read(each, TYPE_OF[stream]) for stream, each in seen.items()}
    return {stream: bytes(one) for stream, one in read.items() if one is not None}


def resources(wanted: Settings, file: Path, timezone: str) -> dict[Stream, list[Resource]]:
    """All resources of each stream, as values, in order of time; Failed as `first`."""
    with rehearsal(wanted) as found:
        person, streams = taken(found, file, timezone)
        return {stream: _page(found, _seen(found, person, stream), stream) for stream in streams}


def taken(found: Bridge, file: Path, timezone: str) -> tuple[int, list[Stream]]:
    """The invented person who has the file now, and the streams in it; whom it names is nobody's business here."""
    try:
        person = load(found.db, add(found.db, "A Rehearsal", None, timezone))
        act = own_act(person)
        one = take(found.db, found.mappings, person, file.read_bytes(), file.name, act=act)
        if one.state != "stored":
            let_in(found.db, found.mappings, person, one.artifact, "a rehearsal", act)
    except (Unreadable, ValueError) as fault:
        raise Failed(f"{file}: {fault}") from fault
    return person.number, list(one.account.read)


def days(found: Bridge, person: int, streams: Iterable[Stream]) -> PeriodSet:
    """The whole days of the invented person that the file has something of."""
    zones = load(found.db, person).zones
    orders: tuple[Order, ...] = ("date", "-date")
    edges = [
        int(group.columns["instant"][0])
        for stream in streams
        for order in orders
        for group in _seen(found, person, stream, most=1, order=order).groups
    ]
    if not edges:
        return ALL
    return PeriodSet((zones.days(zones.local_date(min(edges)), zones.local_date(max(edges))),))


def _seen(
    found: Bridge, person: int, stream: Stream, most: int | None = None, order: Order = "date"
) -> Disclosure:
    wish = Asked(
        person,
        Way.LOOK,
        "command line",
        "a rehearsal",
        frozenset({Selector(stream)}),
        limit=most,
        order=order,
    )
    seen = found.gate.disclose_now(OwnerPermit(person), wish)
    found.gate.settle(seen, "sent", seen.count)
    return seen


def _page(found: Bridge, seen: Disclosure, stream: Stream) -> list[Resource]:
    page = found.renderer.searchset(seen, found.settings.fhir_base, kind=TYPE_OF[stream])
    return [entry["resource"] for entry in json.loads(bytes(page)).get("entry", [])]

"""What one attempt carries: the requests, what they hold item by item, and what of it the receiver lacks.

Law: ids and versions beside bytes that leave and are kept nowhere. Pure. What the receiver holds as full is not needed
again (`fhir/fullness.py`); what it refused waits for a human; a correction that it takes in no form is set apart
(`safety.md`: never silence). A copy there that merely says less than may be told now is right, so it is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.consent.disclosure import Disclosure
from bridge.fhir.consignment import DEVICE, Ask, Drafts
from bridge.fhir.fullness import is_same_amendment, says_more
from bridge.fhir.render import Consignment, Known, Sent
from bridge.hl7.render import Hl7Bytes, Letters
from bridge.push.leaves import Leaves
from bridge.push.reconcile import spelled
from bridge.push.sinks import Content, Letter
from bridge.store.outbox import Held, Item


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may hold there."""

    entries: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """The requests of one attempt. `needed`: ids of readings that the receiver lacks or holds less full; only a parcel
    that needs all of them is sent; `stuck`: corrections that it takes in no form and was not known to lack;
    `told`: the versions of all readings that may be told, by id, whether they go now, wait for their Device or cannot
    be put over what is there (`fixed`); `is_first`: Devices that go before their readings."""

    letters: tuple[tuple[Ask, Content | Leaves], ...] = field(repr=False)
    items: tuple[Item, ...]
    before: Mapping[bytes, Held]
    needed: frozenset[str]
    is_whole: bool
    stuck: tuple[Item, ...] = ()
    is_first: bool = False
    told: Mapping[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()

    @property
    def requests(self) -> list[Letter]:
        """Those of them that are requests or messages."""
        return [(ask, content) for ask, content in self.letters if not isinstance(content, Leaves)]

    @property
    def messages(self) -> list[tuple[Ask, Hl7Bytes]]:
        """Those of them that are messages."""
        return [(ask, content) for ask, content in self.letters if isinstance(content, Hl7Bytes)]

    @property
    def leaves(self) -> list[tuple[Ask, Leaves]]:
        """Those of them that are files of a portal."""
        return [(ask, content) for ask, content in self.letters if isinstance(content, Leaves)]

    @property
    def has_refused(self) -> bool:
        """Whether there is something in it that the receiver did not take before."""
        return any(held.state == "refused" for held in self.before.values())

    @property
    def there(self) -> frozenset[str]:
        """What of `told` the receiver is known to hold."""
        found = ((id_, self.before.get(packed(id_))) for id_ in self.told)
        return frozenset(
            id_ for id_, held in found if held is not None and held.version and held.state != "retracted"
        )

    def fit(self, bounds: Bounds) -> int | None:
        """How many readings a page may have, where this one is more than a request may hold; None where it fits."""
        sizes = [(_pieces(*letter), len(letter[1])) for letter in self.letters]
        least = min((share for size in sizes for share in _shares(*size, bounds)), default=1.0)
        return max(1, int(sum(pieces for pieces, _ in sizes) * least * ROOM)) if least < 1 else None


ROOM: Final = 0.9
"""Entries differ in size: the next page aims below the limit."""


def _pieces(ask: Ask, content: Content | Leaves) -> int:
    """What a request may hold so many of: entries, or order groups, which are never split."""
    return content.orders if isinstance(content, Hl7Bytes) else len(ask.entries)


def _shares(entries: int, size: int, bounds: Bounds) -> Iterator[float]:
    if bounds.entries is not None:
        yield bounds.entries / max(1, entries)
    if bounds.bytes is not None:
        yield bounds.bytes / max(1, size)


def parcel(consignment: Consignment | Letters | Drafts[Leaves], before: Mapping[bytes, Held]) -> Parcel:
    """The parcel of a consignment."""
    entries = [entry for ask, _ in consignment.letters for entry in ask.entries]
    every = (*entries, *consignment.left)
    items = items_of(every)
    wanted = {
        each.id: item
        for each, item in zip(every, items, strict=True)
        if each.kind != DEVICE and _is_needed(each, before.get(item.id))
    }
    left = [wanted[each.id] for each in consignment.left if each.id in wanted]
    going = [each for each in entries if each.kind != DEVICE]
    needed = frozenset(each.id for each in going if each.id in wanted)
    return Parcel(
        consignment.letters,
        items[: len(entries)],
        before,
        needed,
        len(needed) == len(going) and not consignment.left,
        tuple(item for item in left if not _is_right(item, before.get(item.id))),
        is_first=bool(consignment.waiting),
        told={each.id: each.version for each in (*going, *consignment.left, *consignment.waiting)},
        fixed=frozenset(each.id for each in consignment.left),
    )


def known_of(before: Mapping[bytes, Held]) -> dict[str, Known]:
    """Where the receiver keeps what it holds, by our id."""
    return {spelled(each.id): Known(each.reference, each.etag) for each in before.values() if each.reference}


def ids_of(disclosure: Disclosure) -> list[bytes]:
    """The ids of everything that a disclosure may be filed as, 16 bytes each."""
    found = [one for group in disclosure.groups for one in _apart(group.ids.tobytes())]
    found += [packed(device.id) for device in disclosure.devices]
    return found + [packed(id_) for one in disclosure.summaries for _, id_ in one.members]


def items_of(sent: Sequence[Sent]) -> tuple[Item, ...]:
    """Entries as the outbox knows them."""
    raw = _apart(packed("".join([each.id for each in sent])))
    return tuple([Item(id_, each.kind, each.version) for id_, each in zip(raw, sent, strict=True)])


def _apart(ids: bytes) -> list[bytes]:
    return [ids[at : at + 16] for at in range(0, len(ids), 16)]


def packed(id_: str) -> bytes:
    """The 16 bytes of an id."""
    return bytes.fromhex(id_.replace("-", ""))


def _is_needed(sent: Sent, known: Held | None) -> bool:
    if known is None or known.state == "retracted":
        return True
    if known.state == "refused":
        return False
    return says_more(sent.version, known.version) or known.tried not in ("", sent.version)


def _is_right(item: Item, known: Held | None) -> bool:
    """Whether what is there tells the same amendment, however full."""
    return known is not None and not known.tried and is_same_amendment(item.version, known.version)

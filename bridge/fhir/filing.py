"""A disclosure as a transaction Bundle for a receiver's chart (R4 3.1.0.11).

Law (`safety.md`, corrections travel; whose chart is it): no Patient is ever sent; the subject is the
receiver's own reference. What the receiver does not hold is created once, by our identifier
(R4 3.1.0.8.1); what it holds is put over its own copy, under its ETag where it told one, as corrected or
entered-in-error. A retracted reading that the receiver never got is not sent at all. Ids and versions
are the receiver's to give.

Rejected: PUT to our ids (many receivers refuse update-as-create); a Patient entry with a match.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from bridge.consent.disclosure import DisclosedDevice, Disclosure, Group
from bridge.consent.summed import PANEL
from bridge.fhir import fullness, resources, summaries
from bridge.fhir.bundle import Head, bundle
from bridge.fhir.cells import version_id
from bridge.fhir.fills import READING, Cut, Integers, filled
from bridge.fhir.frames import Frame, Place, framed
from bridge.fhir.rows import Compiler, variants
from bridge.fhir.stated import USUAL, Stated
from bridge.fhir.template import Lot, Rows
from bridge.fhir.tree import ID_WIDTH
from bridge.fhir.variant import AMENDED, BY_ENTRY, BY_IDENTIFIER, Variant
from bridge.mapping.resources import OBSERVATION
from bridge.period import Instant
from bridge.reading import Flag

Method: TypeAlias = Literal["POST", "PUT"]

_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.")


@dataclass(frozen=True, slots=True)
class Known:
    """What a receiver holds under one of our ids: its reference there (`Observation/17`) and the ETag of
    the version that it told last ('' none)."""

    reference: str
    etag: str = ""

    @property
    def id(self) -> str:
        """The id there. ValueError where the reference has none."""
        found = self.reference.rpartition("/")[2]
        if not 0 < len(found) <= 64 or not _SAFE.issuperset(found):
            raise ValueError("a receiver's reference ends in an id of at most 64 of A-Z a-z 0-9 - .")
        return found


class Sent(NamedTuple):
    """One entry of the Bundle, in its order: our logical id, our version of it (`fullness.py`), what was asked for."""

    kind: str
    id: str
    version: str
    method: Method


@dataclass(frozen=True, slots=True)
class Filing:
    """Where one delivery goes: the receiver's reference of the patient, what it holds already by our
    logical id, and when the Bundle is made. `is_once`: the receiver creates once by identifier; `stated`: how figures
    are said there."""

    subject: str
    known: Mapping[str, Known]
    at: Instant
    is_once: bool = True
    stated: Stated = USUAL

    @property
    def new(self) -> Frame:
        """How an entry stands that the receiver does not hold."""
        return Frame.CREATE if self.is_once else Frame.ADD


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows that are filed alike; `names` are their logical ids."""

    cut: Cut
    variant: Variant
    frame: Frame
    etag: str | None
    names: tuple[str, ...]


def transaction(
    compiler: Compiler, disclosure: Disclosure, filing: Filing, head: Head | None = None
) -> tuple[memoryview, tuple[Sent, ...]]:
    """The Bundle and, in the same order, what each entry is. `head`: of another form of it."""
    devices = tuple(each for each in disclosure.devices if each.id not in filing.known)
    parts = tuple(_parts(compiler, disclosure, filing))
    kept = np.zeros(disclosure.count, np.bool_)
    for part in parts:
        kept[part.cut.at] = True
    places = np.cumsum(kept) - 1
    rows = Rows(int(kept.sum()), tuple(_lot(compiler, part, places) for part in parts))
    entries = tuple(_device_entry(compiler, disclosure, filing, each) for each in devices)
    told = [Sent("Device", each.id, resources.version(each), "POST") for each in devices]
    summed = tuple(_summaries(compiler, disclosure, filing))
    told += [sent for sent, _ in summed]
    readings = {place: sent for part in parts for place, sent in _told(part, places)}
    head = head or Head("transaction", timestamp=filing.at)
    return bundle(compiler.notation, head, (*entries, *(entry for _, entry in summed), rows)), (
        *told,
        *(readings[place] for place in sorted(readings)),
    )


def _parts(compiler: Compiler, disclosure: Disclosure, filing: Filing) -> Iterator[_Part]:
    for group in disclosure.groups:
        device = _device(group, disclosure, filing)
        for cut, variant in variants(compiler, disclosure, group):
            filed = replace(variant, subject=filing.subject, device=device, is_filed=True)
            yield from _split(cut, filed, filing)


def _split(cut: Cut, variant: Variant, filing: Filing) -> Iterator[_Part]:
    """Rows to create, and each row to replace by itself."""
    rows = np.arange(len(cut.group.at)) if cut.rows is None else cut.rows
    joined = cut.identities(cut.group.ids).tobytes().decode("ascii")
    names = tuple([joined[at : at + ID_WIDTH] for at in range(0, len(joined), ID_WIDTH)])
    if filing.known.keys().isdisjoint(names):
        if not variant.has(Flag.RETRACTED):
            yield _Part(cut, variant, filing.new, None, names)
        return
    new = [at for at, name in enumerate(names) if name not in filing.known]
    if new and not variant.has(Flag.RETRACTED):
        created = replace(cut, rows=rows[new])
        yield _Part(created, variant, filing.new, None, tuple(names[at] for at in new))
    for at, name in enumerate(names):
        known = filing.known.get(name)
        if known is not None:
            there = replace(variant, filed_as=known.id, marks=variant.marks | AMENDED)
            yield _Part(replace(cut, rows=rows[at : at + 1]), there, Frame.REPLACE, known.etag, (name,))


def _lot(compiler: Compiler, part: _Part, places: Integers) -> Lot:
    make = compiler.replacement if part.frame is Frame.REPLACE else compiler.reading
    template = make(part.variant, part.frame, part.etag)
    return Lot(template, places[part.cut.at], filled(template, part.cut, READING))


def _told(part: _Part, places: Integers) -> Iterator[tuple[int, Sent]]:
    method: Method = "PUT" if part.frame is Frame.REPLACE else "POST"
    kind, at = part.variant.type, places[part.cut.at].tolist()
    for place, name, version in zip(at, part.names, versions(part.cut), strict=True):
        yield place, Sent(kind, name, version, method)


def versions(cut: Cut) -> Iterator[str]:
    """Under which versions the rows are filed (`fullness.py`)."""
    group, columns, count = cut.group, cut.group.columns, len(cut.at)
    edges = cut.column("cut").tolist() if "cut" in columns else [0] * count
    lengths = (cut.column("end") - cut.column("instant")).tolist() if "cut" in columns else edges
    contents = edges if group.content is None else cut.integers(group.content).tolist()
    texts = columns["text"] if "text" in columns else np.zeros(len(group.at), object)
    words = [bool(each) for each in (texts if cut.rows is None else texts.take(cut.rows))]
    numbers = cut.integers(group.version).tolist()
    names_device, made = group.device is not None, dict[tuple[int, bool, int, int, int], str]()
    for said in zip(numbers, words, edges, lengths, contents, strict=True):
        found = made.get(said)
        if found is None:
            number, is_said, edge, length, content = said
            plain = version_id(number, 0, cut.revision)
            found = made[said] = fullness.filled(plain, is_said, names_device, edge, length, content)
        yield found


def _device(group: Group, disclosure: Disclosure, filing: Filing) -> str | None:
    """How a group's device is named: where the receiver keeps it, as an entry, or by identifier alone."""
    if group.device is None:
        return None
    if group.device in filing.known:
        return f"Device/{filing.known[group.device].id}"
    is_entry = any(each.id == group.device for each in disclosure.devices)
    return BY_ENTRY if is_entry else BY_IDENTIFIER


def _summaries(compiler: Compiler, disclosure: Disclosure, filing: Filing) -> Iterator[tuple[Sent, bytes]]:
    """The Observations of summaries, a panel behind its members and only where each of these is there or comes along;
    what is entered in error only where it is there."""
    places = {name: each.reference for name, each in filing.known.items()}
    of = summaries.Of(filing.subject, compiler.system, compiler.summed, True, places, filing.stated)
    for one in disclosure.summaries:
        parts, there = {id_: part for part, id_ in one.ids}, filing.known.keys() | {id_ for _, id_ in one.ids}
        is_whole = all(id_ in there for _, id_ in one.members)
        trees = sorted(summaries.trees(one, compiler.mappings, of), key=lambda each: parts[each[0]] == PANEL)
        for name, tree in trees:
            known, is_gone = filing.known.get(name), parts[name] in one.gone
            if (known is None and is_gone) or (parts[name] == PANEL and not is_whole and not is_gone):
                continue
            frame = filing.new if known is None else Frame.REPLACE
            place = Place(
                compiler.base, compiler.system, *((None, None) if known is None else (known.id, known.etag))
            )
            version = summaries.filed(one, compiler.summed, filing.stated, is_gone)
            sent = Sent(OBSERVATION, name, version, "POST" if known is None else "PUT")
            yield sent, compiler.notation.entry(framed(frame, tree, name, place))


def _device_entry(
    compiler: Compiler, disclosure: Disclosure, filing: Filing, device: DisclosedDevice
) -> bytes:
    source = resources.source_of(disclosure, device)
    tree = resources.device(device, compiler.system, source, filing.subject, is_filed=True)
    return compiler.notation.entry(framed(filing.new, tree, device.id, Place(compiler.base, compiler.system)))

"""Readings as results: one order group for each, so that a correction can only ever replace that one.

Law: HL7 v2.5.1 7.4.1 (OBR), 7.4.2 (OBX); `safety.md` (LOW and HIGH; corrections travel). OBR-3, the filler order
number, is the reading's own id, the same in every message, and OBX-4 is always 1: a message that comes twice, and a
correction, meets what is there under the same number. OBX-11 is F the first time, C after that, W or D when it is taken
back. Out of range is a number with its comparator (SN) and the flag `<` or `>`; what has no value is X. OBX-14 is the
time of the reading at the person's own offset.

Rejected: a day of readings in one group (a receiver that takes a group for the whole would drop what came before);
OBX-21 (2.6: a 2.5.1 receiver need not know it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from bridge.consent.disclosure import Disclosure
from bridge.fhir.cells import decimal
from bridge.fhir.elements import codes, spelled
from bridge.fhir.filing import Method, Sent, versions
from bridge.fhir.fills import Cut
from bridge.fhir.rows import Compiler, variants
from bridge.fhir.variant import Variant
from bridge.hl7.segments import coded, named, notes, stamp
from bridge.hl7.text import Line, Value
from bridge.mapping.hl7v2 import Hl7v2
from bridge.period import Instant
from bridge.reading import Flag

UNCERTAIN: Final = "The time of this reading is uncertain."
INSTALLATION: Final = "CGM-BRIDGE"
"""Namespace of our numbers, beside the installation's uuid."""
_BEYOND: Final = int(Flag.LOW | Flag.HIGH)


@dataclass(frozen=True, slots=True)
class Before:
    """What the receiver has of our ids: known to have arrived, or sent in that version without an answer."""

    known: frozenset[str]
    tried: dict[str, str]

    def is_there(self, id_: str, version: str) -> bool:
        """Whether something else than this first version may stand there."""
        return id_ in self.known or self.tried.get(id_, version) != version


@dataclass(frozen=True, slots=True)
class Result:
    """One reading as it is told. `lines`: none where the receiver cannot be told it; `at`: its place in the page."""

    sent: Sent
    at: int
    lines: tuple[Line, ...]


def results(
    compiler: Compiler, disclosure: Disclosure, told: Hl7v2, mark: str, before: Before, now: Instant
) -> list[Result]:
    """Every reading that is to be told, in page order. `mark`: of the receiver's own codes, part of each version."""
    found: list[Result] = []
    for group in disclosure.groups:
        for cut, variant in variants(compiler, disclosure, group):
            marked = replace(cut, revision=f"{cut.revision}{mark}")
            found += _of_one_kind(compiler, marked, variant, told, before, now)
    return sorted(found, key=lambda each: each.at)


def filler(id_: str, installation: str) -> Value:
    """One of our ids as an EI (2.A.28)."""
    return (id_, INSTALLATION, installation, "UUID")


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a cut, and what it is told as."""

    cut: Cut
    variant: Variant
    row: int
    status: str

    def of(self, column: str) -> int:
        """Its number in a column."""
        return int(self.cut.column(column)[self.row])

    def time(self, column: str) -> str:
        """A time of its own, at its own offset."""
        return stamp(self.of(column), self.of("offset"))


def _of_one_kind(
    compiler: Compiler, cut: Cut, variant: Variant, told: Hl7v2, before: Before, now: Instant
) -> Iterator[Result]:
    names = [row.tobytes().decode("ascii") for row in cut.identities(cut.group.ids)]
    for row, (id_, version) in enumerate(zip(names, versions(cut), strict=True)):
        is_there = before.is_there(id_, version)
        if variant.has(Flag.RETRACTED) and not is_there:
            continue
        one = _Row(cut, variant, row, _status(variant, told, is_there))
        is_held = told.off_scale == "hold" and variant.has(_BEYOND) and not variant.has(Flag.RETRACTED)
        lines = () if is_held else tuple(_lines(compiler, one, told, id_, now))
        yield Result(Sent(variant.type, id_, version, _method(id_, before)), int(cut.at[row]), lines)


def _method(id_: str, before: Before) -> Method:
    return "PUT" if id_ in before.known else "POST"


def _status(variant: Variant, told: Hl7v2, is_there: bool) -> str:
    if variant.has(Flag.RETRACTED):
        return told.retraction
    if variant.has(Flag.NO_VALUE):
        return "X"
    return "C" if is_there else "F"


def _lines(compiler: Compiler, one: _Row, told: Hl7v2, id_: str, now: Instant) -> Iterator[Line]:
    wearing = codes(one.variant, compiler.mappings)
    name = wearing[0].name
    code = coded(wearing[0], told.codes.get(name))
    order = named(told.orders[name]) if name in told.orders else code
    ends = one.time("end") if one.variant.is_mean else ""
    state = "F" if one.status in ("F", "X") else "C"
    number = filler(id_, compiler.system.removeprefix("urn:uuid:"))
    yield obr(number, order, (one.time("instant"), ends), stamp(now, 0), state)
    unit = spelled(one.variant.unit, one.variant.shape(compiler.mappings), compiler.mappings, wearing)
    kind, value = _value(one, told)
    flag = "<" if one.variant.has(Flag.LOW) else ">" if one.variant.has(Flag.HIGH) else ""
    yield obx(1, kind, code, value, (unit.ucum, unit.unit, "UCUM"), flag, one.status, one.time("instant"))
    yield from notes((one.variant.source_class,), _said(one))


def _value(one: _Row, told: Hl7v2) -> tuple[str, Value]:
    """Type and content of OBX-5."""
    if one.variant.has(Flag.RETRACTED | Flag.NO_VALUE):
        return "NM", ""
    number = decimal(one.of("value"), one.cut.group.scale)
    if not one.variant.has(_BEYOND):
        return "NM", number
    sign = ("<" if one.variant.has(Flag.LOW) else ">") + "=" * one.variant.has(Flag.INCLUSIVE)
    return ("ST", f"{sign}{number}") if told.off_scale == "ST" else ("SN", (sign, number))


def _said(one: _Row) -> Iterator[str]:
    if one.variant.has(Flag.UNCERTAIN):
        yield UNCERTAIN
    if one.variant.is_mean and not one.variant.has(Flag.RETRACTED):
        beyond = one.of("off_scale")
        yield f"mean of {one.of('count')} of {one.of('expected')} readings, {beyond} beyond what the sensor measures"


def obr(number: Value, order: Value, span: tuple[str, str], reported: str, status: str) -> Line:
    """What was observed, when, and under which number of ours."""
    fields: list[Value] = [""] * 25
    for at, value in (
        (1, "1"),
        (3, number),
        (4, order),
        (7, span[0]),
        (8, span[1]),
        (22, reported),
        (25, status),
    ):
        fields[at - 1] = value
    return ("OBR", fields)


def obx(
    at: int,
    kind: str,
    code: Value,
    value: Value,
    unit: Value,
    flag: str,
    status: str,
    time: str,
    sub: str = "1",
) -> Line:
    """One result of an order group."""
    fields: list[Value] = [str(at), kind, code, sub, value, unit, "", flag, "", "", status, "", "", time]
    return ("OBX", fields)

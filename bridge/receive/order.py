"""A ServiceRequest read as an order, or every reason why it is none: where, and how it is mended.

Law (HL7 CGM IG 1.0.0, data-submission-standing-order and -one-time-order; R4 12.9, 2.24.0.8): strict. What would change
the meaning and is not understood (modifierExtension, implicitRules, doNotPerform) refuses the order; so does a part
of it that is not as the profile has it, because half an order may be the wrong half. Sentences name the place and
never what stood there. An order of a code that is a hospital's own may say its cadence as R4's Timing, or leave it to
the destination's file. What is in it beside that (notes, reasons, diagnoses) is not read and not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bridge.order import CONTENTS, LENGTHS, PROFILES, SHORTEST, STEPS, Order, Schedule, Span, Status
from bridge.period import ZoneHistory, spelled
from bridge.receive.codes import ORDERS, UCUM
from bridge.receive.node import NONE, Node, codings, node, nodes, number, pair, says, text

STANDING: Final = (ORDERS, "cgm-data-submission-standing-order")
ONE_TIME: Final = (ORDERS, "cgm-data-submission-one-time-order")
SCHEDULE: Final = f"{PROFILES}data-submission-schedule"
ONCE: Final = f"{PROFILES}data-submission-one-time-spec"
VERSION: Final = "1.0.0"
INTENTS: Final = frozenset({"order", "original-order", "instance-order", "filler-order"})
"""What a hospital's own code may say; the IG's profiles fix `order`."""
MOST_SCHEDULES: Final = 20
LONGEST_TEXT: Final = 200
_UTC: Final = ZoneHistory.always("UTC")
Wrong = tuple[str, str]
"""(where in the resource, what is wrong and how it is mended)."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Which codes start and stop submissions, and what a code without the IG's schedule asks for."""

    start: frozenset[tuple[str, str]] = frozenset({STANDING, ONE_TIME})
    stop: frozenset[tuple[str, str]] = frozenset()
    usual: Schedule | None = None


IG: Final = Codes()
"""The codes of the IG alone."""


def order(resource: Node, codes: Codes = IG) -> Order | tuple[Wrong, ...]:
    """The order that a ServiceRequest is, or everything that is wrong with it."""
    try:
        return _read(resource, codes)
    except ArithmeticError:
        return (("extension", "or occurrence has a number with which nothing can be reckoned"),)


def _read(resource: Node, codes: Codes) -> Order | tuple[Wrong, ...]:
    code = code_of(resource, codes)
    if code is None:
        return (("code", "is none by which submissions are ordered"),)
    wrong = [*_meaning(resource, code), *_validity(resource)]
    schedules: tuple[Schedule, ...] = ()
    if code not in codes.stop:
        found = list(_schedules(resource, code, codes))
        schedules = tuple(each for each in found if isinstance(each, Schedule))
        wrong += [each for each in found if not isinstance(each, Schedule)]
    return tuple(wrong) if wrong else _order(resource, code, schedules, code in codes.stop)


def code_of(resource: Node, codes: Codes = IG) -> tuple[str, str] | None:
    """The code by which it orders something here; None where it has none, or several."""
    found = codings(node(resource, "code")) & (codes.start | codes.stop)
    return next(iter(found)) if len(found) == 1 else None


def is_order(resource: Node, codes: Codes = IG) -> bool:
    """Whether it is about submissions at all."""
    return bool(codings(node(resource, "code")) & (codes.start | codes.stop))


def _order(resource: Node, code: tuple[str, str], schedules: tuple[Schedule, ...], stops: bool) -> Order:
    bounds = _bounds(resource)
    who = node(resource, "requester")
    return Order(
        code=code,
        status=Status(text(resource, "status")),
        schedules=tuple(dict.fromkeys(schedules)),
        authored=text(resource, "authoredOn"),
        requester=" ".join(text(who, "display").split())[:LONGEST_TEXT],
        valid=(text(bounds, "start"), text(bounds, "end")),
        stops=stops,
        identifiers=tuple(filter(None, map(pair, nodes(resource, "identifier")))),
    )


def _meaning(resource: Node, code: tuple[str, str]) -> Iterator[Wrong]:
    for name in ("modifierExtension", "implicitRules"):
        if says(resource, name):
            yield name, "changes the meaning in a way that is not understood here: leave it out"
    if resource.get("doNotPerform"):
        yield "doNotPerform", "is set: to end an order give it the status revoked"
    is_fixed = code in (STANDING, ONE_TIME)
    if text(resource, "intent") not in ({"order"} if is_fixed else INTENTS):
        yield "intent", "is not order: what is only planned or proposed sends nothing"
    if text(resource, "status") not in set(Status):
        yield "status", "is none of R4's request-status"
    if not node(resource, "subject"):
        yield "subject", "is needed: it says whose data is ordered"


def _validity(resource: Node) -> Iterator[Wrong]:
    if text(resource, "authoredOn") and not _is_date(text(resource, "authoredOn")):
        yield "authoredOn", "is no date or dateTime"
    bounds = _bounds(resource)
    for name in ("start", "end"):
        if text(bounds, name) and not _is_date(text(bounds, name)):
            yield f"occurrence.{name}", "is no date or dateTime"
    if all(_is_date(text(bounds, name)) for name in ("start", "end")) and not _in_order(bounds):
        yield "occurrence", "ends before it begins"


def _bounds(resource: Node) -> Node:
    """From when to when the order holds: occurrencePeriod, occurrenceDateTime, or the bounds of a Timing."""
    if text(resource, "occurrenceDateTime"):
        return {"start": text(resource, "occurrenceDateTime")}
    repeat = node(node(resource, "occurrenceTiming"), "repeat")
    return node(resource, "occurrencePeriod") or node(repeat, "boundsPeriod")


def _schedules(resource: Node, code: tuple[str, str], codes: Codes) -> Iterator[Schedule | Wrong]:
    told = [each for each in nodes(resource, "extension") if text(each, "url") == SCHEDULE]
    once = [each for each in nodes(resource, "extension") if text(each, "url") == ONCE]
    if len(told) + len(once) > MOST_SCHEDULES:
        yield "extension", f"has more than {MOST_SCHEDULES} schedules"
        return
    if told and once:
        yield "extension", "has schedules and a one-time period: make two orders of it"
    elif code == STANDING and once:
        yield "extension", "has a one-time period, which an order of this code has not"
    elif code == ONE_TIME and (told or len(once) != 1):
        yield "extension", "needs one data-submission-one-time-spec and no schedule"
    elif told or once:
        cadence = _cadence(resource)
        yield from (cadence,) if isinstance(cadence, tuple) else ()
        for at, each in enumerate(told):
            yield from _standing(each, f"extension[{at}]", cadence if isinstance(cadence, Span) else None)
        for at, each in enumerate(once):
            yield from _one_time(each, f"extension[{at}]")
    else:
        yield _unsaid(resource, codes)


def _unsaid(resource: Node, codes: Codes) -> Schedule | Wrong:
    """An order that has none of the IG's extensions: R4's Timing, and what the destination's file says of it."""
    cadence = _cadence(resource)
    if isinstance(cadence, tuple):
        return cadence
    if codes.usual is None:
        return (
            "extension",
            "says neither what nor how often: the destination's file may say it (orders.usual)",
        )
    return codes.usual if cadence is None else replace(codes.usual, every=cadence)


def _standing(told: Node, place: str, cadence: Span | None) -> Iterator[Schedule | Wrong]:
    parts = nodes(told, "extension")
    every, back = _span(parts, "submissionPeriod"), _span(parts, "lookbackPeriod")
    profiles = list(_profiles(parts, place))
    yield from (each for each in profiles if isinstance(each, tuple))
    if isinstance(every, str) or every is None:
        yield f"{place}.submissionPeriod", every or "is needed, once, as a Quantity in UCUM"
    elif every.least < SHORTEST:
        yield (
            f"{place}.submissionPeriod",
            "is shorter than five minutes, which is as often as a sensor measures",
        )
    elif cadence is not None and cadence != every:
        yield f"{place}.submissionPeriod", "says another cadence than occurrenceTiming"
    if isinstance(back, str):
        yield f"{place}.lookbackPeriod", back
    names = tuple(each for each in profiles if isinstance(each, str))
    if isinstance(every, Span) and not isinstance(back, str) and names:
        yield Schedule(names, every, back)


def _one_time(told: Node, place: str) -> Iterator[Schedule | Wrong]:
    parts = nodes(told, "extension")
    profiles = list(_profiles(parts, place))
    yield from (each for each in profiles if isinstance(each, tuple))
    periods = [node(each, "valuePeriod") for each in parts if text(each, "url") == "timePeriod"]
    period = periods[0] if len(periods) == 1 else NONE
    if not all(_is_date(text(period, name)) for name in ("start", "end")):
        yield f"{place}.timePeriod", "is needed, once, with a start and an end that are dates"
        return
    if not _in_order(period):
        yield f"{place}.timePeriod", "ends before it begins"
        return
    names = tuple(each for each in profiles if isinstance(each, str))
    if names:
        yield Schedule(names, period=(text(period, "start"), text(period, "end")))


def _profiles(parts: list[Node], place: str) -> Iterator[str | Wrong]:
    """The names of the profiles that are to be submitted."""
    told = [text(each, "valueCanonical") for each in parts if text(each, "url") == "submissionDataProfile"]
    if not told:
        yield f"{place}.submissionDataProfile", "is needed: it says what is to be submitted"
    for each in dict.fromkeys(told):
        url, bar, version = each.partition("|")
        name = url.removeprefix(PROFILES)
        if name not in CONTENTS or name == url or (bar and version != VERSION):
            yield f"{place}.submissionDataProfile", f"names no profile of the HL7 CGM IG {VERSION}"
        else:
            yield name


def _span(parts: list[Node], name: str) -> Span | str | None:
    """A length of time, what is wrong with it, or None where it is not there."""
    found = [node(each, "valueQuantity") for each in parts if text(each, "url") == name]
    if not found:
        return None
    amount = number(found[0], "value")
    if len(found) > 1 or amount is None or text(found[0], "system") != UCUM:
        return "is to be one Quantity with a value, a code and the system http://unitsofmeasure.org"
    if text(found[0], "comparator"):
        return "has a comparator: say one length"
    return _of(Decimal(amount), text(found[0], "code"))


def _of(amount: Decimal, unit: str) -> Span | str:
    try:
        return Span(format(amount.normalize(), "f") if amount.is_finite() else "", unit)
    except ValueError as wrong:
        return str(wrong)


def _cadence(resource: Node) -> Span | Wrong | None:
    """How often, as R4's Timing says it: so many times in a period; None where there is no Timing."""
    timing = node(resource, "occurrenceTiming")
    if not timing:
        return None
    repeat = node(timing, "repeat")
    if set(repeat) - {"boundsPeriod", "frequency", "period", "periodUnit"} or set(timing) - {"repeat"}:
        return "occurrenceTiming", "is understood as frequency, period, periodUnit and boundsPeriod alone"
    amount, times = number(repeat, "period"), number(repeat, "frequency") or 1
    if amount is None and "frequency" not in repeat:
        return None
    unit = text(repeat, "periodUnit")
    if amount is None or times <= 0 or (unit not in LENGTHS and unit not in STEPS):
        return "occurrenceTiming.repeat", "needs a period and its unit"
    if unit in STEPS and amount % times:
        return "occurrenceTiming.repeat", "parts a month or a year: say it in days or weeks"
    found = _of(Decimal(amount) / Decimal(times), unit)
    if isinstance(found, str):
        return "occurrenceTiming.repeat", found
    if found.least < SHORTEST:
        return "occurrenceTiming.repeat", "is more often than every five minutes, as a sensor measures"
    return found


def _is_date(written: str) -> bool:
    try:
        spelled(written, _UTC)
    except ValueError:
        return False
    return True


def _in_order(period: Node) -> bool:
    return spelled(text(period, "start"), _UTC).start < spelled(text(period, "end"), _UTC).end

"""What of a received summary or report may be passed on: its figures, its edges and what it refers to.

Law (`consent.md`, custody): only what the profiles of the HL7 CGM IG 1.0.0 make a summary of; an amount stays as it was
written. What has no figure, or says identifiers of ours, is kept and not passed on: the second is a summary of ours
that came back, and a person has one record of it. Pure, over resources that were judged (`receive/entry.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from bridge.consent.received import REPORT, Content, Edges, Record
from bridge.consent.summed import ACTIVE, CV, GMI, MEAN, PANEL, RANGES, WEAR
from bridge.receive import codes
from bridge.receive.node import Node, codings, node, nodes, number, pair, text
from bridge.receive.profiles import What, code_of

PARTS: Final[Mapping[str, str]] = {
    codes.PANEL: PANEL,
    codes.IN_RANGES: RANGES,
    "97507-8": MEAN,
    "105273-7": MEAN,
    "97506-0": GMI,
    "104638-2": CV,
    "104636-6": WEAR,
    "104637-4": ACTIVE,
}
"""LOINC code of a summary -> which figure it is."""
_MOST: Final = 9
_LEAST: Final = -12
"""Powers of ten: no figure of a summary is as large, or as fine; without a limit an exponent would be written out."""
Find = Callable[[str], "Record | None"]
"""The record that a reference leads to."""


def passed_on(what: What, resource: Node, ours: str, find: Find) -> tuple[Edges, Content] | None:
    """What decides about it and what it says; None where nothing of it is passed on. `ours`: the system of our
    identifiers."""
    if any(system == ours for system, _ in filter(None, map(pair, nodes(resource, "identifier")))):
        return None
    status = text(resource, "status")
    if what is What.REPORT:
        return _edges(resource, REPORT, "result", find), Content(_reported(status))
    if what is not What.SUMMARY:
        return None
    part, amount = PARTS[code_of(resource)], _amount(resource)
    edges = _edges(resource, part, "hasMember" if part == PANEL else "", find)
    if part == PANEL:
        return edges, Content(status)
    if part == RANGES:
        shares = ((code, share) for code, share in map(_share, nodes(resource, "component")) if code)
        return edges, Content(status, shares=tuple(shares))
    unit = text(node(resource, "valueQuantity"), "code")
    return None if not amount else (edges, Content(status, amount, unit))


def _reported(status: str) -> str:
    """A report's status, as far as it is a finding that stands; R4 has more that are drafts."""
    return status if status in codes.SAID else "partial"


def _edges(resource: Node, part: str, name: str, find: Find) -> Edges:
    period = node(resource, "effectivePeriod")
    written = (text(each, "reference") for each in nodes(resource, name)) if name else ()
    members = tuple(filter(None, map(find, written)))
    return Edges(part, text(period, "start"), text(period, "end"), members)


def _share(component: Node) -> tuple[str, str]:
    found = [code for _, code in codings(node(component, "code")) if code in codes.RANGES]
    amount = _amount(component)
    return (found[0], amount) if found and amount else ("", "")


def _amount(holder: Node) -> str:
    """A decimal as it was written, without an exponent; '' where there is none."""
    value = number(node(holder, "valueQuantity"), "value")
    if value is None:
        return ""
    exact = Decimal(value)
    exponent = exact.as_tuple().exponent
    is_plain = isinstance(exponent, int) and exponent >= _LEAST and exact.adjusted() < _MOST
    return format(exact, "f") if is_plain else ""

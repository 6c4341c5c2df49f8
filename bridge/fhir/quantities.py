"""Quantities in a search (R4 3.1.1.4.6): `[prefix]number`, `[prefix]number|system|code`, `[prefix]number||unit`.

Law: a number means what R4 says its digits mean (3.1.1.4.5): 5.4 is from 5.35 to before 5.45, and a comparing
prefix takes it exactly. A unit means values that leave in that unit; none is converted. A unit that nothing
leaves in finds nothing; what cannot be read is a Problem.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final, cast

from bridge.consent.amounts import Amount, AmountTest
from bridge.consent.asked import Prefix
from bridge.fhir.draft import parts
from bridge.fhir.outcome import Problem, bad_parameter
from bridge.fhir.vocabulary import Token, Vocabulary

_NUMBER: Final = re.compile(
    r"(eq|ne|gt|ge|lt|le|sa|eb|ap)?(-?[0-9]{1,18})(?:\.([0-9]{1,18}))?(?:[eE]([+-]?[0-9]{1,2}))?"
)
_BY_DIGITS: Final = frozenset({"eq", "ne"})
_TENTH: Final = Fraction(1, 10)


def quantities(name: str, value: str, vocabulary: Vocabulary) -> AmountTest | Problem:
    """One parameter: a comma list of values, any of which may hold."""
    found: list[Amount] = []
    for number, *unit in parts(value):
        match = _NUMBER.fullmatch(number)
        if match is None:
            return bad_parameter(name, "write a number with a prefix or without, as 5.4, gt5.4 or lt70")
        if len(unit) not in (0, 2):
            return bad_parameter(
                name, "write the unit as number|system|code or as number||unit, or leave it out"
            )
        found.append(_amount(match, unit, vocabulary))
    if not found:
        return bad_parameter(name, "the value is missing; write one or leave the parameter out")
    return AmountTest(tuple(found))


def _amount(match: re.Match[str], unit: list[str], vocabulary: Vocabulary) -> Amount:
    prefix = cast("Prefix", match[1] or "eq")
    low, high = _edges(prefix, match[2], match[3] or "", match[4])
    token = Token(None, None) if not unit or unit == ["", ""] else Token(unit[0], unit[1] or None)
    return Amount(prefix, low, high, vocabulary.measured(token))


def _edges(prefix: Prefix, whole: str, fraction: str, power: str | None) -> tuple[Fraction, Fraction]:
    unit = Fraction(10) ** (int(power or 0) - len(fraction))
    exact = int(whole + fraction) * unit
    step = unit if power is None else unit * _TENTH  # R4 3.1.1.4.5: 1e2 is from 95 to before 105
    if prefix in _BY_DIGITS:
        return exact - step / 2, exact + step / 2
    reach = abs(exact) * _TENTH if prefix == "ap" else 0
    return exact - reach, exact + reach

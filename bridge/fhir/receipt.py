"""What a submitter is told: an answer for each entry, and what a validation found (R4 2.28; HL7 CGM IG, operation).

Law: an answer says where a thing is and what became of it, never what else is here. A note is information and no
fault. `$validate` answers 200 with an OperationOutcome whatever it found (R4, Resource-validate).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from bridge.fhir.notation import Notation
from bridge.fhir.outcome import Problem
from bridge.fhir.outcome import tree as problem_tree
from bridge.fhir.tree import Tree

FAULTLESS: Final = (
    "No fault was found. Whether it is taken also depends on whom it is about and what they allow."
)
MOST_ISSUES: Final = 200
MORE: Final = f"There are more than {MOST_ISSUES} faults: these are the first."


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one entry. `location` as the header says it, '' none; `note`: information."""

    status: int
    location: str = ""
    note: str = ""
    problem: Problem | None = None


def entry(notation: Notation, receipt: Receipt) -> bytes:
    """The entry of a transaction-response."""
    response: Tree = {
        "status": f"{receipt.status} {HTTPStatus(receipt.status).phrase}",
        "location": receipt.location or None,
    }
    if receipt.problem is not None:
        return notation.answered(response, notation.encode(problem_tree(receipt.problem)), True)
    if receipt.note:
        return notation.answered(response, notation.encode(_outcome((_note(receipt.note),))), True)
    return notation.answered(response, b"", False)


def verdict(found: Sequence[Problem]) -> Tree:
    """The OperationOutcome of a validation."""
    if not found:
        return _outcome((_note(FAULTLESS),))
    issues = [_issue(each) for each in found[:MOST_ISSUES]]
    return _outcome((*issues, _note(MORE)) if len(found) > MOST_ISSUES else tuple(issues))


def _outcome(issues: tuple[Tree, ...]) -> Tree:
    return {"resourceType": "OperationOutcome", "issue": issues}


def _note(sentence: str) -> Tree:
    return {"severity": "information", "code": "informational", "diagnostics": sentence}


def _issue(problem: Problem) -> Tree:
    return {
        "severity": "error",
        "code": problem.code,
        "diagnostics": problem.sentence,
        "expression": problem.expression,
    }

"""What can go wrong for an asker, as a closed vocabulary, and its OperationOutcome (R4 2.28, 3.1.0.1.5).

Law: a problem is a value. Its sentence names the place and the mend, never a person, an id, a count or
what was withheld: absent, refused and unknown are the one `ABSENT` (`consent.md`, what the asker learns).

Rejected: exceptions across the border (they carry tracebacks and grow their own texts).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.fhir.tree import Tree

STATUSES: Final = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "business-rule",
    429: "throttled",
    500: "exception",
    503: "transient",
}
"""HTTP statuses that the bridge answers, with the usual issue type of each."""

ISSUE_TYPES: Final = frozenset(
    {*STATUSES.values(), "structure", "required", "value", "invariant", "security", "unknown", "expired",
     "suppressed", "processing", "duplicate", "code-invalid", "too-costly", "incomplete", "informational"}
)  # fmt: skip
"""Codes of the value set issue-type that the bridge uses (R4, required binding)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer that is an error: HTTP status, issue type, a sentence, and which parameters it is about."""

    status: int
    code: str
    sentence: str
    expression: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status not in STATUSES or self.code not in ISSUE_TYPES or not self.sentence:
            raise ValueError(f"no such problem: {self.status} {self.code} {self.sentence!r}")


def problem(status: int, sentence: str, *expression: str) -> Problem:
    """A problem with the usual issue type of its status."""
    return Problem(status, STATUSES[status], sentence, expression)


def bad_parameter(name: str, sentence: str) -> Problem:
    """A search parameter that cannot be honoured, named as HTTP-based FHIRPath knows it (R4 2.28.2)."""
    return Problem(400, "invalid", f"{name}: {sentence}", (f"http.{name}",))


def tree(problem: Problem) -> Tree:
    """The OperationOutcome."""
    severity = "fatal" if problem.status == 500 else "error"
    issue: Tree = {
        "severity": severity,
        "code": problem.code,
        "diagnostics": problem.sentence,
        "expression": problem.expression,
    }
    return {"resourceType": "OperationOutcome", "issue": (issue,)}


def warning(problem: Problem) -> Tree:
    """The OperationOutcome of what was left away and done without."""
    issue: Tree = {
        "severity": "warning",
        "code": problem.code,
        "diagnostics": problem.sentence,
        "expression": problem.expression,
    }
    return {"resourceType": "OperationOutcome", "issue": (issue,)}


ABSENT: Final = problem(404, "There is nothing here for you.")
OUT_OF_SCOPE: Final = problem(403, "The scopes of the access token do not cover this request.")
NOT_OFFERED: Final = problem(405, "This interaction is not offered; GET [base]/metadata lists what is.")
NOT_ACCEPTABLE: Final = problem(406, "Answers are application/fhir+json or application/fhir+xml.")
NOT_READABLE: Final = problem(
    415, "Send _search as application/x-www-form-urlencoded, all else as application/fhir+json or +xml."
)
MOVED: Final = problem(503, "What may leave changed while the answer was being made; ask again.")
NO_LEDGER: Final = problem(503, "The disclosure could not be recorded, so nothing leaves; ask again later.")
BROKEN: Final = problem(500, "The bridge failed; its operator finds the cause in the log.")

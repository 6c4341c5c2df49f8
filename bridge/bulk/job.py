"""The life of an export: asked for, looked through for who takes part, ready, over.

Law: what rests is what was asked (`store/exports.py`), so a job is read anew from it each time, and what it means is
decided when a file is fetched. It is its client's alone. It is not ready before `settle` has passed: what was being
written at its instant is there by then, so that nothing is missed by this export and by the next (STU2, Response -
Complete Status: transactionTime). Who takes part is looked through in portions, each within one request.

    asked -> (settle) -> looked through, portion by portion -> ready -> expired or deleted

Rejected: a worker that writes files (payload at rest, which outlives a grant).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final
from urllib.parse import parse_qsl, urlencode

import bridge.store.exports as kept
from bridge.bulk.asking import Export, Grammar, parse
from bridge.fhir.outcome import Problem
from bridge.fhir.sought import Pairs
from bridge.period import DAY, Instant
from bridge.smart.scopes import SYSTEM, Scopes
from bridge.smart.scopes import parse as parse_scopes
from bridge.smart.tokens import fresh
from bridge.store.db import Database
from bridge.store.exports import BEFORE_ALL, ExportRow

SECOND: Final = 1000
EVERYBODY: Final = (1 << 62) - 1
"""Greater than the number of any patient."""
_LENIENT: Final = "lenient"


@dataclass(frozen=True, slots=True)
class Limits:
    """`patients` of a file; `looked` at in one request; `jobs` of a client at a time; milliseconds of `life`, until
    what was being written has `settled`, and between two questions how it is."""

    patients: int = 1000
    looked: int = 1000
    jobs: int = 10
    life: int = DAY
    settled: int = 5 * SECOND
    pause: int = SECOND


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Question:
    """A request as it was sent: its whole address, what stands in it behind the base, its parameters, and the scopes
    of its token."""

    request: str
    address: str
    pairs: Pairs
    scopes: Scopes
    is_lenient: bool

    def export(self, grammar: Grammar) -> Export | Problem:
        """What it means."""
        return parse(self.address, self.pairs, grammar, self.is_lenient)


@dataclass(frozen=True, slots=True)
class Job:
    """One export of a client."""

    row: ExportRow
    question: Question

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Patients of each file: numbers in (after, upto]."""
        edges = (BEFORE_ALL, *self.row.edges)
        return tuple(pairwise(edges))


def start(db: Database, client: str, question: Question, now: Instant, limits: Limits) -> Job | Instant:
    """A new job; where the client has as many as it may, when the first of them ends."""
    texts = (
        question.request,
        question.address,
        urlencode(question.pairs),
        str(question.scopes),
        _LENIENT if question.is_lenient else "",
    )
    row = ExportRow(fresh(), client, now, now + limits.life, texts)
    full = kept.keep(db, row, limits.jobs)
    return Job(row, question) if full is None else full


def found(db: Database, name: str, client: str, now: Instant) -> Job | None:
    """The living job of that name, where it is this client's."""
    row = kept.find(db, name, client, now)
    if row is None:
        return None
    request, address, pairs, scopes, handling = row.asked
    told = tuple(parse_qsl(pairs, keep_blank_values=True))
    return Job(row, Question(request, address, told, parse_scopes(scopes).of(SYSTEM), handling == _LENIENT))


def looked(db: Database, job: Job, patients: Sequence[int], reached: int, is_all: bool, most: int) -> Job:
    """The job after a portion: these patients take part, in order of their numbers; a file has at most so many."""
    edges, filled = list(job.row.edges), job.row.filled
    for patient in patients:
        if not edges or filled == most:
            edges.append(patient)
            filled = 0
        edges[-1] = patient
        filled += 1
    row = replace(job.row, reached=reached, edges=tuple(edges), filled=filled, is_ready=is_all)
    kept.advance(db, job.row, row)
    return replace(job, row=row)


def drop(db: Database, job: Job) -> None:
    """End it."""
    kept.drop(db, job.row.id, job.row.client)

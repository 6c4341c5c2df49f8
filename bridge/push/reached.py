"""A destination as it is reached: what its file says, put together for one person's delivery.

Law: the file that counts is the one that was registered (`bridge.store.destinations`), not the one that lies in the
folder now. Which addresses may be called for it follows from it as well, and nothing else may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import bridge.store.links as links
from bridge.hl7.render import Person, Scribe
from bridge.mapping.destination import DestinationFile, read
from bridge.net.message import Caller
from bridge.period import Instant
from bridge.push.credentials import Tokens, identity, of
from bridge.push.engine import Engine
from bridge.push.receiver import Receiver, Unwatched, Watch
from bridge.store.db import Database
from bridge.store.destinations import Destination


def spec_of(goal: Destination) -> DestinationFile | None:
    """What its file said when it was registered; None: it was registered without one."""
    return read(goal.spec) if goal.spec else None


def addresses(goal: Destination) -> Iterator[tuple[str, bool]]:
    """What may be called for a destination, and whether it lies in our own network."""
    yield goal.url, goal.internal
    spec = spec_of(goal)
    if spec is not None and spec.auth.token_url:
        yield spec.auth.token_url, goal.internal


def engine_of(
    db: Database, net: Caller, goal: Destination, scribe: Scribe | None, patient: int, watch: Watch
) -> Engine | None:
    """The interface engine of a destination that takes HL7 v2; None: it is no such one."""
    spec = spec_of(goal)
    if spec is None or spec.kind != "hl7v2" or scribe is None:
        return None

    def person(subject: str) -> Person:
        link = links.load(db, int(subject.rpartition("/")[2]))
        return Person(link.system, link.value, link.shown.name, link.shown.birth_date)

    may_update = spec.receiver.updates is not False
    told = identity(spec), spec.errors, watch
    return Engine(net, scribe, goal.url, spec.hl7v2, person, patient, may_update, *told)


def reached(
    db: Database,
    net: Caller,
    goal: Destination,
    patient: int | None,
    tokens: Tokens,
    clock: Callable[[], Instant],
    watch: Watch | None = None,
) -> Receiver:
    """The receiver of a destination, for one person's delivery."""
    spec = spec_of(goal)
    return Receiver(
        net,
        goal.url,
        of(db, net, goal, spec, patient, tokens, clock),
        patient,
        identity(spec),
        {} if spec is None else spec.errors,
        watch or Unwatched(),
    )

"""What a provider keeps as its own and the person's copy of it, kept together.

Law (`consent.md`, custody): the copy is kept first, and only of what is new in the record or still in the copy: what
somebody took out of the copy does not come back when it is sent once more under that name. What is taken back is taken
back in both: the copy is told the instants that the record finds, also where it lost what was named. Then the record,
and what is told is told of that alone. Cut short in between, the next attempt finds the copy and makes the record.
Where nothing can be kept, no record is begun, and where nothing was, none stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bridge.ingest.offered import Fate, Keeping, Moment, Outcome, moments
from bridge.ingest.submission import keep
from bridge.ingest.wrong import Meant, sought
from bridge.store import custody, submitted


def keep_both(
    copy: Keeping, own: Callable[[], Keeping | None], begun: Callable[[], Keeping]
) -> tuple[Outcome, ...]:
    """What became of each entry in the record; raises as `keep`. `own`: the record as it is, None where there is none;
    `begun`: the same, made where there is none."""
    there = own()
    found = {} if there is None else sought(there)
    wanted = list(range(len(copy.offered))) if there is None else _wanted(copy, there, found)
    besides = {place: found[at].moments for place, at in enumerate(wanted) if at in found}
    offered = [copy.offered[at] for at in wanted]
    made = keep(replace(copy, offered=offered, besides=besides)) if wanted else ()
    if there is None and all(each.fate in (Fate.REFUSED, Fate.TAKEN) for each in made):
        return made
    mine, told = begun(), dict(zip(wanted, made, strict=True))
    try:
        kept = keep(mine)
    except Exception:
        custody.dropped(mine.db, mine.patient.number)
        raise
    return tuple(_either(each, told.get(at)) for at, each in enumerate(kept))


def _either(own: Outcome, copy: Outcome | None) -> Outcome:
    """What is told: of the record, but of something that was sent before there was one and is taken back now."""
    is_of_copy = own.fate is Fate.REFUSED and copy is not None and copy.fate is Fate.TAKEN
    return copy if is_of_copy and copy is not None else own


def _wanted(copy: Keeping, own: Keeping, found: Mapping[int, Meant]) -> list[int]:
    """The entries that the copy is offered: without those that the record has and the copy has not any more. What takes
    something back always, but where it fits several things of the record."""
    every = range(len(own.offered))
    _, decoded = own.read(every)
    when: dict[int, Moment] = dict(moments(every, decoded))
    mine = {at: own.blinds(at, when.get(at)) for at in every}
    theirs = {at: copy.blinds(at, when.get(at)) for at in every}
    in_own = submitted.find(own.db, own.patient.number, [each for some in mine.values() for each in some])
    in_copy = submitted.find(
        copy.db, copy.patient.number, [each for some in theirs.values() for each in some]
    )
    return [
        at
        for at in every
        if (
            not found[at].is_several
            if at in found
            else in_own.keys().isdisjoint(mine[at]) or not in_copy.keys().isdisjoint(theirs[at])
        )
    ]

"""Why something does not leave, in sentences for the owner.

Law: for the owner's eyes alone: a recipient learns nothing about what was held back (`consent.md`,
what the asker learns). It names grants, sources, kinds and grains, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bridge.consent.asked import KIND_OF, Grain, Kind, Way
from bridge.consent.asker import Asker
from bridge.consent.decide import Cut, Decision
from bridge.consent.memory import Memory
from bridge.consent.reader import Reader
from bridge.consent.strands import LENGTH
from bridge.metrics.buckets import is_offered
from bridge.period import ALL, Instant, iso, union
from bridge.store.artifacts import listed
from bridge.store.db import Database
from bridge.store.patients import load
from bridge.store.series import SeriesRow


def explained(
    db: Database, memory: Memory, reader: Reader, patient: int, who: Asker, way: Way, now: Instant
) -> tuple[Cut, ...]:
    """For the owner: why something of the patient does not leave to `who` that way now."""
    epoch, zones = memory.epoch(patient), load(db, patient).zones
    decided = memory.decided(patient, epoch, who, way, now, zones)
    sources = {each.source for each in listed(db, patient) if each.state == "stored"}
    return sentences(decided.decision, reader.series(), sources)


def sentences(decision: Decision, series: Sequence[SeriesRow], sources: Iterable[str]) -> tuple[Cut, ...]:
    """A sentence for everything that is kept and does not leave under the decision."""
    kept = frozenset(KIND_OF[each.key.stream] for each in series)
    return (
        *decision.cuts,
        *_kinds(decision, kept),
        *_sources(decision, sources),
        *_times(decision),
        *_grains(decision, series),
    )


def _kinds(decision: Decision, kept: frozenset[Kind]) -> Iterator[Cut]:
    for kind in sorted(kept - decision.kinds()):
        yield Cut("", f"{kind} is in no grant that acts now")


def _sources(decision: Decision, sources: Iterable[str]) -> Iterator[Cut]:
    grants = decision.grants()
    for source in sorted(set(sources)):
        if grants and not any(grant.covers_source(source) for grant in grants):
            yield Cut("", f"the source {source} was not named in any grant that acts now")


def _times(decision: Decision) -> Iterator[Cut]:
    for kind in sorted(decision.kinds()):
        open_now = union(box.periods for box in decision.boxes if kind in box.kinds)
        if open_now and open_now != ALL:
            spelled = ", ".join(f"{iso(period.start)} to {iso(period.end)}" for period in open_now)
            yield Cut("", f"{kind} leaves only where it was measured in {spelled}")


def _grains(decision: Decision, series: Sequence[SeriesRow]) -> Iterator[Cut]:
    for box in decision.boxes:
        if box.grain is Grain.RAW or box.grant is None:
            continue
        yield Cut(box.grant.id, f"it gives {box.grain.name.lower()} figures, not single readings")
        for key in sorted({each.key.family for each in series}):
            stream = [each.key.stream for each in series if each.key.family == key]
            if box.grain in LENGTH and not any(is_offered(each, key, LENGTH[box.grain]) for each in stream):
                yield Cut(box.grant.id, f"means this short would show single readings of {key}")

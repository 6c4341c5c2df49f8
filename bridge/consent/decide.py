"""The decision: which boxes of (sources x kinds x grain x periods) one recipient may have now.

Law: pure. Only active grants of this patient for this recipient, purpose and way count; they add up as a
union of boxes, never as the cross product of their sides; no grant is the empty set (`consent.md`, the
decision). Every grant of this recipient that does not count has its sentence. Grants that ended are kept
beside the decision for two questions only: since when without a break, and which means they would undo.
Rejected: merging grants into one (the cross product), deciding per reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, final

from bridge.consent.asked import Grain, Kind, Way
from bridge.consent.grant import Grant, Identity, Standing, State, active_times, state_at
from bridge.consent.submitters import submissions
from bridge.period import ALL, BEGINNING, EMPTY, END_OF_TIME, Instant, Period, PeriodSet, ZoneHistory, iso


@final
@dataclass(frozen=True, slots=True)
class Box:
    """What one grant opens. `grant` None: everything that is kept (the owner's box). `periods`: what is
    inside now, or was last; `ever`: what was inside at any time. `active`: when, in time of asking, it was
    open so far; `acts`: the same with what is foreseen. `is_counted`: it is open now, for this purpose and way;
    `is_alike`: for these it is or was. `own`: the source of what the recipient itself submitted."""

    grant: Grant | None
    kinds: frozenset[Kind]
    grain: Grain
    periods: PeriodSet
    ever: PeriodSet
    active: PeriodSet
    acts: PeriodSet
    is_counted: bool
    is_alike: bool
    own: str = ""

    def covers(self, source: str, kind: Kind) -> bool:
        """Whether readings of that source and kind are inside. Means and summaries are not made of what their
        recipient brought: by readings of its own choice it could take them apart."""
        if kind not in self.kinds or self.grant is None:
            return kind in self.kinds
        is_probe = source == self.own and self.grant.grain is not Grain.RAW
        return self.grant.covers_source(source) and not is_probe


@final
@dataclass(frozen=True, slots=True)
class Cut:
    """Why something does not leave, in words for the owner. `grant` '' where it concerns none."""

    grant: str
    sentence: str


@final
@dataclass(frozen=True, slots=True)
class Decision:
    """What is open now. `boxes` count; `ended` were open to the same recipient under the same pairing, at
    another time or for another way. `until`: when the decision is to be made anew at the latest."""

    boxes: tuple[Box, ...]
    ended: tuple[Box, ...]
    cuts: tuple[Cut, ...]
    identity: Identity
    pairing: bytes
    until: Instant

    def kinds(self) -> frozenset[Kind]:
        """Every kind that is open somewhere."""
        return frozenset(kind for box in self.boxes for kind in box.kinds)

    def grants(self) -> tuple[Grant, ...]:
        """The grants that count."""
        return tuple(box.grant for box in self.boxes if box.grant is not None)

    def is_source_blind(self) -> bool:
        """Whether every source is treated alike, now and in what was shown before."""
        every = (box.grant for box in (*self.boxes, *self.ended))
        return all(
            grant is None or (grant.later_sources and not grant.withheld and grant.grain is Grain.RAW)
            for grant in every
        )

    def named_sources(self) -> tuple[str, ...]:
        """Every source that a grant names."""
        every = (box.grant for box in (*self.boxes, *self.ended))
        return tuple(sorted({source for grant in every if grant is not None for source in grant.sources}))


NOTHING: Final = Decision((), (), (), Identity.PSEUDONYMOUS, b"", END_OF_TIME)
"""No grant: the empty set."""
EVERYTHING: Final = Decision(
    boxes=(Box(None, frozenset(Kind), Grain.RAW, ALL, ALL, ALL, ALL, True, True),),
    ended=(),
    cuts=(),
    identity=Identity.FULL,
    pairing=b"",
    until=END_OF_TIME,
)
"""What the owner sees."""

_WHY: Final[Mapping[State, Callable[[Grant], str]]] = {
    State.DRAFT: lambda grant: "it is not signed",
    State.WAITING: lambda grant: f"it is in force from {iso(grant.begins)} on",
    State.PAUSED: lambda grant: "it is paused",
    State.EXPIRED: lambda grant: f"it ended on {iso(grant.ends)}",
    State.REVOKED: lambda grant: "it is revoked",
    State.SUPERSEDED: lambda grant: "a newer version took its place",
}


def permitted(
    standings: Iterable[Standing],
    *,
    client: str,
    organization: str,
    purpose: str,
    way: Way,
    now: Instant,
    zones: ZoneHistory,
    only: str | None = None,
    under: str | None = None,
    known: bytes | None = None,
) -> Decision:
    """What `client` of `organization` may have of this patient at `now` by `way`. `only`: by that grant
    alone (a preview). `under`: nothing where that grant does not count (a delivery runs under one), and by all
    that do where it does. `known`: the pairing to look back under, whatever it is known as."""
    own = [each for each in standings if each.grant.recipient.includes(client, organization)]
    if not own:
        return NOTHING
    pairing = known_as(own, client=client, organization=organization, purpose=purpose, now=now)
    if pairing is None:
        pairing = last_known_as(own, client=client, organization=organization, purpose=purpose, now=now)
    pairing = pairing if known is None else known
    # what stands in a chart is one: a feed that goes there brings what is filed there as well
    ways = frozenset({Way.FEED, Way.FILE}) if under is not None and way is Way.FEED else frozenset({way})
    why = [_why_not(each, purpose, ways, pairing, now) for each in own]
    counting = [e for e, cut in zip(own, why, strict=True) if cut is None and only in (None, e.grant.id)]
    if under is not None and all(each.grant.id != under for each in counting):
        counting = []
    alike = [each for each in own if each.grant.pairing == pairing]
    mine, identities = submissions(client, organization), [each.grant.identity for each in counting]
    boxes = [_box(each, each in counting, purpose, ways, now, zones, mine) for each in alike]
    return Decision(
        boxes=tuple(box for box in boxes if box.is_counted),
        ended=tuple(box for box in boxes if not box.is_counted and box.active),
        cuts=tuple(Cut(e.grant.id, cut) for e, cut in zip(own, why, strict=True) if cut is not None),
        identity=min(identities, key=_IDENTITIES.index, default=NOTHING.identity),
        pairing=pairing or b"",
        until=_until(own, now, zones),
    )


def is_open(
    standings: Iterable[Standing], *, client: str, organization: str, purpose: str, way: Way, now: Instant
) -> bool:
    """Whether `permitted` would open anything of this patient, without a look at the patient."""
    found = counting(standings, client=client, organization=organization, purpose=purpose, way=way, now=now)
    return bool(found)


def counting(
    standings: Iterable[Standing], *, client: str, organization: str, purpose: str, way: Way, now: Instant
) -> tuple[Grant, ...]:
    """The grants that count for `permitted`, without a look at the patient."""
    own = [each for each in standings if each.grant.recipient.includes(client, organization)]
    pairing = known_as(own, client=client, organization=organization, purpose=purpose, now=now)
    ways = frozenset({way})
    return tuple(each.grant for each in own if _why_not(each, purpose, ways, pairing, now) is None)


def known_as(
    standings: Iterable[Standing], *, client: str, organization: str, purpose: str, now: Instant
) -> bytes | None:
    """The pairing under which the recipient may know the person now, by any way; None: it may not. Where
    two active grants differ in it, the more protective one holds: joining both would name the person."""
    active = (
        each.grant
        for each in standings
        if each.grant.recipient.includes(client, organization)
        and each.grant.purpose == purpose
        and state_at(each, now) is State.ACTIVE
    )
    lead = max(active, key=lambda grant: _IDENTITIES.index(grant.identity), default=None)
    return None if lead is None else lead.pairing


def last_known_as(
    standings: Iterable[Standing], *, client: str, organization: str, purpose: str, now: Instant
) -> bytes | None:
    """The pairing under which the recipient knew the person when it last had a grant; None: it never had.
    Nothing is disclosed under it any more, only taken back."""
    until_now = PeriodSet.between(BEGINNING, now + 1)
    acted = (
        ((active_times(each) & until_now).hull(), each.grant.pairing)
        for each in standings
        if each.grant.recipient.includes(client, organization) and each.grant.purpose == purpose
    )
    ended = [(hull.end, pairing) for hull, pairing in acted if hull is not None]
    return max(ended)[1] if ended else None


def shown_finer(
    standings: Iterable[Standing], key: str, now: Instant, zones: ZoneHistory
) -> tuple[tuple[Grain, PeriodSet], ...]:
    """What one recipient was ever let see of glucose finer than as a summary, grant by grant, whoever of its programs
    it was, for whatever purpose, way and identity."""
    return tuple(
        (
            each.grant.grain,
            _ever(each.grant, active_times(each) & PeriodSet.between(BEGINNING, now + 1), zones),
        )
        for each in standings
        if each.grant.recipient.key == key
        and each.grant.grain is not Grain.SUMMARY
        and Kind.GLUCOSE in each.grant.kinds
    )


_IDENTITIES: Final = (Identity.FULL, Identity.VISIT, Identity.PSEUDONYMOUS, Identity.DEIDENTIFIED)


def _why_not(
    standing: Standing, purpose: str, ways: frozenset[Way], pairing: bytes | None, now: Instant
) -> str | None:
    """Why the grant does not count now; None where it does."""
    state, grant = state_at(standing, now), standing.grant
    if state is not State.ACTIVE:
        return _WHY[state](grant)
    if grant.purpose != purpose:
        return f"it is for the purpose {grant.purpose}, asked was for {purpose}"
    if not ways & grant.ways:
        return f"it does not include the way {min(ways)}"
    if grant.pairing != pairing:
        return "the recipient knows the person under another identity by another grant"
    return None


def _box(
    standing: Standing,
    is_counted: bool,
    purpose: str,
    ways: frozenset[Way],
    now: Instant,
    zones: ZoneHistory,
    own: str,
) -> Box:
    grant, active = standing.grant, active_times(standing)
    past = active & PeriodSet.between(BEGINNING, now + 1)
    last = past.hull()
    return Box(
        grant=grant,
        kinds=grant.kinds,
        grain=grant.grain,
        periods=grant.periods_at(now if last is None else last.end - 1, zones),
        ever=_ever(grant, past, zones),
        active=past,
        acts=active,
        is_counted=is_counted,
        is_alike=grant.purpose == purpose and bool(ways & grant.ways),
        own=own,
    )


def _ever(grant: Grant, past: PeriodSet, zones: ZoneHistory) -> PeriodSet:
    hull = past.hull()
    if hull is None:
        return EMPTY
    if not grant.rolling_days:
        return grant.periods
    first, last = grant.periods_at(hull.start, zones), grant.periods_at(hull.end - 1, zones)
    whole = (first | last).hull()
    return EMPTY if whole is None else PeriodSet((Period(whole.start, whole.end),))


def _until(standings: Iterable[Standing], now: Instant, zones: ZoneHistory) -> Instant:
    """The next instant at which any of these grants may act differently."""
    edges = [END_OF_TIME]
    for standing in standings:
        for period in active_times(standing):
            edges += (period.start, period.end)
        if standing.grant.rolling_days:
            edges.append(zones.day(zones.local_date(now)).end)
    return min(edge for edge in edges if edge > now)

"""The words of `grant add` as a Grant: periods, kinds, grain, recipient, end.

Law: what is not said is closed: glucose alone, the sources that are here at signing, an end by default.
Exactly one way of saying the period; anything unclear is refused with a sentence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from bridge.app import Bridge
from bridge.consent.asked import WILDCARD, Grain, Kind, Way
from bridge.consent.grant import (
    Authoriser,
    Grant,
    Identity,
    Recipient,
    Wording,
    before,
    from_now_on,
    last_days,
)
from bridge.consent.grants import new_id, pairing_for
from bridge.consent.lasting import default_end, end_of, longest_end
from bridge.consent.submitters import SUBMISSIONS
from bridge.period import ALL, EMPTY, Instant, PeriodSet, ZoneHistory, spelled
from bridge.store.artifacts import listed
from bridge.store.clients import Client
from bridge.store.patients import Patient

Member = TypeVar("Member", Kind, Way)

GRAINS: Final[Mapping[str, Grain]] = {
    "raw": Grain.RAW,
    "15min": Grain.QUARTER_HOUR,
    "hourly": Grain.HOUR,
    "daily": Grain.DAY,
    "summary": Grain.SUMMARY,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of `grant add`, as typed."""

    last_days: int | None = None
    rolling_days: int | None = None
    before: str | None = None
    days: int | None = None
    from_now: bool = False
    start: str | None = None
    end: str | None = None
    kinds: str = "glucose"
    sources: str = ""
    later_sources: bool = False
    ways: str = "look,file,feed,bulk"
    granularity: str = "raw"
    identity: str = "full"
    in_force_from: str | None = None
    expires: str | None = None
    erase_by: str | None = None
    signed_by: str | None = None
    role: str = "patient"
    evidence: Path | None = None
    text_id: str = ""


def drawn(found: Bridge, patient: Patient, client: Client, wish: Wish) -> Grant:
    """The grant that the words mean, signed now. ValueError says what is unclear."""
    now = found.now()
    begins = _start(wish.in_force_from, patient.zones) or now
    recipient = Recipient(client.organization, frozenset({client.id}), client.name, "", client.contact)
    identity = Identity(wish.identity)
    periods, visit, said = _periods(wish, now, patient.zones)
    return Grant(
        id=new_id(),
        version=1,
        patient=patient.number,
        authoriser=Authoriser(wish.signed_by or patient.name, wish.role, evidence_of(wish.evidence)),
        recipient=recipient,
        purpose=client.purpose,
        ways=frozenset(_members(wish.ways, Way, "--ways")),
        periods=periods,
        kinds=kinds_of(wish.kinds),
        signed=now,
        begins=begins,
        ends=ends_of(wish.expires, begins, visit, patient.zones),
        sources=_sources(found, patient, wish),
        later_sources=wish.later_sources,
        rolling_days=wish.rolling_days or 0,
        said=said,
        grain=GRAINS[wish.granularity],
        identity=identity,
        pairing=pairing_for(found.db, recipient, identity),
        erase_by=_end(wish.erase_by, patient.zones),
        wording=Wording(id=wish.text_id),
    )


def _periods(wish: Wish, now: Instant, zones: ZoneHistory) -> tuple[PeriodSet, date | None, str]:
    ways: dict[str, Callable[[], tuple[PeriodSet, date | None, str]]] = {}
    if wish.last_days is not None:
        ways["--last-days"] = lambda: _last(wish.last_days or 0, now, zones)
    if wish.rolling_days is not None:
        ways["--rolling-days"] = lambda: _rolling(wish.rolling_days or 0)
    if wish.before is not None:
        ways["--before"] = lambda: _visit(wish.before or "", wish.days, zones)
    if wish.from_now:
        ways["--from-now"] = lambda: (PeriodSet((from_now_on(now),)), None, "from now on")
    if wish.start is not None or wish.end is not None:
        ways["--start"] = lambda: _between(wish.start, wish.end, zones)
    if len(ways) != 1:
        named = " and ".join(ways) or "nothing"
        raise ValueError(
            f"the period is said once, here it is {named}: "
            "use --last-days, --rolling-days, --before with --days, --from-now, or --start with --end"
        )
    return next(iter(ways.values()))()


def _last(days: int, now: Instant, zones: ZoneHistory) -> tuple[PeriodSet, date | None, str]:
    return PeriodSet((last_days(days, now, zones),)), None, f"the last {days} days, fixed at signing"


def _rolling(days: int) -> tuple[PeriodSet, date | None, str]:
    if days < 1:
        raise ValueError("--rolling-days is at least 1")
    return EMPTY, None, f"the last {days} days, whenever asked: after three months that was three months"


def _visit(text: str, days: int | None, zones: ZoneHistory) -> tuple[PeriodSet, date | None, str]:
    if days is None:
        raise ValueError("--before needs --days: how many days before the appointment")
    appointment = spelled(text, zones).start
    day = zones.local_date(appointment)
    return PeriodSet((before(appointment, days, zones),)), day, f"the {days} days before {day}"


def _between(start: str | None, end: str | None, zones: ZoneHistory) -> tuple[PeriodSet, date | None, str]:
    if start is None or end is None:
        raise ValueError("--start and --end go together")
    first, last = _start(start, zones), _end(end, zones)
    if first is None or last is None or last <= first:
        raise ValueError(f"the period ends before it starts: {start} to {end}")
    return PeriodSet.between(first, last) & ALL, None, f"from {start} to {end}"


def _start(text: str | None, zones: ZoneHistory) -> Instant | None:
    return None if text is None else spelled(text, zones).start


def ends_of(text: str | None, begins: Instant, visit: date | None, zones: ZoneHistory) -> Instant:
    """When a grant ends: as said, else by default; a day is meant whole, and twelve months are the most."""
    longest = longest_end(begins, zones)
    if text is None:
        return min(default_end(begins, zones, visit), longest)
    said = spelled(text, zones)
    ends = None
    if said.start <= longest:
        ends = said.start if "T" in text else end_of(zones.local_date(said.end - 1), longest, zones)
    if ends is None or ends > longest:
        last = zones.local_date(longest - 1)
        raise ValueError(
            f"a grant lasts twelve months at most: --expires {last} is the last day for this one"
        )
    return ends


def _end(text: str | None, zones: ZoneHistory) -> Instant | None:
    """A date covers its whole day; an instant is the end itself."""
    if text is None:
        return None
    period = spelled(text, zones)
    return period.start if "T" in text else period.end


def kinds_of(text: str) -> frozenset[Kind]:
    """The kinds that a list names; ValueError where it names none that there is."""
    named = {word.strip() for word in text.split(",") if word.strip()}
    everything = WILDCARD if named & {"*", "all"} else frozenset()
    return everything | frozenset(_members(",".join(named - {"*", "all"}), Kind, "--kinds"))


def _members(text: str, members: type[Member], option: str) -> list[Member]:
    found = []
    for word in filter(None, map(str.strip, text.split(","))):
        try:
            found.append(members(word))
        except ValueError:
            raise ValueError(f"{option} knows {', '.join(members)}, not {word!r}") from None
    return found


def _sources(found: Bridge, patient: Patient, wish: Wish) -> frozenset[str]:
    named = frozenset(filter(None, map(str.strip, wish.sources.split(","))))
    here = frozenset(each.source for each in listed(found.db, patient.number) if each.state == "stored")
    if not named and not here and not wish.later_sources:
        raise ValueError("nothing is here to grant yet: import first, name --sources, or add --later-sources")
    known = here | found.mappings.formats.keys()
    if unknown := sorted(each for each in named - known if not each.startswith(SUBMISSIONS)):
        raise ValueError(f"{unknown[0]!r} is no source: here are {', '.join(sorted(here)) or 'none yet'}")
    return named or here


def evidence_of(path: Path | None) -> str:
    """What a record keeps of a file that proves something: its name and hash."""
    return "" if path is None else f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"

"""What a receiver's answers say, read from a stranger's JSON: statuses, places, versions, and codes of errors.

Law: FHIR R4 3.1.0.11 (transaction-response and batch-response: one entry for each entry, in their order), 3.1.0.8 (a
create: Location and ETag), 3.1.0.5 (versions in ETag). Only what has the right form is read, nothing is quoted: an
error is told in the words that the destination's file has for its code. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import quote, urlsplit

from bridge.mapping.destination import ErrorText
from bridge.net.endpoint import origin
from bridge.net.message import FOR_PEOPLE, Answer, Fault, NetFault
from bridge.period import Instant
from bridge.push.responses import responses
from bridge.push.retry import Step, retry_after, sentence, step
from bridge.smart.record import members, parsed, text

OK: Final = 200
TAKEN: Final = frozenset({200, 201})
OUT: Final = frozenset({401, 429, 502, 503, 504})
"""Statuses that say something of the whole receiver and nothing of what was sent."""
ACCEPTED: Final = frozenset({202, 203, 204})
"""Successes after which nobody knows whether it is kept (RFC 9110 15.3.3: 202 may yet come to nothing)."""
UNTOUCHED: Final = frozenset({429})
"""Statuses after which surely nothing took effect (RFC 6585 4)."""

CONTENT: Final = frozenset({400, 422})
"""Statuses that find something wrong in what was sent (RFC 9110 15.5.1, 15.5.21)."""

Errors: TypeAlias = Mapping[str, ErrorText]
"""Codes of a receiver's OperationOutcomes, and what they mean."""
THEN: Final[Mapping[str, Step]] = {"stop": Step.STOP, "later": Step.AGAIN, "look": Step.RECONCILE}

_REFERENCE: Final = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?$"
)
_ETAG: Final = re.compile(r'W/"[\x21\x23-\x7e]{1,64}"')
_STATUS: Final = re.compile(r"([1-5]\d\d)(?:\s|$)")


class Entry(NamedTuple):
    """What the receiver says of one entry: its status, where it keeps it, in which version. `then`: what follows,
    where that is not what the status asks for; `problem`: in the words of the destination's file."""

    status: int
    reference: str
    etag: str
    then: Step | None = None
    problem: str = ""


UNTOLD: Final = Entry(0, "", "", Step.UNKNOWN, "the receiver does not say where it keeps what it took")
"""An entry that may have been taken: it is looked for."""
UNSENT: Final = Entry(0, "", "", Step.AGAIN)
"""An entry that did not leave, because one before it could not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one attempt. `asked`: ms that Retry-After wants; `entries`: one for each that was to be sent,
    where something is known of them; `is_untouched`: surely nothing took effect but what `entries` says; `is_content`:
    what was sent is refused for something in it; `has_left`: bytes of it left all the same."""

    step: Step
    problem: str = ""
    asked: int | None = None
    entries: tuple[Entry, ...] = ()
    is_untouched: bool = False
    status: int = 0
    is_content: bool = False
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Resources that the receiver has under each identifier value: (reference, etag) of each."""

    by_value: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


def lost(fault: NetFault) -> Reply:
    """A call without a usable answer: it may have had its effect, or surely had none."""
    what = Step.UNKNOWN if fault.is_unknown else Step.STOP if fault.fault in FOR_PEOPLE else Step.AGAIN
    return Reply(what, fault.sentence, is_untouched=not fault.is_unknown, has_left=fault.has_left)


def refused(answer: Answer, now: Instant, errors: Errors | None = None) -> Reply:
    """An answer that says no, or not now."""
    what, (then, problem) = step(answer.status), _meant(parsed(answer.body), errors or {})
    asked = retry_after(answer.header("retry-after"), now)
    return Reply(
        then or (Step.STOP if what is Step.DONE else what),
        problem or sentence(answer.status),
        asked,
        is_untouched=answer.status in UNTOUCHED,
        status=answer.status,
        is_content=answer.status in CONTENT and then in (None, Step.STOP),
    )


def is_out(answer: Answer | NetFault) -> bool:
    """Whether the receiver as a whole is not to be had just now."""
    if isinstance(answer, NetFault):
        return answer.fault not in (Fault.TOO_LARGE, Fault.PACED, Fault.NAME_TAKEN, Fault.CALLED_OFF)
    return answer.status in OUT


def entries_in(body: bytes, kinds: Sequence[str], base: str, errors: Errors) -> Iterator[Entry]:
    """What a transaction-response or batch-response says of each entry, of these types."""
    for said, kind in zip_longest(responses(body), kinds, fillvalue=None):
        if said is None:
            return
        status = _STATUS.match(said.status)
        number = int(status[1]) if status else 0
        place = _placed(said.location, said.etag, kind or "", base)
        if number in TAKEN:
            yield Entry(number, *place)
        elif number in ACCEPTED:
            yield UNTOLD
        else:
            outcome = said.outcome if isinstance(said.outcome, dict) else {}
            yield Entry(number, *place, *_meant(outcome, errors))


def entry_of(answer: Answer, kind: str, base: str, errors: Errors) -> Entry:
    """What the answer to a single create or update says. A success that tells no place is none that can be
    believed: the entry is looked for."""
    if answer.status in ACCEPTED:
        return UNTOLD
    if answer.status not in TAKEN:
        then, problem = _meant(parsed(answer.body), errors)
        return Entry(answer.status, "", "", then, problem)
    location = answer.header("location")
    reference, etag = _placed(location, answer.header("etag"), kind, base)
    body, named = parsed(answer.body), _REFERENCE.search(location)
    is_other = named is not None and not named[1].startswith(f"{kind}/")
    if not reference and not is_other and text(body, "resourceType") == kind:
        reference, _ = _placed(f"{kind}/{text(body, 'id')}", "", kind, base)
    if not reference:
        return UNTOLD
    return Entry(answer.status, reference, etag)


def held_in(body: bytes, kind: str, system: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Of a searchset the identifier values of a system, each with reference and ETag of who has it."""
    for entry in members(parsed(body), "entry"):
        resource = entry.get("resource")
        if not isinstance(resource, dict) or resource.get("resourceType") != kind:
            continue
        place = _REFERENCE.search(f"{kind}/{text(resource, 'id')}")
        for identifier in members(resource, "identifier"):
            if text(identifier, "system") == system and place:
                yield text(identifier, "value"), (place[1], _tag(resource))


def etag_of(body: bytes) -> str:
    """The ETag of a resource that was read; '' where it tells no version."""
    return _tag(parsed(body))


def _tag(resource: Mapping[str, object]) -> str:
    meta = resource.get("meta")
    version = text(meta, "versionId") if isinstance(meta, dict) else ""
    tag = f'W/"{version}"'
    return tag if version and _ETAG.fullmatch(tag) else ""


def is_answer(body: bytes, kind: str, system: str, values: Collection[str]) -> bool:
    """Whether a searchset answers what was asked: nothing of the type is in it that has none of these identifiers. A
    server that knows no such parameter may leave it out and give whatever it has (R4 3.1.1.1.1, lenient)."""
    for entry in members(parsed(body), "entry"):
        resource, search = entry.get("resource"), entry.get("search")
        is_match = not isinstance(search, dict) or text(search, "mode") in ("", "match")
        if is_match and isinstance(resource, dict) and text(resource, "resourceType") == kind:
            named = {
                text(each, "value")
                for each in members(resource, "identifier")
                if text(each, "system") == system
            }
            if not named & set(values):
                return False
    return True


def has_more(body: bytes) -> bool:
    """Whether a searchset goes on in another page."""
    return any(text(each, "relation") == "next" for each in members(parsed(body), "link"))


def token(system: str, value: str) -> str:
    """A token of a search, escaped (R4 3.1.1.4.10) and encoded."""
    escaped = (re.sub(r"([\\,|$])", r"\\\1", part) for part in (system, value))
    return "|".join(quote(part, safe="") for part in escaped)


def _placed(location: str, tag: str, kind: str, base: str) -> tuple[str, str]:
    """Where something of a type is kept below our base, and its ETag; '' where the answer names another place: what is
    there is not what was sent, and a correction would go over it."""
    place = _REFERENCE.search(location)
    reference, version = ("", None) if place is None else place.groups()
    if place is not None:
        at = place.start()
        if not reference.startswith(kind + "/") or (at and not _is_below(location[:at], base)):
            return "", ""
    return reference, tag if _ETAG.fullmatch(tag) else f'W/"{version}"' if version else ""


def _is_below(before: str, base: str) -> bool:
    """Whether what stands before a reference is our base; a relative one is below it (RFC 9110 10.2.2)."""
    if before == base or ("://" not in before and not before.startswith("//")):
        return True
    return (origin(before), urlsplit(before).path) == (origin(base), urlsplit(base).path)


def _meant(outcome: Mapping[str, object], errors: Errors) -> tuple[Step | None, str]:
    """What the file says of the first code that it knows."""
    if not errors or text(outcome, "resourceType") != "OperationOutcome":
        return None, ""
    for issue in members(outcome, "issue"):
        details = issue.get("details")
        for coding in members(details, "coding") if isinstance(details, dict) else ():
            known = errors.get(text(coding, "code"))
            if known is not None:
                return THEN[known.then], f"{known.say} ({text(coding, 'code')})"
    return None, ""

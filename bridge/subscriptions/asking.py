"""A Subscription as it was sent, read: what a client may ask for, and in one sentence what it may not.

Law: R5 Backport IG 1.1.0, backport-subscription. Pure: it knows no person, client, clock or store. One topic, one
person, by id; code and category may narrow it; everything else that could widen, redirect or be misunderstood is
refused with its place and the mend. What is said here is the same whomever the filter names.

Rejected: taking what is not understood and doing without it (a filter that is ignored tells more than was asked).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from bridge.consent.asked import Selector
from bridge.fhir.outcome import Problem
from bridge.fhir.search import parse
from bridge.fhir.sought import Search
from bridge.fhir.subscriptions import (
    CONTENT,
    EMPTY,
    FILTER,
    HEARTBEAT,
    ID_ONLY,
    MOST,
    REST_HOOK,
    SUBSCRIPTION,
    TIMEOUT,
    TOPIC,
)
from bridge.fhir.vocabulary import Vocabulary
from bridge.mapping.resources import OBSERVATION
from bridge.net.endpoint import origin
from bridge.period import Instant
from bridge.reading import Stream
from bridge.receive.node import Node, node, nodes, number, text, texts
from bridge.subscriptions.channel import HEADERS_WRONG, are_fit

KNOWN: Final = frozenset(
    {"resourceType", "id", "meta", "language", "text", "status", "contact", "end", "reason", "criteria", "_criteria",
     "error", "channel"}
)  # fmt: skip
CHANNEL: Final = frozenset({"type", "endpoint", "payload", "_payload", "header", "extension"})
PARAMETERS: Final = frozenset({"patient", "subject", "code", "category"})
PAYLOADS: Final = ("application/fhir+json", "application/fhir+xml")
FULL: Final = (
    "full-resource is not offered: readings would rest where no revocation reaches them; ask for id-only and read each "
    "by its id"
)
MOST_TEXT: Final = 1000
_SETTINGS: Final[Mapping[str, tuple[str, str, int, int]]] = {
    HEARTBEAT: ("heartbeat", "valueUnsignedInt", 30, 604_800),
    TIMEOUT: ("timeout", "valueUnsignedInt", 1, 60),
    MOST: ("most", "valuePositiveInt", 1, 1000),
}
"""Extensions of the channel: name, value, least and most."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. `id`: '' not said; `headers` None: not said; `settings`: seconds and counts, '' not said."""

    id: str
    status: str
    reason: str
    ends: Instant | None
    whom: str
    filters: tuple[str, ...]
    endpoint: str
    payload: str
    content: str
    headers: tuple[str, ...] | None
    settings: Mapping[str, str]


def unfit(place: str, sentence: str) -> Problem:
    """What is wrong at a place of the resource, and the mend."""
    where = f"{SUBSCRIPTION}.{place}" if place else SUBSCRIPTION
    return Problem(422, "business-rule", f"{where}: {sentence}.", (where,))


class _Unfit(Exception):
    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = unfit(place, sentence)


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a filter means here."""

    vocabulary: Vocabulary
    base: str
    system: str

    def search(self, pairs: tuple[tuple[str, str], ...]) -> Search | Problem:
        """The search that filters say together."""
        return parse(OBSERVATION, pairs, self.vocabulary, base=self.base, system=self.system, strict=True)


def read(sent: Node, grammar: Grammar) -> Request | Problem:
    """The request of a Subscription resource, or what is wrong with it."""
    try:
        return _read(sent, grammar)
    except _Unfit as wrong:
        return wrong.problem


def selected(filters: tuple[str, ...], grammar: Grammar) -> frozenset[Selector]:
    """What of the topic the filters of a kept subscription let through; nothing where they are understood no more."""
    try:
        return _glucose(_filtered(filters, grammar))
    except _Unfit:
        return frozenset()


def _read(sent: Node, grammar: Grammar) -> Request:
    _only(sent, KNOWN, "")
    if text(sent, "resourceType") != SUBSCRIPTION:
        raise _Unfit("", "the body is no Subscription")
    filters = tuple(_filters(sent))
    search = _filtered(filters, grammar)
    if not _glucose(search):
        raise _Unfit("criteria", "its filters let nothing of this topic through")
    channel = node(sent, "channel")
    _only(channel, CHANNEL, "channel")
    if text(channel, "type") != REST_HOOK:
        raise _Unfit("channel.type", "rest-hook is the only channel")
    return Request(
        text(sent, "id"),
        text(sent, "status"),
        _reason(sent),
        _end(text(sent, "end")),
        search.patient or "",
        filters,
        _endpoint(text(channel, "endpoint")),
        _payload(channel),
        _content(channel),
        _headers(channel),
        _set(channel),
    )


def _filters(sent: Node) -> list[str]:
    if text(sent, "criteria") != TOPIC:
        raise _Unfit("criteria", f"the only topic is {TOPIC}")
    found = []
    for each in nodes(node(sent, "_criteria"), "extension"):
        if text(each, "url") != FILTER or not text(each, "valueString"):
            raise _Unfit("criteria.extension", f"only {FILTER} is understood, with a valueString")
        found.append(text(each, "valueString"))
    if not found or sum(map(len, found)) > MOST_TEXT:
        raise _Unfit("criteria.extension", "a filter names the person: Observation?patient=Patient/[id]")
    return found


def _filtered(filters: tuple[str, ...], grammar: Grammar) -> Search:
    pairs: list[tuple[str, str]] = []
    for each in filters:
        kind, _, query = each.rpartition("?")
        pairs += _pairs(query)
        if kind not in ("", OBSERVATION) or not {name for name, _ in pairs} <= PARAMETERS:
            raise _Unfit(
                "criteria.extension", "a filter is Observation?patient=[id], and may have code and category"
            )
    found = grammar.search(tuple(pairs))
    if isinstance(found, Problem):
        raise _Unfit("criteria.extension", found.sentence.rstrip("."))
    return found


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise _Unfit("criteria.extension", "a filter is percent-encoded, as a search is") from None


def _glucose(search: Search) -> frozenset[Selector]:
    return frozenset(each for each in search.selectors if each.stream is Stream.GLUCOSE)


def _reason(sent: Node) -> str:
    reason = text(sent, "reason")
    if not reason.strip() or len(reason) > MOST_TEXT:
        raise _Unfit("reason", f"say why, in at most {MOST_TEXT} characters")
    return reason


def _end(written: str) -> Instant | None:
    if not written:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise _Unfit("end", "an instant has date, time and offset") from None
    if found.tzinfo is None:
        raise _Unfit("end", "an instant has date, time and offset")
    return round(found.timestamp() * 1000)


def _endpoint(written: str) -> str:
    if len(written) > MOST_TEXT or origin(written) is None:
        raise _Unfit("channel.endpoint", "give an absolute https:// address without credentials or fragment")
    return written


def _payload(channel: Node) -> str:
    payload = text(channel, "payload")
    if payload not in PAYLOADS:
        raise _Unfit("channel.payload", f"one of {' and '.join(PAYLOADS)}")
    return payload


def _content(channel: Node) -> str:
    told = nodes(node(channel, "_payload"), "extension")
    found = [text(each, "valueCode") for each in told if text(each, "url") == CONTENT]
    if len(found) != 1 or len(told) != 1:
        raise _Unfit("channel.payload.extension", f"{CONTENT} stands there once, and nothing else")
    if found[0] == "full-resource":
        raise _Unfit("channel.payload.extension", FULL)
    if found[0] not in (EMPTY, ID_ONLY):
        raise _Unfit("channel.payload.extension", f"{EMPTY} or {ID_ONLY}")
    return found[0]


def _headers(channel: Node) -> tuple[str, ...] | None:
    if "header" not in channel:
        return None
    headers = tuple(texts(channel, "header"))
    if not are_fit(headers):
        raise _Unfit("channel.header", HEADERS_WRONG)
    return headers


def _set(channel: Node) -> Mapping[str, str]:
    found = dict.fromkeys((name for name, *_ in _SETTINGS.values()), "")
    for each in nodes(channel, "extension"):
        if text(each, "url") not in _SETTINGS:
            raise _Unfit("channel.extension", "only heartbeat-period, timeout and max-count are understood")
        name, member, least, most = _SETTINGS[text(each, "url")]
        value = number(each, member)
        if not isinstance(value, int) or not least <= value <= most or found[name]:
            raise _Unfit("channel.extension", f"{name}: a whole number from {least} to {most}, once")
        found[name] = str(value)
    return found


def _only(sent: Node, known: frozenset[str], place: str) -> None:
    strange = sorted(set(sent) - known)
    if strange:
        raise _Unfit(place, f"{strange[0][:64]} is not understood here: leave it out")

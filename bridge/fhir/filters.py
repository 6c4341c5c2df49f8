"""How the value of each filter of a search is read.

Law: a value that cannot be honoured is a Problem, never a filter left away. References are ours by id,
`Type/id` or our own base; anything else is kept as it is and finds nothing, for no id of ours looks so.

Rejected: comma lists of dates (or over instants): repeat the parameter or ask twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bridge.consent.asked import Prefix, Selector, met
from bridge.fhir.draft import Draft, Step, alternatives, narrowed, tokens
from bridge.fhir.outcome import Problem, bad_parameter
from bridge.fhir.parameters import READINGS, Parameter
from bridge.fhir.sought import DateText
from bridge.period import ZoneHistory, spelled

ONE_PATIENT: Final = "each search names exactly one patient"

_UTC: Final = ZoneHistory.always("UTC")
_PREFIXES: Final[Mapping[str, Prefix]] = {
    "eq": "eq", "ne": "ne", "gt": "gt", "ge": "ge", "lt": "lt",
    "le": "le", "sa": "sa", "eb": "eb", "ap": "ap",
}  # fmt: skip


def _patient(draft: Draft, parameter: Parameter, value: str) -> Step:
    draft.patients |= {_target(draft, parameter, each) for each in alternatives(value)}
    return True


def _id(draft: Draft, parameter: Parameter, value: str) -> Step:
    named = frozenset(alternatives(value))
    if draft.kind == "Patient":
        draft.patients |= named
    draft.ids = narrowed(draft.ids, named)
    return True


def _identifier(draft: Draft, parameter: Parameter, value: str) -> Step:
    return _by_identifier(draft, value) if draft.kind in READINGS else _person(draft, value)


def _by_identifier(draft: Draft, value: str) -> Step:
    """Ours are the logical ids under our own system; another system names nothing of ours."""
    named = tokens(value)
    if any(not each.system or not each.code for each in named):
        return bad_parameter("identifier", "write it as system|value")
    ours = frozenset(each.code or "" for each in named if each.system == draft.system)
    draft.ids = narrowed(draft.ids, ours)
    return True


def _person(draft: Draft, value: str) -> Step:
    named = tokens(value)
    if len(named) != 1 or draft.identifier is not None:
        return bad_parameter("identifier", ONE_PATIENT)
    if not named[0].system or not named[0].code:
        return bad_parameter("identifier", "write it as system|value")
    draft.identifier = named[0].system, named[0].code
    return True


def _code(draft: Draft, parameter: Parameter, value: str) -> Step:
    return _select(draft, draft.vocabulary.coded(tokens(value)))


def _category(draft: Draft, parameter: Parameter, value: str) -> Step:
    return _select(draft, draft.vocabulary.categorised(tokens(value)))


def _status(draft: Draft, parameter: Parameter, value: str) -> Step:
    return _select(draft, draft.vocabulary.standing(tokens(value)))


def _select(draft: Draft, found: frozenset[Selector]) -> Step:
    draft.selectors = found if draft.selectors is None else met(draft.selectors, found)
    return True


def _device(draft: Draft, parameter: Parameter, value: str) -> Step:
    named = frozenset(_target(draft, parameter, each) for each in alternatives(value))
    draft.devices = narrowed(draft.devices, named)
    return True


def _spoken_of(draft: Draft, parameter: Parameter, value: str) -> Step:
    named = frozenset(_target(draft, parameter, each) for each in alternatives(value))
    draft.targets = narrowed(draft.targets, named)
    return True


def _date(draft: Draft, parameter: Parameter, value: str) -> Step:
    read = _date_text(parameter.name, value)
    if isinstance(read, Problem):
        return read
    (draft.updated if parameter.name == "_lastUpdated" else draft.dates).append(read)
    return True


def _date_text(name: str, value: str) -> DateText | Problem:
    head = value[:2]
    prefix = _PREFIXES.get(head) if head.isalpha() else "eq"
    if prefix is None:
        return bad_parameter(name, f"the prefix {head} is not one of {', '.join(_PREFIXES)}")
    if "," in value:
        return bad_parameter(name, "lists of dates are not offered; repeat the parameter or ask twice")
    text = value[2:] if head.isalpha() else value
    if " " in text:
        return bad_parameter(name, "there is a blank in the date; write the + of a time zone as %2B")
    try:
        spelled(text, _UTC)
    except (ValueError, OverflowError) as wrong:
        return bad_parameter(name, str(wrong)[:200])
    return DateText(prefix, text)


def _target(draft: Draft, parameter: Parameter, value: str) -> str:
    """The id in `id`, `Type/id` or `base/Type/id`; the text itself where it is none of these: no id of
    ours has a slash, so it finds nothing."""
    named = value.removeprefix(f"{draft.base}/" if draft.base else "")
    kind, slash, id_ = named.partition("/")
    return id_ if slash and kind in parameter.targets else named


FILTERS: Final[Mapping[str, Callable[[Draft, Parameter, str], Step]]] = {
    "patient": _patient,
    "subject": _patient,
    "_id": _id,
    "identifier": _identifier,
    "code": _code,
    "category": _category,
    "status": _status,
    "device": _device,
    "target": _spoken_of,
    "date": _date,
    "effective-time": _date,
    "_lastUpdated": _date,
}

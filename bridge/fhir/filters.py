"""How the value of each filter of a search is read.

Law: a value that cannot be honoured is a Problem, never a filter left away. References are ours by id,
`Type/id` or our own base; anything else is kept as it is and finds nothing, for no id of ours looks so.

Rejected: comma lists of dates (or over instants): repeat the parameter or ask twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bridge.consent.agreed import STATUS
from bridge.consent.asked import Grain, Prefix, Selector, met
from bridge.consent.summed import PANEL
from bridge.fhir import sampled
from bridge.fhir.consents import STATES
from bridge.fhir.draft import Draft, Step, alternatives, narrowed, tokens
from bridge.fhir.outcome import Problem, bad_parameter
from bridge.fhir.parameters import REPORTS, Parameter
from bridge.fhir.quantities import quantities
from bridge.fhir.resources import GLUCOSE, MDC, TYPES
from bridge.fhir.sought import DateText
from bridge.period import ZoneHistory, spelled
from bridge.reading import Stream

ONE_PATIENT: Final = "each search names exactly one patient"

SAMPLED: Final = frozenset({Selector(Stream.GLUCOSE, None, Grain.RAW)})
"""What leaves in chunks where that is asked for."""
DATED: Final = ("DocumentReference", "date")
"""When a document was made (R4 10.1.8), which is when what is in it last changed."""
MOST_SHOWN: Final = 40
"""Of what was typed, so much is said back."""
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
    return _person(draft, value) if draft.kind == "Patient" else _by_identifier(draft, value)


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
    named = tokens(value)
    if draft.kind in REPORTS:
        return _worn(draft, PANEL in draft.vocabulary.parts_coded(named))
    draft.parts = narrowed(draft.parts, draft.vocabulary.parts_coded(named))
    return _select(draft, draft.vocabulary.coded(named))


def _worn(draft: Draft, is_meant: bool) -> Step:
    """Every report wears the code and the categories of the panel of a summary; others mean nothing."""
    draft.ids = draft.ids if is_meant else frozenset()
    return True


def _category(draft: Draft, parameter: Parameter, value: str) -> Step:
    named = tokens(value)
    if draft.kind in REPORTS:
        return _worn(draft, PANEL in draft.vocabulary.parts_categorised(named))
    draft.parts = narrowed(draft.parts, draft.vocabulary.parts_categorised(named))
    return _select(draft, draft.vocabulary.categorised(named))


def _status(draft: Draft, parameter: Parameter, value: str) -> Step:
    """What a reading has become, or how a grant stands."""
    if draft.kind == "Consent":
        meant = (each for each in STATUS.values() if any(t.means((STATES, each)) for t in tokens(value)))
        draft.states = narrowed(draft.states, frozenset(meant))
        return True
    return _select(draft, draft.vocabulary.standing(tokens(value)))


def _select(draft: Draft, found: frozenset[Selector]) -> Step:
    draft.selectors = found if draft.selectors is None else met(draft.selectors, found)
    return True


def _device(draft: Draft, parameter: Parameter, value: str) -> Step:
    named = frozenset(_target(draft, parameter, each) for each in alternatives(value))
    draft.devices = narrowed(draft.devices, named)
    return True


def _type(draft: Draft, parameter: Parameter, value: str) -> Step:
    """What a device is, or of what a sensor tells: glucose in interstitial fluid, or nothing."""
    asked = tokens(value)
    if draft.kind in REPORTS:
        return _code(draft, parameter, value)
    if draft.kind == "DeviceMetric":
        is_meant = any(each.means((MDC, GLUCOSE)) for each in asked)
        draft.ids = draft.ids if is_meant else frozenset()
        return True
    kinds = frozenset(kind for kind, code in TYPES.items() if any(each.means(code) for each in asked))
    draft.device_kinds = narrowed(draft.device_kinds, kinds)
    return True


def _quantity(draft: Draft, parameter: Parameter, value: str) -> Step:
    read = quantities(parameter.name, value, draft.vocabulary)
    if isinstance(read, Problem):
        return read
    draft.amounts.append(read)
    return True


def _profile(draft: Draft, parameter: Parameter, value: str) -> Step:
    """The shape that is wanted: resources that claim a profile. HDDT's asks for chunks of a day."""
    named = {each.partition("|")[0] for each in alternatives(value)} - {""}
    draft.parts = narrowed(draft.parts, draft.vocabulary.parts_profiled(named))
    if sampled.PROFILE not in named:
        return _select(draft, draft.vocabulary.profiled(named))
    if len(named) > 1:
        return bad_parameter("_profile", "ask for one shape at a time")
    draft.sampled = True
    return _select(draft, SAMPLED)


def _spoken_of(draft: Draft, parameter: Parameter, value: str) -> Step:
    named = frozenset(_target(draft, parameter, each) for each in alternatives(value))
    draft.targets = narrowed(draft.targets, named)
    return True


def _date(draft: Draft, parameter: Parameter, value: str) -> Step:
    read = date_text(parameter.name, value)
    if isinstance(read, Problem):
        return read
    is_update = parameter.name == "_lastUpdated" or (draft.kind, parameter.name) == DATED
    (draft.updated if is_update else draft.dates).append(read)
    return True


def date_text(name: str, value: str) -> DateText | Problem:
    """One date of a parameter with its prefix."""
    head = value[:2]
    prefix = _PREFIXES.get(head) if head.isalpha() else "eq"
    if prefix is None:
        return bad_parameter(
            name, _no_date(name, value, f"the prefix {head} is not one of {', '.join(_PREFIXES)}")
        )
    if "," in value:
        return bad_parameter(name, "lists of dates are not offered; repeat the parameter or ask twice")
    text = value[2:] if head.isalpha() else value
    if " " in text:
        return bad_parameter(name, "there is a blank in the date; write the + of a time zone as %2B")
    try:
        spelled(text, _UTC)
    except (ValueError, OverflowError) as wrong:
        return bad_parameter(name, _no_date(name, value, str(wrong)[:200]))
    return DateText(prefix, text)


def bare_date(name: str, value: str, again: bool = False) -> DateText | Problem:
    """One date without a prefix, which may not have come before (`again`)."""
    read = date_text(name, value)
    if isinstance(read, DateText) and (again or value[:1].isalpha()):
        return bad_parameter(name, "write one date, without a prefix")
    return read


def _no_date(name: str, value: str, why: str) -> str:
    """What is wrong with a date, as it came, and the form that is wanted."""
    shown = value if len(value) <= MOST_SHOWN else f"{value[:MOST_SHOWN]}…"
    return (
        f"{shown!r} is no date to search by ({why}): write it like {name}=ge2026-03-01 or "
        f"{name}=2026-03-01T08:00:00Z"
    )


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
    "source": _device,
    "type": _type,
    "value-quantity": _quantity,
    "_profile": _profile,
    "target": _spoken_of,
    "date": _date,
    "effective-time": _date,
    "period": _date,
    "_lastUpdated": _date,
}

"""What the page of a request shows: who asks, what may be chosen, what was chosen, and what was wrong with it.

Law: plain values that the templates turn into words of the reader's language. Who asks comes from the registry, never
from the request (`consent.md`, recipients). What cannot be chosen is there with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, final

PRESETS: Final = ("2", "7", "14", "30", "90")
"""Days to choose with one tap."""
PLAIN: Final = (
    "glucose",
    "capillary",
    "insulin",
    "carbs",
    "activity",
    "device",
    "events",
    "settings",
    "mode",
)
SINGLY: Final = ("notes", "serials", "illness", "stress", "cycle", "alcohol")
"""Kinds that are chosen one by one and are never on by themselves."""


@final
@dataclass(frozen=True, slots=True)
class Party:
    """Who receives. `verified`: by whom and how, '' where it is not; `watcher`, `hours`: who looks at what arrives and
    when; `is_first`: nothing was ever shared with it."""

    organization: str
    client: str
    contact: str
    address: str
    purpose: str
    verified: str = ""
    verified_until: date | None = None
    watcher: str = ""
    hours: str = ""
    is_first: bool = False


@final
@dataclass(frozen=True, slots=True)
class Grain:
    """One way of telling values. `without`: sources of which it would show single readings; `is_offered`: whether any
    source is left."""

    name: str
    is_offered: bool = True
    without: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Source:
    """One source that is here now."""

    name: str
    label: str
    first: date | None
    last: date | None


@final
@dataclass(frozen=True, slots=True)
class Offer:
    """What may be chosen. `asked`: kinds that the request reaches; `here`: kinds of which something is here; `ways`:
    ways that may be added to looking it up; `latest`: the last day on which it may end."""

    asked: frozenset[str]
    here: frozenset[str]
    grains: tuple[Grain, ...]
    sources: tuple[Source, ...]
    ways: tuple[str, ...]
    today: date
    latest: date
    may_watch: bool = False


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, as it was typed. `days`: a preset, or `dates`, `visit`, `on`, `rolling`."""

    days: str = "14"
    first: str = ""
    last: str = ""
    visit: str = ""
    visit_time: str = ""
    visit_days: str = "14"
    on_until: str = ""
    rolling_days: str = "14"
    kinds: frozenset[str] = frozenset({"glucose"})
    grain: str = "raw"
    identity: str = "visit"
    ways: frozenset[str] = frozenset({"look"})
    sources: frozenset[str] = frozenset()
    later: bool = False
    ends: str = ""
    erase_by: str = ""


@final
@dataclass(frozen=True, slots=True)
class Span:
    """Days, or instants where they are not whole: the first and the last that is included; `last` None: open."""

    first: datetime
    last: datetime | None
    is_whole: bool = True


@final
@dataclass(frozen=True, slots=True)
class Statement:
    """What the exact words say. No name of a person stands in it."""

    organization: str
    client: str
    purpose: str
    kinds: tuple[str, ...]
    spans: tuple[Span, ...]
    rolling_days: int
    grain: str
    sources: tuple[str, ...]
    later: bool
    identity: str
    ways: tuple[str, ...]
    begins: datetime
    ends: datetime
    is_self: bool
    erase_by: date | None = None
    watcher: str = ""
    hours: str = ""


Errors = Mapping[str, str]
"""Field -> which sentence of the page says what is wrong with it."""


@final
@dataclass(frozen=True, slots=True)
class Ask:
    """The whole form. `action`: where it is sent; `digest`: of the request that it answers; `person`: the public id of
    whom it is about; `decline`: where a no is sent, '' where there is nothing to decline."""

    party: Party
    offer: Offer
    choice: Choice
    action: str
    digest: str
    person: str
    decline: str = ""
    replaces: str = ""
    errors: Errors = field(default_factory=dict)

"""What left, and what the person answered: read from the ledger, in sum and one by one, as a page, CSV and JSON.

Law (`consent.md`, the ledger; 45 CFR 164.528(b)): a row says when, to whom, for what, which kinds and how many, from
when to when; never a value. Repeated disclosures to one recipient for one purpose are summed beside the full list. An
answer is a row of the same files, with `answer` and `given`; nothing left by it. What a provider read of its own record
of the person (`store/custody.py`) is there too, with `record`. It reads and cannot change. Names that come from others
are written so that a spreadsheet does not run them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.consent.asker import OPERATOR, OWNER
from bridge.pages.seeing import Told, Total
from bridge.people.representation import Represented
from bridge.people.requests import recipient_name
from bridge.period import Instant, ZoneHistory, iso
from bridge.store import charts, custody, destinations, ledger
from bridge.store.db import Database
from bridge.store.entries import KEPT, Row
from bridge.store.grants import spell
from bridge.store.patients import load as load_patient
from bridge.web import answered
from bridge.web.session import entrance, person
from bridge.web.stating import local
from bridge.web.whose import chosen, frame, page

PAGE: Final = 100
FIELDS: Final = (
    "entry", "at", "recipient", "client", "contact", "purpose", "basis", "way", "channel", "kinds", "grains", "items",
    "first", "last", "outcome", "asked", "person", "grants", "answer", "given",
    "record",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def routes() -> list[Route]:
    """The page and the two files."""
    return [
        Route("/disclosures", _every, methods=["GET"]),
        Route("/disclosures.csv", _as_csv, methods=["GET"]),
        Route("/disclosures.json", _as_json, methods=["GET"]),
    ]


@dataclass(frozen=True, slots=True)
class Left:
    """One disclosure with what came of it. `record`: of which provider's own record, '' of the person's."""

    row: Row
    outcome: str
    sent: int | None = None
    record: str = ""

    def text(self, name: str) -> str:
        """A field of the entry as text; '' where it has none."""
        value = self.row.fields.get(name)
        return "" if value is None else str(value)

    def party(self, name: str) -> str:
        """A field of the recipient."""
        found = self.row.fields.get("party")
        return str(found.get(name, "")) if isinstance(found, Mapping) else ""

    def words(self, name: str) -> tuple[str, ...]:
        """A field that is a list."""
        found = self.row.fields.get(name)
        return tuple(map(str, found)) if isinstance(found, list) else ()

    def instant(self, name: str) -> Instant | None:
        """A field that is a time."""
        found = self.row.fields.get(name)
        return found if isinstance(found, int) else None

    @property
    def items(self) -> int:
        """How many things left; as many as were meant to, where nobody knows."""
        return int(self.text("items") or 0) if self.sent is None else self.sent

    @property
    def who(self) -> str:
        """The recipient's name; the person themselves and operators by their word."""
        return self.party("name") or self.party("organization") or self.party("client")

    @property
    def grants(self) -> tuple[str, ...]:
        """The grants that it left under."""
        found = self.row.fields.get("grants")
        return tuple(str(each[0]) for each in found) if isinstance(found, list) else ()


def left(db: Database, patient: int) -> tuple[Left, ...]:
    """Everything that left, newest first. Without an outcome it counts as sent; what a delivery only compared with what
    the receiver has is none."""
    rows = ledger.listed(db, patient)
    return tuple(each for each in _all(db, patient, rows) if each.outcome != KEPT)


def _all(db: Database, patient: int, rows: Sequence[Row]) -> tuple[Left, ...]:
    """The disclosures among the person's entries, and those of what providers keep of them, newest first."""
    found = _left(rows)
    for keeper, entries in custody.ledgers(db, patient):
        read = [replace(each, record=keeper) for each in _left(entries)]
        found = tuple(merge(found, read, key=lambda each: each.row.at, reverse=True))
    return found


def _left(rows: Sequence[Row]) -> tuple[Left, ...]:
    outcomes = {row.fields.get("entry"): row.fields for row in rows if row.kind == "outcome"}
    intents = [row for row in rows if row.kind == "intent"]
    return tuple(_one(row, outcomes.get(row.entry)) for row in reversed(intents))


def _one(row: Row, outcome: Mapping[str, object] | None) -> Left:
    if outcome is None:
        return Left(row, "sent")
    sent = outcome.get("sent")
    return Left(row, str(outcome.get("outcome")), sent if isinstance(sent, int) else None)


def totals(every: Iterable[Left], zones: ZoneHistory) -> tuple[Total, ...]:
    """What left to others, by recipient and purpose: how often, and when first and last."""
    found: dict[tuple[str, str], list[Left]] = {}
    for each in every:
        if each.party("client") not in (OWNER, OPERATOR):
            found.setdefault((each.who, each.text("purpose")), []).append(each)
    return tuple(
        Total(
            who=who,
            purpose=purpose,
            times=len(some),
            items=sum(each.items for each in some),
            first=local(some[-1].row.at, zones),
            last=local(some[0].row.at, zones),
            contact=some[0].party("contact"),
        )
        for (who, purpose), some in found.items()
    )


def uncorrected(db: Database, patient: int) -> tuple[tuple[str, int], ...]:
    """Who holds readings in an older or withdrawn version and takes no correction, and of how many that is so."""
    found = charts.uncorrected(db, patient)
    return tuple((recipient_name(db, destinations.load(db, number).client), count) for number, count in found)


def told(one: Left, zones: ZoneHistory) -> Told:
    """One disclosure as a page shows it."""
    first, last = one.instant("first"), one.instant("last")
    return Told(
        entry=one.row.entry,
        at=local(one.row.at, zones),
        who=one.who,
        client=one.party("client"),
        channel=one.text("channel"),
        kinds=one.words("kinds"),
        grains=one.words("grains"),
        items=one.items,
        first=None if first is None else local(first, zones),
        last=None if last is None else local(last, zones),
        outcome=one.outcome,
        asked=one.text("asked"),
        grants=one.grants,
        is_own=bool(one.record),
    )


async def _read(request: Request) -> tuple[Represented, Sequence[Row], ZoneHistory]:
    session = await person(request)
    whose, db = chosen(request, session), entrance(request).db
    return whose, ledger.listed(db, whose.patient), load_patient(db, whose.patient).zones


async def _every(request: Request) -> Response:
    session = await person(request)
    whose, rows, zones = await _read(request)
    db = entrance(request).db
    every = _all(db, whose.patient, rows)
    others = [
        each for each in every if request.query_params.get("own") == "yes" or each.party("client") != OWNER
    ]
    start = _start(request.query_params.get("from", ""))
    return page(
        request,
        "disclosures.html",
        frame=frame(request, session, whose, "disclosures"),
        totals=totals(every, zones),
        uncorrected=uncorrected(db, whose.patient),
        answers=[answered.told(db, each, zones) for each in answered.answers(rows)],
        rows=[told(each, zones) for each in others[start : start + PAGE]],
        start=start,
        count=len(others),
        own=request.query_params.get("own") == "yes",
        step=PAGE,
    )


async def _as_csv(request: Request) -> Response:
    whose, rows, _ = await _read(request)
    text, db = io.StringIO(), entrance(request).db
    writer = csv.DictWriter(text, FIELDS, restval="")
    writer.writeheader()
    told = [*map(_fields, _all(db, whose.patient, rows))]
    told += (answered.fields(db, each) for each in answered.answers(rows))
    for each in sorted(told, key=lambda row: (str(row.get("record", "")), -int(str(row["entry"])))):
        writer.writerow({name: _plain(value) for name, value in each.items()})
    return _file(text.getvalue().encode(), "text/csv; charset=utf-8", "disclosures.csv")


async def _as_json(request: Request) -> Response:
    whose, rows, _ = await _read(request)
    db = entrance(request).db
    told = {
        "disclosures": [_fields(each) for each in _all(db, whose.patient, rows)],
        "answers": [answered.fields(db, each) for each in answered.answers(rows)],
    }
    return _file(spell(told), "application/json", "disclosures.json")


def _fields(one: Left) -> dict[str, object]:
    """A disclosure by `FIELDS`, but for those of an answer; times in UTC."""
    first, last = one.instant("first"), one.instant("last")
    known: dict[str, object] = {
        "entry": one.row.entry,
        "at": iso(one.row.at),
        "recipient": one.who,
        "client": one.party("client"),
        "contact": one.party("contact"),
        "kinds": list(one.words("kinds")),
        "grains": list(one.words("grains")),
        "items": one.items,
        "first": None if first is None else iso(first),
        "last": None if last is None else iso(last),
        "outcome": one.outcome,
        "grants": list(one.grants),
        "record": one.record,
    }
    names = (name for name in FIELDS if name not in ("answer", "given"))
    return {name: known[name] if name in known else one.text(name) for name in names}


def _plain(value: object) -> str:
    """A cell; one that a spreadsheet would run as a formula begins with an apostrophe (OWASP, CSV injection)."""
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _file(body: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": media_type}
    return Response(body, headers=headers)


def _start(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def newest(every: Iterable[Left], zones: ZoneHistory, most: int) -> Iterator[Told]:
    """The newest disclosures to others."""
    others = [each for each in every if each.party("client") != OWNER]
    return (told(each, zones) for each in others[:most])

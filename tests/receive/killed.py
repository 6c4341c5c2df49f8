"""The process that test_killed kills: keeps one submission after the other, and says when it begins."""

from __future__ import annotations

import sys
from pathlib import Path

from bridge.ingest.offered import Keeping, Offered
from bridge.ingest.submission import keep
from bridge.mapping import Mappings, load
from bridge.period import DAY, MINUTE, iso
from bridge.receive.bundle import Submission, submission
from bridge.receive.entry import TYPES, Fit, judged
from bridge.receive.node import Node
from bridge.receive.record import NO_THING
from bridge.store.db import Database
from bridge.store.patients import load as load_patient

BEGIN = 1_780_000_000_000
COUNT = 400
PARTS = 4
SUBMITTER = "Acme"
PROJECT = Path(__file__).resolve().parents[2]


def sent(part: int) -> Submission:
    """Readings with identifiers; each part shares half of its readings with the one before."""
    entries = []
    for step in range(part * COUNT // 2, part * COUNT // 2 + COUNT):
        resource = {
            "resourceType": "Observation",
            "identifier": [{"system": "https://acme.example", "value": f"r{step}"}],
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "99504-3"}]},
            "subject": {"reference": "Patient/x"},
            "effectiveDateTime": iso(BEGIN + step * MINUTE),
            "valueQuantity": {
                "value": 80 + step % 90, "unit": "mg/dl", "system": "http://unitsofmeasure.org", "code": "mg/dL",
            },
        }  # fmt: skip
        request = {
            "method": "POST",
            "url": "Observation",
            "ifNoneExist": f"identifier=https://acme.example|r{step}",
        }
        entries.append({"resource": resource, "request": request})
    found: Node = {"resourceType": "Bundle", "type": "transaction", "timestamp": iso(BEGIN), "entry": entries}
    return submission(found)


def offered(part: int) -> list[Offered]:
    """The entries of a part, judged."""
    verdicts = [judged(each, {kind: [frozenset()] for kind in TYPES}) for each in sent(part).entries]
    return [Offered(each, NO_THING) for each in verdicts if isinstance(each, Fit)]


def work(db: Database, mappings: Mappings, parts: list[list[Offered]]) -> None:
    """Every part once."""
    for each in parts:
        keep(Keeping(db, mappings, load_patient(db, 1), SUBMITTER, "client", each))


if __name__ == "__main__":
    made, known = [offered(part) for part in range(PARTS)], load(PROJECT / "mappings")
    with Database.open(Path(sys.argv[1]), bytes(32), lambda: BEGIN + 10 * DAY) as store:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        work(store, known, made)

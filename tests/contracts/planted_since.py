"""Violations of the rules that were added to the trial: permits, keys, SQL in hand, the clock, the habits.

Law: as in `planted.py`. Who adds a rule to `one_door.py` or `habits.py` adds its line here in the same
change, and sees the rule fail before it holds.
"""

from __future__ import annotations

from typing import Final

from tests.contracts.planted import Planted, lines

MORE: Final = (
    Planted(
        "a PDF beside the press",
        "push/planted.py",
        lines(
            "from bridge.report.press import PdfBytes",
            "",
            "def made(seal):",
            "    return PdfBytes(seal)",
        ),
        "syntax",
        "PdfBytes() is called in report/press.py alone",
    ),
    Planted(
        "a delivery prints by itself",
        "push/planted.py",
        lines("from bridge.report.press import printed"),
        "imports",
        "only the renderer, pages and commands print BROKEN",
    ),
    Planted(
        "a report looks into the store",
        "report/planted.py",
        lines("import bridge.store.patients"),
        "imports",
        "a report is made of a disclosure alone BROKEN",
    ),
    Planted(
        "a message is minted",
        "push/planted.py",
        lines("from bridge.hl7.render import Hl7Bytes", "", 'minted = Hl7Bytes(object(), b"MSH", "1")'),
        "syntax",
        "Hl7Bytes() is called in hl7/render.py alone",
    ),
    Planted(
        "a route writes HL7 v2",
        "web/planted.py",
        lines("from bridge.hl7.render import Scribe"),
        "imports",
        "only deliveries write HL7 v2 BROKEN",
    ),
    Planted(
        "the seal of messages is taken",
        "push/planted.py",
        lines("from bridge.hl7.render import _SEAL", "", "seal = _SEAL"),
        "syntax",
        "bridge.hl7.render._SEAL is for no other file",
    ),
    Planted(
        "a figure asks the clock",
        "metrics/planted.py",
        lines("from datetime import date"),
        "imports",
        "figures are pure BROKEN",
    ),
    Planted(
        "a push opens a connection",
        "push/planted.py",
        lines("import httpx"),
        "imports",
        "only net opens outbound connections BROKEN",
    ),
    Planted(
        "siblings know each other",
        "push/planted.py",
        lines("import bridge.ingest.upload"),
        "imports",
        "layers point down BROKEN",
    ),
    Planted(
        "a walk after an innocent import",
        "push/planted.py",
        lines("import bridge.store.links", "", "select = bridge.store.readings.select"),
        "syntax",
        "bridge.store.readings is for consent/hand.py alone",
    ),
    Planted(
        "a delivery asks what went",
        "push/planted.py",
        lines("from bridge.store.strays import strays"),
        "imports",
        "only the gate reads readings BROKEN",
    ),
    Planted(
        "a route asks what stood when",
        "web/planted.py",
        lines("from bridge.store.stood import brought"),
        "imports",
        "few ask what stood when BROKEN",
    ),
    Planted(
        "a decision opens blocks itself",
        "consent/planted.py",
        lines("from bridge.store.layers import read"),
        "imports",
        "rows stay inside the store BROKEN",
    ),
    Planted(
        "a walk to what stood when",
        "web/planted.py",
        lines("import bridge.store.links", "", "brought = bridge.store.stood.brought"),
        "syntax",
        "bridge.store.stood is for consent/hand.py and consent/askers.py and push/affected.py alone",
    ),
    Planted(
        "a walk to what went",
        "push/planted.py",
        lines("import bridge.store.links", "", "strays = bridge.store.strays.strays"),
        "syntax",
        "bridge.store.strays is for consent/hand.py alone",
    ),
    Planted(
        "a walk to the blocks",
        "fhir/planted.py",
        lines("import bridge.store.links", "", "read = bridge.store.layers.read"),
        "syntax",
        "bridge.store.layers is for store/*.py alone",
    ),
    Planted(
        "a route speaks SQL over a connection it was given",
        "web/planted.py",
        lines("def rows(db):", '    return db.reader("bridge").execute("SELECT 1")'),
        "syntax",
        ".execute() is called in store/*.py alone",
    ),
    Planted(
        "a route opens a person's key",
        "web/planted.py",
        lines("def key(db):", "    return db.keys.box(1)"),
        "syntax",
        ".box() is called in store/*.py and consent/*.py alone",
    ),
    Planted(
        "JSON where a Disclosure can be named",
        "cli/planted.py",
        lines("import json", "from bridge.consent.disclosure import Disclosure", "", "say = json.dumps"),
        "syntax",
        "can name a Disclosure",
    ),
    Planted(
        "XML beside the renderer",
        "web/planted.py",
        lines("from lxml.etree import tostring", "", "say = tostring"),
        "ruff",
        "lxml reads",
    ),
    Planted(
        "XML read with entities",
        "web/planted.py",
        lines("from xml.etree.ElementTree import fromstring", "", "read = fromstring"),
        "ruff",
        "is read by lxml without entities",
    ),
    Planted(
        "a permit of a recipient without a token",
        "web/planted.py",
        lines(
            "from bridge.consent.permit import RecipientPermit", "", 'p = RecipientPermit("", "", "", "", 0)'
        ),
        "syntax",
        "RecipientPermit() is called in smart/tokens.py alone",
    ),
    Planted(
        "a permit bent into another",
        "smart/planted.py",
        lines(
            "from dataclasses import replace",
            "from bridge.consent.permit import RecipientPermit",
            "",
            "bend = replace",
        ),
        "syntax",
        "makes permits",
    ),
    Planted(
        "a delivery's permit in a route",
        "web/planted.py",
        lines("from bridge.consent.permit import DeliveryPermit", "", 'p = DeliveryPermit("", "")'),
        "syntax",
        "DeliveryPermit() is called in push/*.py alone",
    ),
    Planted(
        "an owner's permit in a delivery",
        "push/planted.py",
        lines("from bridge.consent.permit import OwnerPermit", "", "p = OwnerPermit(1)"),
        "syntax",
        "OwnerPermit() is called in",
    ),
    Planted(
        "a setter that goes round the seal",
        "web/planted.py",
        lines("def swap(made):", '    object.__setattr__(made, "_body", b"")'),
        "syntax",
        "of a private name",
    ),
    Planted(
        "the clock in a decision",
        "consent/planted.py",
        lines("from datetime import UTC, datetime", "", "now = datetime.now(UTC)"),
        "syntax",
        "take a clock",
    ),
    Planted(
        "the clock in a route, by lint too",
        "web/planted.py",
        lines("from time import time", "", "now = time()"),
        "ruff",
        "`time.time` is banned",
    ),
    Planted(
        "a file read in a pure module",
        "adapters/planted.py",
        lines("def read(name):", "    return open(name).read()"),
        "syntax",
        "in a pure module",
    ),
    Planted(
        "a check switched off at the door",
        "consent/planted.py",
        lines("import json  # noqa: F401"),
        "syntax",
        "no check is switched off",
    ),
    Planted(
        "a type switched off in a delivery",
        "push/planted.py",
        lines("wrong: int = ''  # type: ignore[assignment]"),
        "syntax",
        "no check is switched off",
    ),
    Planted("a file without a law", "fhir/planted.py", "x = 1\n" * 50, "syntax", "a file opens with"),
    Planted("a file too long", "fhir/planted.py", lines(*["x = 1"] * 300), "syntax", "the ceiling of a file"),
    Planted(
        "a function too long",
        "fhir/planted.py",
        lines("def long() -> None:", *["    x = 1"] * 41),
        "syntax",
        "40 is the ceiling",
    ),
    Planted(
        "a name that says nothing",
        "push/planted.py",
        lines("class PushManager: ..."),
        "syntax",
        "does not say",
    ),
    Planted(
        "a definition that stands twice",
        "web/planted.py",
        lines(
            *(
                line
                for name in ("first", "second")
                for line in (
                    f"def {name}(a, b):",
                    "    total = sum(x * y for x, y in zip(a, b, strict=True))",
                    "    count = len([x for x in a if x > total and x not in b])",
                    "    return total / count if count else None",
                    "",
                )
            )
        ),
        "syntax",
        "again",
    ),
    Planted(
        "an open dictionary",
        "push/planted.py",
        lines("from typing import Any", "", "kept: dict[str, Any] = {}"),
        "syntax",
        "name the fields",
    ),
)

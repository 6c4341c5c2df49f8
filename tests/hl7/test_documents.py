"""A report reaches an interface engine as a PDF: in a result or as a document, once, replaced, cancelled."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

import bridge.store.outbox as outbox
from bridge.consent.asked import Kind
from bridge.push.courier import NOT_CORRECTABLE
from bridge.store.blocks import withdraw
from tests.hl7.engine import Engine, Hush, Say, read, standing
from tests.hl7.test_deliveries import RECORD
from tests.push.house import House, filed
from tests.push.test_summaries import days, measured

KINDS = frozenset({Kind.GLUCOSE})


@contextmanager
def world(home: Path, documents: str = "ORU^R01", **more: Any) -> Iterator[tuple[House, Engine]]:
    """A bridge with a fortnight that is over, linked and granted, and an engine that wants the report alone."""
    with standing() as engine:
        told = {"seconds": 1, "documents": documents, **more.pop("hl7v2", {})}
        usual: dict[str, Any] = {"raw": False, "summaries": False, "document": {}}
        house = filed(home, engine.url(), kind="hl7v2", hl7v2=told, **usual | more)
        house.number = measured(house, -15, 16)  # type: ignore[attr-defined]
        house.link(RECORD)
        house.grant(periods=days(house, -14, 14), kinds=KINDS)
        yield house, engine
        house.db.close()


def segments(body: bytes, name: str) -> list[list[str]]:
    lines = (line.split("|") for line in body.decode().rstrip("\r").split("\r"))
    return [each for each in lines if each[0] == name]


def words(body: bytes) -> str:
    """Of the PDF in a message."""
    content = segments(body, "OBX")[0][5].split("^")
    assert content[:4] == ["", "application", "pdf", "Base64"]
    pages = PdfReader(io.BytesIO(b64decode(content[4]))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize("documents", ["ORU^R01", "MDM^T02"])
def test_it_goes_once_as_the_file_says_and_opens(tmp_path: Path, documents: str) -> None:
    with world(tmp_path, documents) as (house, engine):
        assert house.push().sent == 1 and len(engine.bodies) == 1
        (body,) = engine.bodies
        (head,) = segments(body, "MSH")
        assert head[8].startswith(documents) and read(body)
        assert segments(body, "OBX")[0][2] == "ED" and segments(body, "OBX")[0][11] == "F"
        text = words(body)
        assert "Thu 14 May 2026 to Wed 27 May 2026" in text and "13 May" not in text
        assert any("patient-supplied" in each[3] for each in segments(body, "NTE"))
        assert house.push().sent == 0 and len(engine.bodies) == 1
        assert [each.what for each in outbox.listed(house.db)] == ["document"]


@pytest.mark.parametrize(
    ("documents", "corrected", "gone"), [("ORU^R01", "C", "W"), ("MDM^T02", "T10", "T11")]
)
def test_a_correction_replaces_it_and_what_is_gone_cancels_it(
    tmp_path: Path, documents: str, corrected: str, gone: str
) -> None:
    with world(tmp_path, documents) as (house, engine):
        house.push()
        again = measured(house, -3, 1, value=250)
        assert house.push().updated == 1
        body = engine.bodies[1]
        number = _number(engine.bodies[0])
        assert _number(body) == number and "Corrected" in words(body)
        assert corrected in (segments(body, "OBX")[0][11], segments(body, "MSH")[0][8].split("^")[1])
        for artifact in (again, house.number):  # type: ignore[attr-defined]
            withdraw(house.db, house.patient, artifact)
        house.push()
        last = engine.bodies[-1]
        assert _number(last) == number and b"JVBERi" not in last
        told = [each[11] for each in segments(last, "OBX")] + [segments(last, "MSH")[0][8].split("^")[1]]
        assert gone in told and read(last)
        assert house.push().updated == 0


def _number(body: bytes) -> str:
    found = segments(body, "OBR") or segments(body, "TXA")
    return (found[0][3] if found[0][0] == "OBR" else found[0][12]).split("^")[0]


def test_a_lost_answer_sends_the_same_message_again(tmp_path: Path) -> None:
    with world(tmp_path) as (house, engine):
        engine.script = [Hush()]
        house.push()
        house.wait()
        assert house.push().sent == 1 and len(engine.bodies) == 2
        assert len({body.split(b"|", 10)[9] for body in engine.bodies}) == 1 and len(engine.filed) == 1


def test_it_is_taken_back_after_the_grant_ended(tmp_path: Path) -> None:
    with world(tmp_path) as (house, engine):
        house.push()
        house.revoke(outbox.listed(house.db)[0].grant_id)
        assert house.push().retracted == 0 and len(engine.bodies) == 1
        withdraw(house.db, house.patient, house.number)  # type: ignore[attr-defined]
        assert house.push().retracted == 1
        assert [status for _, _, status in engine.filed.values()] == ["W"]


def test_one_that_takes_no_corrections_is_not_told_and_both_sides_know(tmp_path: Path) -> None:
    with world(tmp_path, receiver={"updates": False}) as (house, engine):
        house.push()
        measured(house, -3, 1, value=250)
        assert "1 corrections cannot be delivered" in house.push().failed[0] and len(engine.bodies) == 1
        rows = house.db.reader("bridge").execute("SELECT problem FROM sent WHERE problem <> ''").fetchall()
        assert rows == [(NOT_CORRECTABLE,)]


def test_a_no_of_the_engine_is_a_state(tmp_path: Path) -> None:
    with world(tmp_path) as (house, engine):
        engine.script = [Say("AE", "204")]
        assert "does not know the patient's number" in house.push().failed[0]


def test_summaries_go_before_it_and_readings_after(tmp_path: Path) -> None:
    more: dict[str, Any] = {"summaries": {}, "raw": {"daily": 100}}
    with world(tmp_path, **more) as (house, engine):
        house.push()
        firsts = [segments(body, "OBX")[0][2] for body in engine.bodies]
        codes = [segments(body, "OBR")[0][4].split("^")[0] for body in engine.bodies]
        assert codes[:2] == ["107931-8", "CGM-REPORT"] and firsts[1] == "ED" and "ED" not in firsts[2:]


def test_an_engine_whose_file_names_no_document_gets_none(tmp_path: Path) -> None:
    with world(tmp_path, document=False, summaries={}) as (house, engine):
        house.push()
        assert b"JVBERi" not in b"".join(engine.bodies)

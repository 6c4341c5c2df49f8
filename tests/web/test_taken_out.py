"""`export` of a person about whom somebody submitted figures and a report: of its days, counted alike in each form."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from bridge.app import Bridge
from bridge.cli.export import FORMS, Outgoing, _days, _folder, _said
from bridge.consent.permit import OperatorPermit
from bridge.store.patients import load
from tests.web.brought import PDF, summary
from tests.web.submitted import SCOPE, bundle, intake, submit
from tests.web.test_received import intents, pdfs, report
from tests.web.world import World


@pytest.fixture
def brought(world: World) -> World:
    """The clinic brought a summary and a report about Ada."""
    world.clinic = world.register("Submitting EHR", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    submit(world, bundle(summary(world.patient_id(world.ada))))
    return world


def taken(world: World, form: str, folder: Path, *edges: datetime) -> Outgoing:
    """The export in one form, of those days."""
    first, last = edges or (None, None)
    zones = load(world.db, world.ada).zones
    days = _days(zones, first and first.date(), last and last.date())
    who = OperatorPermit("Olga", "court order", "legal process", world.ada)
    about = world.patient_id(world.ada)
    made = Outgoing(cast(Bridge, world), who, world.ada, about, days, _folder(folder), _said(first, last))
    asyncio.run(FORMS[form](made))
    return made


def test_days_limit_reports_in_every_form_and_the_ledger_names_them(brought: World, tmp_path: Path) -> None:
    day, of_report = datetime(2026, 9, 20), datetime(2026, 9, 12)
    for form in ("ndjson", "bundle"):
        for at, is_there in ((day, False), (of_report, True)):
            before = len(intents(brought))
            made = taken(brought, form, tmp_path / f"{form} {at.date()}", at, at)
            whole = "".join(each.read_text("utf-8") for each in made.folder.iterdir())
            assert (PDF in whole) is is_there and 288 <= made.readings < 300
            asked = [each["asked"] for each in intents(brought)[before:]]
            named = f" from {at.date()} to {at.date()}"
            assert asked and all(named in each for each in asked)
            told = [each for each in intents(brought)[before:] if "notes" in each["kinds"]]
            assert bool(told) is is_there and all("demographics" in each["kinds"] for each in told)


def test_each_form_counts_readings_alone_and_a_table_says_what_it_leaves_out(
    brought: World, tmp_path: Path
) -> None:
    made = {form: taken(brought, form, tmp_path / form) for form in FORMS}
    assert len({each.readings for each in made.values()}) == 1 and made["csv"].readings > 8000
    assert made["csv"].left_out == {"figures": 7, "reports": 1}
    assert made["ndjson"].left_out == made["bundle"].left_out == {}
    day = datetime(2026, 9, 20)
    assert taken(brought, "csv", tmp_path / "of a day", day, day).left_out == {}


def test_an_export_holds_every_report_however_heavy_they_are(brought: World, tmp_path: Path) -> None:
    for at in (10, 11, 12, 13):
        submit(brought, bundle([report(brought.patient_id(brought.ada), 1_300_000, at)]))
    made = taken(brought, "ndjson", tmp_path / "lines")
    lines = (made.folder / "DiagnosticReport.ndjson").read_text("utf-8").splitlines()
    told: list[Any] = [json.loads(each) for each in lines]
    assert len(set(pdfs({"entry": [{"resource": each} for each in told]}))) == len(told) == 5

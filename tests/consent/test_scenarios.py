"""The stories of `conformance/consent` come out as they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ruamel.yaml import YAML

import bridge.store.artifacts
from bridge.consent import grants
from bridge.consent.asked import WILDCARD, DateTest, Grain, Kind, Way
from bridge.consent.grant import Grant, Recipient, before, from_now_on
from bridge.consent.permit import RecipientPermit
from bridge.period import DAY, MINUTE, Instant, Period, PeriodSet, spelled
from bridge.reading import Device, EventKind, Flag, SeriesKey, Stream, Unit
from bridge.store.blocks import withdraw
from tests.consent.world import World, wish

FOLDER = Path(__file__).resolve().parents[2] / "conformance" / "consent"
STORIES = sorted(FOLDER.glob("*.yaml"))
GRAINS = {"raw": Grain.RAW, "15min": Grain.QUARTER_HOUR, "hourly": Grain.HOUR, "daily": Grain.DAY}
FAMILY = {"clarity": "dexcom-clarity", "libre": "libreview"}
Step: TypeAlias = Mapping[str, Any]


@dataclass
class Player:
    """Plays one story on a real world."""

    world: World
    zone: str
    grants: dict[str, str] = field(default_factory=dict)
    imports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.patient = self.world.person(zone=self.zone)
        self.zones = self.world.zones(self.patient)

    def at(self, text: object) -> Instant:
        assert isinstance(text, str | datetime | date)
        spelling = str(text).replace(" ", "T") if isinstance(text, str) else text.isoformat()
        return spelled(spelling, self.zones).start

    def run(self, step: Step) -> list[Instant]:
        first, last = self.at(step["from"]), self.at(step["until"])
        return list(range(first, last, step["minutes"] * MINUTE))

    def do_import(self, step: Step) -> None:
        instants = self.run(step)
        stream = Stream(step["stream"])
        unit = Unit.MG_DL if stream in (Stream.GLUCOSE, Stream.CAPILLARY) else Unit.NONE
        key = SeriesKey(stream, FAMILY[step.get("device", "clarity")], f"device {stream}", unit, 0)
        columns: dict[str, list[object]] = {"bound": [step.get("uncertain", 0) * MINUTE] * len(instants)}
        if stream is Stream.EVENT:
            columns["kind"] = [EventKind[step["event"].upper()]] * len(instants)
        if stream is Stream.NOTE:
            columns["text"] = ["had a cold"] * len(instants)
        readings = [(instant, 100 + i % 50) for i, instant in enumerate(instants)]
        device = Device(serial=key.device)
        done = self.world.bring(self.patient, readings, key, step["source"], device, also=columns)
        self.imports[step.get("name", "")] = done.artifact

    def do_remove(self, step: Step) -> None:
        withdraw(self.world.db, self.patient, self.imports[step["import"]])

    def do_grant(self, step: Step) -> None:
        known = {each.source for each in bridge.store.artifacts.listed(self.world.db, self.patient)}
        kinds = step.get("kinds", ["glucose"])
        now = self.world.clock.now
        days = step.get("in_force_days", 90)
        name = step.get("to", "Clinic")
        signed: Grant = self.world.grant(
            self.patient,
            self.periods(step),
            recipient=Recipient(name, frozenset(), name),
            rolling_days=step.get("rolling_days", 0),
            kinds=WILDCARD if kinds == ["everything"] else frozenset(map(Kind, kinds)),
            ways=frozenset(map(Way, step.get("ways", list(Way)))),
            grain=GRAINS[step.get("grain", "raw")],
            sources=frozenset(step.get("sources", known)),
            later_sources=step.get("later_sources", False),
            ends=now + days * DAY,
        ).grant
        self.grants[step["name"]] = signed.id

    def periods(self, step: Step) -> PeriodSet:
        if "days" in step:
            first, last = (date.fromisoformat(str(day)) for day in step["days"])
            return PeriodSet((self.zones.days(first, last),))
        if "times" in step:
            return PeriodSet((Period(self.at(step["times"][0]), self.at(step["times"][1])),))
        if "before" in step:
            return PeriodSet((before(self.at(step["before"]), step["count"], self.zones),))
        if step.get("from_now_on"):
            return PeriodSet((from_now_on(self.world.clock.now),))
        return PeriodSet()

    def do_pause(self, step: Step) -> None:
        until = self.at(step["until"]) if "until" in step else None
        grants.pause(self.world.db, self.grants[step["grant"]], until)

    def do_resume(self, step: Step) -> None:
        grants.resume(self.world.db, self.grants[step["grant"]])

    def do_revoke(self, step: Step) -> None:
        grants.revoke(self.world.db, self.grants[step["grant"]])

    def do_ask(self, step: Step) -> None:
        who = step.get("by", "Clinic")
        now = self.world.clock.now
        permit = RecipientPermit(f"{who} EHR", who, step.get("purpose", "TREAT"), "t", now + DAY)
        asked = replace(wish(self.patient, way=Way(step.get("way", "look"))), retractions=True)
        if "asked" in step:
            between = Period(*map(self.at, step["asked"]))
            asked = replace(asked, dates=(DateTest("eq", between),))
        if "changed_since" in step:
            since = self.at(step["changed_since"])
            asked = replace(asked, updated=(DateTest("ge", Period(since, since + 1)),))
        found = self.world.ask(permit, asked)
        told = sorted(
            (bool(flags & Flag.RETRACTED), group.stream.value, int(group.grain), instant)
            for group in found.groups
            for instant, flags in zip(
                group.columns["instant"].tolist(), group.columns["flags"].tolist(), strict=True
            )
        )
        expected = sorted(
            (is_back, run["stream"], int(GRAINS[run["grain"]]), instant)
            for is_back, runs in ((False, step["leaves"]), (True, step.get("taken_back", [])))
            for run in runs
            for instant in self.run(run)
        )
        assert told == expected
        assert found.total == step["items"]


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_comes_out_as_written(world: World, path: Path) -> None:
    story = YAML(typ="safe").load(path.read_text("utf-8"))
    assert story["title"]
    assert story["because"]
    player = Player(world, story["zone"])
    for step in story["story"]:
        world.clock.now = player.at(step["when"])
        (deed,) = set(step) - {"when"}
        steps: Mapping[str, Callable[[Step], None]] = {
            "import": player.do_import,
            "remove": player.do_remove,
            "grant": player.do_grant,
            "pause": player.do_pause,
            "resume": player.do_resume,
            "revoke": player.do_revoke,
            "ask": player.do_ask,
        }
        steps[deed](step[deed])


def test_there_are_stories() -> None:
    assert len(STORIES) >= 10

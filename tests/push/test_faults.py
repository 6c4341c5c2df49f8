"""Whatever breaks, at the end the receiver holds exactly the permitted data once, and every attempt is accounted for.

`BRIDGE_FAULTS` says how many random cases (6; by hand 1,000), `BRIDGE_FAULT_SEED` which. A case is a receiver, a
person with readings, and rounds in which something goes wrong: the connection is cut before or after the receiver did
what was asked, it answers 429, 500, 412 or something that is no answer, answers twice, dawdles, is gone; the clock
jumps; the worker dies at one of its calls and another one takes over; readings are corrected, taken away, and consent
is withdrawn.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import bridge.store.anchors as anchors
import bridge.store.checks as checks
import bridge.store.ledger as ledger
import bridge.store.outbox as outbox
import bridge.store.receipts as receipts
from bridge.net.message import Answer, Fault, Framed, Laid, NetFault, Request
from bridge.store.blocks import withdraw
from tests.push.ehr import (
    CGM_PLAIN,
    CGM_RECEIVER,
    EPIC,
    ORACLE,
    TRANSACTION,
    Ehr,
    Lie,
    Rules,
    Twice,
    standing,
)
from tests.push.house import House, filed, opened, with_rows
from tests.push.twin import Say, Slow, Torn

CASES = int(os.environ.get("BRIDGE_FAULTS", "6"))
SEED = int(os.environ.get("BRIDGE_FAULT_SEED", "20261128"))
ROWS = {"glucose": {"code": {"mg/dL": ["cgm-mass", "row-glucose"]}}}
RECEIVERS: list[tuple[Rules, bool]] = [
    (TRANSACTION, True), (CGM_RECEIVER, True), (CGM_PLAIN, False), (EPIC, False), (ORACLE, False)
]  # fmt: skip
"""Rules, and whether it creates once: only there a gateway may repeat what it was sent."""
WRONG = (
    "torn before",
    "torn after",
    "429",
    "500",
    "412",
    "503",
    "lie",
    "twice",
    "dawdle",
    "gone",
    "clock",
    "killed",
)


class Killed(BaseException):
    """The worker's process ends here."""


@dataclass
class Deadly:
    """The way out of a worker that dies at its n-th call, before or after the receiver heard it."""

    inner: Any
    at: int
    is_after: bool
    calls: int = 0

    async def exchange(self, message: Framed) -> tuple[bytes, ...] | NetFault:
        raise AssertionError("no interface engine stands here")

    async def lay(self, file: Laid) -> NetFault | None:
        """The call, or death."""
        self._dies(before=True)
        fault: NetFault | None = await self.inner.lay(file)
        self._dies(before=False)
        return fault

    async def fetch(self, request: Request) -> Answer | NetFault:
        """The call, or death."""
        self._dies(before=True)
        answer: Answer | NetFault = await self.inner.fetch(request)
        self._dies(before=False)
        return answer

    def _dies(self, before: bool) -> None:
        self.calls += before
        if self.calls == self.at and before is not self.is_after:
            raise Killed


@dataclass
class Gone:
    """The way out while the receiver is off."""

    async def exchange(self, message: Framed) -> tuple[bytes, ...] | NetFault:
        raise AssertionError("no interface engine stands here")

    async def lay(self, file: Laid) -> NetFault | None:
        raise AssertionError("no folder stands here")

    async def fetch(self, request: Request) -> Answer | NetFault:
        """Nobody accepts the connection."""
        return NetFault(Fault.UNREACHABLE, "127.0.0.1")


@dataclass
class Case:
    """One random case."""

    chance: random.Random
    home: Path
    ehr: Ehr
    is_once: bool
    house: House = field(init=False)
    permitted: dict[int, int] = field(default_factory=dict)
    grant: str = ""
    slot: int = 0
    brought: list[tuple[int, list[int], int]] = field(default_factory=list)

    def begin(self) -> None:
        """A house, a grant and a link."""
        self.house = filed(self.home, self.ehr.url, with_rows(), fhir=ROWS if self.ehr.rules is EPIC else {})
        self.more()
        self.grant = self.house.grant()
        self.house.link()

    def more(self) -> None:
        """New readings."""
        values = [self.chance.randint(60, 250) for _ in range(self.chance.randint(1, 12))]
        artifact = self.house.bring(self.slot, values, name=f"n{self.slot}")
        self.brought.append((self.slot, values, artifact))
        self.permitted |= {self.slot + at: value for at, value in enumerate(values)}
        self.slot += len(values)

    def correct(self) -> None:
        """One reading says something else now."""
        slot = self.chance.choice(sorted(self.permitted))
        self.permitted[slot] = self.chance.randint(260, 390)
        self.house.bring(slot, [self.permitted[slot]], name=f"c{slot}{self.house.clock.now}")

    def take_away(self) -> None:
        """One upload was another person's."""
        if len(self.brought) < 2:
            return
        slot, values, artifact = self.brought.pop(self.chance.randrange(len(self.brought)))
        if all(self.permitted.get(slot + at) == value for at, value in enumerate(values)):
            withdraw(self.house.db, self.house.patient, artifact)
            for at in range(len(values)):
                del self.permitted[slot + at]

    def wrong(self, what: str) -> None:
        """One round in which something goes wrong."""
        script: dict[str, Any] = {
            "torn before": Torn(committed=False), "torn after": Torn(), "429": Say(429, (("retry-after", "40"),)),
            "500": Say(500), "412": Say(412), "503": Say(503), "lie": Lie(), "dawdle": Slow(1.0),
            "twice": Twice() if self.is_once else Torn(),
        }  # fmt: skip
        if what in script:
            self.ehr.script += [script[what]] * self.chance.randint(1, 2)
        net, worker = self.house.worker._net, self.house.worker
        jump = self.chance.choice((-2, 3)) * 3_600_000 if what == "clock" else 0
        self.house.clock.now += jump
        if what == "gone":
            worker._net = Gone()
        if what == "killed":
            worker._net = Deadly(net, self.chance.randint(1, 6), self.chance.random() < 0.5)
        try:
            self.house.push()
        except Killed:
            self.reopen()
        finally:
            worker._net = net
            self.house.clock.now -= min(jump, 0)  # a clock that went back is put right again
        self.ehr.script.clear()
        self.house.wait(self.chance.choice((0.1, 2, 90)))

    def reopen(self) -> None:
        """Another process takes over; what the dead one had only in memory is gone."""
        self.house.db.close()
        self.house = opened(self.home, self.house.clock, with_rows())

    def settle(self) -> None:
        """Nothing is wrong any more: rounds until nothing is open."""
        for _ in range(12):
            self.house.wait(200)
            self.house.push()
            for each in outbox.listed(self.house.db):
                if each.state == "failed":
                    outbox.retry(self.house.db, each.delivery)


@pytest.mark.timeout(120 + CASES * 20)
@pytest.mark.parametrize("number", range(CASES))
def test_a_random_case_ends_with_the_permitted_data_once(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.push.receiver.SECONDS", 0.6)
    chance = random.Random(SEED + number)
    rules, is_once = chance.choice(RECEIVERS)
    with standing(rules) as ehr:
        case = Case(chance, tmp_path, ehr, is_once)
        case.begin()
        for _ in range(chance.randint(2, 5)):
            chance.choice((case.more, case.correct, case.take_away, lambda: None))()
            case.wrong(chance.choice(WRONG))
        case.settle()
        assert ehr.values() == sorted(case.permitted.values()), (number, rules)
        assert once(case.house, ehr), (number, "a second row")
        case.house.revoke(case.grant)
        late = len(ehr.bodies)
        case.more()
        case.take_away()
        case.settle()
        assert all(is_retraction(body) for body in ehr.bodies[late:]), (number, "something left after the no")
        assert accounted(case.house), number
        case.house.db.close()


def once(house: House, ehr: Ehr) -> bool:
    """Whether the receiver holds no identifier of ours twice."""
    names = Counter(each["identifier"][0]["value"] for each in ehr.readings)
    return all(count == 1 for count in names.values())


def is_retraction(body: dict[str, Any]) -> bool:
    """Whether a body takes back and says nothing new."""
    resources = [each["resource"] for each in body["entry"]] if body["resourceType"] == "Bundle" else [body]
    return all(each["status"] == "entered-in-error" for each in resources)


def accounted(house: House) -> bool:
    """Whether ledger and outbox tell of the same attempts: every receipt that sent something names an intent, every
    acknowledged reading stands in an outcome, chain and anchors are whole."""
    house.gate.flush()
    rows = ledger.listed(house.db, house.patient)
    intents = {row.entry for row in rows if row.kind != "outcome"}
    told = receipts.listed(house.db, house.patient)
    named = {each.entry for each in told if each.entry is not None}
    whole = (checks.verify(house.db), anchors.verify(house.db).faults) == ((), ())
    return named <= intents and whole

"""A notifier that is killed at any moment: every event keeps its one number, none is lost, none is told after a no.

`BRIDGE_NOTIFIER_KILLS` says how many times (5; by hand 100).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

import bridge.consent.grants as grants
import bridge.store.anchors as anchors
import bridge.store.checks as checks
import bridge.store.occurrences as occurrences
import bridge.store.subscriptions as kept
from bridge.fhir.subscriptions import MOST
from bridge.period import DAY, PeriodSet
from tests.subscriptions.twin import Feeds, count, events, focuses, said
from tests.web.world import NOW

KILLS = int(os.environ.get("BRIDGE_NOTIFIER_KILLS", "5"))
READINGS = 16
AT_ONCE = {"extension": [{"url": MOST, "valuePositiveInt": 2}]}
REST = 20
"""Minutes between two notifiers."""


def notifier(feeds: Feeds) -> subprocess.Popen[bytes]:
    db, clock = feeds.world.db, feeds.world.clock
    command = [sys.executable, "-m", "tests.subscriptions.process", str(db.home), str(clock())]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])


def killed(feeds: Feeds, chance: random.Random) -> bool:
    """A notifier that is killed at work; whether it still was at it."""
    running = notifier(feeds)
    assert running.stdout is not None and running.stdout.readline() == b"ready\n"
    time.sleep(chance.uniform(0, 0.6))
    was_at_work = running.poll() is None
    running.kill()
    running.wait()
    running.stdout.close()
    feeds.world.clock.pass_seconds(REST * 60)
    return was_at_work


def quiet(feeds: Feeds) -> None:
    """Turns until nothing is told any more."""
    last = -1
    while last != len(feeds.twin.got):
        last = len(feeds.twin.got)
        feeds.turn(REST)


def named(feeds: Feeds) -> dict[int, set[str]]:
    """Which readings were told under each number."""
    found: dict[int, set[str]] = defaultdict(set)
    for bundle in feeds.twin.got:
        for number, name in zip(events(bundle), focuses(bundle), strict=True):
            found[number].add(name)
    return dict(found)


@pytest.mark.timeout(120 + KILLS * 20)
def test_after_kills_at_random_moments_every_event_has_one_number_and_none_is_lost(feeds: Feeds) -> None:
    chance = random.Random(20261128)
    grant = feeds.world.grant(periods=PeriodSet.between(NOW, NOW + 100 * DAY))
    id_ = feeds.subscribe(channel=AT_ONCE)
    feeds.twin.sleeps = 0.02
    brought: list[str] = []
    kills = open_ = 0
    for _ in range(KILLS):
        brought += feeds.bring(READINGS)
        kills += killed(feeds, chance)
        one = kept.found(feeds.world.db, id_)
        assert one is not None and one.status == "active"
        open_ += bool(occurrences.pending(feeds.world.db, one))
    feeds.twin.sleeps = 0.0
    quiet(feeds)
    print(f"{kills} of {KILLS} were killed at work, {open_} of them between sending and settling")
    assert kills, "no notifier was still running when it was to be killed"
    told = named(feeds)
    assert sorted(told) == list(range(1, len(brought) + 1)), "numbers without a gap"
    assert all(len(names) == 1 for names in told.values()), "one reading under one number"
    assert sorted(name for names in told.values() for name in names) == sorted(brought), "each told once"
    counts = [count(each) for each in feeds.twin.got]
    assert counts == sorted(counts) and counts[-1] == len(brought)
    no_more(feeds, grant, chance)
    feeds.world.gate.flush()
    assert (checks.verify(feeds.world.db), anchors.verify(feeds.world.db).faults) == ((), ())


def no_more(feeds: Feeds, grant: str, chance: random.Random) -> None:
    """After the person's no, killed or not, no event is told: neither new ones nor those that were on their way."""
    feeds.twin.sleeps = 0.02
    feeds.bring(READINGS)
    killed(feeds, chance)  # some of these may be on their way
    feeds.world.clock.pass_seconds(1)
    grants.revoke(feeds.world.db, grant)
    told = len(feeds.twin.got)
    for _ in range(2):
        feeds.bring(2)
        killed(feeds, chance)
    quiet(feeds)
    late = [said(each, "type")["valueCode"] for each in feeds.twin.got[told:]]
    assert "event-notification" not in late

"""A notifier in a process of its own, which can be killed: turns of everything, in the home that it is given.

python -m tests.subscriptions.process HOME INSTANT
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from bridge.consent.gate import Gate
from bridge.fhir.render import Renderer
from bridge.store.db import Database
from bridge.subscriptions.worker import Notifier
from tests.shipped import mappings
from tests.smart.clock import Clock
from tests.subscriptions.twin import outbound
from tests.web.world import FHIR, MASTER

TURNS: Final = 3


def main(home: str, now: str) -> None:
    """The turns; one line before them and one after."""
    clock = Clock(int(now))
    db = Database.open(Path(home), MASTER, clock)
    gate = Gate(db, clock, lambda _: 0)
    renderer = Renderer(mappings(), FHIR, db.installation)
    notifier = Notifier(db, gate, renderer, outbound(db, clock), clock, chance=lambda: 0.5)
    print("ready", flush=True)
    for _ in range(TURNS):
        asyncio.run(notifier.once())
        clock.pass_seconds(1)
    print("done", flush=True)
    db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

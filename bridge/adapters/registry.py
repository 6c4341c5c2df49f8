"""Every procedure that a mapping may name, by name: the adapters' side of `bridge.mapping.procedures`.

Law: one line a procedure, no code; that both sides have the same names is a test. A package of a vendor is
imported here and by nobody else.
"""

from __future__ import annotations

from typing import Final

import bridge.adapters.dexcom.clarity as clarity
import bridge.adapters.dexcom.ticks as ticks
import bridge.adapters.eversense.halves as halves
import bridge.adapters.libre.cells as cells
import bridge.adapters.libre.clock as clock
import bridge.adapters.libre.devices as devices
import bridge.adapters.libre.linkup as linkup
import bridge.adapters.nightscout.doses as doses
import bridge.adapters.nightscout.entries as entries
import bridge.adapters.nightscout.exporter as exporter
import bridge.adapters.nightscout.history as history
import bridge.adapters.nightscout.identity as identity
import bridge.adapters.nightscout.loop as loop
import bridge.adapters.nightscout.profile as profile
import bridge.adapters.nightscout.spans as spans
import bridge.mapping.rounding as rounding
from bridge.mapping.stages import Procedures

PROCEDURES: Final = Procedures(
    prepare={
        "eversense.day-halves": halves.day_halves,
        "libre.split-decimals": cells.split_decimals,
        "libre.app-views": cells.app_views,
        "nightscout.mmol-entries": entries.mmol_entries,
        "nightscout.identity": identity.identity,
        "nightscout.spans": spans.spans,
        "nightscout.doses": doses.doses,
        "nightscout.loop-modes": loop.modes,
        "nightscout.profile-in-force": profile.in_force,
        "nightscout.pump-history": history.temporary_basals,
    },
    dates={"libre.date-order": clock.date_order, "nightscout.date-order": exporter.date_order},
    clock={"dexcom.tick-order": ticks.tick_order, "libre.wall-clock": clock.wall_clock},
    device={"dexcom.device": clarity.device, "libre.device": devices.device},
    person={"dexcom.person": clarity.person, "libre.person": devices.person},
    limits={"libre.us-ceiling": clock.us_ceiling},
    together={"libre.follower-sensors": linkup.follower_sensors},
    sections={"nightscout.sections": exporter.sections},
    amount={"number.rounded": rounding.rounded, "nightscout.of-schedule": doses.of_schedule},
)

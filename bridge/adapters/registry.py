"""Every procedure that a mapping may name, by name: the adapters' side of `bridge.mapping.procedures`."""

from __future__ import annotations

from typing import Final

import bridge.adapters.dexcom.clarity as clarity
import bridge.adapters.dexcom.ticks as ticks
import bridge.adapters.eversense.halves as halves
import bridge.adapters.libre.cells as cells
import bridge.adapters.libre.clock as clock
import bridge.adapters.libre.devices as devices
import bridge.adapters.libre.linkup as linkup
import bridge.mapping.rounding as rounding
from bridge.mapping.stages import Procedures

PROCEDURES: Final = Procedures(
    prepare={
        "eversense.day-halves": halves.day_halves,
        "libre.split-decimals": cells.split_decimals,
        "libre.app-views": cells.app_views,
    },
    dates={"libre.date-order": clock.date_order},
    clock={"dexcom.tick-order": ticks.tick_order, "libre.wall-clock": clock.wall_clock},
    device={"dexcom.device": clarity.device, "libre.device": devices.device},
    person={"dexcom.person": clarity.person, "libre.person": devices.person},
    limits={"libre.us-ceiling": clock.us_ceiling},
    together={"libre.follower-sensors": linkup.follower_sensors},
    amount={"number.rounded": rounding.rounded},
)

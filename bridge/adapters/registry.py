"""Every procedure that a mapping may name, by name: the adapters' side of `bridge.mapping.procedures`.

Law (`mapping.md`): the one module that knows all vendors, and it does nothing but list. A name stands here and
there, or a test fails.
"""

from __future__ import annotations

from typing import Final

import bridge.adapters.carelink.cloud_changes as cloud_changes
import bridge.adapters.carelink.cloud_device as cloud_device
import bridge.adapters.carelink.cloud_repeats as cloud_repeats
import bridge.adapters.carelink.cloud_times as cloud_times
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
    clock={
        "carelink.cloud-clock": cloud_times.clock,
        "dexcom.tick-order": ticks.tick_order,
        "libre.wall-clock": clock.wall_clock,
    },
    device={
        "carelink.cloud-device": cloud_device.device,
        "dexcom.device": clarity.device,
        "libre.device": devices.device,
    },
    person={"dexcom.person": clarity.person, "libre.person": devices.person},
    limits={"carelink.cloud-floor": cloud_device.floor, "libre.us-ceiling": clock.us_ceiling},
    together={
        "libre.follower-sensors": linkup.follower_sensors,
        "carelink.cloud-times": cloud_times.times,
        "carelink.cloud-repeats": cloud_repeats.repeats,
        "carelink.cloud-changes": cloud_changes.changes,
    },
    amount={"number.rounded": rounding.rounded},
)

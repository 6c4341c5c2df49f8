"""Every procedure that a mapping may name, by name: the adapters' side of `bridge.mapping.procedures`.

Law (`mapping.md`): the list is closed: a name that stands there is built here, and nothing else is; a test keeps
both and the documentation in step. No adapter is found by scanning folders or by its file's name.
"""

from __future__ import annotations

from typing import Final

import bridge.adapters.carelink.again as again
import bridge.adapters.carelink.alarms as alarms
import bridge.adapters.carelink.basal as basal
import bridge.adapters.carelink.clock as pump_clock
import bridge.adapters.carelink.doses as doses
import bridge.adapters.carelink.raw as raw
import bridge.adapters.carelink.resaved as resaved
import bridge.adapters.carelink.sections as sections
import bridge.adapters.carelink.sticks as sticks
import bridge.adapters.carelink.telling as telling
import bridge.adapters.carelink.walk as walk
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
        "carelink.raw-values": raw.raw_values,
        "eversense.day-halves": halves.day_halves,
        "libre.split-decimals": cells.split_decimals,
        "libre.app-views": cells.app_views,
    },
    dates={"libre.date-order": clock.date_order},
    clock={"dexcom.tick-order": ticks.tick_order, "libre.wall-clock": clock.wall_clock},
    device={
        "carelink.device": sections.device,
        "dexcom.device": clarity.device,
        "libre.device": devices.device,
    },
    person={
        "carelink.person": sections.person,
        "dexcom.person": clarity.person,
        "libre.person": devices.person,
    },
    limits={"libre.us-ceiling": clock.us_ceiling},
    sections={"carelink.sections": sections.sections},
    together={
        "libre.follower-sensors": linkup.follower_sensors,
        "carelink.resaved": resaved.resaved,
        "carelink.walk": walk.walk,
        "carelink.again": again.again,
        "carelink.sticks": sticks.sticks,
        "carelink.doses": doses.doses,
        "carelink.basal": basal.basal,
        "carelink.alarms": alarms.alarms,
        "carelink.telling": telling.telling,
    },
    clocks={"carelink.wall-clock": pump_clock.wall_clock},
    amount={"number.rounded": rounding.rounded},
)

"""Every procedure that a mapping may name, by name: the adapters' side of `bridge.mapping.procedures`.

Law: the one place that knows all vendors' packages; they do not know each other. A name here is in the closed list
there and in mappings/README.md, and the other way round (a test holds the three together).
"""

from __future__ import annotations

from typing import Final

import bridge.adapters.dexcom.clarity as clarity
import bridge.adapters.dexcom.counted as counted
import bridge.adapters.dexcom.internal_clock as internal_clock
import bridge.adapters.dexcom.last_word as last_word
import bridge.adapters.dexcom.models as models
import bridge.adapters.dexcom.receivers as receivers
import bridge.adapters.dexcom.schedules as schedules
import bridge.adapters.dexcom.studio as studio
import bridge.adapters.dexcom.studio_entries as studio_entries
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
        "dexcom.counted": counted.counted,
        "dexcom.product": models.product,
        "dexcom.last-word": last_word.last_word,
        "dexcom.alert-schedules": schedules.alert_schedules,
        "dexcom.internal-ticks": internal_clock.internal_ticks,
        "dexcom.studio-entries": studio_entries.entries,
        "eversense.day-halves": halves.day_halves,
        "libre.split-decimals": cells.split_decimals,
        "libre.app-views": cells.app_views,
    },
    dates={"libre.date-order": clock.date_order},
    clock={
        "dexcom.tick-order": ticks.tick_order,
        "dexcom.receiver-clock": receivers.receiver_clock,
        "libre.wall-clock": clock.wall_clock,
    },
    device={
        "dexcom.device": clarity.device,
        "dexcom.transmitter": models.transmitter,
        "dexcom.display": models.display,
        "dexcom.studio-receiver": studio.receiver,
        "libre.device": devices.device,
    },
    person={
        "dexcom.person": clarity.person,
        "dexcom.studio-person": studio.person,
        "libre.person": devices.person,
    },
    sections={"dexcom.column-groups": studio.column_groups},
    together={"dexcom.studio-units": studio.units, "libre.follower-sensors": linkup.follower_sensors},
    clocks={"dexcom.internal-clock": internal_clock.internal_clock},
    limits={"libre.us-ceiling": clock.us_ceiling},
    amount={"number.rounded": rounding.rounded, "number.unsigned": rounding.unsigned},
)

"""Every procedure that a mapping may name, by name: the adapters' side of `bridge.mapping.procedures`.

Law (`mapping.md`): the one module that knows all vendors, and it does nothing but list. A name stands here and
there, or a test fails.
"""

from __future__ import annotations

from typing import Final

import bridge.adapters.carelink.again as again
import bridge.adapters.carelink.alarms as alarms
import bridge.adapters.carelink.basal as basal
import bridge.adapters.carelink.clock as pump_clock
import bridge.adapters.carelink.cloud_changes as cloud_changes
import bridge.adapters.carelink.cloud_device as cloud_device
import bridge.adapters.carelink.cloud_repeats as cloud_repeats
import bridge.adapters.carelink.cloud_times as cloud_times
import bridge.adapters.carelink.doses as pump_doses
import bridge.adapters.carelink.raw as raw
import bridge.adapters.carelink.resaved as resaved
import bridge.adapters.carelink.sections as sections
import bridge.adapters.carelink.sticks as sticks
import bridge.adapters.carelink.telling as telling
import bridge.adapters.carelink.walk as walk
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
import bridge.adapters.nightscout.doses as doses
import bridge.adapters.nightscout.entries as entries
import bridge.adapters.nightscout.exporter as exporter
import bridge.adapters.nightscout.history as history
import bridge.adapters.nightscout.identity as identity
import bridge.adapters.nightscout.loop as loop
import bridge.adapters.nightscout.profile as profile
import bridge.adapters.nightscout.spans as spans
import bridge.adapters.submitted.devices as submitted
import bridge.mapping.rounding as rounding
from bridge.mapping.stages import Procedures

PROCEDURES: Final = Procedures(
    prepare={
        "carelink.raw-values": raw.raw_values,
        "eversense.day-halves": halves.day_halves,
        "dexcom.counted": counted.counted,
        "dexcom.product": models.product,
        "dexcom.last-word": last_word.last_word,
        "dexcom.alert-schedules": schedules.alert_schedules,
        "dexcom.internal-ticks": internal_clock.internal_ticks,
        "dexcom.studio-entries": studio_entries.entries,
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
    clock={
        "carelink.cloud-clock": cloud_times.clock,
        "dexcom.tick-order": ticks.tick_order,
        "dexcom.receiver-clock": receivers.receiver_clock,
        "libre.wall-clock": clock.wall_clock,
    },
    device={
        "carelink.device": sections.device,
        "carelink.cloud-device": cloud_device.device,
        "dexcom.device": clarity.device,
        "dexcom.transmitter": models.transmitter,
        "dexcom.display": models.display,
        "dexcom.studio-receiver": studio.receiver,
        "libre.device": devices.device,
        "submitted.device": submitted.device,
    },
    person={
        "carelink.person": sections.person,
        "dexcom.person": clarity.person,
        "dexcom.studio-person": studio.person,
        "libre.person": devices.person,
    },
    sections={
        "carelink.sections": sections.sections,
        "dexcom.column-groups": studio.column_groups,
        "nightscout.sections": exporter.sections,
    },
    together={
        "carelink.resaved": resaved.resaved,
        "carelink.walk": walk.walk,
        "carelink.again": again.again,
        "carelink.sticks": sticks.sticks,
        "carelink.doses": pump_doses.doses,
        "carelink.basal": basal.basal,
        "carelink.alarms": alarms.alarms,
        "carelink.telling": telling.telling,
        "carelink.cloud-times": cloud_times.times,
        "carelink.cloud-repeats": cloud_repeats.repeats,
        "carelink.cloud-changes": cloud_changes.changes,
        "dexcom.studio-units": studio.units,
        "libre.follower-sensors": linkup.follower_sensors,
    },
    clocks={
        "carelink.wall-clock": pump_clock.wall_clock,
        "dexcom.internal-clock": internal_clock.internal_clock,
    },
    limits={"carelink.cloud-floor": cloud_device.floor, "libre.us-ceiling": clock.us_ceiling},
    amount={
        "number.rounded": rounding.rounded,
        "number.unsigned": rounding.unsigned,
        "nightscout.of-schedule": doses.of_schedule,
    },
)

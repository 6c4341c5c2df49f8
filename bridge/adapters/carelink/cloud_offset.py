"""How far the pump's clock stood from UTC, and the phone's: from the server's clock beside them.

Law (`carelink.md` B1, `safety.md` time): an answer tells the pump's wall time and the instant at which the server
got it; their difference, rounded to a quarter of an hour (India, Nepal, Newfoundland), is the pump's offset, and
what is left over is its drift. A difference within NEAR of the phone's offset is the phone's: pumps drift by
minutes, phones do not. Where both disagree the pump stands in another zone, and it wrote the stamps.
The drift is told and never becomes an error bound: it differs from poll to poll with the time that the transfer
takes, and a bound is part of what a reading says: each poll would correct a day of readings.
Rejected: whole hours (half an hour wrong in India); clientTimeZoneName (a display name of the phone's zone).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.adapters.carelink.cloud_stamps import walls
from bridge.mapping.cells import Ints, Mask
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet
from bridge.mapping.stamps import LEAST_MS, read_forms
from bridge.period import DAY, MINUTE
from bridge.reading import NO_OFFSET

QUARTER: Final = 15 * MINUTE
NEAR: Final = 10 * MINUTE
MUCH: Final = 5 * MINUTE
WINDOW: Final = DAY
AT_START: Final = 5_000
SERVER: Final = ("medical", "conduit", "now")
SERVER_OF_2015: Final = ("now", "medical", "conduit")
"""When the server got the pump's time. In 2015 it advanced that time itself (minimed-connect-to-nightscout), so
its own present is the other end; since then, the moment of the last upload."""


@dataclass(frozen=True, slots=True)
class PumpClock:
    """`offset`, `phone`: minutes east of UTC, None where nothing tells. `wall`: the pump's time of the answer
    (ms). `ahead`: ms by which the pump's clock is ahead of its offset."""

    offset: int | None
    wall: int | None
    phone: int | None
    ahead: int = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the clocks."""
        found = []
        if self.offset is None:
            found.append(
                "the answer tells no time of pump or phone: its stamps were read in the patient's zone"
            )
        elif self.phone is not None and self.phone != self.offset:
            found.append(
                f"the pump's clock stands {self.offset:+d} minutes from UTC and the phone's {self.phone:+d}: "
                "stamps were read by the pump's, which wrote them"
            )
        if abs(self.ahead) >= MUCH:
            way = "ahead of" if self.ahead > 0 else "behind"
            found.append(f"the pump's clock is {abs(self.ahead) // MINUTE} minutes {way} its time zone")
        return tuple(found)


def pump_clock(sheets: Sequence[Sheet]) -> PumpClock:
    """The clocks of an answer; `sheets` have the fields device_ms, device_text, phone, medical, conduit, now."""
    device, phone = _first(sheets, "device_ms"), _first(sheets, "phone")
    text = _first(sheets, "device_text")
    wall = _epoch(device) or _wall(text)
    local = _phone(phone, _epoch(_first(sheets, "conduit")))
    order = SERVER if _epoch(device) or text[:4].isdigit() else SERVER_OF_2015
    servers = (_epoch(_first(sheets, name)) for name in order)
    aparts = [wall - server for server in servers if server is not None and wall is not None]
    if not aparts:
        return PumpClock(local, wall, local)
    near = [each for each in aparts if local is not None and abs(each - local * MINUTE) < NEAR]
    apart = (near or aparts)[0]
    offset = int(settled(np.array([apart]), (local,))[0])
    return PumpClock(offset, wall, local, apart - offset * MINUTE)


def begins(newest: Ints, clock: PumpClock) -> Mask:
    """Which stamps are those of the window's start, which the cloud writes with its own time, to the second."""
    if clock.wall is None:
        return np.zeros(len(newest), np.bool_)
    return np.asarray(np.abs(newest - (clock.wall - WINDOW)) <= AT_START)


def settled(apart: Ints, homes: Sequence[int | None]) -> Ints:
    """Minutes east of UTC of clocks that stood `apart` (int64[n] ms) from it: the first of `homes` that is near,
    else the nearest quarter of an hour."""
    found = np.rint(apart / QUARTER).astype(np.int64) * (QUARTER // MINUTE)
    for home in reversed(homes):
        if home is not None:
            found = np.where(np.abs(apart - home * MINUTE) < NEAR, home, found)
    return found


def _phone(text: str, server: int | None) -> int | None:
    """The phone's offset. Answers of 2020-24 write it (`-07:00`) and are believed where it agrees with the
    server's clock; -00:00 is what they write of a clock that tells none."""
    wall = _wall(text)
    if wall is None:
        return None
    said = int(read_forms(texts([text]), ("iso",)).offset[0])
    told = None if said == NO_OFFSET or (server is None and text.endswith("-00:00")) else said
    return told if server is None else int(settled(np.array([wall - server]), (told,))[0])


def _first(sheets: Sequence[Sheet], name: str) -> str:
    """What the first record that has a field says in it; '' where none has."""
    for sheet in sheets:
        column = sheet.column(name)
        said = np.flatnonzero(column.filled)
        if len(said):
            return column.text(int(said[0]))
    return ""


def _epoch(text: str) -> int | None:
    return int(text) if text.isdigit() and int(text) >= LEAST_MS else None


def _wall(text: str) -> int | None:
    wall, ok = walls(texts([text]))
    return int(wall[0]) if ok[0] else None

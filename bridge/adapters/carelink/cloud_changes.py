"""What changes of mode and of suspension a CareLink answer proves: what began, and when it ended.

Law (`carelink.md` B3): until 2024 a marker says `autoModeOn` or `deliverySuspended`; since 2025 it says only that
something changed. Then the last change of mode is told by the state of the answer (no later change is there), and
a suspension by the pump's own alarm of the same second; the change after it is its end. Earlier changes are left
untold: nothing in the answer says to what. A mode lasts until the next change that is there, and has no end
where none is: the last poll is no end of anything. Safe basal is part of the automatic mode, so one change stays
one reading when the state turns safe and back.
Rejected: counting back from the last change (a marker may tell a change inside the automatic mode).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.carelink.cloud_stamps import instants
from bridge.mapping.cells import Column
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet

ON, OFF, BEGUN, ENDED = "on", "off", "begun", "ended"
SHIELD: Final = {"AUTO_BASAL": ON, "SAFE_BASAL": ON, "FEATURE_OFF": OFF}
"""`therapyAlgorithmState.autoModeShieldState` -> whether the automatic mode is on."""
TOLD: Final = {"true": (ON, BEGUN), "false": (OFF, ENDED)}
SUSPENDING: Final = frozenset({"809", "810", "811"})
"""Alarms of a pump that suspends on or before low glucose, by two published tables of the maker's app."""
NAMED: Final = frozenset({"AUTO_MODE_STATUS", "CALIBRATION"})
SAME: Final = 5_000
"""A marker and its alarm lie a second or two apart."""


def changes(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The parts; markers with the fields mode (on, off), suspension (begun, ended) and until (the stamp of the
    change that ended it), blank where nothing tells; and name, by which the next answer tells the same marker
    though it says something else of it."""
    sheets = dict(parts)
    markers = sheets["markers"]
    columns = {name: [""] * len(markers) for name in ("mode", "suspension", "until", "name")}
    _names(markers, columns)
    _modes(markers, columns)
    _suspensions(markers, sheets["alarms"], columns)
    done = markers.with_columns({name: texts(cells) for name, cells in columns.items()})
    return [done if name == "markers" else sheet for name, sheet in parts]


def _names(markers: Sheet, into: dict[str, list[str]]) -> None:
    """Type, second and value of markers that a later answer may judge otherwise."""
    types = markers.column("type")
    words = types.words()
    for row in np.flatnonzero(words.mask([text in NAMED for text in words.texts])).tolist():
        into["name"][row] = " ".join(
            markers.column(name).text(row) for name in ("type", "at", "value")
        ).strip()


def _of_type(markers: Sheet, kind: str) -> NDArray[np.intp]:
    """The markers of a type that are events, in order of time."""
    types = markers.column("type").words()
    at, ok = instants(markers.column("at"))
    rows = np.flatnonzero(types.mask([text == kind for text in types.texts]) & ok & ~markers.filled("start"))
    return rows[np.argsort(at[rows], kind="stable")]


def _modes(markers: Sheet, into: dict[str, list[str]]) -> None:
    rows = _of_type(markers, "AUTO_MODE_STATUS").tolist()
    said, shield, at = markers.column("auto_on"), markers.column("shield"), markers.column("at")
    for place, row in enumerate(rows):
        told = said.text(row)
        following = rows[place + 1 : place + 2]
        if told in TOLD:
            into["mode"][row] = TOLD[told][0]
            into["until"][row] = at.text(following[0]) if following else ""
        elif not following:
            into["mode"][row] = SHIELD.get(shield.text(row), "")


def _suspensions(markers: Sheet, alarms: Sheet, into: dict[str, list[str]]) -> None:
    rows = _of_type(markers, "LOW_GLUCOSE_SUSPENDED").tolist()
    at, _ = instants(markers.column("at"))
    alarmed, before = _alarmed(alarms), ""
    for row in rows:
        near = bool((np.abs(alarmed - at[row]) <= SAME).any())
        told = TOLD.get(markers.column("suspended").text(row), ("", ""))[1]
        before = told or (BEGUN if near else ENDED if before == BEGUN else "")
        into["suspension"][row] = before
    _ended(rows, markers.column("at"), into)


def _ended(rows: Sequence[int], at: Column, into: dict[str, list[str]]) -> None:
    for row, following in pairwise(rows):
        if into["suspension"][row] == BEGUN and into["suspension"][following] == ENDED:
            into["until"][row] = at.text(following)


def _alarmed(alarms: Sheet) -> NDArray[np.int64]:
    """When the pump told that it suspended."""
    words = alarms.column("what").words()
    at, ok = instants(alarms.column("at"))
    return at[words.mask([text in SUSPENDING for text in words.texts]) & ok]

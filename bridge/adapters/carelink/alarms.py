"""One alarm in several rows: raised, louder, cleared.

Law (`carelink.md` A4): since the 640G an alarm has a row when it is raised, another when it grows louder (`: siren`,
or the same words ten minutes later), and `User Cleared Alerts` repeats its words. The first is the event, the
louder ones are the same event, the clearing is an event that carries the name of the alarm it ended. Older
devices write no clearing: there every row is an alarm of its own, since nothing tells a repetition from a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bridge.adapters.carelink.pages import Spot, by_device, in_order, pages_of, sheets_of
from bridge.mapping.sheet import Sheet
from bridge.period import MINUTE

ONE_ALARM: Final = 30 * MINUTE


def alarms(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets with `alarm_name`, `episode` and the mark `louder`."""
    pages = pages_of(parts)
    for mine in by_device(pages):
        raised = {id(page): page.texts("alarm") for page in mine}
        cleared = {id(page): page.texts("cleared") for page in mine}
        standing: dict[str, tuple[str, int]] = {}
        for spot in in_order(mine, "alarm", "cleared"):
            if text := raised[id(spot.page)].get(spot.row):
                _raised(spot, words(text), standing)
            if text := cleared[id(spot.page)].get(spot.row):
                _cleared(spot, words(text), standing)
    return sheets_of(pages)


def _raised(spot: Spot, name: str, standing: dict[str, tuple[str, int]]) -> None:
    page, row = spot.page, spot.row
    page.put("alarm_name", row, name)
    if "cleared" not in page.sheet.columns:
        return
    episode, last = standing.get(name, ("", spot.time - 2 * ONE_ALARM))
    if spot.time - last <= ONE_ALARM:
        page.mark("louder", row)
        page.wipe(row, "alarm")
    else:
        episode = f"{page.sheet.column('pass').text(row) or page.stamp(row)} {name}"
    page.put("episode", row, episode)
    standing[name] = episode, spot.time


def _cleared(spot: Spot, name: str, standing: dict[str, tuple[str, int]]) -> None:
    if name in standing:
        spot.page.put("episode", spot.row, standing.pop(name)[0])


def words(text: str) -> str:
    """An alarm without how loud it was: `ALERT ON HIGH: siren` is ALERT ON HIGH; a code stays."""
    name, _, rest = text.partition(":")
    return text.strip() if rest.strip().isdigit() else name.strip()

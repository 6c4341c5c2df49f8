"""Doses: what was programmed and what was given become one, the estimate before it says what for.

Law (`carelink.md` A4): since the 640G a dose is two rows with one Bolus Number, programmed and, seconds to half an
hour later (a square part after its duration), given; the number wraps within days. The row with what was given is
the reading, begun when the programmed one was; a cancellation is a third row. A programmed dose without another
row is kept without an amount, unless the export ends before it could be given. A dose belongs to the last estimate
within a minute before it. A Paradigm writes one row a dose, without a number; its stamp is the beginning.
Rejected: a minute for all rows of a dose (6 U take four minutes); Selected as the amount (it counts twice).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.adapters.carelink.estimates import Estimate, amount, estimates_of, settle
from bridge.adapters.carelink.pages import Page, Spot, by_device, in_order, pages_of, sheets_of
from bridge.mapping.lengths import length
from bridge.mapping.sheet import Sheet
from bridge.period import MINUTE

TOGETHER: Final = 30 * MINUTE
ASKED: Final = MINUTE
DAILY_TOTAL: Final = "CLOSED_LOOP_AUTO_INSULIN"
FOOD: Final = ("CLOSED_LOOP_BG_CORRECTION_AND_FOOD_BOLUS", "CLOSED_LOOP_FOOD_BOLUS")
CORRECTION: Final = "CLOSED_LOOP_BG_CORRECTION"
MICRO: Final = "CLOSED_LOOP_MICRO_BOLUS"
CELLS: Final = ("bolus_type", "selected", "delivered", "bolus_duration", "number", "cancelled", "source")


@dataclass(slots=True)
class Dose:
    """One row of a dose. `programmed`: the row where it was; `joined`: told in another row; `why`: it ended."""

    spot: Spot
    type: str
    selected: str
    delivered: str
    duration: int
    number: str
    why: str
    source: str
    programmed: Dose | None = None
    joined: bool = False
    estimate: Estimate | None = None
    normal: Dose | None = None  # of a square part without a number: the normal part

    @property
    def begun(self) -> Spot:
        """Where it began, as far as rows tell."""
        return self.spot if self.programmed is None else self.programmed.spot

    @property
    def is_extended(self) -> bool:
        """A square dose, or the square part of a dual one."""
        return "square" in self.type.casefold()

    @property
    def is_cut(self) -> bool:
        """Less was given than programmed."""
        return bool(self.selected and self.delivered) and amount(self.delivered) < amount(self.selected)

    @property
    def is_word(self) -> bool:
        """No dose: the row that says why one ended."""
        return bool(self.why) and not self.selected and not self.delivered

    @property
    def reach(self) -> int:
        """ms within which its other rows stand."""
        return TOGETHER + self.duration


def doses(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets with `lag`, `length`, `dose`, `group`, `why`, `outcome`, and the marks `cut`, `automatic`,
    `programmed`, `why_told`, `running`."""
    pages = pages_of(parts)
    for mine in by_device(pages):
        given, asked = list(_doses(mine)), list(estimates_of(mine))
        _join(given)
        _cancel(given)
        _asked(given, asked)
        _pair(given)
        settle(asked)
        ends = max((int(page.time[page.dated].max()) for page in mine if page.dated.any()), default=0)
        for dose in given:
            _write(dose, ends)
    return sheets_of(pages)


def _doses(pages: Sequence[Page]) -> Iterator[Dose]:
    cells = {id(page): [page.texts(name) for name in CELLS] for page in pages}
    for spot in in_order(pages, "bolus_type", "delivered", "selected"):
        type_, selected, delivered, duration, number, why, source = (
            texts.get(spot.row, "") for texts in cells[id(spot.page)]
        )
        if source != DAILY_TOTAL:
            yield Dose(spot, type_, selected, delivered, max(length(duration), 0), number, why, source)


def _join(given: Sequence[Dose]) -> None:
    """Give each row of what was given its programmed one."""
    waiting: dict[tuple[str, str, str], list[Dose]] = {}
    for dose in (each for each in given if each.number and not each.is_word):
        place = dose.number, dose.type, dose.selected
        if not dose.delivered:
            waiting.setdefault(place, []).append(dose)
            continue
        near = [
            each
            for each in waiting.get(place, ())
            if not each.joined and dose.spot.time - each.spot.time <= each.reach
        ]
        if near:
            dose.programmed = near[-1]
            near[-1].joined = True


def _cancel(given: Sequence[Dose]) -> None:
    """The word of a cancellation stands beside the row of what was given until then."""
    for word in [each for each in given if each.is_word]:
        word.joined = True
        like = [
            each
            for each in given
            if not each.joined
            and (each.number, each.type) == (word.number, word.type)
            and abs(each.spot.time - word.spot.time) <= (ASKED if each.delivered else each.reach)
        ]
        if like:
            min(like, key=lambda each: abs(each.spot.time - word.spot.time)).why = word.why


def _pair(given: Sequence[Dose]) -> None:
    """The parts of a dual dose without a number stand one after the other."""
    last: Dose | None = None
    for dose in (each for each in given if not each.number and "dual" in each.type.casefold()):
        if not dose.is_extended:
            last = dose
        elif last is not None and dose.spot.time - last.spot.time <= TOGETHER:
            dose.normal, last = last, None


def _asked(given: Sequence[Dose], asked: Sequence[Estimate]) -> None:
    """A dose, or both parts of one, belongs to the last estimate within a minute before it."""
    times = [each.spot.time for each in asked]
    for dose in (each for each in given if not each.joined):
        start = dose.begun.time
        among = asked[bisect_left(times, start - ASKED) : bisect_right(times, start)]
        near = [each for each in among if each.start in (None, start) and not each.is_refused]
        if near:
            dose.estimate = near[-1]
            near[-1].start = start


def _write(dose: Dose, ends: int) -> None:
    page, row = dose.spot.page, dose.spot.row
    still = not dose.delivered and not dose.why and ends - dose.spot.time <= dose.reach
    if dose.joined or still:
        page.mark("why_told" if dose.is_word else "programmed" if dose.joined else "running", row)
        page.wipe(row, *CELLS)
        return
    page.put("dose", row, _purpose(dose))
    lag, lasted = _times(dose)
    for name, ms in (("lag", lag), ("length", lasted)):
        if ms:
            page.put(name, row, str(ms))
    if dose.number or "dual" in dose.type.casefold():
        first = dose.begun if dose.normal is None else dose.normal.spot
        page.put("group", row, f"{first.page.stamp(first.row)} {dose.number}".rstrip())
    if dose.why:
        page.put("why", row, dose.why)
    if dose.is_cut or dose.why:
        page.mark("cut", row)
    if dose.source == MICRO or (dose.source == CORRECTION and dose.estimate is None):
        page.mark("automatic", row)


def _times(dose: Dose) -> tuple[int, int]:
    """How long before its row a dose began, and how long it took (ms); a dose given at once took no time."""
    lag = dose.spot.time - dose.begun.time
    if not dose.is_extended or not dose.delivered:
        return lag, 0
    if dose.number:
        took = min(dose.duration or lag, lag) if dose.programmed else dose.duration
        return took, took
    part = amount(dose.delivered) / amount(dose.selected) if dose.is_cut else 1.0
    return 0, round(dose.duration * part / 1000) * 1000


def _purpose(dose: Dose) -> str:
    if dose.is_extended:
        return "extended"
    if dose.source in FOOD:
        return "meal"
    if dose.source == CORRECTION:
        return "correction"
    if dose.estimate is None:
        return ""
    return dose.estimate.purpose

"""A pump's basal rates in order of time: what was delivered from each row on, and what a row only repeats.

Law (`carelink.md` A4, and measured): the column Basal Rate holds two things, told apart by nothing but their place.
One is the rate that the pump delivers, written the second it begins; the other is the programmed rate, written
when the program steps and at the full minute after a change. While another rate runs (a temporary one, or none in
a suspension) the programmed one is no delivery. A temporary rate in percent is the pair of both. A rewind ends
what was delivered before, where no suspension says so (Paradigm).
Rejected: every row as a change of delivery (a temporary 130 % would last 23 seconds, a suspension until the next
step of the program).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.adapters.carelink.estimates import amount
from bridge.adapters.carelink.pages import Page, Spot, in_order, moments
from bridge.mapping.lengths import length
from bridge.period import MINUTE

RUNNING: Final = "NORMAL_PUMPING"
BY_PUMP: Final = ("PLGM", "LGS", "SUSPEND_ON_LOW")
"""Suspensions that the pump began by itself, at or before low glucose."""
NEAR: Final = 0.026
"""Two rates are one within a pump's step (0.025 U/h), to which percentages are rounded."""
LAST_SECOND: Final = 1500
HALF_HOUR: Final = 30 * MINUTE
NAMES: Final = ("basal", "suspend", "rewind", "temp_type")


@dataclass(slots=True)
class Stretch:
    """Delivery from a row on. `kind`: scheduled, temporary, suspended, or '' where nothing is known; `rate` as it
    is written; `until`: ms after which it cannot last; `closed`: what the row tells of the mode (a rate written
    once at a step of the program: closed loop; twice: not)."""

    spot: Spot
    kind: str
    rate: str = ""
    until: int | None = None
    by_pump: bool = False
    closed: bool | None = None
    text: str = ""

    @property
    def time(self) -> int:
        """Its beginning, by a clock that was never set."""
        return self.spot.time


@dataclass(slots=True)
class _Temporary:
    percent: float | None
    rate: float | None
    until: int
    text: str


@dataclass(slots=True)
class _Moment:
    """What the rows of one second say."""

    time: int
    spot: Spot
    rates: list[tuple[Spot, str]] = field(default_factory=list)
    suspends: list[tuple[Spot, str]] = field(default_factory=list)
    rewinds: bool = False
    temporary: tuple[Spot, _Temporary] | None = None


def stretches(pages: Sequence[Page]) -> list[Stretch]:
    """The deliveries of a device, the oldest first; rows that only repeat are marked."""
    pump, found = _Pump(), list[Stretch]()
    for moment in _moments(pages):
        found += pump.follow(moment)
    return found


def _moments(pages: Sequence[Page]) -> Iterator[_Moment]:
    names = (*NAMES, "temp_amount", "temp_duration")
    cells = {id(page): {name: page.texts(name) for name in names} for page in pages}
    for spots in moments(in_order(pages, *NAMES)):
        found = _Moment(spots[0].time, spots[0])
        for spot in spots:
            told = {
                name: texts[spot.row] for name, texts in cells[id(spot.page)].items() if spot.row in texts
            }
            if "basal" in told:
                found.rates.append((spot, told["basal"]))
            if "suspend" in told:
                found.suspends.append((spot, told["suspend"]))
            found.rewinds |= "rewind" in told
            if "temp_type" in told:
                found.temporary = spot, _temporary(spot.time, told)
        yield found


def _temporary(time: int, told: dict[str, str]) -> _Temporary:
    lasts = told.get("temp_duration", "")
    number, percent = amount(told.get("temp_amount", "")), told["temp_type"].casefold() == "percent"
    text = f"{told.get('temp_amount', '')} {'%' if percent else 'U/h'} for {lasts}"
    return _Temporary(
        number if percent else None, None if percent else number, time + max(length(lasts), 0), text
    )


class _Pump:
    """The state of a pump while its rows are followed."""

    def __init__(self) -> None:
        self.suspended = False
        self.temporary: _Temporary | None = None
        self.program: float | None = None

    def follow(self, moment: _Moment) -> Iterator[Stretch]:
        """What begins at a moment."""
        if self.temporary is not None and moment.time >= self.temporary.until - LAST_SECOND:
            self.temporary = None
        if moment.temporary is not None:
            yield from self._changed(moment, *moment.temporary)
        elif moment.suspends and moment.suspends[-1][1] != RUNNING:
            yield self._suspend(moment)
        elif moment.suspends:
            self.suspended = False
            yield self._delivers(moment, closed=None) if moment.rates else Stretch(moment.spot, "")
        elif self.suspended:
            self._idle(moment)
        elif moment.rates:
            yield from self._steps(moment)
        elif moment.rewinds:
            yield Stretch(moment.spot, "")

    def _suspend(self, moment: _Moment) -> Stretch:
        self.suspended = True
        spot, word = moment.suspends[-1]
        kept = next(
            (each for each, _ in moment.rates if each.row == spot.row and each.page is spot.page), None
        )
        kept = kept or next((each for each, _ in moment.rates), spot)
        for each, _ in moment.rates:
            if each is not kept:
                each.page.mark("rate_again", each.row)
        by_pump = word.startswith(BY_PUMP)
        return Stretch(kept, "suspended", "0", by_pump=by_pump, closed=False if by_pump else None)

    def _idle(self, moment: _Moment) -> None:
        """Rows within a suspension: the program steps on, or no delivery is told again."""
        for spot, rate in moment.rates:
            spot.page.mark("program_rate" if amount(rate) else "rate_again", spot.row)
            self.program = amount(rate) or self.program

    def _changed(self, moment: _Moment, spot: Spot, told: _Temporary) -> Iterator[Stretch]:
        """A temporary rate begins, or ends where it is to last no time."""
        self.temporary = told if told.until > moment.time else None
        if not moment.rates:
            yield (
                Stretch(spot, "temporary", until=told.until, text=told.text)
                if self.temporary
                else Stretch(spot, "")
            )
            return
        spot.page.mark("temporary_told", spot.row)
        yield self._delivers(moment, closed=False)

    def _steps(self, moment: _Moment) -> Iterator[Stretch]:
        """Rates while nothing is suspended."""
        distinct = {amount(rate) for _, rate in moment.rates}
        if (
            self.temporary is not None
            and len(distinct) == 1
            and self._is_program(moment, next(iter(distinct)))
        ):
            for spot, _ in moment.rates:
                spot.page.mark("program_rate", spot.row)
            return
        closed = False if len(moment.rates) > 1 else None
        if closed is None and moment.spot.wall % HALF_HOUR == 0 and self.temporary is None:
            closed = True
        yield self._delivers(moment, closed=closed)

    def _is_program(self, moment: _Moment, rate: float) -> bool:
        """Whether a rate under a temporary one is the programmed one, written at the full minute."""
        at_minute, told = moment.spot.wall % MINUTE == 0, self.temporary
        if told is None or not at_minute:
            return False
        if told.rate is not None:
            return abs(rate - told.rate) > NEAR
        return told.percent != 100 and self.program is not None and abs(rate - self.program) < NEAR / 2

    def _delivers(self, moment: _Moment, *, closed: bool | None) -> Stretch:
        """The delivered rate among those of a moment; the others are marked."""
        place = self._delivered(moment)
        for number, (spot, rate) in enumerate(moment.rates):
            if number != place:
                same = amount(rate) == amount(moment.rates[place][1])
                spot.page.mark("rate_again" if same else "program_rate", spot.row)
        spot, rate = moment.rates[place]
        told = self.temporary
        if told is None:
            self.program = amount(rate)
            return Stretch(spot, "scheduled", rate, closed=closed)
        return Stretch(spot, "temporary", rate, told.until, closed=closed, text=told.text)

    def _delivered(self, moment: _Moment) -> int:
        """The place of the delivered rate: of equal ones the first that no other row is a copy of."""
        rates = [amount(rate) for _, rate in moment.rates]
        best = self._among(rates)
        like = [place for place, rate in enumerate(rates) if rate == best]
        return next((place for place in like if not _is_copy(moment.rates[place][0])), like[0])

    def _among(self, rates: Sequence[float]) -> float:
        told = self.temporary
        for rate in rates if told is not None else ():
            if told is not None and told.rate is not None and abs(rate - told.rate) <= NEAR:
                return rate
            for other in rates:
                if told is None or told.percent is None or other == rate:
                    continue
                if abs(rate - other * told.percent / 100) <= NEAR:
                    self.program = other
                    return rate
        return rates[-1]


def _is_copy(spot: Spot) -> bool:
    return bool(spot.page.sheet.marks["again"][spot.row])

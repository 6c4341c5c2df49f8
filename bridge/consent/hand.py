"""The gate's hand: the readings of one patient, for one request.

Law (`architecture.md`, laws): the only module that imports `store.readings` and what else gives values, and the gate
alone imports it; so whoever has an answer has had a decision. It lives as long as the request, with the patient's
key in it. Rejected: a file of the gate too long to be read at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import bridge.store.readings as readings
import bridge.store.stood as stood
import bridge.store.strays as strays
from bridge.consent.disclosure import Origin
from bridge.period import Instant, Period, PeriodSet
from bridge.store.columns import Chunk, Ints, Table
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.keys import Box
from bridge.store.series import SeriesRow


@dataclass(slots=True)
class Hand:
    """The readings of one patient, for one request (`reader.Reader`)."""

    db: Database
    patient: int
    box: Box
    sees_all: bool

    def series(self, within: Period | None = None, always: Collection[int] = ()) -> tuple[SeriesRow, ...]:
        return readings.series(self.db, self.patient, self.box, within, always)

    def chunks(
        self, series: SeriesRow, reach: PeriodSet, descending: bool, columns: Sequence[str] | None
    ) -> Iterator[Chunk]:
        number, longest = series.number, series.longest
        return readings.select(self.db, self.patient, self.box, number, longest, reach, descending, columns)

    def locate(self, name: Name) -> Instant | None:
        return readings.locate(self.db, self.patient, name.series, name.instant, name.rank)

    def past(self, name: Name) -> Sequence[Mapping[str, int | str]]:
        return readings.history(self.db, self.patient, self.box, name.series, name.instant, name.rank)

    def earlier(self, series: int, names: Ints) -> Table:
        return stood.earlier(self.db, self.patient, self.box, series, names)

    def away(self, since: Instant, wanted: Mapping[int, Ints] | None) -> Mapping[int, Table]:
        return strays.strays(self.db, self.patient, self.box, since, wanted)

    def sources(self, artifacts: Sequence[int]) -> Mapping[int, str]:
        found = readings.sources(self.db, self.patient, self.box, artifacts)
        return {number: source.source for number, source in found.items()}

    def secret(self) -> bytes:
        return self.box.derived("content")

    def origins(self, artifacts: Sequence[int]) -> Mapping[int, Origin]:
        found = readings.sources(self.db, self.patient, self.box, artifacts)
        return {number: self._origin(number, source) for number, source in found.items()}

    def _origin(self, number: int, source: readings.Source) -> Origin:
        if not self.sees_all:
            return Origin(source.format, source.revision)
        public = self.db.ids.one("artifact", Name(self.patient, 0, number, 0))
        return Origin(
            source.format, source.revision, source.received, public, source.sha256, source.file, source.source
        )

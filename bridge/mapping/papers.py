"""What a destination's file says of documents: the report of a period as a PDF, when, as what, and how it is laid out.

Law (`safety.md`, default content: summaries and PDF): closed like all of the file. What may leave, and which blocks a
grant of summaries fixes, is decided at the gate; a file chooses less, never more: what a section would show and the
file does not name is not even read. Days and pace are those of the summaries unless the file says its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from pydantic import Field, model_validator

from bridge.mapping.shapes import Closed, Words
from bridge.mapping.summed import Summaries, Weekday
from bridge.reading import Stream

DocumentType: TypeAlias = Literal["DocumentReference", "DiagnosticReport"]
Section: TypeAlias = Literal["glucose", "insulin", "carbs", "loop"]
SECTIONS: Final[Mapping[Section, tuple[Stream, ...]]] = {
    "glucose": (Stream.GLUCOSE,),
    "insulin": (Stream.BOLUS, Stream.BASAL),
    "carbs": (Stream.CARBS,),
    "loop": (Stream.MODE,),
}
"""Of what single readings a section is made; the figures of the summary are in every report."""
ALL: Final[tuple[Section, ...]] = ("glucose", "insulin", "carbs", "loop")
TYPE: Final = ("cgm-summary",)


class Document(Closed):
    """The report of a block of whole days of the person, as a PDF."""

    types: tuple[DocumentType, ...] = Field(
        default=(), description="as which resources; without it the first of both that the receiver creates"
    )
    form: Literal["auto", "single", "transaction", "batch"] = Field(
        default="auto",
        description="single creates where its CapabilityStatement offers them, else as readings go there",
    )
    days: int | None = Field(
        default=None, ge=1, le=90, description="of one document, with a pace of its own; else as summaries"
    )
    every: int | None = Field(
        default=None, ge=1, le=90, description="days from one to the next; else as days"
    )
    weekday: Weekday | None = Field(default=None, description="as of summaries")
    lookback: int | None = Field(default=None, ge=1, description="as of summaries")
    sections: tuple[Section, ...] = Field(
        default=ALL,
        description="beside the figures: glucose is the pattern and the days, where readings are open",
    )
    units: Literal["as-recorded", "mg/dL", "mmol/L"] = "as-recorded"
    rounding: Literal["tenths", "icode"] = Field(
        default="tenths", description="of times in ranges; icode: whole percents, which need not add to 100"
    )
    goals: Literal["none", "standard", "older"] = Field(
        default="none", description="the target profile whose goals are shown"
    )
    code: Words = Field(
        default=TYPE,
        min_length=1,
        description="type of the document, by names of codes.yaml; at an engine hl7v2.orders.document",
    )

    @model_validator(mode="after")
    def _whole(self) -> Document:
        if self.days is None and self.model_fields_set & {"every", "weekday", "lookback"}:
            raise ValueError("'every', 'weekday' and 'lookback' need 'days': a pace of its own")
        return self

    def pace(self, summed: Summaries | None) -> Summaries:
        """Which days, and when, said as of summaries."""
        if self.days is None:
            return summed or Summaries()
        return Summaries(days=self.days, every=self.every, weekday=self.weekday, lookback=self.lookback)

    @property
    def streams(self) -> frozenset[Stream]:
        """Of what single readings it is made."""
        return frozenset(stream for section in self.sections for stream in SECTIONS[section])

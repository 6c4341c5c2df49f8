"""What a destination's file says of summaries: which days, how often, which figures, and how they are said there.

Law (`safety.md`, default content: summaries; raw only where a file asks for it): closed like all of the file. What may
leave, and which blocks a grant of summaries fixes, is decided at the gate; a file chooses less, never more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from pydantic import Field, model_validator

from bridge.mapping.places import Path, unknown
from bridge.mapping.shapes import Closed, Code
from bridge.reading import Unit

Metric: TypeAlias = Literal["panel", "mean", "ranges", "gmi", "cv", "wear", "active"]
METRICS: Final[tuple[Metric, ...]] = ("panel", "mean", "ranges", "gmi", "cv", "wear", "active")
Weekday: TypeAlias = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
UNITS: Final[Mapping[str, Unit | None]] = {
    "as-recorded": None,
    "mg/dL": Unit.MG_DL,
    "mmol/L": Unit.MMOL_L,
}


class Summaries(Closed):
    """Summaries of sensor glucose, each of a block of whole days of the person."""

    days: int = Field(
        default=14, ge=1, le=90, description="of one summary; below 14 there is no GMI and no panel"
    )
    every: int | None = Field(
        default=None, ge=1, le=90, description="days from one to the next; else as days"
    )
    weekday: Weekday | None = Field(
        default=None, description="they go on that day after they are over; else at once"
    )
    lookback: int | None = Field(
        default=None, ge=1, description="none begins more than so many days before its grant was signed"
    )
    metrics: tuple[Metric, ...] = Field(
        default=METRICS, min_length=1, description="the panel has all the others (HL7 CGM IG)"
    )
    corrected: Literal["replace", "new"] = Field(
        default="replace",
        description="replace: a corrected one is put over what is there; new: new ones alone, a correction waits "
        "for a human (what is another person's is taken back all the same)",
    )
    rounding: Literal["two-decimals", "icode"] = "two-decimals"
    units: Literal["as-recorded", "mg/dL", "mmol/L"] = Field(default="as-recorded", description="of the mean")
    codes: Mapping[Metric, tuple[str, ...]] = Field(
        default_factory=dict, description="names of codes.yaml said beside ours, e.g. of flowsheet rows"
    )

    @model_validator(mode="after")
    def _whole(self) -> Summaries:
        if "panel" in self.metrics and set(self.metrics) != set(METRICS):
            raise ValueError(f"the panel has all figures: name {', '.join(METRICS[1:])} as well, or no panel")
        return self


def check_codes(found: Summaries, codes: Mapping[str, Code]) -> Iterator[tuple[Path, str]]:
    """Names of codes that are none."""
    for metric, some in found.codes.items():
        for name in some:
            if name not in codes:
                yield ("summaries", "codes", metric), unknown(name, tuple(codes))

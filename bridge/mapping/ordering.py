"""What a destination's file says of orders: whether they are wanted, found there, and by which codes.

Law (`mapping.md`, destinations): closed and without code. Codes are names of `codes.yaml`; without any the two of the
HL7 CGM IG start, and nothing stops but an order's own status. `usual` is for orders of a hospital's own codes that say
neither what nor how often (a server that keeps no extensions). Nothing here opens anything: an order is the clinic's
wish, the grant decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bridge.mapping.places import Path, unknown
from bridge.mapping.shapes import Closed, Code
from bridge.order import SHORTEST, Content, Schedule, Span, of_profiles

IG_CODES: Final = ("cgm-standing-order", "cgm-one-time-order")
UNITS: Final = "min, h, d, wk, mo or a"


def _span(written: str) -> str:
    value, _, unit = written.partition(" ")
    try:
        Span(value, unit)
    except ValueError as wrong:
        raise ValueError(f"{written!r} {wrong}: write a number and a unit ({UNITS}), such as 2 wk") from None
    return written


def _often(written: str) -> str:
    if read_span(_span(written)).least < SHORTEST:
        raise ValueError(f"{written!r} is shorter than five minutes, as often as a sensor measures")
    return written


def read_span(written: str) -> Span:
    """A length of time as the file writes it."""
    value, _, unit = written.partition(" ")
    return Span(value, unit)


class Usual(Closed):
    """What an order asks for that says it neither by extensions nor by Timing."""

    what: tuple[Content, ...] = Field(min_length=1)
    every: Annotated[str, AfterValidator(_often)] = Field(description="cadence, such as 2 wk")
    lookback: Annotated[str, AfterValidator(_span)] | None = Field(
        default=None, description="how far back, such as 14 d; without it everything since one cadence before"
    )

    @property
    def schedule(self) -> Schedule:
        """The same as an order's schedule."""
        back = None if self.lookback is None else read_span(self.lookback)
        return Schedule(of_profiles(self.what), read_span(self.every), back)


class OrderCodes(Closed):
    """Names of codes.yaml."""

    start: tuple[str, ...] = Field(default=IG_CODES, min_length=1, description="what orders submissions")
    stop: tuple[str, ...] = Field(default=(), description="what ends those that were ordered before")


def _word(value: object) -> object:
    return {"required": True} if value == "required" else value


class Orders(Closed):
    """Whether data goes only as it was ordered, and where orders are found."""

    required: bool = Field(default=False, description="without an order nothing goes")
    find: bool = Field(default=False, description="look for them there: ServiceRequest?patient=…&code=…")
    every: int = Field(default=60, ge=5, le=1440, description="minutes between two looks for a person")
    codes: OrderCodes = Field(default_factory=OrderCodes)
    usual: Usual | None = None

    @model_validator(mode="after")
    def _whole(self) -> Orders:
        twice = sorted({*self.codes.start} & {*self.codes.stop})
        if twice:
            raise ValueError(f"{twice[0]!r} cannot both start and stop")
        return self


WORD: Final = BeforeValidator(_word, json_schema_input_type=Orders | Literal["required"])
"""`orders: required` says the same as `orders: {required: true}`."""


def check_orders(orders: Orders, codes: Mapping[str, Code]) -> Iterator[tuple[Path, str]]:
    """The codes that it names."""
    for path, names in (("start", orders.codes.start), ("stop", orders.codes.stop)):
        for name in names:
            if name not in codes:
                yield ("codes", path), unknown(name, codes)

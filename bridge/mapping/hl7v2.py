"""The part of a destination's file that speaks of HL7 v2: who writes to whom, in which characters, codes and signs.

Law (`mapping.md`, destinations): closed like all of it; every key is read by `bridge/hl7` or the push. Codes are named
as in codes.yaml and said otherwise here, because a hospital's tables are its own. What this receiver cannot be told by
a key is refused when the file is checked. Sources: HL7 v2.5.1 chapters 2, 3, 7, 9; tables 0085, 0103, 0155, 0211, 0396.

Rejected: a template of the message as text (a delimiter in a name would then be the template's matter).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from bridge.mapping.shapes import Closed, Words

HD: Final = Field(default=(), max_length=3, description="name, or name, universal id and its type (HD)")


class Party(Closed):
    """An application and where it stands, MSH-3 to 6."""

    application: Annotated[Words, HD] = ()
    facility: Annotated[Words, HD] = ()


class Coded(Closed):
    """A code of the receiver's (CE), or the usual one under another text."""

    code: str = Field(min_length=1, max_length=199)
    text: str = ""
    system: str = Field(default="L", description="table 0396: LN, SCT, L, 99zzz")


class Hl7v2(Closed):
    """What an interface engine is told, and how."""

    sending: Party = Field(default_factory=lambda: Party(application=("CGM-BRIDGE",)))
    receiving: Party = Field(default_factory=Party)
    charset: Literal["UNICODE UTF-8", "8859/1", "ASCII"] = Field(
        default="UNICODE UTF-8", description="MSH-18; what it lacks is held back"
    )
    processing: Literal["P", "T", "D"] = Field(default="P", description="MSH-11: P, or T for its test system")
    ack: Literal["original", "enhanced", "enhanced-application"] = Field(
        default="original",
        description="original: AA is waited for; enhanced: CA; enhanced-application: CA, then AA as well",
    )
    seconds: int = Field(default=30, ge=1, le=300, description="how long the answer is waited for")
    plain: str | None = Field(
        default=None,
        min_length=8,
        description="mllp:// beyond this machine: why that is right in this network",
    )
    authority: Annotated[Words, HD] = Field(default=(), description="PID-3.4; without it made of `patients`")
    identifier_type: str = Field(default="MR", description="PID-3.5")
    patient_class: str | None = Field(
        default=None, max_length=1, description="PV1-2 (table 0004), where it wants a PV1; documents say O"
    )
    codes: Mapping[str, Coded] = Field(
        default_factory=dict, description="OBX-3 by the names of codes.yaml, where it has its own"
    )
    orders: Mapping[str, Coded] = Field(
        default_factory=dict,
        description="OBR-4 by the names of codes.yaml, `summary` and `document`; without it as OBX-3",
    )
    off_scale: Literal["SN", "ST", "hold"] = Field(
        default="SN", description="LOW and HIGH: a number with its comparator, the same as text, or not sent"
    )
    retraction: Literal["W", "D"] = Field(
        default="W", description="OBX-11 of what is taken back: posted as wrong, or deleted"
    )
    documents: Literal["ORU^R01", "MDM^T02"] = Field(default="ORU^R01", description="how a PDF goes")

    @property
    def said(self) -> str:
        """What changes what a result says, as text; the same for everything that does not."""
        return self.model_dump_json(include={"codes", "orders", "off_scale"}, exclude_defaults=True)
